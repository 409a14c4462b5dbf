//! Arbitrary bytes against whatever reads what strangers send. Each function here takes bytes and panics when a promise is broken: the
//! fuzzer in `tests/fuzz` calls them with what it breeds, `tests/properties` with what proptest draws and with the fuzzer's seeds.

pub mod frames;
pub mod identity;
pub mod link;
pub mod session;

use shared::ids::{ConversationId, MessageId};
use uuid::Uuid;

/// A stream of choices made of bytes; past their end it says 0.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// All choices that these bytes hold.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there are any left.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number that is small, or one of the extremes.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => i64::MAX as u64,
            253 => i64::MAX as u64 + 1,
            252 => u64::from(self.byte()) << 32,
            small => u64::from(small % 16),
        }
    }

    /// One of a few conversations.
    pub fn conversation(&mut self) -> ConversationId {
        ConversationId(Uuid::from_u128(u128::from(self.byte() % 3)))
    }

    /// One of a few messages, so that they meet again.
    pub fn message(&mut self) -> MessageId {
        MessageId(Uuid::from_u128(u128::from(self.byte() % 12)))
    }
}
