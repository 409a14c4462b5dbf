//! JSON into values, in few bytes: a small tree, and a deserializer over it that takes what the relay sends and nothing more. Where `serde_json`
//! compiles every type twice, as a list and as an object, with an error in words for every field, this knows objects alone and that something
//! does not fit (measured: 32 KB less to load). The relay writes by the same types, so its answers fit; what does not is dropped as before.

use std::fmt;
use std::vec::IntoIter;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Serialize, forward_to_deserialize_any};
use shared::agent::FromRelay;

/// Deepest nesting: nothing of the protocol comes near it, and the stack holds it.
const DEEPEST: usize = 64;

/// It is no JSON, or not of the shape that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl fmt::Display for Misfit {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        into.write_str("misfit")
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value of JSON. Numbers stay as they are written, so that none loses a digit.
#[derive(Clone, Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads a value.
///
/// # Errors
/// It is no JSON, or not of this shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    T::deserialize(parse(text)?)
}

/// Reads a frame; `None`: one of a later version, or none at all.
pub fn frame(text: &str) -> Option<FromRelay> {
    let json = parse(text).ok()?;
    let Json::Object(fields) = &json else { return None };
    let tag = fields
        .iter()
        .find_map(|(name, value)| if let (Json::Text(tag), "t") = (value, name.as_str()) { Some(tag.clone()) } else { None })?;
    macro_rules! by_tag {
        ($($known:literal => $variant:ident),+ $(,)?) => {
            match tag.as_str() {
                $($known => de::Deserialize::deserialize(json).map(FromRelay::$variant).ok(),)+
                _ => None,
            }
        };
    }
    by_tag! {
        "welcome" => Welcome,
        "inbox" => Inbox,
        "entry" => Entry,
        "entries" => Entries,
        "ack" => Ack,
        "done" => Done,
        "error" => Error,
        "board" => Board,
        "chat" => Chat,
        "others" => Others,
        "viewers" => Viewers,
        "mentions" => Mentions,
        "teams" => Teams,
        "agent" => Agent,
        "typing" => Typing,
        "read" => Read,
        "pong" => Pong,
    }
}

/// The name of a variant without a value.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}

/// The fields of a struct as texts, as they stand in a query.
pub fn fields(value: &impl Serialize) -> Vec<(String, String)> {
    let json = serde_json::to_string(value).ok().and_then(|text| parse(&text).ok());
    let Some(Json::Object(fields)) = json else { return Vec::new() };
    let texts = fields.into_iter().filter_map(|(name, value)| match value {
        Json::Text(text) | Json::Number(text) => Some((name, text)),
        Json::Bool(value) => Some((name, value.to_string())),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    });
    texts.collect()
}

