//! The store's own promises: group commit, what a failing job leaves, and who may see which entry. `tests/with-postgres` runs them on
//! PostgreSQL, as it does the desk's and those of REST.
//!
//! - [`sqlite`], [`postgres`]: what only one database promises

use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use ::postgres::error::SqlState;
use futures_util::poll;
use shared::api::{Reply, VisitorRules};
use shared::ids::{AgentId, ConversationId, MessageId, ReplyId, SiteId, SiteKey, VisitorId};
use shared::model::{Audience, Author, Body, Entry};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::sql::{self, Connection};
use super::{Server, SiteRecord, SiteSettings, Step, Store, StoreError, log, people, rows};
use crate::config::StoreUrl;
use crate::desk::VisitorCard;
use crate::desk::record::Record;

mod postgres;
mod sqlite;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::serve(&url(folder.path())).unwrap();
    (folder, store)
}

/// Where a test's store is: in its folder, or on the server that BULLE_TEST_POSTGRES names (`tests/with-postgres`), in a database of its own.
pub(crate) fn url(folder: &Path) -> StoreUrl {
    match std::env::var("BULLE_TEST_POSTGRES") {
        Ok(server) => StoreUrl::Postgres(database(&server, folder)),
        Err(_) => StoreUrl::Sqlite(folder.join("bulle.db")),
    }
}

/// A test's database on a server, made when it is asked for first.
pub(crate) fn database(server: &str, folder: &Path) -> Server {
    // Names of folders differ in capitals too, names of databases do not.
    let name: String = folder.file_name().unwrap().as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let make = format!("CREATE DATABASE test_{name}");
    let at = server.to_owned();
    // A client blocks, which has no place among tasks.
    let making = std::thread::spawn(move || {
        let made = ::postgres::Client::connect(&at, ::postgres::NoTls).unwrap().batch_execute(&make);
        assert!(made.is_ok() || made.is_err_and(|error| error.code() == Some(&SqlState::DUPLICATE_DATABASE)));
    });
    making.join().unwrap();
    format!("{}/test_{name}", server.rsplit_once('/').unwrap().0).parse().unwrap()
}

fn put(db: &Connection, number: i64) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO audit (at, what) VALUES (?1, 'test')")?.execute([number])?;
    Ok(())
}

async fn there(store: &Store) -> Vec<i64> {
    let read = |db: &Connection| -> Result<Vec<i64>, StoreError> {
        let mut find = db.prepare_cached("SELECT at FROM audit ORDER BY at")?;
        Ok(find.query_map([], |row| row.get(0))?.collect::<sql::Result<_>>()?)
    };
    store.read(read).await.unwrap()
}

/// Keeps the writer busy until told, so that what is asked for meanwhile goes into one batch, the next.
pub(crate) async fn hold(store: &Store) -> (Pin<Box<dyn Future<Output = Result<(), StoreError>> + '_>>, mpsc::Sender<()>) {
    let ((go, wait), (began, begun)) = (mpsc::channel(), oneshot::channel());
    let mut holding = Box::pin(store.write(move |_| {
        let _ = began.send(());
        let _ = wait.recv();
        Ok(())
    }));
    assert!(poll!(&mut holding).is_pending());
    begun.await.unwrap();
    (holding, go)
}

