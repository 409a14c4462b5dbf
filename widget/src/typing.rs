//! When the relay is told what the visitor writes: at most once a second, and once with an empty draft when they stop.
//! Pure: the driver in `socket.rs` brings the time and sends what comes out.

use shared::ids::Millis;
use shared::model::{MAX_DRAFT, cut};

/// Least time between two drafts (protocol: at most one a second).
const PAUSE: Millis = 1_000;
/// Whoever has not touched a key for this long has stopped.
const IDLE: Millis = 5_000;

/// What was written and what was told.
#[derive(Debug, Default)]
pub struct Typist {
    draft: String,
    told: String,
    told_at: Millis,
    typed_at: Millis,
}

impl Typist {
    /// The composer has changed. Call [`Typist::tick`] afterwards.
    pub fn write(&mut self, now: Millis, draft: &str) {
        self.draft = cut(draft, MAX_DRAFT).to_owned();
        self.typed_at = now;
    }

    /// The message was sent: the relay knows that its author has stopped.
    pub fn sent(&mut self) {
        self.draft.clear();
        self.told.clear();
    }

    /// When [`Typist::tick`] wants to be called.
    pub fn deadline(&self) -> Option<Millis> {
        if self.draft != self.told {
            Some(self.told_at + PAUSE)
        } else if self.told.is_empty() {
            None
        } else {
            Some(self.typed_at + IDLE)
        }
    }

    /// The draft to tell now, if one is due.
    pub fn tick(&mut self, now: Millis) -> Option<String> {
        if self.deadline()? > now {
            return None;
        }
        if self.draft == self.told {
            self.draft.clear();
        }
        self.told.clone_from(&self.draft);
        self.told_at = now;
        Some(self.told.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_latest_draft_once_a_second() {
        let mut typist = Typist::default();
        typist.write(5_000, "h");
        assert_eq!(typist.tick(5_000).as_deref(), Some("h"));
        typist.write(5_100, "he");
        assert_eq!(typist.tick(5_100), None);
        typist.write(5_200, "hel");
        assert_eq!(typist.deadline(), Some(6_000));
        assert_eq!(typist.tick(6_000).as_deref(), Some("hel"));
        assert_eq!(typist.tick(6_500), None);
    }

    #[test]
    fn tells_once_that_the_visitor_stopped() {
        let mut typist = Typist::default();
        typist.write(5_000, "h");
        typist.tick(5_000);
        assert_eq!(typist.deadline(), Some(10_000));
        assert_eq!(typist.tick(10_000).as_deref(), Some(""));
        assert_eq!(typist.deadline(), None);
    }

    #[test]
    fn a_sent_message_needs_no_word() {
        let mut typist = Typist::default();
        typist.write(5_000, "hello");
        typist.tick(5_000);
        typist.sent();
        assert_eq!(typist.deadline(), None);
    }

    #[test]
    fn cuts_long_drafts() {
        let mut typist = Typist::default();
        typist.write(5_000, &"é".repeat(MAX_DRAFT + 1));
        assert_eq!(typist.tick(5_000).map(|draft| draft.chars().count()), Some(MAX_DRAFT));
    }
}
