//! What the visitor may not have seen yet. Asked by launcher, title and sound; pure.

use shared::ids::{MessageId, Millis};
use shared::model::Body;

use super::State;
use crate::lines::{Line, What};

/// How old a message may be that something rings for.
const FRESH: Millis = 60_000;

impl State {
    /// How many messages from the other side were not read.
    pub fn unread(&self) -> u32 {
        let latest = self.threads.len().wrapping_sub(1);
        let theirs = |what: &What| matches!(what, What::Theirs(_, body) if !matches!(**body, Body::Deleted));
        let unread = |line: &&Line| line.place.0 == latest && line.place.1 > self.read_to && theirs(&line.what);
        self.lines.iter().rev().filter(unread).count() as u32
    }

    /// The latest message from the other side: its id, who said it, and what it says, if that is a text.
    pub fn latest(&self) -> Option<(MessageId, &str, &str)> {
        self.lines.iter().rev().find_map(|line| match &line.what {
            What::Theirs(name, body) => Some((line.id, name.as_str(), body.preview().unwrap_or_default())),
            _ => None,
        })
    }

    /// Whether the last line is news, and not what was missed in a long absence.
    pub fn is_fresh(&self, now: Millis) -> bool {
        self.lines.last().is_some_and(|line| line.at + FRESH > now + self.ahead)
    }

    /// Whether the other side has said this.
    pub fn is_told(&self, said: &str) -> bool {
        self.lines.iter().any(|line| matches!(&line.what, What::Theirs(_, body) if body.preview() == Some(said)))
    }
}
