//! Decoding: every text is a frame or is refused, in all four directions; what is a frame is the same one after writing and reading it.

use shared::frame::{DecodeError, named};
use shared::{agent, visitor};

/// Reads bytes as frames of all kinds.
pub fn read(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    survives(&text, visitor::ToRelay::decode, visitor::ToRelay::encode);
    survives(&text, visitor::FromRelay::decode, visitor::FromRelay::encode);
    survives(&text, agent::ToRelay::decode, agent::ToRelay::encode);
    survives(&text, agent::FromRelay::decode, agent::FromRelay::encode);
    named(&text);
}

fn survives<F: PartialEq + std::fmt::Debug>(text: &str, decode: fn(&str) -> Result<F, DecodeError>, encode: fn(&F) -> String) {
    let Ok(frame) = decode(text) else { return };
    let written = encode(&frame);
    match decode(&written) {
        Ok(again) => assert_eq!(again, frame, "{text} became {written}"),
        Err(error) => panic!("{text} became {written}, which is no frame: {error}"),
    }
}
