//! Moves between a real file and a real server: everything comes over, a cut run goes on, and what would not be right is refused.
//! Without a server these are ignored: `tests/with-postgres` has one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use shared::api::{SearchQuery, VisitorRules};
use shared::ids::{AgentId, ConversationId, MessageId, SiteId, SiteKey, VisitorId};
use shared::model::{Audience, Say};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::config::StoreUrl;
use crate::desk::{Desk, Rules, VisitorCard};
use crate::store::tests::database;
use crate::store::{Search, SiteRecord, SiteSettings, Store, Wanted};

mod refusals;

const EVERY_TABLE: &str = include_str!("every_table.sql");

/// A folder with a store of SQLite in which every table has rows, and an empty database.
struct Stage {
    folder: TempDir,
    from: PathBuf,
    to: Server,
}

impl Stage {
    fn new() -> Self {
        let stage = Self::bare();
        stage.change(EVERY_TABLE);
        stage
    }

    /// With nothing in it yet.
    fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("bulle.db");
        drop(Store::open(&from).unwrap());
        let to = database(&std::env::var("BULLE_TEST_POSTGRES").unwrap(), folder.path());
        Self { folder, from, to }
    }

    fn change(&self, sql: &str) {
        let db = Connection::open(&self.from).unwrap();
        db.execute_batch(sql).unwrap();
    }

    fn run(&self, ahead: bool) -> Result<Moved, MigrateError> {
        migrate(&self.from, &self.to, ahead, &mut |_| {})
    }

    /// A relay's way in.
    fn serve(&self) -> Result<Store, StoreError> {
        Store::serve(&StoreUrl::Postgres(self.to.clone()))
    }

    /// What both sides hold, read by other means than those of the move.
    fn assert_equal(&self) {
        let (here, there) = (in_sqlite(&self.from), in_postgres(&self.to));
        assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        for (table, rows) in here {
            assert!(
                rows.len() > 1 || ["push_key", "house_rule"].contains(&&*table),
                "put rows of `{table}` into every_table.sql"
            );
            assert_eq!(rows.len(), there[&table].len(), "{table}");
            for (one, other) in rows.iter().zip(&there[&table]) {
                assert_eq!(one, other, "{table}");
            }
        }
    }
}

/// Every row of every table, as words in order, columns by name.
type Everything = BTreeMap<String, Vec<Vec<String>>>;

