//! What an agent sends and may still undo: messages that are held back for a moment, files, changes of the last message.
//! Part of [`Live`]; `socket.rs` carries the frames.

use std::time::Duration;

use leptos::prelude::*;
use shared::agent::ToRelay;
use shared::frame::{Delete, Edit};
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::model::{File, Say};

use crate::browser;
use crate::drafts::Drafts;
use crate::row::{Held, Row};
use crate::socket::Live;
use crate::verbs::Problem;

/// How long a message can be undone.
pub const UNDO_WITHIN: Millis = 5_000;
/// Where the agent's wish for it is kept.
const KEPT: &str = "bulle.undo";

/// Whether this agent wants their messages held back for a moment.
pub fn wants_undo() -> bool {
    browser::kept(KEPT).is_some()
}

/// Keeps that wish.
pub fn want_undo(wanted: bool) {
    if wanted { browser::keep(KEPT, "1") } else { browser::forget(KEPT) }
}

impl Live {
    /// Sends a message or note: at once, or in a moment where its agent wants to be able to undo it. What was held before goes first.
    pub fn send(self, row: &Row, text: String, note: bool) {
        self.release(row.id);
        let id = browser::new_id();
        if !wants_undo() {
            self.say(Say { note, ..Say::text(id, Some(row.id), text) });
            return;
        }
        if let Some(drafts) = self.drafts(row.id) {
            drafts.hold(&text, note);
        }
        row.held.set(Some(Held { id, text, note, until: self.desk.clock.get_untracked() + UNDO_WITHIN }));
        let conversation = row.id;
        set_timeout(
            move || {
                let still = self.desk.try_row(conversation).is_some_and(|row| row.is_holding(id));
                if still {
                    self.release(conversation);
                }
            },
            Duration::from_millis(UNDO_WITHIN.unsigned_abs()),
        );
    }

    /// What is held back in a conversation goes now.
    pub fn release(self, conversation: ConversationId) {
        if let Some(held) = self.held(conversation) {
            self.say(Say { note: held.note, ..Say::text(held.id, Some(conversation), held.text) });
        }
    }

    /// What is held back anywhere goes now: the page is about to be left.
    pub fn release_all(self) {
        for conversation in self.desk.holding() {
            self.release(conversation);
        }
    }

    /// What is held back comes back into the composer, before what was written since.
    pub fn undo(self, row: &Row) {
        let Some(held) = self.held(row.id) else { return };
        let since = row.composer.get_untracked();
        let text = if since.is_empty() { held.text } else { [&held.text, "\n", &since].concat() };
        if let Some(drafts) = self.drafts(row.id) {
            drafts.keep(&text, held.note);
        }
        row.noting.set(held.note);
        row.composer.set(text);
    }

    fn held(self, conversation: ConversationId) -> Option<Held> {
        let held = self.desk.row(conversation)?.held.try_update(Option::take).flatten()?;
        if let Some(drafts) = self.drafts(conversation) {
            drafts.hold("", false);
        }
        Some(held)
    }

    /// Where this agent's drafts of a conversation are kept, once greeted.
    pub fn drafts(self, conversation: ConversationId) -> Option<Drafts> {
        self.desk.me.get_untracked().map(|me| Drafts::of(me, conversation))
    }

    /// Sends a file that has been uploaded.
    pub fn say_file(self, conversation: ConversationId, file: File) {
        self.release(conversation);
        let say = Say { file: Some(file.id), ..Say::text(browser::new_id(), Some(conversation), "") };
        self.desk.uploaded(file);
        self.say(say);
    }

    /// Changes one's last message.
    pub fn change(self, row: &Row, seq: Seq, text: String) {
        self.amend(row, |id, conversation| ToRelay::Edit(Edit { id, conversation, seq, text }));
    }

    /// Takes one's last message back.
    pub fn take_back(self, row: &Row, seq: Seq) {
        self.amend(row, |id, conversation| ToRelay::Delete(Delete { id, conversation, seq }));
    }

    fn amend(self, row: &Row, frame: impl FnOnce(MessageId, ConversationId) -> ToRelay) {
        let id = browser::new_id();
        self.desk.asked_to_amend(id, row.id);
        if !self.write(frame(id, row.id)) {
            row.problem.set(Some(Problem::Offline));
        }
    }
}
