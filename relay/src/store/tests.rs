//! The store's own promises: group commit, what a failing job leaves, which files it refuses, and who may see which entry.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Instant;

use futures_util::poll;
use rusqlite::Connection;
use shared::api::VisitorRules;
use shared::ids::{AgentId, ConversationId, MessageId, SiteId, SiteKey, VisitorId};
use shared::model::{Audience, Author, Body, Entry};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::sql::{self, Connection};
use super::{BUSY_TIMEOUT, MIGRATIONS, SiteRecord, SiteSettings, Step, Store, StoreError, log, people, rows};
use crate::config::StoreUrl;
use crate::desk::VisitorCard;
use crate::desk::record::Record;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    (folder, store)
}

/// Where a test's store is: in its folder, or on the server that BULLE_TEST_POSTGRES names (`tests/with-postgres`), in a database of its own.
pub(crate) fn url(folder: &Path) -> StoreUrl {
    let Ok(server) = std::env::var("BULLE_TEST_POSTGRES") else { return StoreUrl::Sqlite(folder.join("store.db")) };
    let name: String = folder.file_name().unwrap().to_str().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("test_{}", name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
    let make = {
        let (server, name) = (server.clone(), name.clone());
        // Clients that block have no place among tasks.
        std::thread::spawn(move || {
            let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
            match client.batch_execute(&format!("CREATE DATABASE {name}")) {
                Err(error) if error.code() != Some(&postgres::error::SqlState::DUPLICATE_DATABASE) => panic!("{error}"),
                _ => {}
            }
        })
    };
    make.join().unwrap();
    StoreUrl::Postgres(format!("{}/{name}", server.rsplit_once('/').unwrap().0).parse().unwrap())
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
async fn hold(store: &Store) -> (Pin<Box<dyn Future<Output = Result<(), StoreError>> + '_>>, mpsc::Sender<()>) {
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
async fn a_job_that_fails_half_way_without_protection_takes_its_batch_along() {
    let (_folder, store) = open();
    let (holding, go) = hold(&store).await;
    let mut first = Box::pin(store.write(|db| put(db, 1)));
    let mut failing = Box::pin(store.write(|db| {
        put(db, 2)?;
        Err::<(), _>(StoreError::Conflict)
    }));
    let mut last = Box::pin(store.write(|db| put(db, 3)));
    assert!(poll!(&mut first).is_pending() && poll!(&mut failing).is_pending() && poll!(&mut last).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    for told in [first.await, failing.await, last.await] {
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    assert_eq!(there(&store).await, [] as [i64; 0], "nobody was told that it was done, and it was not");
    store.write(|db| put(db, 4)).await.unwrap();
    assert_eq!(there(&store).await, [4]);
}

#[tokio::test]
async fn a_rollback_by_sqlite_itself_fails_the_batch() {
    let (_folder, store) = open();
    let (holding, go) = hold(&store).await;
    let mut first = Box::pin(store.write(|db| put(db, 1)));
    let mut rolled_back = Box::pin(store.write(|db| -> Result<(), StoreError> { Ok(db.execute_batch("ROLLBACK")?) }));
    let mut last = Box::pin(store.write(|db| put(db, 2)));
    assert!(poll!(&mut first).is_pending() && poll!(&mut rolled_back).is_pending() && poll!(&mut last).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    for told in [first.await, rolled_back.await, last.await] {
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    assert_eq!(there(&store).await, [] as [i64; 0]);
    assert!(store.health().is_err(), "nothing has been committed since");
    store.write(|db| put(db, 3)).await.unwrap();
    store.health().unwrap();
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
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    assert_eq!(there(&store).await, [1]);
}

/// Every file in a folder, by name, but shared memory that was there before: a reader may mark its place in it.
fn all(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name(), std::fs::read(file.path()).unwrap())).collect()
}

/// Opening it fails, changes nothing in its folder, and leaves nothing there.
fn refused(path: &Path) -> String {
    let before = all(path.parent().unwrap());
    let Err(StoreError::Foreign(why)) = Store::open(path) else { panic!("{} was taken", path.display()) };
    assert!(all(path.parent().unwrap()) == before, "{}: it is untouched, and so is all beside it", path.display());
    why
}

#[test]
fn files_of_others_and_of_later_versions_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);

    let later = file("later.db");
    drop(Store::open(&later).unwrap());
    let db = rusqlite::Connection::open(&later).unwrap();
    db.pragma_update(None, "user_version", MIGRATIONS.len() as i64 + 1).unwrap();
    drop(db);
    assert!(refused(&later).contains("later version"));

    let other = file("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE note (text TEXT)").unwrap();
    assert!(refused(&other).contains("another program"));

    let marked = file("marked.db");
    rusqlite::Connection::open(&marked).unwrap().pragma_update(None, "application_id", 7).unwrap();
    assert!(refused(&marked).contains("another program"));
    let numbered = file("numbered.db");
    rusqlite::Connection::open(&numbered).unwrap().pragma_update(None, "user_version", 1).unwrap();
    assert!(refused(&numbered).contains("another program"));

    for (name, bytes) in [("short", &b"hello"[..]), ("long", &[b'x'; 5_000][..])] {
        let text = file(name);
        std::fs::write(&text, bytes).unwrap();
        assert!(refused(&text).contains("no SQLite database"));
    }
}

/// A database of a hundred pages, closed, in a folder of its own.
async fn grown(folder: &Path) -> PathBuf {
    let path = folder.join("store.db");
    let store = Store::open(&path).unwrap();
    store.write(|db| (0..8_000).try_for_each(|number| put(db, number))).await.unwrap();
    drop(store);
    path
}

#[tokio::test]
async fn damaged_files_are_refused_untouched_with_a_remedy() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 6] = [
        ("noise in the middle", |bytes| {
            let middle = bytes.len() / 2;
            // Not quite random, so that no run differs from another.
            bytes[middle..middle + 8_192].iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 151 + 7) as u8);
        }),
        ("zeros in the middle", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 8_192].fill(0);
        }),
        ("cut off", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut off in a page", |bytes| bytes.truncate(bytes.len() - 1_000)),
        ("empty", Vec::clear),
        ("all zeros", |bytes| bytes.fill(0)),
    ];
    for (name, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        let path = grown(folder.path()).await;
        let mut bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() > 200_000, "{}", bytes.len());
        damage(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let why = refused(&path);
        assert!(why.contains("damaged") && why.contains("bulle backup"), "{name}: {why}");
    }
}

