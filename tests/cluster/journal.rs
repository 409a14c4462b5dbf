//! What PostgreSQL holds, for the checker: entries in the order of their commits, and how conversations stand.

use postgres::{Client, NoTls, Row};
use shared::model::State;
use tokio::task::block_in_place;
use uuid::Uuid;

use crate::history::{History, Standing, Stored};

/// How far a conversation has come.
pub struct Head {
    /// Which.
    pub conversation: Uuid,
    /// Whose.
    pub visitor: Uuid,
    /// Who has it now.
    pub agent: Option<Uuid>,
    /// Last seq that the visitor may see.
    pub for_visitor: u64,
    /// Last of all.
    pub for_agent: u64,
}

fn ask<T: Send>(url: &str, sql: &str, read: impl Fn(&Row) -> T + Send) -> Vec<T> {
    // A client blocks, which has no place among tasks.
    block_in_place(|| {
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| Client::connect(url, NoTls).unwrap().query(sql, &[]).unwrap().iter().map(read).collect());
            asking.join().unwrap()
        })
    })
}

fn uuid(row: &Row, column: usize) -> Uuid {
    Uuid::from_slice(row.get(column)).unwrap()
}

fn maybe(row: &Row, column: usize) -> Option<Uuid> {
    row.get::<_, Option<&[u8]>>(column).map(|bytes| Uuid::from_slice(bytes).unwrap())
}

fn number(row: &Row, column: usize) -> u64 {
    row.get::<_, i64>(column).cast_unsigned()
}

/// Reads everything into a history.
pub fn read(url: &str, history: &mut History) {
    let entries = "SELECT conversation, seq, id, at, author, internal, body FROM message ORDER BY n";
    history.entries = ask(url, entries, |row| Stored {
        conversation: uuid(row, 0),
        seq: number(row, 1),
        id: uuid(row, 2),
        at: row.get(3),
        author: maybe(row, 4),
        internal: row.get::<_, i64>(5) != 0,
        body: serde_json::from_str(row.get(6)).unwrap(),
    });
    let standings = ask(url, "SELECT id, visitor, state, agent, head FROM conversation", |row| {
        let state = match row.get::<_, i64>(2) {
            0 => State::Queued,
            1 => State::Active,
            2 => State::Parked,
            _ => State::Closed,
        };
        (uuid(row, 0), Standing { visitor: uuid(row, 1), state, agent: maybe(row, 3), head: number(row, 4) })
    });
    history.standings.extend(standings);
    let capacities = ask(url, "SELECT id, capacity FROM agent", |row| (uuid(row, 0), row.get::<_, i64>(1) as u32));
    history.capacities.extend(capacities);
}

/// How far all conversations have come.
pub fn heads(url: &str) -> Vec<Head> {
    let sql = "SELECT id, visitor, CASE WHEN state = 1 THEN agent END, visitor_head, head FROM conversation";
    ask(url, sql, |row| Head {
        conversation: uuid(row, 0),
        visitor: uuid(row, 1),
        agent: maybe(row, 2),
        for_visitor: number(row, 3),
        for_agent: number(row, 4),
    })
}

/// One number.
pub fn count(url: &str, sql: &str) -> i64 {
    ask(url, sql, |row| row.get(0))[0]
}
