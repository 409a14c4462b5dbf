//! What the command palette finds: pages, actions, chats and canned replies by name. Pure; `view/palette.rs` gathers and draws them.

use shared::ids::ConversationId;

use crate::fold::{distance, folded};
use crate::keys::Command;
use crate::route::Route;

/// How many are shown at once: more letters narrow them down.
pub const MOST_SHOWN: usize = 30;

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Goes to a page.
    Page(Route),
    /// Does what a key does.
    Do(Command),
    /// Opens a chat.
    Chat(ConversationId),
    /// Puts a text into the composer.
    Say(String),
}

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub choice: Choice,
    /// What it is called.
    pub name: String,
    /// What kind of thing it is, in a word.
    pub kind: &'static str,
    /// The key that does the same, or what else helps to tell it from others.
    pub hint: String,
    folded: String,
}

impl Entry {
    /// Found by its name, then by its hint.
    pub fn new(choice: Choice, name: impl Into<String>, kind: &'static str, hint: impl Into<String>) -> Self {
        let (name, hint) = (name.into(), hint.into());
        let folded = folded(&[&name, " ", kind, " ", &hint].concat());
        Self { choice, name, kind, hint, folded }
    }
}

/// The best of those that fit what was typed, the best first; otherwise in their order.
pub fn matching(entries: &[Entry], typed: &str) -> Vec<Entry> {
    let typed = folded(typed);
    let distances = entries.iter().filter_map(|entry| Some((distance(&entry.folded, &typed)?, entry)));
    let mut found: Vec<(usize, &Entry)> = distances.collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().take(MOST_SHOWN).map(|(_, entry)| entry.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::conversation_id;

    #[test]
    fn names_are_found_from_little_and_in_their_order() {
        let entries = [
            Entry::new(Choice::Page(Route::History), "Historique", "Page", ""),
            Entry::new(Choice::Do(Command::Close), "Close the chat", "Action", "x"),
            Entry::new(Choice::Chat(conversation_id(1)), "Éloïse Martin", "Chat", "Kiln"),
            Entry::new(Choice::Chat(conversation_id(2)), "Martin Clos", "Chat", "Kiln"),
        ];
        let names = |typed| matching(&entries, typed).into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names("").len(), 4);
        assert_eq!(names("martin"), ["Martin Clos", "Éloïse Martin"]);
        assert_eq!(names("eloise"), ["Éloïse Martin"]);
        assert_eq!(names("clo"), ["Close the chat", "Martin Clos"]);
        assert_eq!(names("clch"), ["Close the chat", "Martin Clos"], "letters in order, and the kind counts");
        assert_eq!(names("kiln mar"), ["Martin Clos", "Éloïse Martin"], "his name begins with it");
        assert!(names("zzz").is_empty());
    }
}
