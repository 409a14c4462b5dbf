//! The least JSON that the protocol needs: a reader into a small tree, and what it takes to write objects. serde_json does the same
//! for five times the bytes (its derived code, its numbers, its error messages); `codec.rs` checks the two against each other.

/// Deeper nesting than any frame has; bounds the reader's stack.
const MAX_DEPTH: u32 = 32;

/// A value. The protocol has no fractions: a number is its whole part.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(i64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; of several fields with one name, the first counts.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value that fills the text; nothing when it is no JSON.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let value = reader.value(MAX_DEPTH)?;
        reader.skip_space();
        reader.rest.is_empty().then_some(value)
    }

    /// A field of an object; absent and `null` are the same.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|field| field.0 == name).map(|field| &field.1).filter(|value| **value != Self::Null)
    }

    /// The only field of an object: how enums with content are written.
    pub fn variant(&self) -> Option<(&str, &Self)> {
        match self {
            Self::Object(fields) if fields.len() == 1 => Some((&fields[0].0, &fields[0].1)),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The text itself.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A text among the fields.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A number among the fields.
    pub fn number(&self, name: &str) -> Option<i64> {
        if let Self::Number(number) = self.get(name)? { Some(*number) } else { None }
    }

    /// A number that cannot be negative.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.number(name)?.try_into().ok()
    }

    /// A truth value among the fields.
    pub fn flag(&self, name: &str) -> Option<bool> {
        if let Self::Bool(flag) = self.get(name)? { Some(*flag) } else { None }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes a character after white space, if it is the next one.
    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.rest.strip_prefix(wanted);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(value)
    }

    fn value(&mut self, depth: u32) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        self.skip_space();
        match self.rest.as_bytes().first()? {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => self.sequence('[', ']', |reader| reader.value(depth)).map(Json::List),
            b'{' => {
                let field = |reader: &mut Self| {
                    reader.skip_space();
                    let name = reader.string()?;
                    reader.take(':').then_some(())?;
                    Some((name, reader.value(depth)?))
                };
                self.sequence('{', '}', field).map(Json::Object)
            }
            _ => self.number(),
        }
    }

    fn sequence<T>(&mut self, open: char, close: char, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.take(open).then_some(())?;
        let mut items = Vec::new();
        if self.take(close) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close) {
                return Some(items);
            }
            self.take(',').then_some(())?;
        }
    }

    fn number(&mut self) -> Option<Json> {
        let end =
            self.rest.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        let whole = number.split(['.', 'e', 'E']).next()?;
        // Beyond 64 bits no field of the protocol means anything.
        (!whole.is_empty() && whole != "-").then(|| Json::Number(whole.parse().unwrap_or(0)))
    }

    fn string(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\'])?;
            text.push_str(&self.rest[..end]);
            let ends = self.rest.as_bytes()[end] == b'"';
            self.rest = &self.rest[end + 1..];
            if ends {
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        Some(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let unit = self.hex()?;
                if (0xD800..0xDC00).contains(&unit)
                    && let Some(rest) = self.rest.strip_prefix("\\u")
                {
                    self.rest = rest;
                    let low = self.hex()?.checked_sub(0xDC00).filter(|low| *low < 0x400);
                    let pair = low.and_then(|low| char::from_u32(0x10000 + ((unit - 0xD800) << 10) + low));
                    return Some(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            '"' | '\\' | '/' => letter,
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// Writes an object, field by field.
pub struct Writer(String);

impl Writer {
    /// An object without fields.
    pub fn new() -> Self {
        Self("{".into())
    }

    /// A text, or nothing at all.
    pub fn text(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.name(name);
            quote(&mut self.0, value);
        }
        self
    }

    /// A text; left out when empty.
    pub fn filled(self, name: &str, value: &str) -> Self {
        self.text(name, Some(value).filter(|value| !value.is_empty()))
    }

    /// A number.
    pub fn number(mut self, name: &str, value: u64) -> Self {
        self.name(name);
        self.0.push_str(&value.to_string());
        self
    }

    /// JSON that was written before, or nothing at all.
    pub fn raw(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.name(name);
            self.0.push_str(value);
        }
        self
    }

    /// The object.
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
    }
}

/// A list of JSON that was written before.
pub fn list(items: impl Iterator<Item = String>) -> String {
    ["[", &items.collect::<Vec<_>>().join(","), "]"].concat()
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    quote(&mut out, text);
    out
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            // RFC 8259 §7: all other control characters by their number.
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                out.extend([4, 0].map(|shift| char::from_digit(letter as u32 >> shift & 15, 16).unwrap_or('0')));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Null, serde_json::Value::Null) => true,
            (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
            (Json::Number(ours), serde_json::Value::Number(theirs)) => Some(*ours) == theirs.as_i64(),
            (Json::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Json::List(ours), serde_json::Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
            }
            (Json::Object(ours), serde_json::Value::Object(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().all(|(name, ours)| theirs.get(name).is_some_and(|theirs| same(ours, theirs)))
            }
            _ => false,
        }
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_writes(value in any_value(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let read = Json::parse(&text.expect("a value is always JSON"));
            prop_assert!(read.is_some_and(|read| same(&read, &value)));
        }

        #[test]
        fn writes_what_serde_reads(text: String, number in 0..u64::MAX) {
            let written = Writer::new().text("text", Some(&text)).number("number", number).raw("list", Some("[1]")).end();
            let read: serde_json::Value = serde_json::from_str(&written).expect("what was written is JSON");
            prop_assert_eq!(read, serde_json::json!({ "text": text, "number": number, "list": [1] }));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            Json::parse(&text);
        }

        #[test]
        fn no_cut_is_too_strange(value in any_value(), cut: prop::sample::Index) {
            let text = value.to_string();
            let end = text.floor_char_boundary(cut.index(text.len()));
            Json::parse(&text[..end]);
        }
    }

    #[test]
    fn escapes_and_fractions() {
        assert_eq!(Json::parse(r#""\u00e9\ud83d\ude00\/\"""#), Some(Json::Text("é😀/\"".into())));
        assert!(Json::parse(r#""\ud83d\u0041""#).is_some(), "half a pair is replaced, not refused");
        assert_eq!(Json::parse(" [1.5e3, -2] "), Some(Json::List(vec![Json::Number(1), Json::Number(-2)])));
        for broken in ["", "-", "[1,]", "{\"a\"}", "\"\\x\"", "tru", "1 2", "[", "\"\\u12"] {
            assert_eq!(Json::parse(broken), None, "{broken}");
        }
        assert_eq!(Json::parse(&"[".repeat(100_000)), None);
    }
}
