//! Markdown, as much of it as people write in a chat: bold, italic, code, links and lists. What is cut here is drawn by `view/marked.rs`
//! as elements around text nodes; nothing is ever parsed as HTML. Pure.
//!
//! Marks do not nest, and count only where a word begins and ends: `2 * 3 * 4` and `snake_case_name` stay as they are. The widget's `glue.js` has
//! the same rules for what visitors see (PROTOCOL says them).

use crate::pieces::{Piece, is_web_address, pieces};

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Shown as it is.
    Plain(String),
    /// A web address, shown as a link to itself.
    Address(String),
    /// `**bold**`.
    Strong(String),
    /// `*italic*` or `_italic_`.
    Stressed(String),
    /// `` `code` ``.
    Code(String),
    /// `[label](https://…)`.
    Link {
        /// What is shown.
        label: String,
        /// Where it leads: a web address.
        address: String,
    },
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Lines as they are.
    Lines(Vec<Span>),
    /// Items; whether they are numbered.
    List(bool, Vec<Vec<Span>>),
    /// Between two lines of three backticks.
    Code(String),
}

/// How much of it a text may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What visitors see as well: bold, italic, code and addresses.
    Said,
    /// All of it: notes, which only this console shows.
    Note,
}

/// The blocks of a text.
pub fn blocks(text: &str, reach: Reach) -> Vec<Block> {
    if reach == Reach::Said {
        return vec![Block::Lines(spans(text, reach))];
    }
    let mut blocks = Vec::new();
    let mut plain: Vec<&str> = Vec::new();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let fence = line.trim_end() == "```" && lines.clone().any(|line| line.trim_end() == "```");
        let item = item(line);
        if !fence && item.is_none() {
            plain.push(line);
            continue;
        }
        flush(&mut plain, &mut blocks);
        if fence {
            let code: Vec<&str> = lines.by_ref().take_while(|line| line.trim_end() != "```").collect();
            blocks.push(Block::Code(code.join("\n")));
        } else if let Some((numbered, words)) = item {
            let spans = spans(words, reach);
            match blocks.last_mut() {
                Some(Block::List(same, items)) if *same == numbered => items.push(spans),
                _ => blocks.push(Block::List(numbered, vec![spans])),
            }
        }
    }
    flush(&mut plain, &mut blocks);
    blocks
}

fn flush(plain: &mut Vec<&str>, blocks: &mut Vec<Block>) {
    let lines = std::mem::take(plain).join("\n");
    if !lines.is_empty() {
        blocks.push(Block::Lines(spans(&lines, Reach::Note)));
    }
}

/// The words of a list's item, and whether it has a number.
fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(words) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, words));
    }
    let digits = line.find(|letter: char| !letter.is_ascii_digit()).filter(|digits| (1..=3).contains(digits))?;
    line[digits..].strip_prefix(". ").map(|words| (true, words))
}

/// The spans of a text; put together with their marks they are the text again.
pub fn spans(text: &str, reach: Reach) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(next) = text[at..].find(['*', '_', '`', '[']).map(|next| at + next) {
        match marked(text, next, reach) {
            Some((span, end)) => {
                plain(&text[from..next], &mut spans);
                spans.push(span);
                (from, at) = (end, end);
            }
            // A run of marks that is none stays together, so that `***` is not read from its middle.
            None => {
                let mark = text[next..].chars().next().unwrap_or_default();
                at = text[next..].find(|letter| letter != mark).map_or(text.len(), |run| next + run);
            }
        }
    }
    plain(&text[from..], &mut spans);
    spans
}

fn plain(text: &str, spans: &mut Vec<Span>) {
    spans.extend(pieces(text).into_iter().map(|piece| match piece {
        Piece::Plain(text) => Span::Plain(text),
        Piece::Address(address) => Span::Address(address),
    }));
}

/// What begins at this mark, and where it ends.
fn marked(text: &str, at: usize, reach: Reach) -> Option<(Span, usize)> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|before| !before.is_whitespace() && !"([{\"'«“‘—–-".contains(before)) || in_address(text, at) {
        return None;
    }
    let rest = &text[at..];
    if rest.starts_with('[') {
        return (reach == Reach::Note).then(|| link(rest)).flatten().map(|(span, length)| (span, at + length));
    }
    let make: fn(String) -> Span = match rest {
        _ if rest.starts_with("**") => Span::Strong,
        _ if rest.starts_with('`') => Span::Code,
        _ => Span::Stressed,
    };
    let mark = if rest.starts_with("**") { "**" } else { &rest[..1] };
    let inner = &rest[mark.len()..];
    let length = closing(inner, mark)?;
    Some((make(inner[..length].to_owned()), at + mark.len() * 2 + length))
}

/// Where the mark that ends it stands: on the same line, behind a word, before none.
fn closing(inner: &str, mark: &str) -> Option<usize> {
    let line = inner.split('\n').next()?;
    if line.starts_with(char::is_whitespace) || line.starts_with(mark) {
        return None;
    }
    let ends = line.match_indices(mark).map(|(at, _)| at).find(|&at| {
        let after = &line[at + mark.len()..];
        let behind_word = line[..at].chars().next_back().is_some_and(|before| !before.is_whitespace());
        behind_word && !after.starts_with(char::is_alphanumeric) && !after.starts_with(mark)
    })?;
    (ends > 0).then_some(ends)
}

