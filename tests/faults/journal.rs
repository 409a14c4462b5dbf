//! What the store holds at the end, in the order in which it was committed: entries are a log, numbered as they are written.

use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;
use shared::model::State;
use uuid::Uuid;

use crate::history::{History, Standing, Stored};

/// Reads everything into a history.
pub fn read(database: &Path, history: &mut History) -> Result<()> {
    let db = Connection::open(database)?;
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    anyhow::ensure!(sound == "ok", "the database is damaged: {sound}");
    let mut entries = db.prepare("SELECT conversation, seq, id, at, author, internal, body FROM message ORDER BY n")?;
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
