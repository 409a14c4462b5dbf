//! What only PostgreSQL promises, and that its tables are those of SQLite. Without a server these are ignored: `tests/with-postgres` has one.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::poll;
use tempfile::TempDir;

use super::super::sql::Company;
use super::super::{MIGRATIONS_OF_POSTGRES, Server, Store, StoreError, sql};
use super::{database, hold, put, there};
use crate::config::StoreUrl;

fn server(folder: &TempDir) -> Server {
    database(&std::env::var("BULLE_TEST_POSTGRES").unwrap(), folder.path())
}

fn open() -> (TempDir, Server, Store) {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    let store = Store::serve(&StoreUrl::Postgres(server.clone())).unwrap();
    (folder, server, store)
}

fn refused(opened: Result<Store, StoreError>) -> String {
    let Err(StoreError::Foreign(why)) = opened else { panic!("it was taken") };
    why
}

async fn lines(store: &Store, asked: [&'static str; 3]) -> [BTreeSet<String>; 3] {
    let read = move |db: &sql::Connection| -> Result<_, StoreError> {
        let mut found = [const { BTreeSet::new() }; 3];
        for (lines, sql) in found.iter_mut().zip(asked) {
            *lines = db.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<sql::Result<_>>()?;
        }
        Ok(found)
    };
    store.read(read).await.unwrap()
}

/// Columns, indexes and references, each in the same words. The index of words is each database's own; so is `message_place`: SQLite finds
/// entries by their pointers.
#[tokio::test]
#[ignore = "needs a server"]
async fn both_databases_have_the_same_tables() {
    let (folder, _, store) = open();
    let in_postgres = lines(
        &store,
        [
            "SELECT CAST(table_name || '.' || column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END || \
             coalesce(' ' || split_part(column_default, '::', 1), '') AS TEXT) \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('word_index', 'migration')",
            "SELECT CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || CAST(c.relname AS TEXT) FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = CAST('public' AS regnamespace) \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) \
             AND c.relname NOT IN ('message_place', 'word_index_of_terms')",
            "SELECT CAST(t.relname || '.' || a.attname || ' -> ' || r.relname || CASE k.confdeltype WHEN 'c' THEN ' cascade' ELSE '' END AS TEXT) \
             FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'",
        ],
    )
    .await;
    let in_sqlite = lines(
        &Store::open(&folder.path().join("store.db")).unwrap(),
        [
            r#"SELECT m.name || '.' || c.name || CASE c.type WHEN 'INTEGER' THEN ' bigint' WHEN 'BLOB' THEN ' bytea' ELSE ' text' END ||
               CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END || coalesce(' ' || c.dflt_value, '')
               FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'word_index%'"#,
            r#"SELECT CASE i."unique" WHEN 1 THEN 'unique ' ELSE '' END || i.name
               FROM sqlite_schema m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c'"#,
            r#"SELECT m.name || '.' || f."from" || ' -> ' || f."table" || CASE f.on_delete WHEN 'CASCADE' THEN ' cascade' ELSE '' END
               FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"#,
        ],
    )
    .await;
    for (here, there) in in_sqlite.iter().zip(&in_postgres) {
        assert!(here.len() > 20);
        assert_eq!(here.difference(there).collect::<Vec<_>>(), [""; 0], "only in SQLite");
        assert_eq!(there.difference(here).collect::<Vec<_>>(), [""; 0], "only in PostgreSQL");
    }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn one_relay_without_a_bus_has_a_database_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    let url = StoreUrl::Postgres(server.clone());
    assert!(refused(Store::visit(&url)).contains("start the relay on it first"));
    let store = Store::serve(&url).unwrap();
    let second = server.clone();
    let second = std::thread::spawn(move || second.own(Company::Alone, Duration::from_millis(10)).err());
    let refused = second.join().unwrap().unwrap();
    assert!(matches!(&refused, StoreError::Foreign(why) if why.contains("another relay runs on")), "{refused}");
    let visitor = Store::visit(&url).unwrap();
    visitor.write(|db| put(db, 1)).await.unwrap();
    assert_eq!(there(&store).await, [1]);
    drop(store);
    Store::serve(&url).unwrap().write(|db| put(db, 2)).await.unwrap();
    assert_eq!(there(&visitor).await, [1, 2]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn relays_with_a_bus_start_together_and_share_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    // All of them find no tables.
    let starting: Vec<_> = (0..4).map(|_| server.clone()).map(|at| std::thread::spawn(move || Store::share(&at))).collect();
    let stores: Vec<_> = starting.into_iter().map(|start| start.join().unwrap().unwrap()).collect();
    for (number, store) in stores.iter().enumerate() {
        store.write(move |db| put(db, number as i64)).await.unwrap();
        assert!(store.is_shared() && !store.is_on_duty());
    }
    assert_eq!(there(&stores[0]).await, [0, 1, 2, 3]);
    let alone = server.clone();
    let alone = std::thread::spawn(move || alone.own(Company::Alone, Duration::from_millis(10)).err()).join().unwrap();
    assert!(alone.unwrap().to_string().contains("set `bus`"));
    drop(stores);
    let _alone = Store::serve(&StoreUrl::Postgres(server.clone())).unwrap();
    let shared = std::thread::spawn(move || server.own(Company::Shared, Duration::from_millis(10)).err()).join().unwrap();
    assert!(shared.unwrap().to_string().contains("without a `bus`"));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn tables_of_a_later_version_are_refused() {
    let (_folder, server, store) = open();
    let version = i64::try_from(MIGRATIONS_OF_POSTGRES.len() + 1).unwrap();
    let later = move |db: &super::Step<'_>| -> Result<(), StoreError> {
        db.execute("INSERT INTO migration (version) VALUES (?1)", [version])?;
        Ok(())
    };
    store.write(later).await.unwrap();
    drop(store);
    let url = StoreUrl::Postgres(server);
    for opened in [Store::serve(&url), Store::visit(&url)] {
        assert!(refused(opened).contains("later version"));
    }
}

/// Ends the sessions of others, as a restart of the server does.
async fn end_others(store: &Store) {
    let end = |db: &super::Step<'_>| -> Result<(), StoreError> {
        let sql = "WITH other AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                   AND pid <> pg_backend_pid()) SELECT count(*) FROM other WHERE pg_terminate_backend(pid, 10000)";
        let ended: i64 = db.query_row(sql, [], |row| row.get(0))?;
        assert!(ended > 0);
        Ok(())
    };
    store.write(end).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_session_that_was_lost_in_between_is_nobodys_trouble() {
    let (_folder, server, store) = open();
    store.write(|db| put(db, 1)).await.unwrap();
    assert_eq!(there(&store).await, [1]);
    end_others(&Store::visit(&StoreUrl::Postgres(server)).unwrap()).await;
    assert_eq!(there(&store).await, [1]);
    store.write(|db| put(db, 2)).await.unwrap();
    store.health().unwrap();
    assert_eq!(there(&store).await, [1, 2]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_session_that_is_lost_within_a_batch_is_an_outage_until_there_is_another() {
    let (_folder, _, store) = open();
    let lost = |db: &super::Step<'_>| -> Result<(), StoreError> {
        put(db, 1)?;
        db.execute("SELECT pg_terminate_backend(pg_backend_pid())", [])?;
        Ok(())
    };
    assert!(matches!(store.write(lost).await, Err(StoreError::Unavailable(_))));
    assert!(store.health().is_err());
    store.write(|db| put(db, 2)).await.unwrap();
    store.health().unwrap();
    assert_eq!(there(&store).await, [2]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_statement_that_fails_takes_only_its_job_along() {
    let (_folder, _, store) = open();
    store.write(|db| put(db, 1)).await.unwrap();
    let refused = |db: &super::Step<'_>| -> Result<(), StoreError> {
        put(db, 2)?;
        db.execute("INSERT INTO audit (id, at, what) VALUES (1, 9, 'test')", [])?;
        Ok(())
    };
    let (refused, done) = tokio::join!(store.write(refused), store.write(|db| put(db, 3)));
    assert!(matches!(refused, Err(StoreError::Conflict)));
    done.unwrap();
    assert_eq!(there(&store).await, [1, 3]);
}

const LATER: &str = "INSERT INTO audit (at, what) SELECT * FROM unnest(?1::bigint[], ?2::text[])";

/// A row that is written with the next statement.
fn later(db: &super::Step<'_>, number: i64, what: Option<&str>) {
    db.bulk().unwrap().later(LATER, sql::params![number, what]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn rows_that_wait_go_with_their_job_or_not_at_all() {
    let (_folder, _, store) = open();
    store.write(|db| put(db, 1)).await.unwrap();
    let (holding, go) = hold(&store).await;
    let kept = store.write(|db| -> Result<(), StoreError> {
        later(db, 2, Some("test"));
        Ok(())
    });
    let dropped = store.write(|db| -> Result<(), StoreError> {
        later(db, 3, Some("test"));
        Err(StoreError::Conflict)
    });
    let undone = store.write(|db| -> Result<(), StoreError> {
        later(db, 4, Some("test"));
        put(db, 5)?;
        later(db, 6, Some("test"));
        Err(StoreError::Conflict)
    });
    let refused = store.write(|db| -> Result<(), StoreError> {
        later(db, 7, Some("test"));
        db.execute("INSERT INTO audit (id, at, what) VALUES (1, 9, 'test')", [])?;
        Ok(())
    });
    let looks = store.write(|db| -> Result<i64, StoreError> {
        later(db, 8, Some("test"));
        let found = db.query_row("SELECT count(*) FROM audit", [], |row| row.get(0))?;
        later(db, 9, Some("test"));
        Ok(found)
    });
    let mut all = Box::pin(futures_util::future::join5(kept, dropped, undone, refused, looks));
    assert!(poll!(&mut all).is_pending());
    go.send(()).unwrap();
    holding.await.unwrap();
    let (kept, dropped, undone, refused, found) = all.await;
    kept.unwrap();
    for failed in [dropped, undone, refused] {
        assert!(matches!(failed, Err(StoreError::Conflict)));
    }
    assert_eq!(found.unwrap(), 3, "what was there, what waited, and its own");
    assert_eq!(there(&store).await, [1, 2, 8, 9]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn rows_that_are_refused_after_all_fail_the_batch_and_no_other() {
    let (_folder, _, store) = open();
    for asks_afterwards in [false, true] {
        let (holding, go) = hold(&store).await;
        let refused = store.write(|db| -> Result<(), StoreError> {
            later(db, 1, None);
            Ok(())
        });
        let beside = store.write(move |db| if asks_afterwards { put(db, 2) } else { Ok(()) });
        let mut both = Box::pin(futures_util::future::join(refused, beside));
        assert!(poll!(&mut both).is_pending());
        go.send(()).unwrap();
        holding.await.unwrap();
        let (refused, beside) = both.await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        assert!(beside.is_err());
        assert!(store.health().is_err());
        store.write(|db| put(db, 3)).await.unwrap();
        store.health().unwrap();
    }
    assert_eq!(there(&store).await, [3, 3]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_server_that_is_not_there_is_an_outage_that_tells_no_password() {
    let url = "postgres://bulle:hunter2@%2Fnowhere/bulle".parse().unwrap();
    let Err(error) = Store::serve(&StoreUrl::Postgres(url)) else { panic!("it was opened") };
    assert!(matches!(error, StoreError::Unavailable(_)) && !error.to_string().contains("hunter2"), "{error}");
}
