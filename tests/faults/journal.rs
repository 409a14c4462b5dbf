//! What the store holds at the end, in the order in which it was committed. Entries carry the time of their transaction, which does not
//! order those of one millisecond; so a trigger in the database under test numbers them as they are written.

use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;
use shared::model::State;
use uuid::Uuid;

use crate::history::{History, Standing, Stored};

const TRIGGER: &str = "
    CREATE TABLE journal (n INTEGER PRIMARY KEY, conversation BLOB NOT NULL, seq INTEGER NOT NULL) STRICT;
    CREATE TRIGGER journal_of_message AFTER INSERT ON message BEGIN
        INSERT INTO journal (conversation, seq) VALUES (new.conversation, new.seq);
    END;";

/// Begins to number entries, in the database of a running relay that has none yet.
pub fn begin(database: &Path) -> Result<()> {
    let db = Connection::open(database)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db.execute_batch(TRIGGER)?)
}

/// Reads everything into a history.
pub fn read(database: &Path, history: &mut History) -> Result<()> {
    let db = Connection::open(database)?;
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    anyhow::ensure!(sound == "ok", "the database is damaged: {sound}");
    let mut entries = db.prepare(
        "SELECT m.conversation, m.seq, m.id, m.at, m.author, m.internal, m.body FROM journal j \
         JOIN message m ON m.conversation = j.conversation AND m.seq = j.seq ORDER BY j.n",
    )?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        history.entries.push(Stored {
            conversation: uuid(row.get(0)?)?,
            seq: u64::from(row.get::<_, u32>(1)?),
            id: uuid(row.get(2)?)?,
            at: row.get(3)?,
            author: row.get::<_, Option<Vec<u8>>>(4)?.map(uuid).transpose()?,
            internal: row.get(5)?,
            body: serde_json::from_str(&row.get::<_, String>(6)?)?,
        });
    }
    let unnumbered: u32 =
        db.query_row("SELECT (SELECT count(*) FROM message) - (SELECT count(*) FROM journal)", [], |row| row.get(0))?;
    anyhow::ensure!(unnumbered == 0, "{unnumbered} entries were written before the journal began");
    let mut standings = db.prepare("SELECT id, visitor, state, agent, head FROM conversation")?;
    let mut rows = standings.query([])?;
    while let Some(row) = rows.next()? {
        let state = match row.get::<_, u8>(2)? {
            0 => State::Queued,
            1 => State::Active,
            2 => State::Parked,
            _ => State::Closed,
        };
        let agent = row.get::<_, Option<Vec<u8>>>(3)?.map(uuid).transpose()?;
        let standing = Standing { visitor: uuid(row.get(1)?)?, state, agent, head: u64::from(row.get::<_, u32>(4)?) };
        history.standings.insert(uuid(row.get(0)?)?, standing);
    }
    let mut capacities = db.prepare("SELECT id, capacity FROM agent")?;
    let mut rows = capacities.query([])?;
    while let Some(row) = rows.next()? {
        history.capacities.insert(uuid(row.get(0)?)?, row.get(1)?);
    }
    Ok(())
}

fn uuid(bytes: Vec<u8>) -> Result<Uuid> {
    Ok(Uuid::from_slice(&bytes)?)
}
