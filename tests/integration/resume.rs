//! Nothing lost, nothing doubled: across breaks, reloads, repeated messages, gaps and long histories.

use serde_json::json;
use shared::model::{Body, Say};
use shared::visitor::Hello;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::visitor::Visitor;

/// Texts of a conversation, in order of their numbers, as somebody knows them.
fn texts(entries: &[shared::model::Entry]) -> Vec<String> {
    let text = |body: &Body| match body {
        Body::Text(text) => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(|entry| text(&entry.body)).collect()
}

#[tokio::test]
async fn what_was_said_while_the_visitor_was_away_comes_once_and_in_order() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "one").await;
    visitor.sees("one").await;

    visitor.leaves().await;
    ada.says(chat, "two").await;
    ada.says(chat, "three").await;
    visitor.connects().await;
    visitor.sees("three").await;
    visitor.stumbles().await;
    ada.says(chat, "four").await;
    visitor.sees("four").await;
    assert_eq!(texts(&visitor.transcript(chat)), ["hi", "one", "two", "three", "four"]);
    relay.stop().await;
}

#[tokio::test]
async fn what_the_visitor_writes_without_a_connection_arrives_once_and_in_order() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("zero").await.conversation;
    ada.has(chat).await;

    visitor.leaves().await;
    let mut written = Vec::new();
    for number in 1..=5 {
        written.push(visitor.starts_to_say(&format!("offline {number}")).await);
    }
    visitor.connects().await;
    for id in written {
        visitor.is_acked(id).await;
        visitor.stumbles().await;
    }
    ada.sees("offline 5").await;
    let expected = ["zero", "offline 1", "offline 2", "offline 3", "offline 4", "offline 5"];
    assert_eq!(texts(&ada.transcript(chat)), expected);
    assert_eq!(texts(&visitor.transcript(chat)), expected);
    relay.stop().await;
}

#[tokio::test]
async fn an_agent_who_was_cut_off_catches_up() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;
    ada.sees("hi").await;

    ada.leaves().await;
    visitor.says("are you there?").await;
    ada.connects().await;
    ada.sees("are you there?").await;
    ada.has(chat).await;
    ada.stumbles().await;
    visitor.says("still?").await;
    ada.sees("still?").await;
    ada.says(chat, "yes").await;
    assert_eq!(texts(&ada.transcript(chat)), ["hi", "are you there?", "still?", "yes"]);
    relay.stop().await;
}

#[tokio::test]
async fn after_a_reload_the_whole_conversation_is_there() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let before = relay.visitor("demo");
    before.opens_chat().await;
    let chat = before.says("hi").await.conversation;
    ada.has(chat).await;
    // More than fits into one page of entries, so that the reload has to ask again.
    for number in 0..130 {
        ada.says(chat, &format!("line {number}")).await;
    }
    before.sees("line 129").await;
    before.leaves().await;

    let after = relay.returning_visitor("demo", &before.token());
    after.opens_chat().await;
    after.sees("line 129").await;
    after.is_with("Ada").await;
    assert_eq!(texts(&after.transcript(chat)), texts(&before.transcript(chat)));
    assert_eq!(after.transcript(chat).len(), after.log().entries.len(), "nothing came twice");
    relay.stop().await;
}

#[tokio::test]
async fn what_was_in_storage_when_the_page_closed_is_sent_by_the_next_page() {
    let relay = Relay::start().await;
    let first_page = relay.visitor("demo");
    first_page.opens_chat().await;
    let chat = first_page.says("hello").await.conversation;
    let (acked, unsent) = (new_id(), new_id());
    let say = |id, text: &str| Say::text(id, None, text);
    first_page.mutters(say(acked, "acked, but the page was gone before it knew")).await;
    first_page.is_acked(acked).await;
    first_page.leaves().await;

    let hello = Hello { token: Some(first_page.token()), ..Hello::default() };
    let stored = vec![say(acked, "acked, but the page was gone before it knew"), say(unsent, "never sent")];
    let next_page = Visitor::with_outbox(Door::visitor(relay.address(), "demo"), hello, stored);
    next_page.opens_chat().await;
    next_page.is_acked(acked).await;
    next_page.is_acked(unsent).await;

    let third_page = relay.returning_visitor("demo", &first_page.token());
    third_page.opens_chat().await;
    third_page.sees("never sent").await;
    assert_eq!(texts(&third_page.transcript(chat)), ["hello", "acked, but the page was gone before it knew", "never sent"]);
    relay.stop().await;
}