/// Whether a mark stands inside a web address, which may hold any of them.
fn in_address(text: &str, at: usize) -> bool {
    let word = text[..at].rfind(char::is_whitespace).map_or(0, |space| space + 1);
    text[word..at].contains("://")
}

/// `[label](address)`, and its length.
fn link(rest: &str) -> Option<(Span, usize)> {
    let (label, behind) = rest[1..].split_once("](")?;
    let address = behind.split(')').next()?;
    let fits = !label.trim().is_empty() && !label.contains(['\n', '[']) && behind[address.len()..].starts_with(')');
    let length = 1 + label.len() + 2 + address.len() + 1;
    (fits && is_web_address(address)).then(|| (Span::Link { label: label.to_owned(), address: address.to_owned() }, length))
}

/// Puts a mark around what is selected, or takes it away: the new text, and what is selected then. Both ends count bytes at the borders of
/// characters.
pub fn toggled(text: &str, start: usize, end: usize, mark: &str) -> (String, usize, usize) {
    let (before, chosen, after) = (&text[..start], &text[start..end], &text[end..]);
    if let (Some(bare), Some(rest)) = (before.strip_suffix(mark), after.strip_prefix(mark)) {
        return ([bare, chosen, rest].concat(), start - mark.len(), end - mark.len());
    }
    ([before, mark, chosen, mark, after].concat(), start + mark.len(), end + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Span> {
        spans(text, Reach::Said)
    }

    fn bare(text: &str) -> Span {
        Span::Plain(text.to_owned())
    }

    #[test]
    fn bold_italic_and_code() {
        let strong = |text: &str| Span::Strong(text.to_owned());
        assert_eq!(
            said("**Now** or *later*, (`make run`)!"),
            [
                strong("Now"),
                bare(" or "),
                Span::Stressed("later".to_owned()),
                bare(", ("),
                Span::Code("make run".to_owned()),
                bare(")!")
            ]
        );
        assert_eq!(said("_so_"), [Span::Stressed("so".to_owned())]);
        assert_eq!(said("`**x**`"), [Span::Code("**x**".to_owned())]);
        assert_eq!(said("**a b** c**"), [strong("a b"), bare(" c**")]);
    }

    #[test]
    fn what_only_looks_like_marks_stays() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name",
            "a*b*c",
            "**",
            "****",
            "* *",
            "** x **",
            "*open",
            "`",
            "``",
            "5*",
            "[x](y)",
            "*a\nb*",
            "***",
            "_ _",
            "a **b",
            "é*",
        ] {
            assert_eq!(said(text), [bare(text)], "{text}");
        }
        let address = "https://a.example/_x_/*y*";
        assert_eq!(said(address), [Span::Address(address.to_owned())]);
    }

    #[test]
    fn only_web_addresses_become_links_and_only_in_notes() {
        let text = "[the form](https://a.example/f)";
        let link = Span::Link { label: "the form".to_owned(), address: "https://a.example/f".to_owned() };
        assert_eq!(spans(text, Reach::Note), [link]);
        assert!(!said(text).iter().any(|span| matches!(span, Span::Link { .. })));
        for text in ["[x](javascript:alert(1))", "[x](data:text/html,y)", "[](https://a.example)", "[x](https://a.example"] {
            assert!(!spans(text, Reach::Note).iter().any(|span| matches!(span, Span::Link { .. })), "{text}");
        }
    }

    #[test]
    fn notes_have_lists_and_code() {
        let found = blocks("Do:\n- one\n- **two**\n1. first\n```\n- raw\n```\nend", Reach::Note);
        let plain = |text: &str| vec![bare(text)];
        let expected = [
            Block::Lines(plain("Do:")),
            Block::List(false, vec![plain("one"), vec![Span::Strong("two".to_owned())]]),
            Block::List(true, vec![plain("first")]),
            Block::Code("- raw".to_owned()),
            Block::Lines(plain("end")),
        ];
        assert_eq!(found, expected);
        assert_eq!(blocks("- a\n```", Reach::Note).len(), 2, "a fence without its end is text");
        assert_eq!(blocks("- a", Reach::Said), [Block::Lines(plain("- a"))]);
        assert_eq!(blocks("1234. x", Reach::Note), [Block::Lines(plain("1234. x"))]);
    }

    #[test]
    fn nothing_is_lost() {
        for text in ["", "*", "a *b* **c** `d` _e_ [f](g)\n", "**é** ö*", "https://a.example *x*", "***x***", "**_x_**", "`a``b`"]
        {
            let together: String = said(text)
                .into_iter()
                .map(|span| match span {
                    Span::Plain(text) | Span::Address(text) => text,
                    Span::Strong(text) => format!("**{text}**"),
                    Span::Stressed(inner) if text.contains(&format!("_{inner}_")) => format!("_{inner}_"),
                    Span::Stressed(text) => format!("*{text}*"),
                    Span::Code(text) => format!("`{text}`"),
                    Span::Link { label, address } => format!("[{label}]({address})"),
                })
                .collect();
            assert_eq!(together, text);
        }
    }

    #[test]
    fn a_mark_is_put_around_and_taken_away() {
        assert_eq!(toggled("say it now", 4, 6, "**"), ("say **it** now".to_owned(), 6, 8));
        assert_eq!(toggled("say **it** now", 6, 8, "**"), ("say it now".to_owned(), 4, 6));
        assert_eq!(toggled("", 0, 0, "`"), ("``".to_owned(), 1, 1));
    }
}
