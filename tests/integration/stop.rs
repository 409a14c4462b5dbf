//! A stop as a service manager asks for it: word to the load balancer first, then to the clients, stuck ones too; nothing is left
//! behind; whoever was there comes back.

use std::time::Duration;

use serde_json::json;
use shared::close;
use shared::model::Role;
use tests::accounts::Office;
use tests::agent::Agent;
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// What DESIGN §11 promises.
const WITHIN: Duration = Duration::from_secs(10);
const VISITORS: usize = 470;
/// More frames of 32 KiB than the kernel's buffers take, so that a write is under way that nobody reads.
const UNREAD: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_clients_are_sent_away_in_time_stuck_ones_too_and_all_come_back() {
    // Neither a full queue nor a slow write shall end the stuck ones before the stop does.
    let patient = [("BULLE_OUTGOING_QUEUE", "4096"), ("BULLE_WRITE_TIMEOUT_MS", "300000"), ("BULLE_HELLO_TIMEOUT_MS", "60000")];
    let mut relay = RelayProcess::start(&patient);
    let door = Door::visitor(relay.address(), "demo");
    let (office, admin) = relay.first_admin().await;
    let account = office.hire(&admin, "Ada", Role::Agent).await.unwrap();
    let ada = Agent::new(&office, &account);
    ada.comes_online().await;

    let (mut drowning, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    drowning.sends(&json!({"t": "say", "id": tests::new_id(), "text": "send me everything"}).to_string()).await;
    let chat = serde_json::from_value(drowning.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    let text = "\u{1F4E6}".repeat(8_000);
    for _ in 0..UNREAD {
        ada.says(chat, &text).await;
    }
    let mut silent = Vec::new();
    for _ in 0..20 {
        // Greeted, then never read again: the goodbye has no answer.
        silent.push(Raw::greeted(&door, json!({"t": "hello"})).await.0);
        // Not even greeted.
        silent.push(Raw::open(&door).await);
    }
    let mut half = TcpStream::connect(relay.address()).await.unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").await.unwrap();

    let visitors: Vec<_> = (0..VISITORS).map(|_| Visitor::new(relay.address(), "demo")).collect();
    for visitor in &visitors {
        visitor.opens_chat().await;
    }
    let first = visitors[0].says("before the stop").await;
    let (mut told, _) = Raw::greeted(&door, json!({"t": "hello"})).await;

    relay.server().terminate().unwrap();
    assert_eq!(told.is_closed().await, (None, Some(close::RESTART)));
    let (status, took) = relay.server_mut().ends(WITHIN).await.unwrap();
    assert!(status.success(), "{status}");
    let left: Vec<_> = std::fs::read_dir(relay.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.contains(&"bulle.db".into()), "{left:?}");
    for gone in ["bulle.db-wal", "bulle.db-shm"] {
        assert!(!left.contains(&gone.into()), "{gone} is left after {took:?}: {}", relay.logged());
    }
    drop((drowning, silent, half));

    relay.restart();
    for visitor in &visitors {
        visitor.until_greeted(1).await;
    }
    let again = visitors[0].says("after the stop").await;
    assert_eq!(again.conversation, first.conversation);
    ada.until_greeted(1).await;
}

#[tokio::test]
async fn a_stop_is_announced_first_and_a_second_signal_ends_it() {
    let mut relay = RelayProcess::start(&[("BULLE_STOP_NOTICE_MS", "5000")]);
    let office = Office::new(relay.address());
    relay.server().terminate().unwrap();
    loop {
        let ready = office.request(reqwest::Method::GET, "/readyz").send().await.unwrap();
        if ready.status != 200 {
            assert_eq!((ready.status.as_u16(), ready.body.as_str()), (503, "stopping\n"));
            break;
        }
    }
    // Whoever did not look yet is still served.
    Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    relay.server().terminate().unwrap();
    let (status, took) = relay.server_mut().ends(WITHIN).await.unwrap();
    assert!(!status.success() && took < Duration::from_secs(3), "{status} after {took:?}");
    assert!(relay.logged().contains("second signal"), "{}", relay.logged());
}
