//! What a client meets that asks for too much: an answer that says how long to wait, at last a close with a documented code, and nobody
//! else notices. Addresses are told by a proxy, because clients on this machine have no limits by address.

use std::time::Duration;

use relay::config::{Allowance, Config};
use reqwest::Method;
use serde_json::{Value, json};
use shared::close::{self, ErrorCode};
use shared::model::Say;
use shared::visitor::Dialect;
use tests::door::Door;
use tests::people::{PATIENCE, Person};
use tests::raw::{Heard, Raw};
use tests::relay::Relay;
use tests::{new_id, now};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn rate(burst: u32, per_minute: u32) -> Allowance {
    Allowance { burst, per_minute }
}

fn hello() -> Value {
    json!({"t": "hello"})
}

fn say(text: &str) -> Value {
    json!({"t": "say", "id": new_id(), "text": text})
}

fn behind(relay: &Relay, addresses: &str) -> Door {
    Door { forwarded_for: Some(addresses.into()), ..Door::visitor(relay.address(), "demo") }
}

/// The `error` and the close code of somebody whom the relay lets in only to say no.
async fn turned_away(door: &Door) -> (Value, Option<u16>) {
    let mut raw = Raw::open(door).await;
    let error = raw.hears("error").await;
    (error, raw.is_closed().await.1)
}

async fn is_crowded(door: &Door) {
    let (error, code) = turned_away(door).await;
    assert_eq!((&error["code"], code), (&json!("rate_limited"), Some(close::UNAVAILABLE)), "{error}");
    assert!(error["retry_after_ms"].as_i64().unwrap() > 0, "{error}");
    assert!(!close::is_refusal(close::UNAVAILABLE), "clients come back after it");
}

