//! The outbox: messages that the relay has not acknowledged yet, in the order in which they were said.
//! Each conversation is a lane of which only the oldest message may be on its way; that keeps the order. A message on its way
//! and one that was told to wait are alike: neither is written (again) before its time.

use std::collections::VecDeque;

use super::ANSWER_WITHIN;
use crate::ids::{MessageId, Millis};
use crate::model::Say;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    letters: VecDeque<Letter>,
}

#[derive(Debug)]
struct Letter {
    say: Say,
    /// Not to be written before this time.
    not_before: Millis,
}

impl Outbox {
    /// Adds a message, unless its id is here already.
    pub(super) fn add(&mut self, say: Say) -> bool {
        let new = !self.holds(say.id);
        if new {
            self.letters.push_back(Letter { say, not_before: Millis::MIN });
        }
        new
    }

    /// Everything in it, oldest first.
    pub(super) fn says(&self) -> impl Iterator<Item = &Say> {
        self.letters.iter().map(|letter| &letter.say)
    }

    /// Whether a message is in it.
    pub(super) fn holds(&self, id: MessageId) -> bool {
        self.place(id).is_some()
    }

    /// Removes a message.
    pub(super) fn take(&mut self, id: MessageId) -> Option<Say> {
        let place = self.place(id)?;
        self.letters.remove(place).map(|letter| letter.say)
    }

    /// Holds a message back until the given time; whether it is here.
    pub(super) fn hold_back(&mut self, id: MessageId, until: Millis) -> bool {
        let letter = self.letters.iter_mut().find(|letter| letter.say.id == id);
        letter.map(|letter| letter.not_before = until).is_some()
    }

    /// What is to be written now. Comes again when no answer has come in time: saying an id twice is harmless, while an answer
    /// that never comes would block the lane.
    pub(super) fn due(&mut self, now: Millis) -> Vec<Say> {
        let mut due = Vec::new();
        for place in self.heads() {
            if let Some(letter) = self.letters.get_mut(place).filter(|letter| letter.not_before <= now) {
                letter.not_before = now.saturating_add(ANSWER_WITHIN);
                due.push(letter.say.clone());
            }
        }
        due
    }

    /// When [`Outbox::due`] will have something.
    pub(super) fn next_due(&self) -> Option<Millis> {
        self.heads().into_iter().filter_map(|place| self.letters.get(place)).map(|letter| letter.not_before).min()
    }

    /// Nothing is on its way any more, and a new connection owes no waiting.
    pub(super) fn rest(&mut self) {
        self.letters.iter_mut().for_each(|letter| letter.not_before = Millis::MIN);
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: Millis) {
        self.letters.iter_mut().for_each(|letter| letter.not_before = letter.not_before.saturating_sub(by));
    }

    fn place(&self, id: MessageId) -> Option<usize> {
        self.letters.iter().position(|letter| letter.say.id == id)
    }

    /// The oldest message of every lane.
    fn heads(&self) -> Vec<usize> {
        let mut lanes = Vec::new();
        let mut heads = Vec::new();
        for (place, letter) in self.letters.iter().enumerate() {
            let lane = letter.say.conversation;
            if !lanes.contains(&lane) {
                lanes.push(lane);
                heads.push(place);
            }
        }
        heads
    }
}
