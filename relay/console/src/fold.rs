//! Texts without what people leave out when they search: capitals and accents. And how well a text answers a search. Pure.

/// Small letters without accents; letters of other scripts stay as they are.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'à'..='å' => folded.push('a'),
            'ç' => folded.push('c'),
            'è'..='ë' => folded.push('e'),
            'ì'..='ï' => folded.push('i'),
            'ñ' => folded.push('n'),
            'ò'..='ö' | 'ø' => folded.push('o'),
            'ù'..='ü' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            other => folded.push(other),
        }
    }
    folded
}

/// How well a folded text answers folded words; `None`: not at all, smaller is better. Every word must be found: best at the beginning of the
/// text, then of a word, then anywhere, then as its letters in order, as in `clch` for "close chat".
pub fn distance(text: &str, words: &str) -> Option<usize> {
    words.split_whitespace().try_fold(0, |sum, word| {
        let found = text.match_indices(word).map(|(at, _)| match text[..at].chars().next_back() {
            None => 0,
            Some(before) if !before.is_alphanumeric() => 1,
            Some(_) => 2,
        });
        found.min().or_else(|| in_order(text, word).then_some(3)).map(|distance| sum + distance)
    })
}

fn in_order(text: &str, word: &str) -> bool {
    let mut letters = text.chars();
    word.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_accents_go() {
        assert_eq!(folded("ÉTÉ à Nîmes, Œuvre 日本"), "ete a nimes, oeuvre 日本");
    }

    #[test]
    fn beginnings_are_better_than_middles_and_those_better_than_letters_in_order() {
        assert_eq!(distance("close chat", "clo"), Some(0));
        assert_eq!(distance("close chat", "chat"), Some(1));
        assert_eq!(distance("close chat", "ose"), Some(2));
        assert_eq!(distance("close chat", "clch"), Some(3));
        assert_eq!(distance("close chat", "chat clo"), Some(1));
        assert_eq!(distance("close chat", ""), Some(0));
        assert_eq!(distance("close chat", "hcl"), None);
        assert_eq!(distance("close chat", "close x"), None);
    }
}