#[tokio::test]
async fn a_failing_job_leaves_the_others_of_its_batch_and_nothing_of_itself() {
    let (_folder, store) = open();
    let (holding, go) = hold(&store).await;
    let mut first = Box::pin(store.write(|db| put(db, 1)));
    let mut failing = Box::pin(store.write(|db| {
        db.protect()?;
        put(db, 2)?;
        put(db, 3)?;
        Err::<(), _>(StoreError::Conflict)
    }));
    let mut last = Box::pin(store.write(|db| put(db, 4)));
    assert!(poll!(&mut first).is_pending() && poll!(&mut failing).is_pending() && poll!(&mut last).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    first.await.unwrap();
    assert!(matches!(failing.await, Err(StoreError::Conflict)));
    last.await.unwrap();
    assert_eq!(there(&store).await, [1, 4]);
}

#[tokio::test]
async fn a_refused_first_write_needs_no_savepoint() {
    let (_folder, store) = open();
    store.write(|db| put(db, 1)).await.unwrap();
    let (holding, go) = hold(&store).await;
    let mut first = Box::pin(store.write(|db| put(db, 2)));
    let mut refused = Box::pin(store.write(|db| -> Result<(), StoreError> {
        db.execute("INSERT INTO audit (id, at, what) VALUES (1, 9, 'test')", [])?;
        Ok(())
    }));
    assert!(poll!(&mut first).is_pending() && poll!(&mut refused).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    first.await.unwrap();
    assert!(matches!(refused.await, Err(StoreError::Conflict)));
    assert_eq!(there(&store).await, [1, 2]);
}

#[tokio::test]
async fn answers_come_after_the_commit() {
    let (_folder, store) = open();
    let (holding, go) = hold(&store).await;
    let ((go_on, wait), (began, begun)) = (mpsc::channel(), oneshot::channel());
    let mut first = Box::pin(store.write(|db| put(db, 1)));
    let mut second = Box::pin(store.write(move |_| -> Result<(), StoreError> {
        let _ = began.send(());
        let _ = wait.recv();
        Ok(())
    }));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    begun.await.unwrap();
    assert!(matches!(poll!(&mut first), Poll::Pending), "it has run, but is not committed");
    assert_eq!(there(&store).await, [] as [i64; 0], "and nobody sees it, nor waits for the writer");
    go_on.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(there(&store).await, [1]);
    second.await.unwrap();
}

#[tokio::test]
async fn dropping_the_store_finishes_what_was_asked_for() {
    let (folder, store) = open();
    {
        let mut asked = Box::pin(store.write(|db| put(db, 1)));
        // Sent with the first poll; whoever asked goes away.
        let _ = poll!(&mut asked);
    }
    drop(store);
    let store = Store::serve(&url(folder.path())).unwrap();
    assert_eq!(there(&store).await, [1]);
}

/// One conversation of which visitors may see entries 1, 3, 4 and 7 of 8.
async fn thread(store: &Store) -> ConversationId {
    let (site, conversation, visitor) = (SiteId(id(1)), ConversationId(id(2)), VisitorId(id(3)));
    let (key, name, origins, settings) = (SiteKey("demo".into()), "Demo".into(), Vec::new(), SiteSettings::default());
    store
        .upsert_site(SiteRecord {
            id: site,
            key,
            name,
            origins,
            settings,
            settings_rev: 1,
            verified_only: false,
            visitors: VisitorRules::default(),
        })
        .await
        .unwrap();
    let write = move |db: &Step<'_>| -> Result<(), StoreError> {
        let card = VisitorCard {
            id: visitor,
            token_hash: [0; 32],
            locale: None,
            time_zone: None,
            page: None,
            device: None,
            trail: Vec::new(),
            invited: None,
            is_new: true,
        };
        people::add_visitor(db, site, &card, 0)?;
        let mut record = Record::new(conversation, site, visitor, 0);
        rows::save(db, &record, None, true)?;
        for seq in 1..=8 {
            let text = seq.to_string();
            let body = if [1, 3, 4, 7].contains(&seq) { Body::Text(text) } else { Body::Note(text) };
            let entry = Entry { seq, prev: seq - 1, id: MessageId(id(100 + u128::from(seq))), at: 0, by: Author::Visitor, body };
            log::append(db, &mut record, &entry)?;
        }
        rows::save(db, &record, None, false)
    };
    store.write(write).await.unwrap();
    conversation
}

#[tokio::test]
async fn each_audience_gets_its_own_entries_and_their_own_prev() {
    let (_folder, store) = open();
    let conversation = thread(&store).await;
    let look = async |after, most, audience| {
        let (entries, more) = store.entries(conversation, after, most, audience).await.unwrap();
        (entries.iter().map(|entry| (entry.prev, entry.seq)).collect::<Vec<_>>(), more)
    };
    use Audience::{Agents, Visitor};
    assert_eq!(look(0, 10, Visitor).await, (vec![(0, 1), (1, 3), (3, 4), (4, 7)], false));
    assert_eq!(look(0, 2, Visitor).await, (vec![(0, 1), (1, 3)], true));
    assert_eq!(look(3, 2, Visitor).await, (vec![(3, 4), (4, 7)], false), "exactly as many as asked for is all");
    assert_eq!(look(6, 2, Visitor).await, (vec![(4, 7)], false), "after one that they may not see");
    assert_eq!(look(7, 2, Visitor).await, (vec![], false));
    assert_eq!(look(5, 2, Agents).await, (vec![(5, 6), (6, 7)], true));
    assert_eq!(look(6, 2, Agents).await, (vec![(6, 7), (7, 8)], false));
    assert_eq!(look(u64::MAX, 2, Agents).await, (vec![], false));
    assert_eq!(look(u64::MAX, 2, Visitor).await, (vec![], false));
}

#[tokio::test]
async fn a_message_is_found_by_its_author_and_id_alone() {
    let (_folder, store) = open();
    thread(&store).await;
    let find = |author: Uuid, number: u128| {
        let look = move |db: &Connection| Ok(log::find(db, author, MessageId(id(number)))?.map(|found| (found.prev, found.seq)));
        store.read(look)
    };
    assert_eq!(find(id(3), 107).await.unwrap(), Some((4, 7)));
    assert_eq!(find(id(4), 107).await.unwrap(), None);
    assert_eq!(find(id(3), 99).await.unwrap(), None);
}

#[tokio::test]
async fn a_shortcut_is_on_a_shelf_once() {
    let (_folder, store) = open();
    let reply = |number, shortcut: &str| {
        let (id, shortcut, text) = (ReplyId(id(number)), shortcut.to_owned(), "hello".to_owned());
        Reply { id, shortcut, text, owner: None, site: None }
    };
    assert!(store.add_reply(reply(1, "hi")).await.unwrap());
    assert!(matches!(store.add_reply(reply(2, "hi")).await, Err(StoreError::Conflict)));
    assert!(store.change_reply(reply(1, "hey")).await.unwrap() && !store.change_reply(reply(3, "ho")).await.unwrap());
    assert_eq!(store.replies(AgentId(id(9))).await.unwrap(), [reply(1, "hey")]);
}

#[tokio::test]
async fn an_agent_nobody_knows_is_nobody() {
    let (_folder, store) = open();
    assert_eq!(store.any_agent(AgentId(id(9))).await.unwrap(), None);
    let demo = SiteId(id(1));
    let (origins, settings) = (Vec::new(), SiteSettings::default());
    let (key, name) = (SiteKey("demo".into()), String::new());
    let visitors = shared::api::VisitorRules::default();
    let site = SiteRecord { id: demo, key, name, origins, settings, settings_rev: 1, verified_only: false, visitors };
    store.upsert_site(site).await.unwrap();
    assert_eq!(store.answering(demo, 0).await.unwrap(), (false, None));
}

#[tokio::test]
async fn a_site_whose_key_is_taken_is_neither_made_nor_put_on_record() {
    let (_folder, store) = open();
    let site = |number, name: &str| SiteRecord {
        id: SiteId(id(number)),
        key: SiteKey("shop".into()),
        name: name.into(),
        origins: Vec::new(),
        settings: SiteSettings::default(),
        settings_rev: 1,
        verified_only: false,
        visitors: VisitorRules::default(),
    };
    store.add_site(1, AgentId(id(9)), site(1, "One")).await.unwrap();
    assert!(matches!(store.add_site(2, AgentId(id(9)), site(2, "Two")).await, Err(StoreError::Conflict)));
    assert_eq!(store.site_by_key(SiteKey("shop".into())).await.unwrap().map(|site| site.name).as_deref(), Some("One"));
    assert_eq!(there(&store).await, [1]);
}