#[tokio::test]
async fn the_same_id_gets_the_same_ack_from_any_connection() {
    let relay = Relay::start().await;
    let door = Door::visitor(relay.address(), "demo");
    let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    let first = json!({"t": "say", "id": new_id(), "text": "only once"});
    raw.sends(&first.to_string()).await;
    let ack = raw.hears("ack").await;
    raw.sends(&first.to_string()).await;
    assert_eq!(raw.hears("ack").await, ack);

    let (mut again, _) = Raw::greeted(&door, json!({"t": "hello", "token": welcome["token"]})).await;
    let entries = again.hears("entries").await;
    assert_eq!(entries["entries"].as_array().map(Vec::len), Some(ack["seq"].as_u64().unwrap() as usize).max(Some(1)));
    again.sends(&first.to_string()).await;
    assert_eq!(again.hears("ack").await, ack, "from another connection too");
    drop((raw, again));
    relay.stop().await;
}

#[tokio::test]
async fn two_messages_at_once_open_one_conversation() {
    let relay = Relay::start().await;
    let (mut raw, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    for text in ["a", "double", "click"] {
        raw.sends(&json!({"t": "say", "id": new_id(), "text": text}).to_string()).await;
    }
    let acks = [raw.hears("ack").await, raw.hears("ack").await, raw.hears("ack").await];
    assert!(acks.iter().all(|ack| ack["conversation"] == acks[0]["conversation"]), "{acks:?}");
    drop(raw);
    relay.stop().await;
}

#[tokio::test]
async fn internal_notes_never_reach_the_visitor_and_leave_no_gap() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let door = Door::visitor(relay.address(), "demo");
    let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    raw.sends(&json!({"t": "say", "id": new_id(), "text": "hi"}).to_string()).await;
    let ack = raw.hears("ack").await;
    let chat = serde_json::from_value(ack["conversation"].clone()).unwrap();
    ada.has(chat).await;

    let mut last_seen = ack["seq"].as_u64().unwrap();
    let mut follows = |frame: &serde_json::Value| {
        let (seq, prev) = (frame["entry"]["seq"].as_u64().unwrap(), frame["entry"]["prev"].as_u64().unwrap());
        assert_eq!(prev, last_seen, "{frame}");
        last_seen = seq;
    };
    let assigned = raw.hears("entry").await;
    follows(&assigned);
    for text in ["one", "two"] {
        ada.notes(chat, "SECRET: difficult customer").await;
        ada.notes(chat, "SECRET: be kind").await;
        ada.says(chat, text).await;
        let entry = raw.hears("entry").await;
        assert_eq!(entry["entry"]["body"]["text"], text);
        follows(&entry);
    }
    ada.notes(chat, "SECRET: last").await;
    raw.sends(r#"{"t":"ping"}"#).await;
    let pong = raw.hears("pong").await;
    assert_eq!(pong["heads"][0]["seq"].as_u64(), Some(last_seen), "the head is the last entry that the visitor may see");

    raw.sends(&json!({"t": "backfill", "conversation": chat, "after": 0}).to_string()).await;
    let all = raw.hears("entries").await;
    let mut before = 0;
    for entry in all["entries"].as_array().unwrap() {
        assert_eq!(entry["prev"].as_u64(), Some(before));
        before = entry["seq"].as_u64().unwrap();
    }
    assert_eq!(before, last_seen);
    let (mut reloaded, _) = Raw::greeted(&door, json!({"t": "hello", "token": welcome["token"]})).await;
    reloaded.hears("entries").await;
    for wire in [&raw.wire, &reloaded.wire] {
        assert!(!wire.iter().any(|text| text.contains("SECRET")), "{wire:?}");
    }

    let notes = ada.transcript(chat).iter().filter(|entry| matches!(entry.body, Body::Note(_))).count();
    assert_eq!(notes, 5, "the team sees them");
    drop((raw, reloaded));
    relay.stop().await;
}

#[tokio::test]
async fn resuming_behind_a_seq_brings_only_what_follows() {
    let relay = Relay::start().await;
    let door = Door::visitor(relay.address(), "demo");
    let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    let mut acks = Vec::new();
    for text in ["one", "two", "three"] {
        raw.sends(&json!({"t": "say", "id": new_id(), "text": text}).to_string()).await;
        acks.push(raw.hears("ack").await);
    }
    let seen = json!([{"conversation": acks[0]["conversation"], "seq": acks[1]["seq"]}]);
    let (mut resumed, welcome) = Raw::greeted(&door, json!({"t": "hello", "token": welcome["token"], "seen": seen})).await;
    assert_eq!(welcome["thread"]["head"], acks[2]["seq"]);
    let entries = resumed.hears("entries").await;
    let numbers: Vec<_> = entries["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].clone()).collect();
    assert_eq!(numbers, [acks[2]["seq"].clone()]);
    assert_eq!(entries["more"], false);
    drop((raw, resumed));
    relay.stop().await;
}
