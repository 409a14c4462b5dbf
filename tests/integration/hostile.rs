//! Clients that get the protocol wrong, on purpose or not: each gets the documented answer, and nobody else notices.

use serde_json::{Value, json};
use shared::close;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;
use tokio_tungstenite::tungstenite::Message;

/// A relay on which a visitor and an agent chat, and a door for somebody else.
pub async fn with_bystanders<T>(trouble: impl AsyncFnOnce(&Relay, Door) -> T) -> T {
    let relay = Relay::start().await;
    let agent = relay.agent("Ada").await;
    agent.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello").await.conversation;
    agent.has(chat).await;

    let result = trouble(&relay, Door::visitor(relay.address(), "demo")).await;

    agent.says(chat, "still here").await;
    visitor.sees("still here").await;
    visitor.says("me too").await;
    agent.sees("me too").await;
    assert_eq!((agent.log().greetings, visitor.log().greetings), (1, 1), "the bystanders lost their connection");
    relay.stop().await;
    result
}

pub fn say(text: &str) -> Value {
    json!({"t": "say", "id": new_id(), "text": text})
}

#[tokio::test]
async fn malformed_json_gets_bad_frame_and_the_connection_lives() {
    with_bystanders(async |_, door| {
        let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        for text in [
            "{",
            "",
            "null",
            "[]",
            "\"hello\"",
            "{\"t\":7}",
            "{\"id\":1}",
            "{\"t\":\"say\"}",
            "{\"t\":\"say\",\"id\":\"x\",\"text\":\"y\"}",
        ] {
            raw.sends(text).await;
            assert_eq!(raw.hears_error().await, "bad_frame", "{text}");
        }
        raw.sends(&"[".repeat(60_000)).await;
        assert_eq!(raw.hears_error().await, "bad_frame", "deeply nested");
        raw.sends(&say("still fine").to_string()).await;
        raw.hears("ack").await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_frame_gets_unknown_frame_and_the_connection_lives() {
    with_bystanders(async |_, door| {
        let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        raw.sends(r#"{"t":"dance"}"#).await;
        assert_eq!(raw.hears_error().await, "unknown_frame");
        raw.sends(
            r#"{"t":"take","id":"01a207b5-2881-7034-916c-0000000000b4","conversation":"01a207af-a884-7005-9023-0000000000c0"}"#,
        )
        .await;
        assert_eq!(raw.hears_error().await, "unknown_frame", "an agents' frame on the visitors' endpoint");
        raw.sends(r#"{"t":"ping","new_field":{"deep":[1,2]}}"#).await;
        raw.hears("pong").await;
    })
    .await;
}

#[tokio::test]
async fn a_frame_of_a_megabyte_closes_with_1009() {
    with_bystanders(async |_, door| {
        let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        raw.sends(&say(&"x".repeat(1 << 20)).to_string()).await;
        assert_eq!(raw.is_closed().await.1, Some(close::TOO_BIG));
    })
    .await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_name_and_the_next_one_passes() {
    with_bystanders(async |_, door| {
        let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        for (text, code) in
            [("é".repeat(8_001), "text_too_long"), (" \n\t\u{a0}".to_owned(), "empty_text"), (String::new(), "empty_text")]
        {
            let say = say(&text);
            raw.sends(&say.to_string()).await;
            let error = raw.hears("error").await;
            assert_eq!((&error["code"], &error["id"]), (&json!(code), &say["id"]));
        }
        raw.sends(&say(&"é".repeat(8_000)).to_string()).await;
        raw.hears("ack").await;
    })
    .await;
}

#[tokio::test]
async fn a_binary_frame_closes_with_1003() {
    with_bystanders(async |_, door| {
        let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        raw.sends_message(Message::binary(vec![0_u8, 159, 146, 150])).await;
        assert_eq!(raw.is_closed().await.1, Some(close::NOT_TEXT));
    })
    .await;
}

#[tokio::test]
async fn the_first_frame_must_be_hello() {
    with_bystanders(async |_, door| {
        for first in [say("hi").to_string(), "{".into(), r#"{"t":"dance"}"#.into(), r#"{"t":"hello","seen":3}"#.into()] {
            let mut raw = Raw::open(&door).await;
            raw.sends(&first).await;
            assert_eq!(raw.is_closed().await, (Some("bad_hello".into()), Some(close::BAD_HELLO)), "{first}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_hello_gets_already_greeted_and_the_connection_lives() {
    with_bystanders(async |_, door| {
        let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
        let token = json!({"t": "hello", "token": welcome["token"]}).to_string();
        for somebody in [token.as_str(), r#"{"t":"hello","token":"0"}"#, r#"{"t":"hello","identity":"a.b.c"}"#] {
            raw.sends(somebody).await;
            assert_eq!(raw.hears_error().await, "already_greeted");
        }
        // Another tab of the same browser, which shares the connection: nobody becomes somebody else.
        raw.sends(r#"{"t":"hello"}"#).await;
        let again = raw.hears("welcome").await;
        assert_eq!((&again["visitor"], &again["token"]), (&welcome["visitor"], &serde_json::Value::Null));
        raw.sends(r#"{"t":"ping"}"#).await;
        raw.hears("pong").await;
    })
    .await;
}

#[tokio::test]
async fn who_says_nothing_is_closed_with_4010() {
    let relay = Relay::with(|config| config.hello_timeout_ms = 200).await;
    let mut raw = Raw::open(&Door::visitor(relay.address(), "demo")).await;
    assert_eq!(raw.is_closed().await, (Some("hello_timeout".into()), Some(close::HELLO_TIMEOUT)));
    relay.stop().await;
}

#[tokio::test]
async fn an_unknown_site_is_refused_with_4404() {
    with_bystanders(async |relay, _| {
        for key in ["nobody", "", "no/body", "%00"] {
            let mut raw = Raw::open(&Door::visitor(relay.address(), key)).await;
            raw.sends(r#"{"t":"hello"}"#).await;
            assert_eq!(raw.is_closed().await, (Some("unknown_site".into()), Some(close::UNKNOWN_SITE)), "{key:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_the_subprotocol_4426() {
    with_bystanders(async |_, door| {
        let mut raw = Raw::open(&Door { subprotocol: None, ..door }).await;
        raw.sends(r#"{"t":"hello"}"#).await;
        assert_eq!(raw.is_closed().await, (Some("unsupported_version".into()), Some(close::UNSUPPORTED_VERSION)));
    })
    .await;
}

#[tokio::test]
async fn a_hundred_bad_connections_leave_no_trace() {
    with_bystanders(async |_, door| {
        for _ in 0..25 {
            let mut half_open = Raw::open(&door).await;
            half_open.sends("{").await;
            drop(half_open);
            let (mut greeted, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
            greeted.sends_message(Message::binary(vec![0_u8; 40_000])).await;
            drop(greeted);
            let mut garbage = tokio::net::TcpStream::connect(door.relay).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut garbage, &[0xff; 600]).await.unwrap();
            drop(garbage);
            drop(Raw::open(&door).await);
        }
    })
    .await;
}
