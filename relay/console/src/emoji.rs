//! The emoji and how they are called, in both languages: `emoji.txt`, one a line, fetched when the picker is opened for the first time.
//! Pure; `view/emoji.rs` draws the picker.

use crate::fold::folded;

/// One emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// The character, as systems draw it.
    pub glyph: String,
    /// Its names, one a language: English, French.
    names: [String; 2],
    /// All of its names without capitals and accents.
    folded: String,
}

impl Emoji {
    /// What it is called in the n-th language.
    pub fn name(&self, language: usize) -> &str {
        self.names.get(language).map_or("", String::as_str)
    }
}

/// Reads the list. Lines that are none are skipped.
pub fn read(list: &str) -> Vec<Emoji> {
    let line = |line: &str| {
        let (glyph, names) = line.split_once(' ')?;
        let (english, french) = names.split_once('|')?;
        let folded = folded(names);
        Some(Emoji { glyph: glyph.to_owned(), names: [english.to_owned(), french.to_owned()], folded })
    };
    list.lines().filter_map(line).collect()
}

/// Those of which every word that was typed begins a name, whatever the language; all of them for no word.
pub fn find<'a>(all: &'a [Emoji], typed: &str) -> Vec<&'a Emoji> {
    let typed = folded(typed);
    let begins = |names: &str, word: &str| names.split([' ', '|', '’', '-']).any(|name| name.starts_with(word));
    all.iter().filter(|emoji| typed.split_whitespace().all(|word| begins(&emoji.folded, word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = include_str!("../emoji.txt");

    #[test]
    fn every_line_has_a_glyph_and_both_names_once() {
        let all = read(LIST);
        assert_eq!(all.len(), LIST.lines().count());
        let mut glyphs: Vec<&str> = all.iter().map(|emoji| emoji.glyph.as_str()).collect();
        assert!(all.iter().all(|emoji| !emoji.glyph.is_ascii() && !emoji.name(0).is_empty() && !emoji.name(1).is_empty()));
        glyphs.sort_unstable();
        assert!(glyphs.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn they_are_found_in_both_languages_with_or_without_accents() {
        let all = read(LIST);
        let first = |typed| find(&all, typed).first().map(|emoji| emoji.glyph.as_str());
        assert_eq!(first("smile"), Some("😄"));
        assert_eq!(first("sourire"), Some("😄"));
        assert_eq!(first("Noel"), Some("🎄"));
        assert_eq!(first("œil"), Some("😉"));
        assert_eq!(first("thumbs do"), Some("👎"));
        assert_eq!(first("zzz"), None);
        assert_eq!(find(&all, " ").len(), all.len());
    }
}
