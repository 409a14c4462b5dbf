//! The codec of `bulle.v1`: what is written is read back the same, what is not known is passed over, and nothing that a peer may
//! send makes it panic.

#![allow(clippy::expect_used, reason = "in a test, a panic is the report")]

mod make;

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::close::ErrorCode;
use shared::frame::DecodeError;
use shared::ids::{MessageId, Millis};
use shared::model::{AssignedHow, Body, CloseReason, ParkReason, Presence, RequeueReason, Role, State, cut};
use shared::{agent, visitor};

use crate::make::{Make, Names, Source};

/// One direction of the protocol.
trait Frame: Make + PartialEq + Debug + Sized {
    const TAGS: &'static [&'static str];
    fn encode(&self) -> String;
    fn decode(text: &str) -> Result<Self, DecodeError>;
}

macro_rules! frame {
    ($($path:path),+) => {$(
        impl Frame for $path {
            const TAGS: &'static [&'static str] = Self::TAGS;
            fn encode(&self) -> String {
                self.encode()
            }
            fn decode(text: &str) -> Result<Self, DecodeError> {
                Self::decode(text)
            }
        }
    )+};
}
frame!(visitor::ToRelay, visitor::FromRelay, agent::ToRelay, agent::FromRelay);

/// Does the same in all four directions.
macro_rules! every_direction {
    ($check:ident($($argument:expr),*)) => {
        $check::<visitor::ToRelay>($($argument),*);
        $check::<visitor::FromRelay>($($argument),*);
        $check::<agent::ToRelay>($($argument),*);
        $check::<agent::FromRelay>($($argument),*);
    };
}

fn reads_back<F: Frame>(seed: u64) {
    let frame = F::make(&mut Source(seed));
    let text = frame.encode();
    assert!(!text.contains('\n'), "one line");
    assert_eq!(F::decode(&text).expect("our own frames are well formed"), frame);
}

/// Adds a field to every object but those that name a variant, which have exactly one key.
fn extend(value: &mut Value, is_variant: bool) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                extend(field, matches!(key.as_str(), "by" | "body" | "event"));
            }
            if !is_variant {
                fields.insert("from_the_future".into(), json!({ "t": "say", "deep": [1, null] }));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| extend(value, false)),
        _ => {}
    }
}

fn ignores_unknown_fields<F: Frame>(seed: u64) {
    let frame = F::make(&mut Source(seed));
    let mut value: Value = serde_json::from_str(&frame.encode()).expect("JSON");
    extend(&mut value, false);
    assert_eq!(F::decode(&value.to_string()).expect("unknown fields are ignored"), frame);
}

fn survives<F: Frame>(text: &str) {
    match F::decode(text) {
        Ok(frame) => assert_eq!(F::decode(&frame.encode()).expect("read once, read again"), frame),
        Err(error) => assert!(matches!(error.code(), ErrorCode::BadFrame | ErrorCode::UnknownFrame)),
    }
}

/// A frame of ours, damaged at one place.
fn survives_damage<F: Frame>(seed: u64, place: usize, byte: u8) {
    let text = F::make(&mut Source(seed)).encode();
    let mut bytes = text.into_bytes();
    let place = place % bytes.len();
    survives::<F>(&String::from_utf8_lossy(&bytes[..place]));
    bytes[place] = byte;
    survives::<F>(&String::from_utf8_lossy(&bytes));
}