fn parse(text: &str) -> Result<Json, Misfit> {
    let mut parser = Parser { text, at: 0 };
    let json = parser.value(DEEPEST)?;
    parser.skip();
    if parser.at == text.len() { Ok(json) } else { Err(Misfit) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\n', '\r', '\t']).len();
    }

    /// The next byte that is no space, which stays where it is; 0 at the end.
    fn peek(&mut self) -> u8 {
        self.skip();
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn takes(&mut self, word: &str) -> bool {
        let fits = self.text[self.at..].starts_with(word);
        self.at += if fits { word.len() } else { 0 };
        fits
    }

    fn expect(&mut self, word: &str) -> Result<(), Misfit> {
        if self.takes(word) { Ok(()) } else { Err(Misfit) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Misfit> {
        let depth = depth.checked_sub(1).ok_or(Misfit)?;
        Ok(match self.peek() {
            b'{' => {
                let mut fields = Vec::new();
                self.many("{", "}", |parser| {
                    parser.skip();
                    let name = parser.text()?;
                    parser.skip();
                    parser.expect(":")?;
                    fields.push((name, parser.value(depth)?));
                    Ok(())
                })?;
                Json::Object(fields)
            }
            b'[' => {
                let mut items = Vec::new();
                self.many("[", "]", |parser| {
                    items.push(parser.value(depth)?);
                    Ok(())
                })?;
                Json::List(items)
            }
            b'"' => Json::Text(self.text()?),
            b'n' => self.expect("null").map(|()| Json::Null)?,
            b't' => self.expect("true").map(|()| Json::Bool(true))?,
            b'f' => self.expect("false").map(|()| Json::Bool(false))?,
            _ => {
                let rest = &self.text[self.at..];
                let length = rest.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
                let number = &rest[..length.unwrap_or(rest.len())];
                number.parse::<f64>().map_err(|_| Misfit)?;
                self.at += number.len();
                Json::Number(number.to_owned())
            }
        })
    }

    /// What stands between two brackets, parted by commas.
    fn many(&mut self, open: &str, close: &str, mut each: impl FnMut(&mut Self) -> Result<(), Misfit>) -> Result<(), Misfit> {
        self.expect(open)?;
        self.skip();
        if self.takes(close) {
            return Ok(());
        }
        loop {
            each(self)?;
            self.skip();
            if self.takes(close) {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn text(&mut self) -> Result<String, Misfit> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(['"', '\\']).ok_or(Misfit)?;
            text.push_str(&rest[..plain]);
            self.at += plain;
            if self.takes("\"") {
                return Ok(text);
            }
            let escape = rest[plain..].chars().nth(1).ok_or(Misfit)?;
            self.at += 1 + escape.len_utf8();
            text.push(match escape {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                '"' | '\\' | '/' => escape,
                'u' => self.unicode()?,
                _ => return Err(Misfit),
            });
        }
    }

    /// A character by its number, or by the two halves of a surrogate pair.
    fn unicode(&mut self) -> Result<char, Misfit> {
        let first = self.unit()?;
        let second = if (0xd800..0xdc00).contains(&first) && self.takes("\\u") { Some(self.unit()?) } else { None };
        let units = [Some(first), second];
        let mut letters = char::decode_utf16(units.into_iter().flatten());
        letters.next().and_then(Result::ok).ok_or(Misfit)
    }

    fn unit(&mut self) -> Result<u16, Misfit> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Misfit)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| Misfit)
    }
}

impl<'de> de::Deserializer<'de> for Json {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(digits) => match (digits.parse::<u64>(), digits.parse::<i64>()) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(digits.parse().map_err(|_| Misfit)?),
            },
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(List(items.into_iter())),
            Self::Object(fields) => visitor.visit_map(Fields(fields.into_iter(), Self::Null)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self == Self::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self {
            Self::Object(fields) => visitor.visit_map(Fields(fields.into_iter(), Self::Null)),
            _ => Err(Misfit),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let (name, value) = match self {
            Self::Text(name) => (name, None),
            Self::Object(mut fields) if fields.len() == 1 => {
                fields.pop().map(|(name, value)| (name, Some(value))).ok_or(Misfit)?
            }
            _ => return Err(Misfit),
        };
        visitor.visit_enum(Variant { name, value })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if let Self::Text(text) = self { visitor.visit_string(text) } else { Err(Misfit) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if let Self::List(items) = self { visitor.visit_seq(List(items.into_iter())) } else { Err(Misfit) }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map identifier
    }
}

impl<'de> IntoDeserializer<'de, Misfit> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct List(IntoIter<Json>);

impl<'de> SeqAccess<'de> for List {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

/// The fields that are left, and the value of the last name.
struct Fields(IntoIter<(String, Json)>, Json);

impl<'de> MapAccess<'de> for Fields {
    type Error = Misfit;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some((name, value)) = self.0.next() else { return Ok(None) };
        self.1 = value;
        seed.deserialize(Json::Text(name)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(std::mem::replace(&mut self.1, Json::Null))
    }
}

struct Variant {
    name: String,
    value: Option<Json>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<(T::Value, Self), Misfit> {
        let name = std::mem::take(&mut self.name);
        seed.deserialize(Json::Text(name)).map(|value| (value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        if self.value.is_none() { Ok(()) } else { Err(Misfit) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self.value.ok_or(Misfit)?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        de::Deserializer::deserialize_seq(self.value.ok_or(Misfit)?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        de::Deserializer::deserialize_struct(self.value.ok_or(Misfit)?, "", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{board, conversation, entry};
    use shared::agent::{Inbox, Welcome};
    use shared::api::Report;
    use shared::model::{Author, Body, Entry, File};

    fn comes_back<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(value: &T) {
        assert_eq!(read::<T>(&serde_json::to_string(value).unwrap()).as_ref(), Ok(value));
        assert_eq!(read::<T>(&serde_json::to_string_pretty(value).unwrap()).as_ref(), Ok(value));
    }

    /// The protocol's page has an example of everything.
    fn examples() -> Vec<(&'static str, &'static str)> {
        let page = include_str!("../../../shared/PROTOCOL.md");
        let blocks = page.split("```json").skip(1).filter_map(|block| block.split_once('\n'));
        blocks.flat_map(|(name, rest)| rest.split("\n```").next().unwrap().lines().map(move |line| (name.trim(), line))).collect()
    }

    #[test]
    fn every_example_of_the_protocol_is_read_as_serde_json_reads_it() {
        let mut frames = 0;
        for (_, text) in examples() {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { continue };
            assert_eq!(read::<serde_json::Value>(text).as_ref(), Ok(&value), "{text}");
            if let Ok(known) = FromRelay::decode(text) {
                assert_eq!(frame(text), Some(known), "{text}");
                frames += 1;
            }
        }
        assert!(frames > FromRelay::TAGS.len(), "{frames} frames");
    }

    #[test]
    fn every_frame_of_the_relay_is_known_here() {
        let known =
            |tag: &&str| examples().iter().any(|(_, text)| text.contains(&format!("\"t\":\"{tag}\"")) && frame(text).is_some());
        let unknown: Vec<_> = FromRelay::TAGS.iter().filter(|tag| !known(tag)).collect();
        assert!(unknown.is_empty(), "not in `frame`: {unknown:?}");
        for later in [r#"{"t":"later"}"#, r#"{"x":1}"#, "[]", "x"] {
            assert_eq!(frame(later), None);
        }
    }

    #[test]
    fn values_come_back() {
        comes_back(&board(7, vec![conversation(1), conversation(2)]));
        comes_back(&entry(3, Author::Visitor, "“\u{1f600}” \\ \" / \n\t\u{8}\u{c} é 日"));
        comes_back(&(u64::MAX, i64::MIN, -1.5_f64, true, None::<u8>, "x".to_owned()));
        comes_back(&Vec::<Report>::new());
        let inbox = Inbox {
            agents: Vec::new(),
            teams: Vec::new(),
            sites: Vec::new(),
            boards: vec![board(1, Vec::new())],
            chats: vec![conversation(3)],
            mentions: Vec::new(),
        };
        comes_back(&Welcome { me: crate::samples::agent_id(1), inbox, now: -5 });
    }

    #[test]
    fn queries_and_words() {
        let query = shared::api::SearchQuery { q: "é & x".to_owned(), ..Default::default() };
        assert_eq!(fields(&query), [("q".to_owned(), "é & x".to_owned())]);
        assert_eq!(word(&shared::model::Role::Supervisor), "supervisor");
    }

    #[test]
    fn what_a_later_version_wrote_is_kept_as_unknown() {
        let text = serde_json::to_string(&entry(3, Author::Visitor, "x")).unwrap();
        let later = text.replace(r#"{"text":"x"}"#, r#"{"hologram":{"of":[1,2]}}"#);
        assert!(read::<Entry>(&later).unwrap().body.is_unknown());
        let event = text.replace(r#"{"text":"x"}"#, r#"{"event":{"sneezed":3}}"#);
        assert!(read::<Entry>(&event).unwrap().body.is_unknown());
        assert!(!matches!(read::<Entry>(&text).unwrap().body, Body::Unknown(_)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let deep = "[".repeat(100_000);
        for text in
            ["", "{", "[1,]", "{\"a\":1,}", "nul", "\"\\x\"", "\"\\ud800\"", "\"\\u12\"", "1 2", "-", "\"", "{\"a\"}", &deep]
        {
            assert_eq!(read::<serde_json::Value>(text), Err(Misfit), "{}", &text[..text.len().min(20)]);
        }
        assert_eq!(read::<File>("{}"), Err(Misfit), "fields are missing");
        assert_eq!(read::<u8>("256"), Err(Misfit));
        assert_eq!(read::<String>(r#""\ud83d\ude00 \u00e9""#).as_deref(), Ok("😀 é"));
    }
}
