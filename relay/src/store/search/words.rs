//! What counts as the same text when somebody searches: how messages are cut into the terms that the index holds, what a search asks of
//! it, and which part of a message is shown. Pure, and used for all three, so that whatever is found can also be marked.
//!
//! Letters count without case and accents ("creme" finds "crème"). Scripts that write without spaces (Chinese, Japanese, Thai …), and
//! Korean, whose words carry endings, are cut into pairs of neighbouring characters, so that two characters suffice to find something.

use std::ops::Range;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use shared::api::{Fragment, MAX_TERMS};
use shared::model::cut;

/// Words of fewer letters are found only whole: their beginnings stand in so many words that they would find everything.
const SHORTEST_BEGINNING: usize = 3;
/// Characters of a term that the index of PostgreSQL holds; longer ones are cut there, and in what is asked for.
const LONGEST: usize = 500;
/// Characters of a snippet before what was found.
const BEFORE: usize = 40;
/// And from there on.
const AFTER: usize = 140;

/// A piece of text as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    folded: String,
    /// Where it stands, in bytes.
    place: Range<usize>,
    /// One character of a script that writes without spaces; else a whole word.
    is_dense: bool,
    /// Nothing stands between it and the piece before.
    joins: bool,
}

/// What a search asks for: all of it has to stand in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// A word.
    Word(String),
    /// Words beside each other.
    Phrase(Vec<String>),
    /// Characters beside each other.
    Run(Vec<String>),
}

/// The terms of a message, as the index takes them.
pub(super) fn terms(text: &str) -> String {
    let mut terms = Vec::new();
    for group in groups(&pieces(text)) {
        match group {
            [piece] => terms.push(piece.folded.clone()),
            run => {
                terms.extend(pairs(&run.iter().map(|piece| piece.folded.as_str()).collect::<Vec<_>>()));
                // So that the last one is found alone, too.
                terms.extend(run.last().map(|last| last.folded.clone()));
            }
        }
    }
    terms.join(" ")
}

impl Wanted {
    /// What somebody typed; `None`: nothing in it can be looked for, or too much.
    pub fn of(typed: &str) -> Option<Self> {
        let mut terms = Vec::new();
        for (number, part) in typed.split('"').enumerate() {
            let quoted = number % 2 == 1;
            let pieces = pieces(part);
            let mut words = Vec::new();
            for group in groups(&pieces) {
                match group {
                    [piece] if !piece.is_dense && quoted => words.push(piece.folded.clone()),
                    [piece] if !piece.is_dense => terms.push(Term::Word(piece.folded.clone())),
                    run => terms.push(Term::Run(run.iter().map(|piece| piece.folded.clone()).collect())),
                }
            }
            if !words.is_empty() {
                terms.push(Term::Phrase(words));
            }
        }
        (1..=MAX_TERMS).contains(&terms.len()).then_some(Self(terms))
    }

    /// The same in the language of FTS5 (<https://www.sqlite.org/fts5.html#full_text_query_syntax>). Terms are letters and digits alone, so
    /// nothing in them needs escaping.
    pub(super) fn query(&self) -> String {
        let term = |term: &Term| match term {
            Term::Word(word) if word.chars().count() >= SHORTEST_BEGINNING => format!("\"{word}\" *"),
            Term::Word(word) => format!("\"{word}\""),
            Term::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Term::Run(run) => match run.as_slice() {
                [one] => format!("\"{one}\" *"),
                more => format!("\"{}\"", pairs(&more.iter().map(String::as_str).collect::<Vec<_>>()).join(" ")),
            },
        };
        self.0.iter().map(term).collect::<Vec<_>>().join(" AND ")
    }

    /// The same in the language of PostgreSQL (<https://www.postgresql.org/docs/15/datatype-textsearch.html#DATATYPE-TSQUERY>).
    pub(super) fn tsquery(&self) -> String {
        let beside = |terms: &[String]| {
            format!("({})", terms.iter().map(|term| format!("'{}'", lexeme(term))).collect::<Vec<_>>().join(" <-> "))
        };
        let term = |term: &Term| match term {
            Term::Word(word) if word.chars().count() >= SHORTEST_BEGINNING => format!("'{}':*", lexeme(word)),
            Term::Word(word) => format!("'{}'", lexeme(word)),
            Term::Phrase(words) => beside(words),
            Term::Run(run) => match run.as_slice() {
                [one] => format!("'{one}':*"),
                more => beside(&pairs(&more.iter().map(String::as_str).collect::<Vec<_>>())),
            },
        };
        self.0.iter().map(term).collect::<Vec<_>>().join(" & ")
    }

