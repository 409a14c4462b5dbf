//! The attacks of `tests/src/attack` as properties, without a fuzzer: with what proptest draws, and with the fuzzer's seeds, which hold
//! every example of PROTOCOL.md and whatever a fuzzer once found.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tests::attack;

/// The frames that PROTOCOL.md shows, by who sends them.
const PAGE: &str = include_str!("../../shared/PROTOCOL.md");

fn examples(fence: &str) -> Vec<&'static str> {
    let blocks = PAGE.split("\n```json ").skip(1).filter_map(|block| block.strip_prefix(fence)?.strip_prefix('\n'));
    blocks.filter_map(|block| block.split_once("\n```")).flat_map(|(json, _)| json.lines()).collect()
}

fn seeds(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

/// Runs an attack with every seed of its target.
fn with_seeds(target: &str, attack: fn(&[u8])) {
    let mut seeds: Vec<PathBuf> = fs::read_dir(seeds(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds of {target}");
    for seed in seeds {
        attack(&fs::read(&seed).unwrap());
    }
}

/// Texts that are nearly frames: an example with something cut, doubled or replaced, so that most get past the first check.
fn nearly(frames: Vec<&'static str>) -> impl Strategy<Value = String> {
    let pieces = [
        "",
        "\"",
        "{",
        "}",
        "[",
        "null",
        "-1",
        "1e999",
        "18446744073709551615",
        "\\u0000",
        "\\ud800",
        "\"t\":\"say\",",
        "{\"a\":",
        "é",
        "\u{202e}",
    ];
    let change = (0..400_usize, 0..24_usize, prop::sample::select(pieces.to_vec()));
    (prop::sample::select(frames), prop::collection::vec(change, 0..3)).prop_map(|(frame, changes)| {
        let mut text: Vec<char> = frame.chars().collect();
        for (at, cut, piece) in changes {
            let start = at % (text.len() + 1);
            let end = (start + cut).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn whatever_is_no_frame_is_refused() {
    with_seeds("frames", attack::frames::read);
    let all = ["visitor>relay", "relay>visitor", "agent>relay", "relay>agent"].iter().flat_map(|fence| examples(fence)).collect();
    proptest!(config(4_000), |(text in nearly(all), noise in prop::collection::vec(any::<u8>(), 0..64))| {
        attack::frames::read(text.as_bytes());
        attack::frames::read(&noise);
    });
}

#[test]
fn a_link_lives_through_anything() {
    with_seeds("link", attack::link::live);
    proptest!(config(3_000), |(events in prop::collection::vec(any::<u8>(), 0..400))| attack::link::live(&events));
}

#[test]
fn a_session_answers_anything_and_the_store_stays_whole() {
    with_seeds("session", attack::session::talk);
    let visitor = nearly(examples("visitor>relay")).prop_map(|frame| format!("0{frame}"));
    let agent = nearly(examples("agent>relay")).prop_map(|frame| format!("1{frame}"));
    let line = prop_oneof![visitor, agent];
    proptest!(config(300), |(lines in prop::collection::vec(line, 1..12))| {
        // Both greet first, most of the time, or little else would be looked at.
        let talk = format!("0{{\"t\":\"hello\"}}\n1{{\"t\":\"hello\"}}\n{}", lines.join("\n"));
        attack::session::talk(talk.as_bytes());
        attack::session::talk(lines.join("\n").as_bytes());
    });
}

#[test]
fn only_the_owners_word_is_believed() {
    with_seeds("identity", attack::identity::shows);
    let values = [
        "\"demo\"",
        "[\"demo\"]",
        "\"shop\"",
        "1800000300",
        "1800000300.5",
        "1900000000",
        "-1",
        "null",
        "\"4711\"",
        "\"\"",
        "{}",
        "true",
        "\"HS256\"",
        "\"none\"",
    ];
    let names = ["sub", "aud", "exp", "nbf", "iat", "name", "email", "alg", "crit", "jwk"];
    let object = prop::collection::vec((prop::sample::select(names.to_vec()), prop::sample::select(values.to_vec())), 0..7)
        .prop_map(|fields| {
            format!("{{{}}}", fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(","))
        });
    proptest!(config(4_000), |(header in object.clone(), claims in object, noise in ".{0,40}")| {
        attack::identity::shows(claims.as_bytes());
        attack::identity::shows(format!("{header}\n{claims}").as_bytes());
        attack::identity::shows(format!("{{\"alg\":\"HS256\"}}\n{claims}").as_bytes());
        attack::identity::shows(noise.as_bytes());
    });
}

/// `BULLE_BLESS=1` writes the page's examples out as seeds; otherwise they have to be there.
#[test]
fn the_pages_examples_are_among_the_seeds() {
    let bless = std::env::var_os("BULLE_BLESS").is_some();
    let fences = ["visitor>relay", "relay>visitor", "agent>relay", "relay>agent"];
    let talk = |fence, who| examples(fence).iter().map(|frame| format!("{who}{frame}\n")).collect::<String>();
    let mut wanted: Vec<(PathBuf, String)> =
        fences.iter().map(|fence| (seeds("frames").join(fence.replace('>', "-to-")), examples(fence).join("\n"))).collect();
    wanted.push((seeds("session").join("a-visitors-day"), talk("visitor>relay", '0')));
    wanted.push((seeds("session").join("an-agents-day"), format!("0{{\"t\":\"hello\"}}\n{}", talk("agent>relay", '1'))));
    for (path, text) in wanted {
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{} is stale: run this test with BULLE_BLESS=1 and commit what it writes", path.display());
    }
}
