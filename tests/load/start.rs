//! From the start of the process to the first "ready", over an empty store and over a million messages; and what the relay weighs
//! when nobody is there.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};
use shared::model::Say;
use tests::accounts::Office;
use tests::door::Door;
use tests::new_id;
use uuid::Uuid;

use crate::stage::Cast;
use crate::talk;

/// Messages per conversation of the filled store.
const EACH: usize = 20;
/// When memory is read after the start: everything that begins with the process has begun then.
const REST: Duration = Duration::from_secs(2);

/// How long a relay takes to be ready on a copy of this folder.
pub struct Start {
    /// Process start to ready, in ms.
    pub ready_ms: f64,
}

/// Starts a relay and asks it until it says that it is ready.
pub async fn ready(cast: &Cast) -> Result<Start> {
    // The copy of the folder is made before the clock starts, inside `enter`; what counts is the process.
    let stage = cast.enter()?;
    let asked = Instant::now();
    let office = Office::new(stage.server.address);
    loop {
        let answer = office.request(reqwest::Method::GET, "/readyz").send().await?;
        if answer.status.is_success() {
            break;
        }
        ensure!(asked.elapsed() < Duration::from_secs(30), "never ready: {}", answer.body);
    }
    let took = stage.server.started_in + asked.elapsed();
    Ok(Start { ready_ms: took.as_secs_f64() * 1000.0 })
}

/// Resident memory of a relay that nobody has ever talked to, in bytes.
pub async fn rest(cast: &Cast) -> Result<u64> {
    let stage = cast.enter()?;
    tokio::time::sleep(REST).await;
    stage.server.resident()
}

/// A data folder that holds this many messages: one real closed conversation, copied in the database.
pub async fn filled(binary: &Path, messages: usize) -> Result<Cast> {
    let cast = Cast::empty(binary)?;
    {
        let server = cast.begin()?;
        let mut visitor = talk::visitor(Door::visitor(server.address, "demo")).await?;
        for number in 0..EACH {
            visitor.say(Say::text(new_id(), None, format!("What I wanted to say, part {number}")));
            talk::acked(&mut visitor).await?;
        }
    }
    let database = cast.data().join("bulle.db");
    multiply(&database, messages / EACH).context("filling the store")?;
    Ok(cast)
}

/// Copies the one conversation of a database, with its visitor and entries, until there are `count` of them.
fn multiply(database: &Path, count: usize) -> Result<()> {
    let mut db = Connection::open(database)?;
    db.pragma_update(None, "synchronous", "OFF")?;
    let filling = db.transaction()?;
    let original: Vec<u8> = filling.query_row("SELECT id FROM conversation", [], |row| row.get(0))?;
    {
        let columns = |table: &str, replaced: &[(&str, &str)]| -> Result<String> {
            let mut names = filling.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
            let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            let value =
                |name: &String| replaced.iter().find(|(of, _)| of == name).map_or(name.clone(), |(_, by)| (*by).to_owned());
            Ok(format!(
                "INSERT INTO {table} ({}) SELECT {} FROM {table}",
                names.join(", "),
                names.iter().map(value).collect::<Vec<_>>().join(", ")
            ))
        };
        let visitor = columns("visitor", &[("id", "?1"), ("token_hash", "randomblob(32)")])?;
        let conversation = columns(
            "conversation",
            &[
                ("id", "?1"),
                ("visitor", "?2"),
                ("state", "3"),
                ("agent", "NULL"),
                ("due_at", "NULL"),
                ("last_entry", "last_entry + ?4"),
            ],
        )?;
        let entries = columns(
            "message",
            &[
                ("n", "n + ?4"),
                ("before", "before + ?4"),
                ("conversation", "?1"),
                ("author", "iif(author IS NULL, NULL, ?2)"),
                ("id", "randomblob(16)"),
            ],
        )?;
        let mut visitor = filling.prepare(&format!("{visitor} WHERE id = (SELECT visitor FROM conversation WHERE id = ?2)"))?;
        let mut conversation = filling.prepare(&format!("{conversation} WHERE id = ?3"))?;
        let mut entries = filling.prepare(&format!("{entries} WHERE n BETWEEN 1 AND ?3"))?;
        // The original's entries fill the log from its beginning.
        let entries_each: i64 = filling.query_row("SELECT max(n) FROM message", [], |row| row.get(0))?;
        for copy in 1..count {
            let further = entries_each * i64::try_from(copy)?;
            let (person, thread) = (Uuid::now_v7(), Uuid::now_v7());
            visitor.execute(params![person.as_bytes(), original])?;
            conversation.execute(params![thread.as_bytes(), person.as_bytes(), original, further])?;
            entries.execute(params![thread.as_bytes(), person.as_bytes(), entries_each, further])?;
        }
    }
    filling.commit()?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
