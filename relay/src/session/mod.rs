//! One state machine per connection. A [`Greeter`] turns the first frame into a [`Session`]; the session turns every later frame
//! into the frames to answer with. Neither ever touches a socket: `edge::socket` does, for both kinds of session alike.

use std::sync::Arc;

use async_trait::async_trait;
use shared::close::{self, ErrorCode};
use shared::frame::ErrorFrame;
use shared::ids::{MessageId, Millis};
use shared::model::{Entry, MAX_FIELD, cut};

use crate::desk::DeskError;
use crate::edge::limits::Limit;
use crate::hub::registry::Peer;
use crate::metrics::Who;

pub mod agent;
pub mod greeting;
pub mod pace;
mod say;
pub mod visitor;

pub(crate) use say::looks_like_email;

/// A connection before its `hello`.
#[async_trait]
pub trait Greeter: Send + 'static {
    /// What it becomes.
    type Session: Session;

    /// Reads the first frame. On success the peer is registered, and the reply starts with `welcome`.
    async fn hello(self, text: &str, peer: &Arc<Peer>) -> Result<(Self::Session, Reply), Refusal>;
}

/// A greeted connection.
#[async_trait]
pub trait Session: Send + 'static {
    /// What metrics call this kind of connection.
    const KIND: Who;

    /// Answers a frame.
    async fn frame(&mut self, text: &str) -> Reply;

    /// The connection has ended, whatever the reason.
    async fn left(self: Box<Self>);
}

/// Serialized frames to write, in order.
pub type Reply = Vec<String>;

/// A "no" that ends the connection: one `error` frame, then the close code.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Close code, see [`shared::close`].
    pub close: u16,
    /// What the `error` frame says.
    pub error: ErrorFrame,
    /// The limit that refused, if one did.
    pub limit: Option<Limit>,
}

impl Refusal {
    /// A refusal with a code and a sentence that says what to do.
    pub fn new(close: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { close, error: ErrorFrame { id: None, code, message: message.into(), retry_after_ms: None }, limit: None }
    }

    /// The store is out of reach: the client comes back later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let error = ErrorFrame {
            id: None,
            code: ErrorCode::StoreUnavailable,
            message: message.into(),
            retry_after_ms: Some(STORE_RETRY_MS),
        };
        Self { close: close::UNAVAILABLE, error, limit: None }
    }

    /// There are too many: the client comes back later.
    pub fn limited(limit: Limit, retry_after_ms: Millis, message: impl Into<String>) -> Self {
        let error =
            ErrorFrame { id: None, code: ErrorCode::RateLimited, message: message.into(), retry_after_ms: Some(retry_after_ms) };
        Self { close: close::UNAVAILABLE, error, limit: Some(limit) }
    }

    /// Counts it in the metrics; once, by whoever tells the client.
    pub fn count(&self) {
        match self.limit {
            Some(limit) => limit.count(),
            None => count(self.error.code),
        }
    }
}

/// How long a sender waits before it tries a store again that could not be reached, in ms: short enough that an outage of
/// seconds is hardly noticed, long enough that thousands of clients do not keep it down.
pub const STORE_RETRY_MS: Millis = 2_000;

/// Bytes of entries in one frame. A client that asks and does not read costs this much for as long as a write may take.
const PAGE: usize = 64 * 1_024;

/// An error frame about a request.
pub fn refuse(id: Option<MessageId>, code: ErrorCode, message: impl Into<String>) -> ErrorFrame {
    count(code);
    let retry_after_ms = code.is_temporary().then_some(STORE_RETRY_MS);
    ErrorFrame { id, code, message: message.into(), retry_after_ms }
}

/// Logs what became of a connection, unless the store is out of reach, which it logs itself, once for all of them.
fn log_unless_outage(error: &DeskError, what: &'static str) {
    if error.is_outage() {
        tracing::debug!(%error, what, "a connection met an outage of the store");
    } else {
        tracing::warn!(%error, what, "a connection failed at the store");
    }
}

fn count(code: ErrorCode) {
    metrics::counter!(crate::metrics::REFUSALS, "reason" => crate::error::code_name(code)).increment(1);
}

/// The beginning of a page of entries, as far as it fits into one frame of [`PAGE`] bytes; at least one of them.
fn page(mut entries: Vec<Entry>, more: bool) -> (Vec<Entry>, bool) {
    let mut left = PAGE;
    let fitting = entries.iter().take_while(|entry| {
        let size = serde_json::to_string(entry).map_or(PAGE, |text| text.len());
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    });
    let fitting = fitting.count().max(1);
    let cut = fitting < entries.len();
    entries.truncate(fitting);
    (entries, more || cut)
}

/// A short text of a client's, trimmed and cut; nothing where there is none.
fn short(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(|text| cut(text, MAX_FIELD).to_owned())
}

#[cfg(test)]
mod tests {
    use shared::model::{Author, Body};

    use super::*;

    fn entries(texts: &[usize]) -> Vec<Entry> {
        let entry = |(number, bytes): (usize, &usize)| Entry {
            seq: number as u64 + 1,
            prev: number as u64,
            id: MessageId::v7(0, [0; 10]),
            at: 0,
            by: Author::Visitor,
            body: Body::Text("x".repeat(*bytes)),
        };
        texts.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_and_never_before_its_first_entry() {
        let cut = |texts: &[usize], more| {
            let (entries, more) = page(entries(texts), more);
            (entries.len(), more)
        };
        assert_eq!(cut(&[], false), (0, false));
        assert_eq!(cut(&[10; 100], false), (100, false));
        assert_eq!(cut(&[10; 100], true), (100, true));
        assert_eq!(cut(&[30_000; 4], false), (2, true));
        assert_eq!(cut(&[100_000, 1], false), (1, true));
        assert_eq!(cut(&[1, 100_000, 1], false), (1, true), "no gap: what follows the large one waits as well");
    }
}
