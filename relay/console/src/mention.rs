//! Colleagues in notes: which are offered while `@` is typed, and whom a written note names. Pure; `view/at.rs` draws the list.

use std::ops::Range;

use shared::ids::AgentId;
use shared::model::{Agent, MAX_MENTIONS};

/// How many are offered at once.
const MOST_OFFERED: usize = 8;
/// What is longer is no name any more.
const LONGEST: usize = 40;

/// Where a text ends in a name that is being typed, from its `@` on.
pub fn asked(text: &str) -> Option<Range<usize>> {
    let start = text.rfind('@')?;
    let begins = text[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    let typed = &text[start + 1..];
    let ends = typed.contains('\n') || typed.chars().count() > LONGEST || typed.starts_with(char::is_whitespace);
    (begins && !ends).then_some(start..text.len())
}

/// The colleagues whose names may be meant: any word of theirs begins like it.
pub fn matching(agents: &[Agent], me: Option<AgentId>, typed: &str) -> Vec<Agent> {
    let typed = typed.to_lowercase();
    let begins = |agent: &&Agent| {
        let name = agent.name.to_lowercase();
        name.starts_with(&typed) || name.split_whitespace().any(|word| word.starts_with(&typed))
    };
    let others = agents.iter().filter(|agent| Some(agent.id) != me && !agent.bot);
    others.filter(begins).take(MOST_OFFERED).cloned().collect()
}

/// The colleagues whom a note names: each `@` with a whole name after it, the longest that there is.
pub fn named(agents: &[Agent], me: Option<AgentId>, text: &str) -> Vec<AgentId> {
    let text = text.to_lowercase();
    let mut found: Vec<AgentId> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let begins = text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        let rest = &text[at + 1..];
        let is_named = |agent: &&Agent| {
            let name = agent.name.trim().to_lowercase();
            let after = rest.strip_prefix(&name).map(|after| after.chars().next());
            !name.is_empty() && after.is_some_and(|next| next.is_none_or(|next| !next.is_alphanumeric()))
        };
        let longest = agents.iter().filter(is_named).max_by_key(|agent| agent.name.trim().len());
        if let Some(agent) = longest.filter(|agent| begins && Some(agent.id) != me && !found.contains(&agent.id)) {
            found.push(agent.id);
        }
    }
    found.truncate(MAX_MENTIONS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{agent, agent_id};

    fn team() -> Vec<Agent> {
        let named = |number, name: &str| Agent { name: name.to_owned(), ..agent(number) };
        vec![named(1, "Ada"), named(2, "Ada Lovelace"), named(3, "Zoé"), Agent { bot: true, ..named(4, "Adabot") }]
    }

    #[test]
    fn a_name_is_typed_after_an_at_that_begins_a_word() {
        assert_eq!(asked("@"), Some(0..1));
        assert_eq!(asked("well, @Ada Lo"), Some(6..13));
        assert_eq!(asked("(@é"), Some(1..4));
        for text in ["", "a@b.example", "@ ", "@Ada\nand", "no"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    #[test]
    fn colleagues_are_found_by_any_word_of_their_names() {
        let names = |typed| matching(&team(), Some(agent_id(3)), typed).into_iter().map(|agent| agent.name).collect::<Vec<_>>();
        assert_eq!(names(""), ["Ada", "Ada Lovelace"], "neither oneself nor programs");
        assert_eq!(names("LO"), ["Ada Lovelace"]);
        assert_eq!(names("x"), Vec::<String>::new());
    }

    #[test]
    fn a_note_names_whole_names_the_longest_first() {
        let named = |text| named(&team(), Some(agent_id(9)), text);
        assert_eq!(named("@ada lovelace, can you?"), [agent_id(2)]);
        assert_eq!(named("@Ada and @Zoé! @Ada"), [agent_id(1), agent_id(3)]);
        assert_eq!(named("@Adam, write to x@ada or @Zoéline"), []);
        assert_eq!(super::named(&team(), Some(agent_id(1)), "@Ada"), [], "oneself");
    }
}
