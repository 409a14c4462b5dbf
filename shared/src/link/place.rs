//! How far a followed conversation has come: what was emitted, what was heard of, and whether the difference was asked for.

use super::ANSWER_WITHIN;
use crate::ids::{Millis, Seq};

#[derive(Debug, Default)]
pub(super) struct Place {
    /// The last entry that was emitted.
    pub(super) seen: Seq,
    /// The greatest seq heard of.
    heard: Seq,
    /// Until when an answer to a question for entries is awaited.
    pub(super) asked: Option<Millis>,
}

impl Place {
    /// Somebody spoke of an entry with this seq.
    pub(super) fn hear(&mut self, seq: Seq) {
        self.heard = self.heard.max(seq);
    }

    /// An entry is at hand: whether it is the next one, which then counts as seen.
    pub(super) fn advance(&mut self, seq: Seq, prev: Seq) -> bool {
        self.hear(seq);
        let next = prev <= self.seen && seq > self.seen;
        if next {
            self.seen = seq;
        }
        next
    }

    /// A page of entries has been worked through, from which the place came on since `before`. One that brought nothing new is
    /// stale or senseless and answers no question, so that no relay can make the link ask in a tight loop.
    pub(super) fn turn_page(&mut self, before: Seq, more: bool) {
        if self.seen > before {
            self.asked = None;
            if more {
                self.hear(self.seen.saturating_add(1));
            }
        }
    }

    /// Where to ask from now, if something is missing and no answer is awaited.
    pub(super) fn ask(&mut self, now: Millis) -> Option<Seq> {
        if self.heard <= self.seen {
            self.asked = None;
            return None;
        }
        if self.asked.is_some_and(|until| until > now) {
            return None;
        }
        self.asked = Some(now.saturating_add(ANSWER_WITHIN));
        Some(self.seen)
    }
}
