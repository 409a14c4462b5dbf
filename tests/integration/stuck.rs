//! Two thousand readers stop reading in the middle of a busy conversation: the relay's memory stays within its bound, it goes on
//! serving others, and everybody catches up without loss.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::ids::ConversationId;
use tests::agent::Agent;
use tests::door::{Door, Socket};
use tests::raw::Raw;
use tests::relay::RelayProcess;
use tests::{new_id, visitor::Visitor};
use tokio_tungstenite::tungstenite::Message;

/// How many stop reading.
const READERS: usize = 2_000;
/// Messages of 16 KB while they do: more than kernel, relay and client together buffer for one of them.
const MESSAGES: u64 = 40;
/// How many open or resume at once; a matter of the test's own time.
const AT_ONCE: usize = 50;
/// The relay's bound with its defaults: 64 MiB for all together, and beyond it 64 KiB for each.
const BOUND: u64 = (64 << 20) + READERS as u64 * (64 << 10);
/// Without it the readers would stay stuck for the whole test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What matters of a frame here.
#[derive(Deserialize)]
struct Frame {
    t: String,
    entry: Option<Numbered>,
    #[serde(default)]
    entries: Vec<Numbered>,
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
    prev: u64,
}

struct Reader {
    socket: Socket,
    seen: u64,
}

/// Reads until the given number has come, or the connection ends; whether it came.
async fn reads_to(reader: &mut Reader, chat: ConversationId, last: u64) -> bool {
    while reader.seen < last {
        let Some(Ok(message)) = reader.socket.next().await else { return false };
        let Message::Text(text) = message else { continue };
        let frame: Frame = serde_json::from_str(text.as_str()).unwrap();
        for entry in frame.entry.iter().chain(&frame.entries) {
            if entry.seq > reader.seen {
                assert!(entry.prev <= reader.seen, "a gap: {} after {}", entry.seq, reader.seen);
                reader.seen = entry.seq;
            }
        }
        if frame.t == "entries" && frame.more {
            let backfill = json!({"t": "backfill", "conversation": chat, "after": reader.seen});
            reader.socket.send(Message::text(backfill.to_string())).await.unwrap();
        }
    }
    true
}

async fn greets(door: &Door, hello: &Value) -> Socket {
    let mut socket = door.open().await.unwrap();
    socket.send(Message::text(hello.to_string())).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_readers_that_stop_reading_cost_a_bounded_amount_and_catch_up() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let relay = RelayProcess::start(&[]);
    let (office, admin) = relay.first_admin().await;
    let ada = Agent::new(&office, &office.hire(&admin, "Ada", shared::model::Role::Agent).await.unwrap());
    ada.comes_online().await;

    // All of them are tabs of one visitor, so every message goes to every one.
    let door = Door { unread: Some(4_096), ..Door::visitor(relay.address(), "demo") };
    let (mut first, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    first.sends(&json!({"t": "say", "id": new_id(), "text": "hello"}).to_string()).await;
    let chat: ConversationId = serde_json::from_value(first.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    let begin = ada.says(chat, "before").await.seq;
    let hello = |seen: u64| json!({"t": "hello", "token": welcome["token"], "seen": [{"conversation": chat, "seq": seen}]});
    let opened = stream::iter(0..READERS).map(|_| async {
        let mut reader = Reader { socket: greets(&door, &hello(begin - 1)).await, seen: begin - 1 };
        assert!(reads_to(&mut reader, chat, begin).await);
        reader
    });
    let readers: Vec<Reader> = opened.buffer_unordered(AT_ONCE).collect().await;

    let before = relay.server().resident().unwrap();
    let mut most = before;
    let text = "é".repeat(8_000);
    for _ in 0..MESSAGES {
        ada.says(chat, &text).await;
        most = most.max(relay.server().resident().unwrap());
    }
    let last = ada.says(chat, "that was all").await.seq;
    let bystander = Visitor::new(relay.address(), "demo");
    bystander.opens_chat().await;
    bystander.says("is anybody there?").await;
    most = most.max(relay.server().resident().unwrap());
    let growth = most - before;
    println!("{READERS} stuck readers: {} MiB more than the {} MiB before", growth >> 20, before >> 20);
    assert!(growth < BOUND, "{} MiB more than before, the bound is {} MiB", growth >> 20, BOUND >> 20);

    let caught_up = stream::iter(readers).map(|mut reader| async {
        let at_once = reads_to(&mut reader, chat, last).await;
        let mut seen = reader.seen;
        drop(reader);
        if !at_once {
            let mut again = Reader { socket: greets(&door, &hello(seen)).await, seen };
            assert!(reads_to(&mut again, chat, last).await, "closed again at {}", again.seen);
            seen = again.seen;
        }
        assert_eq!(seen, last);
        at_once
    });
    let caught_up: Vec<bool> = tokio::time::timeout(PATIENCE, caught_up.buffer_unordered(AT_ONCE).collect()).await.unwrap();
    let never_stuck = caught_up.into_iter().filter(|at_once| *at_once).count();
    assert_eq!(never_stuck, 0, "readers that were never told to resync: nothing was tested");
}