fn names_an_unknown_tag<F: Frame>(tag: &str) {
    if !F::TAGS.contains(&tag) {
        let text = json!({ "t": tag, "id": 1 }).to_string();
        let error = F::decode(&text).expect_err("not part of the protocol");
        assert!(matches!(&error, DecodeError::Unknown(unknown) if unknown == tag));
        assert_eq!(error.code(), ErrorCode::UnknownFrame);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_frame_reads_back(seed: u64) {
        every_direction!(reads_back(seed));
    }

    #[test]
    fn unknown_fields_are_ignored(seed: u64) {
        every_direction!(ignores_unknown_fields(seed));
    }

    #[test]
    fn unknown_tags_are_named(tag in ".{0,12}|[a-z_]{1,9}") {
        every_direction!(names_an_unknown_tag(&tag));
    }

    #[test]
    fn no_text_makes_it_panic(bytes in vec(any::<u8>(), 0..200), json in r#"(\{|\}|\[|\]|"t"|"say"|:|,|"[a-z]{0,3}"|-?[0-9]{1,30}|null){0,20}"#) {
        every_direction!(survives(&String::from_utf8_lossy(&bytes)));
        every_direction!(survives(&json));
    }

    #[test]
    fn no_damage_makes_it_panic(seed: u64, place: usize, byte: u8) {
        every_direction!(survives_damage(seed, place, byte));
    }

    #[test]
    fn a_cut_text_is_the_longest_allowed_beginning(text: String, limit in 0_usize..40) {
        let short = cut(&text, limit);
        prop_assert!(text.starts_with(short));
        prop_assert_eq!(short.chars().count(), limit.min(text.chars().count()));
    }

    #[test]
    fn ids_sort_by_time_and_read_back(earlier in 0_i64..1 << 47, later in 0_i64..1 << 47, random: [u8; 10]) {
        let (first, second) = (MessageId::v7(earlier, random), MessageId::v7(later, random));
        prop_assert_eq!(first.cmp(&second), earlier.cmp(&later));
        prop_assert_eq!(first.to_string().parse::<MessageId>().expect("its own text"), first);
    }
}

#[test]
fn every_tag_is_made_and_means_a_frame() {
    fn check<F: Frame>() {
        let tag = |seed: u64| -> String {
            let value: Value = serde_json::from_str(&F::make(&mut Source(seed * 7_919)).encode()).expect("JSON");
            value["t"].as_str().expect("a tag").to_owned()
        };
        let made: BTreeSet<String> = (0..2_000).map(tag).collect();
        assert_eq!(made, F::TAGS.iter().map(|tag| tag.to_string()).collect::<BTreeSet<_>>());
        assert!(F::TAGS.iter().all(|tag| is_snake_case(tag)));
    }
    every_direction!(check());
}

#[test]
fn a_frame_without_a_tag_or_with_two_is_malformed() {
    for text in ["", "null", "[]", "{}", r#"{"t":1}"#, r#"{"t":"ping","t":"ping"}"#, r#"{"t":"ping"} x"#, r#""ping""#] {
        let error = visitor::ToRelay::decode(text).expect_err(text);
        assert_eq!(error.code(), ErrorCode::BadFrame, "{text}");
    }
    assert!(visitor::ToRelay::decode(" {\"x\": [{}], \"t\"\t: \"ping\" }\n").is_ok(), "the tag may stand anywhere");
}

fn is_snake_case(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !name.starts_with('_')
}

#[test]
fn names_are_snake_case() {
    fn check<N: Names + Serialize + DeserializeOwned + PartialEq + Debug>() {
        for &name in N::ALL {
            assert!(name.is_listed());
            let Value::String(written) = serde_json::to_value(name).expect("JSON") else { panic!("{name:?} is no string") };
            assert!(is_snake_case(&written));
            assert_eq!(written.replace('_', ""), format!("{name:?}").to_lowercase());
            assert_eq!(serde_json::from_value::<N>(Value::String(written)).expect("its own name"), name);
        }
    }
    check::<State>();
    check::<Presence>();
    check::<Role>();
    check::<AssignedHow>();
    check::<RequeueReason>();
    check::<ParkReason>();
    check::<CloseReason>();
    check::<ErrorCode>();
}

#[test]
fn an_unknown_error_code_is_permanent() {
    let text = r#"{"t":"error","code":"out_of_coffee","message":"later"}"#;
    let visitor::FromRelay::Error(error) = visitor::FromRelay::decode(text).expect("well formed") else { panic!("no error") };
    assert_eq!(error.code, ErrorCode::Unknown);
    assert!(!error.code.is_temporary());
}

#[test]
fn a_time_before_1970_makes_no_wild_id() {
    assert_eq!(MessageId::v7(Millis::MIN, [0; 10]), MessageId::v7(0, [0; 10]));
}

#[test]
fn an_entry_of_a_later_version_is_an_entry_all_the_same() {
    let later = [
        json!({ "hologram": { "depth": 3 } }),
        json!("whisper"),
        json!({ "event": { "teleported": [1, 2] } }),
        json!({ "event": "blinked" }),
        json!({ "event": { "closed": "boredom" } }),
        json!({ "text": { "rich": true } }),
    ];
    for body in later {
        let entry = json!({ "seq": 7, "prev": 6, "id": uuid::Uuid::nil(), "at": 1, "by": "visitor", "body": body });
        let known = json!({ "seq": 8, "prev": 7, "id": uuid::Uuid::nil(), "at": 1, "by": "visitor", "body": { "text": "hi" } });
        let frame = json!({ "t": "entries", "conversation": uuid::Uuid::nil(), "entries": [entry, known], "more": false });
        let Ok(visitor::FromRelay::Entries(read)) = visitor::FromRelay::decode(&frame.to_string()) else { panic!("{frame}") };
        assert!(read.entries[0].body.is_unknown() && read.entries[0].seq == 7, "{frame}");
        assert!(!read.entries[0].body.is_internal() && read.entries[0].body.preview().is_none());
        assert_eq!(read.entries[1].body, Body::Text("hi".into()));
    }
}
