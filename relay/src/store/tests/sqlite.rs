//! What only SQLite promises: which files it refuses, what a killed relay leaves, and what takes a batch along.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::poll;
use tempfile::TempDir;

use super::super::{BUSY_TIMEOUT, MIGRATIONS, Store, StoreError};
use super::{hold, put, there};

fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    (folder, store)
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