#[tokio::test]
async fn messages_and_frames_past_the_rate_are_refused_by_name_with_the_time_to_wait() {
    let relay = Relay::with(|config| {
        config.limits.visitor_says = rate(3, 60);
        config.limits.visitor_requests = rate(5, 60);
    })
    .await;
    let door = Door::visitor(relay.address(), "demo");
    let (mut raw, _) = Raw::greeted(&door, hello()).await;
    for _ in 0..3 {
        raw.sends(&say("fast").to_string()).await;
        raw.hears("ack").await;
    }
    let too_much = say("faster");
    raw.sends(&too_much.to_string()).await;
    let error = raw.hears("error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!("rate_limited"), &too_much["id"]));
    assert!((1..=1_000).contains(&error["retry_after_ms"].as_i64().unwrap()), "{error}");
    assert!(error["message"].as_str().unwrap().contains("too many says"), "{error}");

    for _ in 0..5 {
        raw.sends(r#"{"t":"ping"}"#).await;
        raw.hears("pong").await;
    }
    raw.sends("no frame at all").await;
    let error = raw.hears("error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!("rate_limited"), &Value::Null), "what is no frame counts too");

    let (mut other, _) = Raw::greeted(&door, hello()).await;
    other.sends(&say("in my own time").to_string()).await;
    other.hears("ack").await;
    relay.stop().await;
}

#[tokio::test]
async fn a_link_that_is_told_to_wait_waits_and_loses_nothing() {
    const MESSAGES: usize = 8;
    let relay = Relay::with(|config| config.limits.visitor_says = rate(3, 300)).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let began = now();
    let texts: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    for text in &texts {
        visitor.mutters(Say::text(new_id(), None, text.clone())).await;
    }
    visitor.until_true("all are acked", |log| log.sent.len() == MESSAGES).await;
    let log = visitor.log();
    assert!(log.failed.is_empty() && log.greetings == 1, "{:?}", log.failed);
    assert!(now() - began >= 900, "five of them had to wait 200 ms each");
    let said: Vec<&str> = log.sent.iter().map(|(say, _)| say.text.as_str()).collect();
    assert_eq!(said, texts, "in order");
    ada.has(visitor.conversation()).await;
    for text in &texts {
        ada.sees(text).await;
        assert_eq!(ada.times_seen(text), 1, "{text}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn who_goes_on_although_refused_is_closed_with_4029() {
    let metrics = "127.0.0.1:0".parse().ok();
    let relay = Relay::with(|config| {
        config.metrics_listen = metrics;
        config.limits.visitor_requests = rate(5, 60);
        config.limits.refusals = rate(10, 1);
    })
    .await;
    let (mut raw, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), hello()).await;
    for _ in 0..100 {
        raw.sends(r#"{"t":"ping"}"#).await;
    }
    let (mut pongs, mut errors) = (0, 0);
    let code = loop {
        match raw.next().await {
            Heard::Frame(frame) if frame["t"] == "error" => errors += 1,
            Heard::Frame(frame) => pongs += usize::from(frame["t"] == "pong"),
            Heard::Closed(code) => break code,
        }
    };
    assert_eq!(code, Some(close::FLOODED));
    assert!(!close::is_refusal(close::FLOODED));
    assert!((5..=6).contains(&pongs) && (10..=11).contains(&errors), "{pongs} pongs, {errors} errors");

    let told = reqwest::get(format!("http://{}/metrics", relay.metrics().unwrap())).await.unwrap().text().await.unwrap();
    for reason in ["requests", "refusals"] {
        assert!(told.contains(&format!("bulle_refusals_total{{reason=\"{reason}\"}}")), "{told}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn one_address_opens_so_many_sockets_at_a_time_and_its_links_get_in_later() {
    let relay = Relay::with(|config| config.limits.upgrades = rate(3, 120)).await;
    let crowd = behind(&relay, "203.0.113.9");
    for _ in 0..3 {
        Raw::greeted(&crowd, hello()).await;
    }
    is_crowded(&crowd).await;
    is_crowded(&behind(&relay, "6.6.6.6, 203.0.113.9")).await;
    is_crowded(&behind(&relay, "8.8.8.8, 203.0.113.9:4711, 127.0.0.1")).await;
    Raw::greeted(&behind(&relay, "203.0.113.10"), hello()).await;
    for _ in 0..5 {
        Raw::greeted(&Door::visitor(relay.address(), "demo"), hello()).await;
    }

    let patient = Person::new("somebody in the crowd", Dialect::default(), crowd, Vec::new());
    patient.connects().await;
    assert_eq!(patient.log().refusals, [0_u16; 0]);
    relay.stop().await;
}

#[tokio::test]
async fn one_address_has_so_many_sockets_open_and_ipv6_counts_by_network() {
    let relay = Relay::with(|config| config.limits.address_connections = 2).await;
    for (first, second, third, other) in [
        ("203.0.113.9", "203.0.113.9", "::ffff:203.0.113.9", "203.0.113.10"),
        ("2001:db8::1", "[2001:db8::2]:4711", "2001:db8::ffff:3", "2001:db8:0:1::1"),
    ] {
        let (leaving, _) = Raw::greeted(&behind(&relay, first), hello()).await;
        let (_staying, _) = Raw::greeted(&behind(&relay, second), hello()).await;
        is_crowded(&behind(&relay, third)).await;
        Raw::greeted(&behind(&relay, other), hello()).await;

        let waiting = Person::new("somebody who waits", Dialect::default(), behind(&relay, third), Vec::new());
        drop(leaving);
        waiting.connects().await;
        is_crowded(&behind(&relay, third)).await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_full_relay_says_so_without_opening_a_socket() {
    let relay = Relay::with(|config| config.limits.connections = 1).await;
    let door = Door::visitor(relay.address(), "demo");
    let (first, _) = Raw::greeted(&door, hello()).await;
    let refused = format!("{:#}", door.open().await.unwrap_err());
    assert!(refused.contains("503"), "{refused}");
    let waiting = Person::new("somebody who waits", Dialect::default(), door, Vec::new());
    drop(first);
    waiting.connects().await;
    relay.stop().await;
}

#[tokio::test]
async fn connections_that_ask_for_nothing_end_and_make_room() {
    let relay = Relay::with(|config| {
        config.limits.header_timeout_ms = 400;
        config.limits.http_connections = 3;
    })
    .await;
    // The test's own client may keep one from hiring the admin.
    let (mut silent, mut dripping) = (connect(&relay).await, connect(&relay).await);
    dripping.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let mut full = connect(&relay).await;
    let mut more = connect(&relay).await;
    let mut answers = String::new();
    full.read_to_string(&mut answers).await.unwrap();
    more.read_to_string(&mut answers).await.unwrap();
    assert!(answers.contains("503 Service Unavailable") && answers.contains("retry-after"), "{answers:?}");
    for stalled in [&mut silent, &mut dripping] {
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stalled.read_to_end(&mut answer)).await;
        ended.expect("a request's head has its time").unwrap();
    }
    relay.office().request(Method::GET, "/healthz").send().await.unwrap().accepted().unwrap();
    relay.stop().await;
}

async fn connect(relay: &Relay) -> TcpStream {
    TcpStream::connect(relay.address()).await.unwrap()
}

/// What the relay answers to these bytes, until it closes.
async fn answer_to(relay: &Relay, bytes: &[u8]) -> String {
    let mut stream = connect(relay).await;
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        let mut buffer = [0; 4_096];
        while !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_has_a_size_and_a_time() {
    let relay = Relay::with(|config| config.limits.request_timeout_ms = 400).await;
    let address = relay.address();
    let head = |length: usize| {
        format!(
            "POST /api/session HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{{"
        )
    };
    let slow = answer_to(&relay, head(100).as_bytes()).await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    let large = answer_to(&relay, head(1 << 30).as_bytes()).await;
    assert!(large.starts_with("HTTP/1.1 4"), "{large}");
    let long_head = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\ncookie: {}\r\n\r\n", "x".repeat(400_000));
    let refused = answer_to(&relay, long_head.as_bytes()).await;
    assert!(refused.starts_with("HTTP/1.1 431"), "{refused}");
    relay.office().request(Method::GET, "/healthz").send().await.unwrap().accepted().unwrap();
    relay.stop().await;
}

#[tokio::test]
async fn an_agents_socket_that_never_greets_ends_too() {
    let relay = Relay::with(|config| config.hello_timeout_ms = 200).await;
    let grace = relay.hires("Grace").await;
    let mut raw = Raw::open(&relay.office().door(&grace)).await;
    raw.sends_message(tokio_tungstenite::tungstenite::Message::Ping(Default::default())).await;
    assert_eq!(raw.is_closed().await, (Some("hello_timeout".into()), Some(close::HELLO_TIMEOUT)));
    relay.stop().await;
}

/// Frames of 8,000 characters reach somebody who reads none of them, until the relay has given them up; what they then find.
async fn stops_reading(change: impl FnOnce(&mut Config)) -> (u64, Option<u16>) {
    let relay = Relay::with(change).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let door = Door { unread: Some(4_096), ..Door::visitor(relay.address(), "demo") };
    let (mut slow, welcome) = Raw::greeted(&door, hello()).await;
    slow.sends(&say("send me everything").to_string()).await;
    let chat = serde_json::from_value(slow.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    let text = "\u{1F4E6}".repeat(8_000);
    for _ in 0..20 {
        ada.says(chat, &text).await;
    }
    ada.until_console("the visitor is gone", |console| console.chats.get(&chat).filter(|chat| !chat.visitor_online).map(drop))
        .await;
    let (mut seen, mut code) = (1, None);
    loop {
        match slow.next().await {
            Heard::Frame(frame) if frame["t"] == "entry" => {
                assert_eq!(frame["entry"]["prev"], seen, "no silent gap");
                seen = frame["entry"]["seq"].as_u64().unwrap();
            }
            Heard::Frame(_) => {}
            Heard::Closed(with) => {
                code = with.or(code);
                break;
            }
        }
    }
    let missed_from = seen;
    let hello = json!({"t": "hello", "token": welcome["token"], "seen": [{"conversation": chat, "seq": seen}]});
    let (mut again, welcome) = Raw::greeted(&door, hello).await;
    let head = welcome["thread"]["head"].as_u64().unwrap();
    while seen < head {
        let page = again.hears("entries").await;
        assert!(again.wire.last().unwrap().len() < 100_000, "a page fits into one frame of moderate size");
        for entry in page["entries"].as_array().unwrap() {
            assert_eq!(entry["prev"], seen);
            seen = entry["seq"].as_u64().unwrap();
        }
        if page["more"] == true {
            again.sends(&json!({"t": "backfill", "conversation": chat, "after": seen}).to_string()).await;
        }
    }
    relay.stop().await;
    (head - missed_from, code)
}

#[tokio::test]
async fn a_write_that_takes_too_long_ends_with_resync_and_nothing_is_lost() {
    let (missed, code) = stops_reading(|config| {
        config.write_timeout_ms = 300;
        (config.outgoing_queue, config.limits.outgoing_bytes) = (65_536, 1 << 30);
        config.limits.outgoing_total_bytes = 1 << 40;
    })
    .await;
    assert!(missed > 0);
    assert_eq!(code, Some(close::RESYNC));
}

#[tokio::test]
async fn more_bytes_than_may_wait_end_with_resync_and_nothing_is_lost() {
    let (missed, code) = stops_reading(|config| {
        config.write_timeout_ms = 300_000;
        (config.outgoing_queue, config.limits.outgoing_bytes) = (65_536, 100_000);
    })
    .await;
    assert!(missed > 0);
    assert_eq!(code, Some(close::RESYNC));
}

#[tokio::test]
async fn guessing_passwords_is_slowed_per_account_and_per_address() {
    let relay = Relay::with(|config| {
        config.limits.account_sign_ins = rate(2, 1);
        config.limits.address_sign_ins = rate(4, 1);
    })
    .await;
    let office = relay.office();
    let tries = async |email: &str, from: Option<&str>| {
        let body = json!({"email": email, "password": "a wrong guess"});
        let mut request = office.request(Method::POST, "/api/session").json(&body).unwrap();
        if let Some(from) = from {
            request = request.header("x-forwarded-for", from);
        }
        request.send().await.unwrap().refusal()
    };
    let (wrong, slowed) = (Some((401, ErrorCode::BadToken)), Some((429, ErrorCode::RateLimited)));
    for from in ["198.51.100.1", "198.51.100.2"] {
        assert_eq!(tries("root@bulle.example", Some(from)).await, wrong);
    }
    assert_eq!(tries("ROOT@bulle.example ", Some("198.51.100.3")).await, slowed, "one account from many addresses");
    for account in ["a@x.example", "b@x.example", "c@x.example", "d@x.example"] {
        assert_eq!(tries(account, Some("203.0.113.9")).await, wrong);
    }
    assert_eq!(tries("e@x.example", Some("1.2.3.4, 203.0.113.9")).await, slowed, "many accounts from one address");
    assert_eq!(tries("f@x.example", Some("203.0.113.10")).await, wrong);
    for account in ["g@x.example", "h@x.example", "i@x.example", "j@x.example", "k@x.example"] {
        assert_eq!(tries(account, None).await, wrong, "no proxy between: not told apart by address");
    }
    relay.stop().await;
}
