//! What visitors leave, and its end: exported, erased when they ask for it or when the site's time is over, by admins and operators.

use std::path::Path;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::{PersonExport, Retention};
use shared::close::{self, ErrorCode};
use shared::ids::VisitorId;
use shared::model::{Body, Contact, Say};
use tests::accounts::Answer;
use tests::new_id;
use tests::relay::{Relay, RelayProcess};

const SECRET: &str = "My order number is 4711-KIM";
/// How long the relay may take; it looks every few seconds.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);
const EMAIL: &str = "kim@example.com";

async fn ask(relay: &Relay, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api{path}")).by(relay.admin()).json(&body).unwrap().send().await.unwrap()
}

/// How often these bytes stand anywhere in the database's text columns.
fn found(relay: &Relay, wanted: &str) -> i64 {
    let db = Connection::open(relay.database()).unwrap();
    let count = |sql: &str| db.query_row(sql, [format!("%{wanted}%")], |row| row.get::<_, i64>(0)).unwrap();
    count("SELECT count(*) FROM message WHERE body LIKE ?1")
        + count("SELECT count(*) FROM conversation WHERE preview LIKE ?1 OR page LIKE ?1")
        + count("SELECT count(*) FROM visitor WHERE coalesce(name, '') || coalesce(email, '') || coalesce(subject, '') LIKE ?1")
        + count("SELECT count(*) FROM mail WHERE recipient LIKE ?1")
        + count("SELECT count(*) FROM file WHERE name LIKE ?1")
}

/// How many entries the index of words finds by this one.
fn indexed(relay: &Relay, word: &str) -> i64 {
    let db = Connection::open(relay.database()).unwrap();
    db.query_row("SELECT count(*) FROM word_index WHERE word_index MATCH ?1", [word], |row| row.get(0)).unwrap()
}

/// Whether these bytes stand anywhere in the file of a relay that has stopped.
fn left_in_file(database: &Path, wanted: &str) -> bool {
    let bytes = std::fs::read(database).unwrap();
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// Waits for the relay's own pace; between two looks it answers a request.
async fn until_gone(relay: &Relay, wanted: &str) {
    let gone = async {
        while found(relay, wanted) > 0 {
            ask(relay, Method::GET, "/session", json!({})).await.accepted().unwrap();
        }
    };
    let within = tokio::time::timeout(PATIENCE, gone).await;
    assert!(within.is_ok(), "{wanted:?} is still there {} times", found(relay, wanted));
}

/// Somebody who left an address and a long talk; their id.
async fn leaves_something(relay: &Relay) -> (tests::visitor::Visitor, VisitorId, shared::ids::ConversationId) {
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let contact = Some(Contact { email: EMAIL.into(), name: Some("Kim".into()) });
    let chat = {
        let id = new_id();
        visitor.mutters(Say { contact, ..Say::text(id, None, SECRET) }).await;
        visitor.is_acked(id).await.conversation
    };
    for number in 0..300 {
        visitor.says(&format!("{SECRET}, for the {number}th time")).await;
    }
    let shown: Value = ask(relay, Method::GET, &format!("/conversations/{chat}"), json!({})).await.value().unwrap();
    (visitor, shown["visitor"]["id"].as_str().unwrap().parse().unwrap(), chat)
}

#[tokio::test]
async fn a_person_is_exported_and_erased_and_no_seq_is_missing() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    let (visitor, id, chat) = leaves_something(&relay).await;
    ada.comes_online().await;
    ada.takes(chat).await.unwrap();
    ada.notes(chat, "Kim is KIM of the order").await;

    let all: PersonExport = ask(&relay, Method::GET, &format!("/visitors/{id}/export"), json!({})).await.value().unwrap();
    assert_eq!((all.visitor.email.as_deref(), all.conversations.len()), (Some(EMAIL), 1));
    let entries = &all.conversations[0].entries;
    assert!(entries.iter().any(|entry| matches!(&entry.body, Body::Note(note) if note.contains("KIM of"))), "notes among it");
    let head = entries.last().unwrap().seq;
    assert!(head > 301, "{head}");

    let search: Value = ask(&relay, Method::GET, "/search?q=4711", json!({})).await.value().unwrap();
    assert!(search["hits"].as_array().is_some_and(|hits| !hits.is_empty()) && indexed(&relay, "4711") > 300, "{search}");

    let before = visitor.log().refusals.len();
    ask(&relay, Method::DELETE, &format!("/visitors/{id}"), json!({})).await.accepted().unwrap();
    assert_eq!(visitor.until_refused(before).await, close::BAD_TOKEN, "nobody is them any more");
    for words in [SECRET, "KIM", EMAIL] {
        until_gone(&relay, words).await;
    }
    assert_eq!(indexed(&relay, "4711"), 0, "what is erased is found by its words");
    let after: PersonExport = ask(&relay, Method::GET, &format!("/visitors/{id}/export"), json!({})).await.value().unwrap();
    assert_eq!((after.visitor.name, after.visitor.email), (None, None));
    let seqs: Vec<u64> = after.conversations[0].entries.iter().map(|entry| entry.seq).collect();
    assert!(seqs.len() as u64 > head && seqs.iter().copied().eq(1..=seqs.len() as u64), "counted tombstones: {}", seqs.len());
    let missing = ask(&relay, Method::DELETE, &format!("/visitors/{}", new_id()), json!({})).await;
    assert_eq!(missing.refusal(), Some((404, ErrorCode::NotFound)));

    let database = relay.database();
    let folder = relay.leaves_its_folder().await;
    assert!(left_in_file(&database, "demo"), "this is the file");
    for words in [SECRET, "KIM", EMAIL] {
        assert!(!left_in_file(&database, words), "{words:?} is still in a page that was given free");
    }
    drop(folder);
}

