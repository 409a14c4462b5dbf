//! A store that cannot write: senders are told, their outboxes keep what they said, readiness says why, the log stays short, nobody is
//! judged by what could not be done meanwhile, and all goes on when it can again.

use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use shared::model::Role;
use tests::accounts::Office;
use tests::agent::Agent;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;
use tokio::time::{interval, sleep, timeout};

use crate::stage::until_ready;

/// A limit below every write that matters.
const FILE_LIMIT: u64 = 4_096;

async fn relay_with_agent(settings: &[(&str, &str)], name: &str) -> (RelayProcess, Office, Agent) {
    let relay = RelayProcess::start(settings);
    let (office, admin) = relay.first_admin().await;
    let agent = Agent::new(&office, &office.hire(&admin, name, Role::Agent).await.unwrap());
    agent.comes_online().await;
    (relay, office, agent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_are_told_and_keep_their_messages_until_the_store_writes_again() {
    let (relay, office, ada) = relay_with_agent(&[], "Ada").await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.says("before").await.conversation;
    ada.has(chat).await;
    let (mut raw, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    assert_eq!(office.request(Method::GET, "/readyz").send().await.unwrap().status, 200);

    keeps_its_widget(&relay, &office).await;

    relay.server().limit_files(Some(FILE_LIMIT)).unwrap();
    let id = new_id();
    raw.sends(&json!({"t": "say", "id": id, "text": "is anybody there?"}).to_string()).await;
    let error = raw.hears("error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!("store_unavailable"), &json!(id)));
    assert!(error["retry_after_ms"].as_u64() >= Some(100), "{error}");
    let said = until_ready(&office, false).await;
    assert!(said.contains("disk I/O error"), "it says why: {said}");
    let kept = [visitor.starts_to_say("one").await, visitor.starts_to_say("two").await];
    let answer = ada.starts_to_say(chat, "answer").await;
    // Long enough for many refusals. It is the outage itself.
    sleep(Duration::from_secs(4)).await;
    assert!(visitor.log().failed.is_empty() && ada.log().failed.is_empty(), "nothing was given up");
    assert_eq!(office.request(Method::GET, "/healthz").send().await.unwrap().status, 200, "the process is well");

    relay.server().limit_files(None).unwrap();
    until_ready(&office, true).await;
    for message in kept {
        visitor.is_acked(message).await;
    }
    ada.is_acked(answer).await;
    ada.sees("two").await;
    visitor.sees("answer").await;
    for text in ["before", "one", "two", "answer"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
    assert_eq!(ada.log().greetings, 1, "nobody was sent away");
    let log = relay.logged();
    let complaints: Vec<_> = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    assert!(log.contains("the store commits again"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_longer_than_every_patience_requeues_nobody() {
    // As short as the outage is long.
    const PATIENCE: &str = "3000";
    let settings = [
        ("BULLE_DESK__ANSWER_TIMEOUT", PATIENCE),
        ("BULLE_DESK__AGENT_GONE", PATIENCE),
        ("BULLE_DESK__GRACE", PATIENCE),
        ("BULLE_DESK__PARK_AFTER", PATIENCE),
    ];
    let (relay, office, ada) = relay_with_agent(&settings, "Ada").await;
    let (stays, goes) = (Visitor::new(relay.address(), "demo"), Visitor::new(relay.address(), "demo"));
    stays.opens_chat().await;
    let unanswered = stays.says("hello?").await.conversation;
    goes.opens_chat().await;
    let answered = goes.says("hello?").await.conversation;
    for chat in [unanswered, answered] {
        ada.has(chat).await;
    }
    ada.says(answered, "hello!").await;

    relay.server().limit_files(Some(FILE_LIMIT)).unwrap();
    until_ready(&office, false).await;
    // Neither can be written down; both come back, but not at once.
    ada.leaves().await;
    goes.leaves().await;
    // The outage itself.
    sleep(Duration::from_secs(5)).await;
    relay.server().limit_files(None).unwrap();
    until_ready(&office, true).await;
    relay.logs("absences are counted from now on", 0).await;
    ada.connects().await;
    goes.connects().await;
    for chat in [unanswered, answered] {
        ada.has(chat).await;
    }
    ada.says(unanswered, "here I am").await;
    stays.sees("here I am").await;
    let db = Connection::open(relay.data().join("bulle.db")).unwrap();
    let moved: u32 = db
        .query_row("SELECT count(*) FROM message WHERE body LIKE '%requeued%' OR body LIKE '%parked%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(moved, 0, "somebody was judged by an outage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_longer_than_every_patience_requeues_nobody() {
    // The stop alone exhausts them, and Ada has as long again to come back and answer.
    let settings = [("BULLE_DESK__ANSWER_TIMEOUT", "15500"), ("BULLE_DESK__AGENT_GONE", "15500")];
    let (relay, office, ada) = relay_with_agent(&settings, "Ada").await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello?").await.conversation;
    ada.has(chat).await;
    let greetings = ada.log().greetings;
    relay.server().pause().unwrap();
    // The fault itself: longer than a node's lease of 15 s.
    sleep(Duration::from_secs(16)).await;
    relay.server().resume().unwrap();
    relay.logs("absences are counted from now on", 0).await;
    until_ready(&office, true).await;
    // Who lost the lease sends everybody away.
    ada.until_greeted(greetings).await;
    ada.says(chat, "here I am").await;
    visitor.sees("here I am").await;
    let db = Connection::open(relay.data().join("bulle.db")).unwrap();
    let moved: u32 = db.query_row("SELECT count(*) FROM message WHERE body LIKE '%requeued%'", [], |row| row.get(0)).unwrap();
    assert_eq!(moved, 0, "somebody was judged by a stop");
}

/// Waits until the widget's files lie where later versions find them, which a start does beside everything else: the mark comes last.
async fn keeps_its_widget(relay: &RelayProcess, office: &Office) {
    let loader = office.request(Method::GET, "/bulle.js?site=demo").send().await.unwrap().body;
    let hash = loader.split("/a/").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let mark = relay.data().join("assets").join(hash).join(".mark");
    let looking = async {
        let mut ticks = interval(Duration::from_millis(50));
        while !mark.exists() {
            ticks.tick().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), looking).await.is_ok(), "{} is not there", mark.display());
}
