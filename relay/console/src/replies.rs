//! Which canned replies a typed `/shortcut` means, and what they say to whom. Pure; `view/slash.rs` draws it.

use std::ops::Range;

use shared::api::Reply;
use shared::ids::SiteId;

use crate::text::fill;

/// The names that a text may ask for.
pub const PLACES: &str = "{visitor}, {agent}, {site}";

/// How many are offered at once: as many as can be read at a glance, more letters narrow them down.
const MOST_OFFERED: usize = 8;

/// The names that are put in.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The visitor's; `None`: they have not told it.
    pub visitor: Option<&'a str>,
    /// The agent's.
    pub agent: &'a str,
    /// The site's.
    pub site: &'a str,
}

/// Where a text ends in a shortcut that is being typed, from its slash on.
pub fn asked(text: &str) -> Option<Range<usize>> {
    let start = text.rfind(char::is_whitespace).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let word = &text[start..];
    (word.starts_with('/') && !word[1..].contains('/')).then_some(start..text.len())
}

/// The replies for a site that a shortcut may become: those that begin like it first, then those that hold it anywhere.
pub fn matching(replies: &[Reply], site: SiteId, typed: &str) -> Vec<Reply> {
    let typed = typed.to_lowercase();
    let here = || replies.iter().filter(|reply| reply.site.is_none_or(|only| only == site));
    let begin = here().filter(|reply| reply.shortcut.starts_with(&typed));
    let holds = |reply: &&Reply| reply.shortcut.contains(&typed) || reply.text.to_lowercase().contains(&typed);
    let rest = here().filter(|reply| !reply.shortcut.starts_with(&typed)).filter(holds);
    begin.chain(rest).take(MOST_OFFERED).cloned().collect()
}

/// What a reply says to somebody. The place of a name that nobody knows goes, with the blank before it.
pub fn filled(text: &str, names: Names<'_>) -> String {
    let values = [("visitor", names.visitor.unwrap_or_default()), ("agent", names.agent), ("site", names.site)];
    match names.visitor {
        Some(_) => fill(text, &values),
        None => fill(&text.replace(" {visitor}", "{visitor}"), &values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::site_id;
    use shared::ids::ReplyId;

    fn reply(shortcut: &str, text: &str, site: Option<SiteId>) -> Reply {
        Reply { id: ReplyId::v7(5, [1; 10]), shortcut: shortcut.to_owned(), text: text.to_owned(), site, owner: None }
    }

    #[test]
    fn the_last_word_asks_when_it_begins_with_a_slash() {
        assert_eq!(asked("/"), Some(0..1));
        assert_eq!(asked("well,\u{a0}/ho"), Some(7..10));
        assert_eq!(asked("a\n/été"), Some(2..8));
        for text in ["", "hours", "and/or", "/hours ", "//", "/etc/hosts", "https://a.example/x"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    #[test]
    fn beginnings_come_first_and_other_sites_never() {
        let all = [
            reply("after-hours", "x", None),
            reply("hours", "x", None),
            reply("when", "our Hours are", Some(site_id(1))),
            reply("hours-b", "x", Some(site_id(2))),
        ];
        let found: Vec<String> = matching(&all, site_id(1), "HO").into_iter().map(|reply| reply.shortcut).collect();
        assert_eq!(found, ["hours", "after-hours", "when"]);
        assert_eq!(matching(&all, site_id(1), "zzz"), []);
        let many: Vec<Reply> = (0..20).map(|number| reply(&format!("r{number}"), "x", None)).collect();
        assert_eq!(matching(&many, site_id(1), "").len(), MOST_OFFERED);
    }

    #[test]
    fn names_are_put_in_and_an_unknown_one_leaves_no_hole() {
        let text = "Hello {visitor}, I am {agent} of {site}. {else}";
        let names = Names { visitor: Some("{agent}"), agent: "Ada", site: "Kiln" };
        assert_eq!(filled(text, names), "Hello {agent}, I am Ada of Kiln. {else}", "a visitor's name is no place");
        assert_eq!(filled(text, Names { visitor: None, ..names }), "Hello, I am Ada of Kiln. {else}");
    }
}