#[tokio::test]
async fn what_ended_long_ago_is_erased_by_itself() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (_visitor, _, chat) = leaves_something(&relay).await;
    ada.has(chat).await;
    ada.closes(chat).await.unwrap();
    for days in [0, 3_651] {
        let refused = ask(&relay, Method::PUT, "/sites/demo/retention", json!({"days": days})).await;
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)));
    }
    let set: Retention = ask(&relay, Method::PUT, "/sites/demo/retention", json!({"days": 30})).await.value().unwrap();
    assert_eq!(set.days, Some(30));

    // The clock of this relay cannot be moved, so what it looks at is.
    let db = Connection::open(relay.database()).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.execute("UPDATE conversation SET state_at = state_at - 31 * 86400000", []).unwrap();
    until_gone(&relay, SECRET).await;
    until_gone(&relay, EMAIL).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_operator_exports_and_erases_by_email_while_the_relay_runs() {
    let relay = Relay::start().await;
    let (visitor, _, _) = leaves_something(&relay).await;
    let file = relay.database().with_file_name("kim.json");
    let data = relay.database().parent().unwrap().to_owned();
    let bulle = |arguments: &[&str]| RelayProcess::runs(arguments, &data);
    let path = file.to_str().unwrap();
    let exported = bulle(&["export", "--email", "KIM@example.com", path]);
    assert!(exported.status.success(), "{exported:?}");
    assert!(std::fs::read_to_string(&file).unwrap().contains(SECRET));
    let twice = bulle(&["export", "--email", EMAIL, path]);
    assert!(!twice.status.success(), "a file is never overwritten");
    let nobody = bulle(&["erase", "--email", "nobody@example.com"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no such visitor"), "{nobody:?}");

    let before = visitor.log().refusals.len();
    let erased = bulle(&["erase", "--email", EMAIL]);
    assert!(erased.status.success(), "{erased:?}");
    assert_eq!(visitor.until_refused(before).await, close::BAD_TOKEN, "the relay that runs is told");
    until_gone(&relay, SECRET).await;
    until_gone(&relay, EMAIL).await;
    relay.stop().await;
}
