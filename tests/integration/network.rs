//! Bad networks and bad moments: sockets that are open on one side only, readers that do not read, a relay that restarts.

use serde_json::json;
use shared::close;
use shared::model::State;
use tests::door::Door;
use tests::new_id;
use tests::raw::{Heard, Raw};
use tests::relay::Relay;

#[tokio::test]
async fn a_socket_that_no_longer_answers_is_found_and_dropped() {
    let relay = Relay::with(|config| config.ping_every_ms = 200).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (mut asleep, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    asleep.sends(&json!({"t": "say", "id": new_id(), "text": "hi"}).to_string()).await;
    let chat = serde_json::from_value(asleep.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    // From here on nobody reads this socket, so nobody answers the relay's pings; its TCP connection stays open.
    ada.until_console("the visitor is gone", |console| console.chats.get(&chat).filter(|chat| !chat.visitor_online).map(drop))
        .await;
    assert_eq!(ada.log().greetings, 1, "who answers is not dropped");
    drop(asleep);
    relay.stop().await;
}

#[tokio::test]
async fn who_reads_too_slowly_is_told_to_resync_and_misses_nothing() {
    // More than queue, relay and the kernel buffers of both ends take, in messages of the greatest length.
    const MESSAGES: u64 = 400;
    // The relay waits for the reader to come back for its goodbye, however long the machine takes for all these messages.
    let relay = Relay::with(|config| {
        config.outgoing_queue = 16;
        config.write_timeout_ms = 60_000;
    })
    .await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let door = Door::visitor(relay.address(), "demo");
    let (mut slow, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    slow.sends(&json!({"t": "say", "id": new_id(), "text": "send me everything"}).to_string()).await;
    let chat = serde_json::from_value(slow.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    let text = "\u{1F4E6}".repeat(8_000);
    for _ in 0..MESSAGES {
        ada.says(chat, &text).await;
    }
    let last = ada.says(chat, "that was all").await.seq;

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
    assert_eq!(code, Some(close::RESYNC));
    assert!(seen < last, "everything arrived: nothing was slow");
    drop(slow);

    let hello = json!({"t": "hello", "token": welcome["token"], "seen": [{"conversation": chat, "seq": seen}]});
    let (mut again, _) = Raw::greeted(&door, hello).await;
    while seen < last {
        let page = again.hears("entries").await;
        for entry in page["entries"].as_array().unwrap() {
            assert_eq!(entry["prev"], seen);
            seen = entry["seq"].as_u64().unwrap();
        }
        if page["more"] == true {
            again.sends(&json!({"t": "backfill", "conversation": chat, "after": seen}).to_string()).await;
        }
    }
    drop(again);
    relay.stop().await;
}

#[tokio::test]
async fn a_relay_that_restarts_sends_everybody_away_and_finds_them_again() {
    let mut relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("before").await.conversation;
    ada.has(chat).await;
    let (mut raw, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;

    let ((), (_, code)) = tokio::join!(relay.restarts(), raw.is_closed());
    assert_eq!(code, Some(close::RESTART));
    visitor.says("after").await;
    ada.sees("after").await;
    ada.has(chat).await;
    ada.says(chat, "still with you").await;
    visitor.sees("still with you").await;
    visitor.stands(State::Active).await;
    for text in ["before", "after", "still with you"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
    relay.stop().await;
}
