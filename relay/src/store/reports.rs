//! What reports rest on: the courses of conversations, read from the log, and the shifts of agents, which the desk writes down as they
//! begin and end, in the transaction that changes presence or slots.

use shared::ids::{AgentId, ConversationId, Millis, SiteId};
use shared::model::{Agent, Person, Presence};
use uuid::Uuid;

use super::rows::{self, columns};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, log};
use crate::desk::record::Record;
use crate::reports::course::{Course, follow};
use crate::reports::sums::Shift;

/// Conversations that one report looks at: some 50 µs each for twenty entries.
const MOST: i64 = 40_000;

/// What a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// Conversations that began in the range.
    pub courses: Vec<Course>,
    /// Shifts that reach into it.
    pub shifts: Vec<Shift>,
    /// Everybody there ever was.
    pub team: Vec<Person>,
    /// There were more conversations.
    pub cut: bool,
}

impl Store {
    /// Conversations of a site, or of all, that began between two times, and the shifts between them.
    pub async fn material(&self, site: Option<SiteId>, from: Millis, until: Millis, now: Millis) -> Result<Material, StoreError> {
        self.read(move |db| {
            let mut courses = courses(db, site, from, until, now)?;
            let cut = courses.len() as i64 > MOST;
            courses.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
            Ok(Material { courses, shifts: shifts(db, from, until, now)?, team: team(db)?, cut })
        })
        .await
    }
}

fn courses(db: &Connection, site: Option<SiteId>, from: Millis, until: Millis, now: Millis) -> Result<Vec<Course>, StoreError> {
    // Ids begin with the time at which the conversation did.
    let edge = |at: Millis| ConversationId::v7(at, [0; 10]).0;
    let mut find = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM conversation c WHERE c.id >= ?1 AND c.id < ?2 AND (c.site = ?3 OR ?3 IS NULL) ORDER BY c.id DESC LIMIT ?4"
    ))?;
    let records = find.query_map(params![edge(from), edge(until), site.map(|site| site.0), MOST + 1], rows::record)?;
    records.map(|record| course(db, &record?, now)).collect()
}

fn course(db: &Connection, record: &Record, now: Millis) -> Result<Course, StoreError> {
    let mut entries = Vec::new();
    log::walk_back(db, record, |_, entry| {
        entries.push(entry);
        true
    })?;
    entries.reverse();
    // What follows may name the visitor.
    let page = record.page.as_ref().map(|page| page.url.split(['?', '#']).next().unwrap_or_default().to_owned());
    Ok(follow(record.opened_at, page, entries, now))
}

fn shifts(db: &Connection, from: Millis, until: Millis, now: Millis) -> Result<Vec<Shift>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT agent, began_at, ended_at, slots FROM shift WHERE ended_at > ?1 AND began_at < ?2 \
         UNION ALL SELECT agent, began_at, ?3, slots FROM shift WHERE ended_at IS NULL AND began_at < ?2",
    )?;
    let shifts = find.query_map(params![from, until, now], |row| {
        Ok(Shift { agent: AgentId(row.get(0)?), from: row.get(1)?, to: row.get(2)?, slots: row.get(3)? })
    })?;
    Ok(shifts.collect::<sql::Result<_>>()?)
}

fn team(db: &Connection) -> Result<Vec<Person>, StoreError> {
    let mut find = db.prepare_cached("SELECT id, name FROM agent ORDER BY name, id")?;
    let team = find.query_map([], |row| Ok(Person { id: AgentId(row.get::<Uuid>(0)?), name: row.get(1)? }))?;
    Ok(team.collect::<sql::Result<_>>()?)
}

/// Writes down what an agent's presence and slots have become.
pub(crate) fn note_shift(db: &Connection, agent: &Agent, now: Millis) -> Result<(), StoreError> {
    let slots = (agent.presence == Presence::Online).then_some(agent.capacity);
    let mut find = db.prepare_cached("SELECT slots FROM shift WHERE agent = ?1 AND ended_at IS NULL")?;
    let open: Option<u32> = find.query_row([agent.id.0], |row| row.get(0)).optional()?;
    if open == slots {
        return Ok(());
    }
    let mut end = db.prepare_cached(
        "UPDATE shift SET ended_at = CASE WHEN ?2 > began_at THEN ?2 ELSE began_at END WHERE agent = ?1 AND ended_at IS NULL",
    )?;
    end.execute(params![agent.id.0, now])?;
    if let Some(slots) = slots {
        // Two changes within a millisecond: the later one holds.
        let mut begin = db.prepare_cached(
            "INSERT INTO shift (agent, began_at, slots) VALUES (?1, ?2, ?3) \
             ON CONFLICT (agent, began_at) DO UPDATE SET ended_at = NULL, slots = ?3",
        )?;
        begin.execute(params![agent.id.0, now, slots])?;
    }
    Ok(())
}

/// Ends every shift that an earlier life of this relay left open, when that one was last heard of.
pub(crate) fn end_shifts(db: &Connection, now: Millis) -> Result<(), StoreError> {
    let heard: Option<Millis> = db.prepare_cached("SELECT max(heartbeat_at) FROM node")?.query_row([], |row| row.get(0))?;
    let mut end = db
        .prepare_cached("UPDATE shift SET ended_at = CASE WHEN ?1 > began_at THEN ?1 ELSE began_at END WHERE ended_at IS NULL")?;
    end.execute([heard.unwrap_or(now)])?;
    Ok(())
}
