//! Numbers of the whole desk, for operators: how many wait and since when, slots and agents. One snapshot, a few short reads.

use std::collections::HashMap;

use shared::ids::{Millis, SiteId};
use shared::model::Presence;

use super::sql::{self, Kind};
use super::{Store, StoreError, people};

/// The queue of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The site's public key.
    pub site: String,
    /// Conversations that wait.
    pub waiting: u32,
    /// Since when the one that waits longest does.
    pub oldest: Option<Millis>,
}

/// The desk in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// All sites, in the order of their founding.
    pub queues: Vec<Queue>,
    /// Agents who are online, away and offline.
    pub agents: [u32; 3],
    /// Slots that are taken or reserved.
    pub slots_used: u32,
    /// Slots of those who are online.
    pub slots_offered: u32,
    /// Emails that wait to be sent.
    pub mails: u32,
    /// Size of the database, where it is no file.
    pub bytes: Option<i64>,
}

impl Store {
    /// The desk in numbers.
    ///
    /// # Errors
    /// The database's.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        self.read(|db| {
            let mut find =
                db.prepare_cached("SELECT site, count(*), min(queue_time) FROM conversation WHERE state = 0 GROUP BY site")?;
            let rows = find.query_map([], |row| Ok((SiteId(row.get(0)?), (row.get(1)?, row.get(2)?))))?;
            let mut waiting: HashMap<SiteId, (u32, Option<Millis>)> = rows.collect::<sql::Result<_>>()?;
            // Ids are UUIDv7: their order is that of founding.
            let mut find = db.prepare_cached("SELECT id, key FROM site ORDER BY id")?;
            let sites = find.query_map([], |row| Ok((SiteId(row.get(0)?), row.get(1)?)))?;
            let mut queues = Vec::new();
            for site in sites {
                let (id, site) = site?;
                let (waiting, oldest) = waiting.remove(&id).unwrap_or_default();
                queues.push(Queue { site, waiting, oldest });
            }
            let mut figures = Figures { queues, agents: [0; 3], slots_used: 0, slots_offered: 0, mails: 0, bytes: None };
            if db.kind() == Kind::Postgres {
                let mut size = db.prepare_cached("SELECT pg_database_size(current_database())")?;
                figures.bytes = Some(size.query_row([], |row| row.get(0))?);
            }
            let mut count = db.prepare_cached("SELECT count(*) FROM mail WHERE due_at IS NOT NULL")?;
            figures.mails = count.query_row([], |row| row.get(0))?;
            for agent in people::agents(db)? {
                figures.slots_used += agent.slots_used;
                let place = match agent.presence {
                    Presence::Online => {
                        figures.slots_offered += agent.capacity;
                        0
                    }
                    Presence::Away => 1,
                    Presence::Offline => 2,
                };
                figures.agents[place] += 1;
            }
            Ok(figures)
        })
        .await
    }
}