#[tokio::test]
async fn what_a_killed_relay_left_is_opened_if_it_is_sound_and_else_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = grown(folder.path()).await;
    let store = Store::open(&path).unwrap();
    store.write(|db| put(db, 9_000)).await.unwrap();
    let left = |files: &[&str]| {
        let copy = tempfile::tempdir().unwrap();
        for name in files {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        copy
    };
    let sound = left(&["store.db", "store.db-wal"]);
    let again = Store::open(&sound.path().join("store.db")).unwrap();
    assert!(there(&again).await.contains(&9_000));

    let noisy = left(&["store.db", "store.db-wal"]);
    let file = noisy.path().join("store.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    assert!(refused(&file).contains("damaged"));

    let lost = left(&["store.db-wal"]);
    assert!(refused(&lost.path().join("store.db")).contains("its log is there"));
    drop(store);
}

#[tokio::test]
async fn nothing_becomes_a_store_and_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store ? 100% #1.db");
    // A start that was killed while it made the database.
    std::fs::write(folder.path().join("store ? 100% #1.db.new"), b"half").unwrap();
    Store::open(&path).unwrap().write(|db| put(db, 1)).await.unwrap();
    assert_eq!(there(&Store::open(&path).unwrap()).await, [1]);
    assert_eq!(all(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_lock_that_does_not_go_away_is_an_outage_until_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path).unwrap();
    store.health().unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut waiting = Box::pin(store.write(|db| put(db, 1)));
    assert!(poll!(&mut waiting).is_pending());
    assert!(matches!(waiting.await, Err(StoreError::Unavailable(_))));
    assert!(store.health().is_err_and(|error| error.to_string().contains("locked")));
    assert_eq!(store.outages().count(), 1);
    let asked = Instant::now();
    let refused = store.write(|db| put(db, 2)).await.unwrap_err();
    assert!(refused.to_string().contains("locked"), "{refused}");
    assert!(asked.elapsed() < BUSY_TIMEOUT / 2, "nobody waits that long a second time");
    other.execute_batch("ROLLBACK").unwrap();
    store.write(|db| put(db, 3)).await.unwrap();
    store.health().unwrap();
    assert_eq!(there(&store).await, [3]);
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