    /// The part of a text around the first thing found, with all of them marked; `None`: nothing of it stands there.
    pub(super) fn snippet(&self, text: &str) -> Option<Vec<Fragment>> {
        let pieces = pieces(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            for term in &self.0 {
                let is_found = match term {
                    Term::Word(word) if word.chars().count() >= SHORTEST_BEGINNING => {
                        !piece.is_dense && piece.folded.starts_with(word.as_str())
                    }
                    Term::Word(word) => !piece.is_dense && piece.folded == *word,
                    Term::Phrase(words) => stands(&pieces, number, words, false),
                    Term::Run(run) => stands(&pieces, number, run, true),
                };
                let length = match term {
                    Term::Word(_) => 1,
                    Term::Phrase(all) | Term::Run(all) => all.len(),
                };
                if let Some(last) = is_found.then(|| pieces.get(number + length - 1)).flatten() {
                    marks.push(piece.place.start..last.place.end);
                }
            }
        }
        let first = marks.iter().map(|mark| mark.start).min()?;
        let start = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
        let end = text[first..].char_indices().nth(AFTER).map_or(text.len(), |(at, _)| first + at);
        marks.sort_by_key(|mark| (mark.start, mark.end));
        let mut fragments = Vec::new();
        let mut add = |range: Range<usize>, hit| {
            if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
                fragments.push(Fragment { text: text.to_owned(), hit });
            }
        };
        let mut at = start;
        for mark in marks.into_iter().filter(|mark| mark.start < end) {
            let (from, to) = (mark.start.max(at), mark.end.min(end));
            if from < to {
                add(at..from, false);
                add(from..to, true);
                at = to;
            }
        }
        add(at..end, false);
        Some(fragments)
    }
}

/// What the index of PostgreSQL takes: terms with their places.
pub(super) fn tsvector(terms: &str) -> String {
    terms.split(' ').enumerate().map(|(place, term)| format!("'{}':{}", lexeme(term), place + 1)).collect::<Vec<_>>().join(" ")
}

/// As much of a term as PostgreSQL takes (2,046 bytes).
fn lexeme(term: &str) -> &str {
    cut(term, LONGEST)
}

/// Whether these stand one after the other from a piece on.
fn stands(pieces: &[Piece], from: usize, wanted: &[String], dense: bool) -> bool {
    let Some(there) = pieces.get(from..from + wanted.len()) else { return false };
    there.iter().zip(wanted).all(|(piece, wanted)| piece.is_dense == dense && piece.folded == *wanted)
        && (!dense || there.iter().skip(1).all(|piece| piece.joins))
}

fn pairs(run: &[&str]) -> Vec<String> {
    run.windows(2).map(<[&str]>::concat).collect()
}

/// Words each by itself, characters of dense scripts in runs.
fn groups(pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    pieces.chunk_by(|before, after| before.is_dense && after.is_dense && after.joins)
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = None;
    for (at, char) in text.char_indices() {
        let dense = is_dense(char);
        if !dense && !char.is_alphanumeric() && !is_mark(char) {
            continue;
        }
        let joins = end == Some(at);
        let after = at + char.len_utf8();
        end = Some(after);
        match pieces.last_mut().filter(|piece| joins && !dense && (!piece.is_dense || is_mark(char))) {
            Some(piece) => {
                fold(char, &mut piece.folded);
                piece.place.end = after;
            }
            None => {
                let mut folded = String::new();
                fold(char, &mut folded);
                pieces.push(Piece { folded, place: at..after, is_dense: dense, joins });
            }
        }
    }
    pieces.retain(|piece| !piece.folded.is_empty());
    pieces
}

