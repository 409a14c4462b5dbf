//! What goes over a connection that lives: entries and acks in, messages and questions for missing entries out.
//! The connection itself (opening, pinging, waiting) is the parent module's.

use super::{ANSWER_WITHIN, BACKOFF_MOST, Dialect, Emit, Link, RETRY_AFTER, Status};
use crate::frame::{Ack, Backfill, Delivery, Entries, ErrorFrame};
use crate::ids::{ConversationId, Millis};
use crate::link::Action;
use crate::link::place::Place;
use crate::model::{Say, Seen};

/// Shortest pause before a temporarily refused message is sent again: a relay that asks for none must not be hammered.
const RETRY_LEAST: Millis = 100;

impl<D: Dialect> Link<D> {
    /// The relay sends what `hello` asked for by itself, to visitors also a conversation that they could not name yet.
    pub(super) fn expect_resume(&mut self) {
        let until = Some(self.after(ANSWER_WITHIN));
        for place in self.followed.values_mut().filter(|place| D::FOLLOW_ALL || place.asked.is_some()) {
            place.asked = until;
        }
    }

    /// Where a conversation stands, if it is followed.
    fn place(&mut self, conversation: ConversationId) -> Option<&mut Place> {
        if D::FOLLOW_ALL {
            return Some(self.followed.entry(conversation).or_default());
        }
        self.followed.get_mut(&conversation)
    }

    pub(super) fn note_heads(&mut self, heads: Vec<Seen>) {
        for Seen { conversation, seq } in heads {
            if let Some(place) = self.place(conversation) {
                place.hear(seq);
            }
        }
    }

    /// One's own message may come as an entry too: its ack was lost, or found a gap before it.
    pub(super) fn entry(&mut self, delivery: Delivery) {
        let Delivery { conversation, entry } = delivery;
        let Some(place) = self.place(conversation) else {
            self.emit(Emit::Glimpse(Delivery { conversation, entry }));
            return;
        };
        if !place.advance(entry.seq, entry.prev) {
            return;
        }
        match self.outbox.take(entry.id) {
            Some(say) => self.sent(say, Ack { id: entry.id, conversation, seq: entry.seq, prev: entry.prev, at: entry.at }),
            None => self.emit(Emit::Entry(conversation, entry)),
        }
    }

    pub(super) fn entries(&mut self, page: Entries) {
        let Entries { conversation, entries, more } = page;
        // A page of a conversation that is no longer followed answers a question that is no longer asked.
        let Some(before) = self.place(conversation).map(|place| place.seen) else { return };
        for entry in entries {
            self.entry(Delivery { conversation, entry });
        }
        if let Some(place) = self.place(conversation) {
            place.turn_page(before, more);
        }
    }

    /// An ack stands for the author's own entry: the relay does not send it to the connection that said it. After a gap the message
    /// stays until the missing entries bring it along, so that all are told in order.
    pub(super) fn ack(&mut self, ack: Ack) {
        if !self.outbox.holds(ack.id) {
            // Told already, or given up: then what became an entry all the same must come as one.
            self.note_heads(vec![Seen { conversation: ack.conversation, seq: ack.seq }]);
            return;
        }
        if let Some(place) = self.place(ack.conversation)
            && !place.advance(ack.seq, ack.prev)
            && place.seen < ack.seq
        {
            return;
        }
        if let Some(say) = self.outbox.take(ack.id) {
            self.sent(say, ack);
        }
    }

    fn sent(&mut self, say: Say, ack: Ack) {
        self.persist();
        self.emit(Emit::Sent(say, ack));
    }

    pub(super) fn refused(&mut self, error: ErrorFrame) {
        if error.code.is_temporary() {
            let pause = error.retry_after_ms.unwrap_or(RETRY_AFTER).clamp(RETRY_LEAST, BACKOFF_MOST);
            let until = self.after(pause);
            if !error.id.is_some_and(|id| self.outbox.hold_back(id, until)) {
                self.emit(Emit::Refused(error));
            }
        } else if let Some(say) = error.id.and_then(|id| self.outbox.take(id)) {
            self.persist();
            self.emit(Emit::Failed(say, error));
        } else {
            self.emit(Emit::Refused(error));
        }
    }

    /// Asks for what is missing in the followed conversations, once at a time for each.
    pub(super) fn fetch(&mut self) {
        if self.status != Status::Online {
            return;
        }
        let now = self.now;
        let missing = self.followed.iter_mut().filter_map(|(&conversation, place)| {
            let after = place.ask(now)?;
            Some(Backfill { conversation, after })
        });
        let mut missing: Vec<Backfill> = missing.collect();
        missing.sort_unstable_by_key(|backfill| backfill.conversation);
        for backfill in missing {
            self.actions.push_back(Action::Write(self.socket, D::backfill(backfill)));
        }
    }

    /// Writes the oldest message of every conversation that has none on its way.
    pub(super) fn flush(&mut self) {
        if self.status != Status::Online {
            return;
        }
        for say in self.outbox.due(self.now) {
            self.actions.push_back(Action::Write(self.socket, D::say(say)));
        }
    }
}
