//! What an upload may be called. Names are only ever shown and offered for saving: no path is made of them. Pure.

use shared::model::{MAX_FIELD, cut};

/// Most characters of a suffix that is kept when a long name is cut.
const SUFFIX: usize = 10;
/// What a file is called whose name has nothing that may stay.
const NAMELESS: &str = "file";

/// The name without what is no name: folders, control characters, marks that change the direction of what follows (a name could then show
/// another suffix than it has), white space around it; at most [`MAX_FIELD`] characters.
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|&sign| !sign.is_control() && !is_hidden(sign)).collect();
    let plain = plain.trim_matches(|sign: char| sign.is_whitespace() || sign == '.');
    if plain.is_empty() { NAMELESS.to_owned() } else { shortened(plain) }
}

/// Marks without a look of their own that order text, break lines or hide between letters.
fn is_hidden(sign: char) -> bool {
    matches!(sign, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Cut before the suffix, which says what the file is.
fn shortened(name: &str) -> String {
    if name.chars().count() <= MAX_FIELD {
        return name.to_owned();
    }
    let suffix = name.rfind('.').map(|dot| &name[dot..]).filter(|suffix| suffix.chars().count() <= SUFFIX).unwrap_or_default();
    [cut(name, MAX_FIELD - suffix.chars().count()), suffix].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path_and_hides_nothing() {
        for (given, kept) in [
            ("shoes.png", "shoes.png"),
            ("été 2026.jpeg", "été 2026.jpeg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\kim\\a.txt", "a.txt"),
            ("a\r\nset-cookie: x.txt", "aset-cookie: x.txt"),
            ("invoice\u{202e}gnp.exe", "invoicegnp.exe"),
            ("a\u{200b}\u{2066}b\u{0}c", "abc"),
            ("  .hidden. ", "hidden"),
            ("..", "file"),
            ("a/", "file"),
            ("", "file"),
            ("\u{202e}", "file"),
        ] {
            assert_eq!(clean(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_suffix() {
        let long = clean(&format!("{}.tar", "é".repeat(1_000)));
        assert_eq!((long.chars().count(), long.ends_with("é.tar")), (MAX_FIELD, true));
        assert_eq!(clean(&"x.".repeat(1_000)).chars().count(), MAX_FIELD);
    }
}
