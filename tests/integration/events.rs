//! Visitors whose network lets no WebSocket pass: frames come down as server-sent events and go up by POST, and all that is promised of
//! WebSockets is promised of them as well.

use std::time::{Duration, Instant};

use relay::config::Allowance;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::close;
use shared::model::Role;
use tests::agent::Agent;
use tests::door::Door;
use tests::new_id;
use tests::raw::{Heard, Raw};
use tests::relay::{Relay, RelayProcess};
use tests::visitor::Visitor;
use tests::wire;
use tokio_tungstenite::tungstenite::Message;

fn hello() -> Value {
    json!({"t": "hello"})
}

fn say(text: &str) -> String {
    json!({"t": "say", "id": new_id(), "text": text}).to_string()
}

#[tokio::test]
async fn a_whole_chat_passes_breaks_included() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = Visitor::by_events(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    visitor.is_with("Ada").await;
    ada.has(chat).await;
    visitor.types("I am wri").await;
    ada.until_console("what is being written", |console| console.drafts.get(&chat).map(drop)).await;
    ada.types(chat, true).await;
    visitor.until_true("the agent writes", |log| log.view.agent_writes).await;
    ada.says(chat, "hello").await;
    visitor.sees("hello").await;

    // Cut off; then away for a while; another tab of theirs has a WebSocket.
    visitor.stumbles().await;
    let other = relay.returning_visitor("demo", &visitor.token());
    other.opens_chat().await;
    other.says("from another tab").await;
    visitor.sees("from another tab").await;
    visitor.leaves().await;
    ada.says(chat, "are you there?").await;
    let unsent = visitor.starts_to_say("written without a connection").await;
    visitor.connects().await;
    visitor.is_acked(unsent).await;
    visitor.sees("are you there?").await;
    ada.sees("written without a connection").await;

    ada.closes(chat).await.unwrap();
    visitor.sees_end().await;
    for text in ["hi", "hello", "from another tab", "are you there?", "written without a connection"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_relay_is_killed() {
    let mut relay = RelayProcess::start(&[]);
    let (office, admin) = relay.first_admin().await;
    let ada = Agent::new(&office, &office.hire(&admin, "Ada", Role::Agent).await.unwrap());
    ada.comes_online().await;
    let visitor = Visitor::by_events(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.says("before").await.conversation;
    ada.has(chat).await;
    let greeted = visitor.log().greetings;
    relay.kill();
    let meanwhile = visitor.starts_to_say("meanwhile").await;
    relay.restart();
    visitor.until_greeted(greeted).await;
    visitor.is_acked(meanwhile).await;
    ada.sees("meanwhile").await;
    ada.says(chat, "after").await;
    visitor.sees("after").await;
    assert_eq!((ada.times_seen("before"), ada.times_seen("meanwhile")), (1, 1));
}

#[tokio::test]
async fn who_may_not_is_refused_in_words_and_with_the_same_codes() {
    let relay = Relay::start().await;
    let database = Connection::open(relay.database()).unwrap();
    database.execute("UPDATE site SET origins = '[\"https://shop.example\"]' WHERE key = 'demo'", []).unwrap();
    let door = Door::events(relay.address(), "demo");
    let of = |origin: Option<&str>| Door { origin: origin.map(str::to_owned), ..door.clone() };
    let cases = [
        (of(Some("https://evil.example")), "foreign_origin", close::FOREIGN_ORIGIN),
        (of(Some("null")), "foreign_origin", close::FOREIGN_ORIGIN),
        (of(None), "foreign_origin", close::FOREIGN_ORIGIN),
        (Door::events(relay.address(), "nobody"), "unknown_site", close::UNKNOWN_SITE),
        (Door { path: "/sse/visitor?site=demo".into(), ..door.clone() }, "unsupported_version", close::UNSUPPORTED_VERSION),
    ];
    for (door, error, code) in cases {
        let mut raw = Raw::open(&door).await;
        assert_eq!(raw.is_closed().await, (Some(error.into()), Some(code)), "{door:?}");
    }
    let allowed = of(Some("https://shop.example"));
    Raw::greeted(&allowed, hello()).await;

    let mut raw = Raw::open(&allowed).await;
    raw.sends(&json!({"t": "hello", "token": "x"}).to_string()).await;
    assert_eq!(raw.is_closed().await, (Some("bad_token".into()), Some(close::BAD_TOKEN)));
    let (mut raw, _) = Raw::greeted(&allowed, hello()).await;
    raw.sends(&"x".repeat(70_000)).await;
    assert_eq!(raw.is_closed().await, (Some("bad_frame".into()), Some(close::TOO_BIG)));
    let (mut raw, _) = Raw::greeted(&allowed, hello()).await;
    raw.sends_message(Message::binary(vec![0xff, 0xfe])).await;
    assert_eq!(raw.is_closed().await, (None, Some(close::NOT_TEXT)));
    relay.stop().await;
}

#[tokio::test]
async fn every_page_may_read_the_answers_and_nothing_on_the_way_may_keep_them() {
    let relay = Relay::start().await;
    let unknown = "POST /sse/visitor/0123 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let reply = wire::send(relay.address(), unknown.as_bytes()).await.unwrap();
    assert_eq!(reply.status, 404, "{reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    // An unknown site, so that the stream ends by itself.
    let stream = wire::get(relay.address(), "/sse/visitor?site=nobody", "").await.unwrap();
    assert_eq!(stream.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cache-control", "no-store, no-transform"),
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("content-encoding", ""),
    ] {
        assert_eq!(stream.header(name).unwrap_or_default(), value, "{name}: {stream:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn several_frames_of_one_post_are_taken_in_order() {
    let relay = Relay::start().await;
    let (mut raw, _) = Raw::greeted(&Door::events(relay.address(), "demo"), hello()).await;
    raw.sends(&[say("one"), say("two"), r#"{"t":"ping"}"#.to_owned()].join("\n")).await;
    let (one, two) = (raw.hears("ack").await, raw.hears("ack").await);
    assert!(one["seq"] == 1 && two["seq"].as_u64() > Some(1), "{one} {two}");
    raw.hears("pong").await;
    relay.stop().await;
}

#[tokio::test]
async fn limits_count_streams_and_their_frames_like_sockets() {
    let relay = Relay::with(|config| {
        config.limits.visitor_says = Allowance { burst: 2, per_minute: 1 };
        config.limits.address_connections = 2;
    })
    .await;
    let crowd = |door: Door| Door { forwarded_for: Some("203.0.113.9".into()), ..door };
    let door = crowd(Door::events(relay.address(), "demo"));
    let (mut first, _) = Raw::greeted(&door, hello()).await;
    for text in ["one", "two"] {
        first.sends(&say(text)).await;
        first.hears("ack").await;
    }
    first.sends(&say("three")).await;
    let error = first.hears("error").await;
    assert_eq!(error["code"], "rate_limited");
    assert!(error["retry_after_ms"].as_i64().unwrap() > 0);

    // A stream and a WebSocket are two connections of that address.
    let (_second, _) = Raw::greeted(&crowd(Door::visitor(relay.address(), "demo")), hello()).await;
    let mut third = Raw::open(&door).await;
    assert_eq!(third.is_closed().await, (Some("rate_limited".into()), Some(close::UNAVAILABLE)));
    drop(first);
    // The seat is free once the relay has seen that the reader is gone, which is long before any ping.
    let seated = async {
        loop {
            let mut again = Raw::open(&door).await;
            again.sends(&hello().to_string()).await;
            if matches!(again.next().await, Heard::Frame(frame) if frame["t"] == "welcome") {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seated).await.unwrap();
    relay.stop().await;
}

#[tokio::test]
async fn who_is_gone_is_noticed_and_who_no_longer_answers_is_dropped() {
    let relay = Relay::with(|config| config.ping_every_ms = 200).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let door = Door::events(relay.address(), "demo");
    let gone = |chat| {
        let ada = &ada;
        async move {
            let gone = |console: &tests::agent::Console| console.chats.get(&chat).filter(|chat| !chat.visitor_online).map(drop);
            ada.until_console("the visitor is gone", gone).await;
        }
    };
    let mut chats = Vec::new();
    for _ in 0..2 {
        let (mut raw, _) = Raw::greeted(&door, hello()).await;
        raw.sends(&say("hi")).await;
        let chat = serde_json::from_value(raw.hears("ack").await["conversation"].clone()).unwrap();
        ada.has(chat).await;
        chats.push((raw, chat));
    }
    let (leaving, left) = chats.remove(0);
    drop(leaving);
    gone(left).await;
    // From here on nobody reads this stream, so nobody answers the relay's pings; its TCP connection stays open.
    let (asleep, chat) = chats.remove(0);
    ada.says(chat, "are you asleep?").await;
    ada.says(chat, "you are").await;
    gone(chat).await;
    drop(asleep);

    // Says nothing, and answers pings for as long as somebody else takes to say this and that.
    let (mut silent, _) = Raw::greeted(&door, hello()).await;
    let talks = Visitor::by_events(relay.address(), "demo");
    talks.opens_chat().await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        talks.says("still here").await;
    }
    assert_eq!(talks.log().greetings, 1, "who talks is not dropped");
    silent.sends(&say("me too")).await;
    silent.hears("ack").await;
    relay.stop().await;
}

#[tokio::test]
async fn who_reads_too_slowly_is_told_to_resync_and_misses_nothing() {
    // More than queue, relay and the kernel buffers of both ends take, in messages of the greatest length.
    const MESSAGES: u64 = 100;
    let relay = Relay::with(|config| {
        config.outgoing_queue = 16;
        config.write_timeout_ms = 60_000;
    })
    .await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let door = Door { unread: Some(4_096), ..Door::events(relay.address(), "demo") };
    let (mut slow, welcome) = Raw::greeted(&door, hello()).await;
    slow.sends(&say("send me everything")).await;
    let chat = serde_json::from_value(slow.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    let text = "\u{1F4E6}".repeat(8_000);
    for _ in 0..MESSAGES {
        ada.says(chat, &text).await;
    }
    let last = ada.says(chat, "that was all").await.seq;

    let mut seen = 1;
    let code = loop {
        match slow.next().await {
            Heard::Frame(frame) if frame["t"] == "entry" => {
                assert_eq!(frame["entry"]["prev"], seen, "no silent gap");
                seen = frame["entry"]["seq"].as_u64().unwrap();
            }
            Heard::Frame(_) => {}
            Heard::Closed(code) => break code,
        }
    };
    assert_eq!(code, Some(close::RESYNC));
    assert!(seen < last, "everything arrived: nothing was slow");
    let hello = json!({"t": "hello", "token": welcome["token"], "seen": [{"conversation": chat, "seq": seen}]});
    let (mut again, _) = Raw::greeted(&Door::events(relay.address(), "demo"), hello).await;
    while seen < last {
        let page = again.hears("entries").await;
        for entry in page["entries"].as_array().unwrap() {
            assert_eq!(entry["prev"], seen, "nothing is missing");
            seen = entry["seq"].as_u64().unwrap();
        }
        again.sends(&json!({"t": "backfill", "conversation": chat, "after": seen}).to_string()).await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_stop_sends_streams_away_in_time_and_they_come_back() {
    let mut relay = RelayProcess::start(&[("BULLE_HELLO_TIMEOUT_MS", "60000")]);
    let door = Door::events(relay.address(), "demo");
    let visitor = Visitor::by_events(relay.address(), "demo");
    visitor.opens_chat().await;
    let first = visitor.says("before the stop").await;
    let (mut told, _) = Raw::greeted(&door, hello()).await;
    let _silent = Raw::open(&door).await;
    let greeted = visitor.log().greetings;
    relay.server_mut().terminate().unwrap();
    assert_eq!(told.is_closed().await, (None, Some(close::RESTART)));
    let (status, took) = relay.server_mut().ends(Duration::from_secs(10)).await.unwrap();
    assert!(status.success(), "{status} after {took:?}");
    assert!(!relay.logged().contains("still holds"), "nobody has to be cut off: {took:?}, {}", relay.logged());
    relay.restart();
    visitor.until_greeted(greeted).await;
    assert_eq!(visitor.says("after the stop").await.conversation, first.conversation);
}
