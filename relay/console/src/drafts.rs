//! What an agent is writing, kept in the tab's storage: it outlives a reload, and goes when it is sent or its agent signs out. Another agent
//! who signs in on the same tab has drafts of their own.

use leptos::prelude::*;
use shared::ids::{AgentId, ConversationId};

use crate::browser;
use crate::row::Row;

/// Before every key.
const PREFIX: &str = "bulle.draft.";
/// First letter of what is kept: a draft of a note must never come back as a message.
const NOTE: char = 'n';
const MESSAGE: char = 'm';

/// Where the drafts of one conversation are kept.
#[derive(Clone, Debug)]
pub struct Drafts {
    written: String,
    held: String,
}

impl Drafts {
    /// Of this agent, in this conversation.
    pub fn of(me: AgentId, conversation: ConversationId) -> Self {
        let written = format!("{PREFIX}{me}.{conversation}");
        Self { held: format!("{written}.held"), written }
    }

    /// Keeps what stands in the composer.
    pub fn keep(&self, text: &str, note: bool) {
        browser::keep_draft(&self.written, &sealed(text, note));
    }

    /// Keeps what is held back before it is sent; empty: nothing is.
    pub fn hold(&self, text: &str, note: bool) {
        browser::keep_draft(&self.held, &sealed(text, note));
    }

    /// Puts what an earlier page left behind into an empty composer; what it had held back was never sent.
    pub fn restore(&self, row: &Row) {
        if !row.composer.with_untracked(String::is_empty) || row.held.with_untracked(Option::is_some) {
            return;
        }
        let kept: Vec<(String, bool)> =
            [&self.held, &self.written].into_iter().filter_map(|key| opened(&browser::draft(key)?)).collect();
        let Some((_, note)) = kept.first() else { return };
        let (note, texts): (bool, Vec<String>) = (*note, kept.into_iter().map(|(text, _)| text).collect());
        row.noting.set(note);
        let text = texts.join("\n");
        self.hold("", false);
        self.keep(&text, note);
        row.composer.set(text);
    }
}

/// Forgets every draft of this tab: its agent signs out.
pub fn forget_all() {
    browser::forget_drafts(PREFIX);
}

fn sealed(text: &str, note: bool) -> String {
    if text.is_empty() { String::new() } else { format!("{}{text}", if note { NOTE } else { MESSAGE }) }
}

fn opened(kept: &str) -> Option<(String, bool)> {
    let text = kept.get(1..)?;
    match kept.chars().next()? {
        NOTE => Some((text.to_owned(), true)),
        MESSAGE => Some((text.to_owned(), false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_what_it_was() {
        for note in [true, false] {
            assert_eq!(opened(&sealed("été", note)), Some(("été".to_owned(), note)));
        }
        assert_eq!(sealed("", true), "");
        for foreign in ["", "x", "é"] {
            assert_eq!(opened(foreign), None);
        }
    }
}