fn in_sqlite(path: &Path) -> Everything {
    let db = Connection::open(path).unwrap();
    let names = |sql: &str| -> Vec<String> {
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut all = Everything::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'word_index%' AND name <> 'indexed'";
    for table in names(tables) {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name"));
        let list = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
        let mut find = db.prepare(&format!("SELECT {list} FROM {table}")).unwrap();
        let rows = find.query_map([], |row| {
            Ok((0..columns.len())
                .map(|place| match row.get(place).unwrap() {
                    Cell::Null => "-".to_owned(),
                    Cell::Integer(number) => format!("{number}"),
                    Cell::Text(text) => format!("{text:?}"),
                    Cell::Blob(bytes) => format!("{bytes:x?}"),
                    Cell::Real(_) => panic!("no column holds fractions"),
                })
                .collect::<Vec<_>>())
        });
        let mut rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort();
        all.insert(table, rows);
    }
    all
}

fn in_postgres(server: &Server) -> Everything {
    let mut client = server.client().unwrap();
    let mut all = Everything::new();
    let tables = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' \
                  AND tablename NOT IN ('word_index', 'indexed', 'migration', 'moved_from')";
    for table in client.query(tables, &[]).unwrap() {
        let table: String = table.get(0);
        let columns = "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY column_name COLLATE \"C\") \
                       FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1";
        let list: String = client.query_one(columns, &[&table]).unwrap().get(0);
        let found = client.query(&format!("SELECT {list} FROM {table}"), &[]).unwrap();
        let mut rows: Vec<Vec<String>> = found
            .iter()
            .map(|row| {
                let told = |place: usize| match row.columns()[place].type_().name() {
                    "int8" => row.get::<_, Option<i64>>(place).map(|number| format!("{number}")),
                    "text" => row.get::<_, Option<String>>(place).map(|text| format!("{text:?}")),
                    "bytea" => row.get::<_, Option<Vec<u8>>>(place).map(|bytes| format!("{bytes:x?}")),
                    other => panic!("no column is {other}"),
                };
                (0..row.len()).map(|place| told(place).unwrap_or_else(|| "-".to_owned())).collect()
            })
            .collect();
        rows.sort();
        all.insert(table, rows);
    }
    all
}

/// One number that the target tells.
fn ask(server: &Server, sql: &str) -> i64 {
    server.client().unwrap().query_one(sql, &[]).unwrap().get(0)
}

fn refusal(moved: Result<Moved, MigrateError>) -> String {
    moved.unwrap_err().to_string()
}

#[test]
#[ignore = "needs a server"]
fn every_table_comes_over_as_it_is() {
    let stage = Stage::new();
    let before = std::fs::read(&stage.from).unwrap();
    let moved = stage.run(false).unwrap();
    stage.assert_equal();
    assert_eq!(moved.nuls, 0);
    let rows =
        |table: &str| moved.tables.iter().find(|copied| copied.table == table).map(|copied| (copied.sum.rows, copied.written));
    assert_eq!((rows("message"), rows("audit"), rows("indexed")), (Some((8_400, 8_400)), Some((5_000, 5_000)), None));
    assert!(std::fs::read(&stage.from).unwrap() == before, "the source is what it was");
    // The tables are those that a relay would have made.
    let store = stage.serve().unwrap();
    let again = refusal(stage.run(false));
    assert!(again.contains("a relay, or another move, runs on"), "{again}");
    drop(store);
    let again = refusal(stage.run(false));
    assert!(again.contains("is over, nothing was done"), "{again}");
    let fresh = tempfile::tempdir().unwrap();
    let other = database(&std::env::var("BULLE_TEST_POSTGRES").unwrap(), fresh.path());
    drop(Store::serve(&StoreUrl::Postgres(other.clone())).unwrap());
    for sql in [
        "SELECT string_agg(pg_get_indexdef(indexrelid), ' ' ORDER BY CAST(CAST(indexrelid AS regclass) AS TEXT)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         WHERE c.relnamespace = CAST('public' AS regnamespace) AND c.relname <> 'moved_from'",
        "SELECT string_agg(CAST(CAST(conrelid AS regclass) AS TEXT) || conname || pg_get_constraintdef(oid), ' ' ORDER BY conname, CAST(CAST(conrelid AS regclass) AS TEXT)) \
         FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace) AND conrelid <> coalesce(to_regclass('moved_from'), 0)",
    ] {
        let told = |server: &Server| -> String { server.client().unwrap().query_one(sql, &[]).unwrap().get(0) };
        assert!(told(&other).len() > 1_000);
        assert_eq!(told(&stage.to), told(&other));
    }
}

#[test]
#[ignore = "needs a server"]
fn numbers_go_on_after_the_last() {
    let stage = Stage::new();
    stage.run(true).unwrap();
    stage.change("DELETE FROM audit WHERE id > 30");
    stage.run(false).unwrap();
    let mut client = stage.to.client().unwrap();
    let next = |client: &mut ::postgres::Client, sql: &str| -> i64 { client.query_one(sql, &[]).unwrap().get(0) };
    assert_eq!(next(&mut client, "INSERT INTO audit (at, what) VALUES (1, 'test') RETURNING id"), 31);
    let said = "INSERT INTO message (conversation, seq, visible, id, at, author_kind, internal, body) \
                SELECT id, 71, 70, '\\x00', 1, 2, 0, '{}' FROM conversation LIMIT 1 RETURNING n";
    assert_eq!(next(&mut client, said), 8_401);
}

#[test]
#[ignore = "needs a server"]
fn a_run_that_was_cut_goes_on_and_doubles_nothing() {
    let stage = Stage::new();
    // The server ends the session as a kill of either side would, with half of the messages written.
    let cut = migrate(&stage.from, &stage.to, false, &mut |progress| {
        if matches!(progress, Progress::Copying("message", 4_000, _)) {
            let others = "WITH other AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                          AND pid <> pg_backend_pid()) SELECT count(*) FROM other WHERE pg_terminate_backend(pid, 10000)";
            assert_eq!(ask(&stage.to, others), 1);
        }
    });
    assert!(matches!(cut, Err(MigrateError::Store(StoreError::Unavailable(_)))), "{cut:?}");
    let Err(half) = stage.serve() else { panic!("a relay took half a store") };
    assert!(half.to_string().contains("was begun and is not over"), "{half}");
    let Err(half) = Store::visit(&StoreUrl::Postgres(stage.to.clone())) else { panic!("a command took half a store") };
    assert!(half.to_string().contains("was begun and is not over"), "{half}");
    assert_eq!(ask(&stage.to, "SELECT count(*) FROM message"), 4_000);
    let moved = stage.run(false).unwrap();
    let message = moved.tables.iter().find(|copied| copied.table == "message").unwrap();
    assert_eq!((message.sum.rows, message.written), (8_400, 4_400));
    stage.assert_equal();
}

#[test]
#[ignore = "needs a server"]
fn what_has_changed_since_a_run_ahead_comes_along() {
    let stage = Stage::new();
    stage.run(true).unwrap();
    assert!(stage.serve().is_err(), "it is no store yet");
    let twice = stage.run(true).unwrap();
    assert!(twice.tables.iter().all(|copied| copied.written == 0), "what is there is not sent again: {twice:?}");
    // In an order in which no unique index would let the rows pass one by one, and with rows gone that others were about.
    stage.change(
        "UPDATE agent SET email = 'swap' WHERE id = CAST('agent00000000001' AS BLOB);
         UPDATE agent SET email = 'Agent1@Example.com' WHERE id = CAST('agent00000000002' AS BLOB);
         UPDATE agent SET email = 'Agent2@Example.com' WHERE id = CAST('agent00000000001' AS BLOB);
         UPDATE conversation SET state = 3, queue_time = NULL WHERE id = CAST('chattor000000004' AS BLOB);
         INSERT INTO conversation (id, site, visitor, state, head, visitor_head, opened_at, state_at, queue_time, visitor_at, unanswered, preview)
           SELECT x'00', site, visitor, 0, 0, 0, 9, 9, 9, 9, 0, '' FROM conversation WHERE id = CAST('chattor000000004' AS BLOB);
         DELETE FROM conversation_tag; INSERT INTO conversation_tag (conversation, tag) VALUES (x'00', 'late'), (x'00', 'later');
         DELETE FROM push_subscription; DELETE FROM push; DELETE FROM audit WHERE id % 2 = 0;
         UPDATE message SET body = '{}' WHERE n IN (1, 8400);
         INSERT INTO push_subscription (session, agent, endpoint, p256dh, auth, language, time_zone, quiet, assigned, messages, queue, offers, shows_text, created_at)
           SELECT token_hash, agent, 'https://new.example/' || hex(agent), x'04', x'05', 'en', 'UTC', NULL, 1, 1, 0, 0, 0, 1 FROM agent_session LIMIT 2;
         INSERT INTO push (session, conversation, cause, last, created_at, due_at, tries) SELECT session, x'00', 3, 1, 1, 1, 0 FROM push_subscription;",
    );
    let moved = stage.run(false).unwrap();
    let written = |table: &str| moved.tables.iter().find(|copied| copied.table == table).unwrap().written;
    assert_eq!((written("visitor"), written("agent")), (0, 8));
    assert!(written("message") < 8_400, "only what has changed is sent");
    stage.assert_equal();
    drop(stage.serve().unwrap());
}

/// Where texts have another order than their bytes, as in most databases of the field.
#[test]
#[ignore = "needs a server"]
fn the_order_of_texts_in_the_target_does_not_matter() {
    let stage = Stage::new();
    let at = std::env::var("BULLE_TEST_POSTGRES").unwrap();
    let name = format!("{}_icu", in_name(stage.folder.path()));
    let make = format!("CREATE DATABASE {name} LOCALE_PROVIDER icu ICU_LOCALE 'en' TEMPLATE template0");
    at.parse::<Server>().unwrap().client().unwrap().batch_execute(&make).unwrap();
    let stage = Stage { to: format!("{}/{name}", at.rsplit_once('/').unwrap().0).parse().unwrap(), ..stage };
    assert!(stage.to.client().unwrap().query_one("SELECT 'a' < 'B'", &[]).unwrap().get::<_, bool>(0));
    stage.run(true).unwrap();
    stage.change("DELETE FROM conversation_tag WHERE tag LIKE 'B1%'; INSERT INTO conversation_tag SELECT conversation, 'c' || tag FROM conversation_tag");
    stage.run(false).unwrap();
    stage.assert_equal();
}

/// The name of a test's database, as far as its folder gives it.
fn in_name(folder: &Path) -> String {
    let name: String = folder.file_name().unwrap().as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("test_{name}")
}

#[test]
#[ignore = "needs a server"]
fn a_character_that_the_target_does_not_take_is_left_out_and_counted() {
    let stage = Stage::new();
    stage.change("UPDATE visitor SET name = 'Kim' || char(0) || 'berly' WHERE created_at IN (1, 2)");
    assert_eq!(stage.run(true).unwrap().nuls, 2);
    let again = stage.run(false).unwrap();
    assert_eq!((again.nuls, again.tables.iter().map(|copied| copied.written).sum::<u64>()), (2, 0));
    assert_eq!(ask(&stage.to, "SELECT count(*) FROM visitor WHERE name = 'Kimberly'"), 2);
}

#[test]
#[ignore = "needs a server"]
fn a_run_ahead_copies_what_was_committed_when_it_began() {
    let stage = Stage::new();
    let relay = Store::own(&stage.from).unwrap();
    let writer = Connection::open(&stage.from).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO audit (id, at, what) VALUES (20000, 1, 'uncommitted')").unwrap();
    let mut wrote = false;
    let ahead = migrate(&stage.from, &stage.to, true, &mut |progress| {
        if matches!(progress, Progress::Copying("agent", ..)) && !wrote {
            wrote = true;
            // A message of a conversation whose table comes later, in one of a table that came before.
            writer.execute_batch("DELETE FROM api_token; UPDATE conversation SET head = 71; COMMIT").unwrap();
        }
    });
    let ahead = ahead.unwrap();
    assert!(wrote);
    let rows = |table: &str| ahead.tables.iter().find(|copied| copied.table == table).unwrap().sum.rows;
    assert_eq!((rows("audit"), rows("api_token")), (5_000, 8));
    let beside = refusal(stage.run(false));
    assert!(
        beside.contains(&format!("a relay (process {}) runs on", std::process::id())) && beside.contains("--ahead"),
        "{beside}"
    );
    drop(relay);
}

fn card(id: VisitorId) -> VisitorCard {
    VisitorCard {
        id,
        token_hash: [7; 32],
        locale: None,
        time_zone: None,
        page: None,
        device: None,
        trail: Vec::new(),
        invited: None,
        is_new: false,
    }
}

/// Says something as a visitor; in which conversation, and as which entry.
async fn says(store: &Arc<Store>, site: SiteId, number: u128, text: &str) -> (ConversationId, u64) {
    let desk = Desk::new(store.clone(), Rules::default());
    let node = desk.node_start(0).await.unwrap();
    let card = VisitorCard { is_new: number == 1, ..card(VisitorId(Uuid::from_u128(7))) };
    let said = desk
        .visitor_say(0, node, site, card, Say::text(MessageId(Uuid::from_u128(number)), None, text.to_owned()))
        .await
        .unwrap()
        .said
        .unwrap();
    (said.ack.conversation, said.ack.seq)
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_conversation_goes_on_after_the_move() {
    let stage = tokio::task::spawn_blocking(Stage::bare).await.unwrap();
    let (site, admin) = (SiteId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));
    stage.change(
        "INSERT INTO agent (id, email, name, role, password_hash, capacity, idle_since, created_at)
         VALUES (x'00000000000000000000000000000002', 'a@b', 'Ada', 'admin', '', 3, 0, 0)",
    );
    let store = Arc::new(Store::own(&stage.from).unwrap());
    let record = SiteRecord {
        id: site,
        key: SiteKey("shop".into()),
        name: "Shop".into(),
        origins: Vec::new(),
        settings: SiteSettings::default(),
        settings_rev: 1,
        verified_only: false,
        visitors: VisitorRules::default(),
    };
    store.upsert_site(record).await.unwrap();
    let (chat, _) = says(&store, site, 1, "wholly unmistakable").await;
    let (_, seq) = says(&store, site, 2, "before").await;
    store.close().await;
    let stage = tokio::task::spawn_blocking(move || stage.run(false).map(|_| stage).unwrap()).await.unwrap();
    let store = Arc::new(stage.serve().unwrap());
    let (same, next) = says(&store, site, 3, "after").await;
    assert_eq!((same, next), (chat, seq + 1));
    let (again, as_before) = says(&store, site, 2, "before").await;
    assert_eq!((again, as_before), (chat, seq), "what was acknowledged there is known here");
    let (entries, _) = store.entries(chat, 0, 100, Audience::Agents).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=next).collect::<Vec<_>>());
    // What was said before the move is found again.
    while store.index_more().await.unwrap() {}
    let admin = store.any_agent(admin).await.unwrap().unwrap();
    let query = SearchQuery { q: "unmistakable".to_owned(), ..SearchQuery::default() };
    let wanted = Some(Wanted::of(&query.q).unwrap());
    let found = store.search(admin, Search { query, wanted, after: None }).await.unwrap().unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.conversation.id).collect::<Vec<_>>(), [chat]);
}
