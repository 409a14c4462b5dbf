//! Cuts a message into plain text and web addresses, so that addresses become links while everything stays text nodes.
//! Only `http` and `https` count: a visitor's text must never become a `javascript:` link.

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Shown as it is.
    Plain(String),
    /// Shown as a link to itself.
    Address(String),
}

/// Whether an untrusted address may stand in an `href`.
pub fn is_web_address(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_alphanumeric() || first == '['))
        && !address.contains(char::is_whitespace)
}

/// The pieces of a text; put together they are the text again.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let start = bare.find("https://").or_else(|| bare.find("http://"));
        let address =
            start.map(|start| bare[start..].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '»', '>']));
        match (start, address) {
            (Some(start), Some(address)) if is_web_address(address) => {
                plain.push_str(&word[..start]);
                if !plain.is_empty() {
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Address(address.to_owned()));
                plain.push_str(&word[start + address.len()..]);
            }
            _ => plain.push_str(word),
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Plain(plain));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Piece {
        Piece::Plain(text.to_owned())
    }

    #[test]
    fn finds_addresses_and_leaves_the_rest() {
        let found = pieces("see (https://a.example/x?y=1), or\nhttp://b.example.");
        let expected = [
            plain("see ("),
            Piece::Address("https://a.example/x?y=1".to_owned()),
            plain("), or\n"),
            Piece::Address("http://b.example".to_owned()),
            plain("."),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn other_schemes_stay_text() {
        for text in ["javascript:alert(1)", "data:text/html,x", "https://", "http:// x", "xhttp", "<b>"] {
            assert_eq!(pieces(text), [plain(text)], "{text}");
            assert!(!is_web_address(text));
        }
        assert!(!is_web_address("javascript:x//https://a.example"));
    }

    #[test]
    fn nothing_is_lost() {
        for text in ["", " ", "a  b\n\nc ", "https://a.example  https://b.example\n", "é https://ö.example/… ok"] {
            let together: String = pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Plain(text) | Piece::Address(text) => text,
                })
                .collect();
            assert_eq!(together, text);
        }
    }
}