/// Without case, accents and forms of the same letter (full width, ligatures).
fn fold(char: char, into: &mut String) {
    if char.is_ascii() {
        into.push(char.to_ascii_lowercase());
        return;
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd();
    let composed = ComposingNormalizerBorrowed::new_nfc();
    let bare = decomposed.normalize_iter(std::iter::once(char)).filter(|char| !is_mark(*char));
    for char in composed.normalize_iter(bare).flat_map(char::to_lowercase) {
        match char {
            // Letters with a stroke, and those that are two, which Unicode does not take apart.
            'ß' => into.push_str("ss"),
            'æ' => into.push_str("ae"),
            'œ' => into.push_str("oe"),
            'ø' => into.push('o'),
            'ł' => into.push('l'),
            'đ' | 'ð' => into.push('d'),
            'ı' => into.push('i'),
            other if is_mark(other) || !(other.is_alphanumeric() || is_dense(other)) => {}
            other => into.push(other),
        }
    }
}

/// Accents by themselves: of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones.
fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Scripts without spaces between words, and Korean: Thai, Lao, Myanmar, Khmer, kana, Hangul, Han.
fn is_dense(char: char) -> bool {
    matches!(char, '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, text: &str) -> Option<String> {
        let fragments = Wanted::of(query)?.snippet(text)?;
        let show = |Fragment { text, hit }| if hit { format!("[{text}]") } else { text };
        Some(fragments.into_iter().map(show).collect())
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(terms("La Crème brûlée, naïve STRASSE Straße"), "la creme brulee naive strasse strasse");
        assert_eq!(terms("cafe\u{301} Łódź Œuvre Ⅳ ＡＢＣ ﬁn"), "cafe lodz oeuvre iv abc fin");
        assert_eq!(terms("Привет, Ёлка! ΆΛΦΑ שָׁלוֹם"), "привет елка αλφα שלום");
    }

    #[test]
    fn dense_scripts_become_pairs() {
        assert_eq!(terms("天气很好"), "天气 气很 很好 好");
        assert_eq!(terms("我的order 42号"), "我的 的 order 42 号");
        assert_eq!(terms("ｶﾒﾗ と、はい"), "カメ メラ ラ と はい い");
        assert_eq!(terms("배송은 언제"), "배송 송은 은 언제 제");
        assert_eq!(terms("!? — 👍"), "");
    }

    #[test]
    fn what_is_typed_becomes_a_query() {
        let query = |typed| Wanted::of(typed).map(|wanted| wanted.query());
        assert_eq!(query("Crème to").as_deref(), Some("\"creme\" * AND \"to\""));
        assert_eq!(query("\"free shipping\" now").as_deref(), Some("\"free shipping\" AND \"now\" *"));
        assert_eq!(query("天气").as_deref(), Some("\"天气\""));
        assert_eq!(query("天").as_deref(), Some("\"天\" *"));
        assert_eq!(query("很好吗").as_deref(), Some("\"很好 好吗\""));
        assert_eq!(query("NEAR(a b) OR -c*").as_deref(), Some("\"near\" * AND \"a\" AND \"b\" AND \"or\" AND \"c\""));
        assert_eq!((query("  … "), query(&"a ".repeat(MAX_TERMS + 1))), (None, None));
    }

    #[test]
    fn what_was_found_is_marked() {
        assert_eq!(marked("creme", "Une crème, des crèmes").as_deref(), Some("Une [crème], des [crèmes]"));
        assert_eq!(marked("on", "on the button").as_deref(), Some("[on] the button"));
        assert_eq!(marked("很好", "今天很好。").as_deref(), Some("今天[很好]。"));
        assert_eq!(marked("\"very good\"", "good, very good").as_deref(), Some("good, [very good]"));
        assert_eq!(marked("absent", "something else"), None);
        let long = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = marked("needle", &long).unwrap();
        assert!(shown.contains("[needle]") && shown.chars().count() < 200, "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn what_a_text_holds_is_found_in_it(text in ".{0,60}", from in 0_usize..40, length in 1_usize..12) {
            let pieces = pieces(&text);
            for piece in pieces.iter().skip(from).take(length) {
                let typed = &text[piece.place.clone()];
                if let Some(wanted) = Wanted::of(typed) {
                    proptest::prop_assert!(wanted.snippet(&text).is_some(), "{typed:?} in {text:?}");
                }
            }
            // Whatever is typed, FTS5 is asked for quoted terms alone.
            if let Some(wanted) = Wanted::of(&text) {
                proptest::prop_assert!(wanted.query().matches('"').count() % 2 == 0);
            }
        }
    }
}
