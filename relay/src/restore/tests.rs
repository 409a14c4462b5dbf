//! What is refused, what is found, and that nothing is ever lost by trying.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use shared::api::VisitorRules;
use shared::ids::{MessageId, SiteId, SiteKey, VisitorId};
use shared::model::Say;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::desk::{Desk, Rules, VisitorCard};
use crate::store::{SiteRecord, SiteSettings, Store};

/// A database with one conversation of three entries, and a backup of it.
async fn backed_up() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (database, backup) = (folder.path().join("bulle.db"), folder.path().join("back up?#%.db"));
    let store = Arc::new(Store::open(&database).unwrap());
    let site = SiteRecord {
        id: SiteId::v7(0, [1; 10]),
        key: SiteKey("shop".into()),
        name: "Shop".into(),
        origins: Vec::new(),
        settings: SiteSettings::default(),
        settings_rev: 1,
        verified_only: false,
        visitors: VisitorRules::default(),
    };
    let (id, kim) = (site.id, VisitorId(Uuid::from_u128(7)));
    store.upsert_site(site).await.unwrap();
    let desk = Desk::new(store.clone(), Rules::default());
    let node = desk.node_start(0).await.unwrap();
    let card = VisitorCard {
        id: kim,
        token_hash: [7; 32],
        locale: None,
        time_zone: None,
        page: None,
        device: None,
        trail: Vec::new(),
        invited: None,
        is_new: true,
    };
    for number in 1..=3 {
        let id_of_say = MessageId(Uuid::from_u128(number));
        let say = Say::text(id_of_say, None, format!("line {number}"));
        desk.visitor_say(0, node, id, card.clone(), say).await.unwrap();
    }
    drop(desk);
    store.close().await;
    crate::backup::write(&database, &backup).unwrap();
    (folder, database, backup)
}

fn change(file: &Path, sql: &str) {
    let db = Connection::open(file).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_good_backup_is_counted_and_left_alone() {
    let (folder, database, backup) = backed_up().await;
    let (before, bytes) = (names(&folder), std::fs::read(&backup).unwrap());
    let report = check(&backup).unwrap();
    assert!(report.is_good(), "{report}");
    let head: i64 =
        Connection::open(&database).unwrap().query_row("SELECT head FROM conversation", [], |row| row.get(0)).unwrap();
    assert!(head >= 3);
    let counts = [("sites", 1), ("agents", 0), ("visitors", 1), ("conversations", 1), ("messages", head)];
    assert_eq!((report.schema, report.bytes, &report.counts[..]), (SCHEMA, bytes.len() as u64, &counts[..]));
    assert_eq!((names(&folder), std::fs::read(&backup).unwrap()), (before, bytes), "nothing was touched");
}

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_said() {
    for (sql, finding) in [
        ("DELETE FROM message WHERE seq = 2", "1 conversations miss entries"),
        ("DELETE FROM message WHERE seq = (SELECT max(seq) FROM message)", "1 conversations miss entries"),
        ("UPDATE message SET seq = 99 WHERE seq = 1", "1 conversations miss entries"),
        ("UPDATE message SET before = NULL WHERE seq = 2", "1 entries cannot be found from those after them"),
        ("UPDATE conversation SET last_entry = 1", "1 entries cannot be found from those after them"),
        ("DELETE FROM visitor", "1 rows of conversation name a visitor that is not there"),
    ] {
        let (folder, database, backup) = backed_up().await;
        change(&backup, sql);
        let report = check(&backup).unwrap();
        assert_eq!(report.findings, [finding], "{sql}");
        std::fs::remove_file(&database).unwrap();
        assert!(matches!(restore(&backup, &database, false), Err(RestoreError::Bad { .. })), "{sql}");
        assert_eq!(names(&folder), ["back up?#%.db", "bulle.db.lock"], "{sql}: nothing was put in place");
    }
}

#[tokio::test]
async fn a_damaged_page_is_found() {
    let (_folder, _, backup) = backed_up().await;
    let mut bytes = std::fs::read(&backup).unwrap();
    let last = bytes.len() - 4_096;
    bytes[last..].fill(0x5a);
    std::fs::write(&backup, bytes).unwrap();
    let checked = check(&backup);
    assert!(checked.as_ref().map_or(true, |report| !report.is_good()), "{checked:?}");
}

#[tokio::test]
async fn what_is_no_backup_is_refused() {
    let (folder, database, _) = backed_up().await;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "once upon a time, ".repeat(100)).unwrap();
    std::fs::write(path("empty"), "").unwrap();
    Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE other (x); PRAGMA user_version = 1").unwrap();
    std::fs::copy(&database, path("later")).unwrap();
    Connection::open(path("later")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refusal = |name: &str| check(&path(name)).unwrap_err().to_string();
    assert!(refusal("text").contains("no SQLite database"), "{}", refusal("text"));
    assert!(refusal("empty").contains("no backup"), "{}", refusal("empty"));
    assert!(refusal("other").contains("no backup"), "{}", refusal("other"));
    assert!(refusal("later").contains("later version"), "{}", refusal("later"));
    assert!(refusal("none").contains("cannot use"), "{}", refusal("none"));
    std::fs::write(path("bulle.db-wal"), "what was said last").unwrap();
    assert!(refusal("bulle.db").contains("bulle backup"), "{}", refusal("bulle.db"));
}

#[tokio::test]
async fn a_database_is_only_replaced_when_asked_for_and_then_kept() {
    let (folder, database, backup) = backed_up().await;
    change(&database, "UPDATE site SET name = 'newer'");
    let wal = beside(&database, "-wal");
    std::fs::write(&wal, "").unwrap();
    assert!(matches!(restore(&backup, &database, false), Err(RestoreError::Exists(_))));
    let (_, aside) = restore(&backup, &database, true).unwrap();
    let aside = aside.unwrap();
    assert!(!wal.exists() && beside(&aside, "-wal").exists(), "a log never meets another database than its own");
    let name = |file: &Path| -> String {
        Connection::open(file).unwrap().query_row("SELECT name FROM site", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((name(&database), name(&aside)), ("Shop".to_owned(), "newer".to_owned()));
    assert!(!names(&folder).iter().any(|name| name.contains("restoring")));
    drop(Store::open(&database).unwrap());
}

#[tokio::test]
async fn nothing_is_restored_under_a_running_relay() {
    let (folder, database, backup) = backed_up().await;
    let running = Store::own(&database).unwrap();
    for replace in [false, true] {
        let refusal = restore(&backup, &database, replace).unwrap_err().to_string();
        assert!(refusal.contains("another relay (process "), "{refusal}");
    }
    assert!(matches!(Store::own(&database), Err(StoreError::InUse { .. })), "nor is there a second relay");
    let running = Arc::new(running);
    running.clone().close().await;
    assert!(running.revs().await.is_err(), "a handle of a closed store is refused");
    drop(Store::own(&database).unwrap());
    let elsewhere = folder.path().join("new").join("bulle.db");
    assert_eq!(restore(&backup, &elsewhere, false).unwrap().1, None);
    assert!(elsewhere.is_file());
}
