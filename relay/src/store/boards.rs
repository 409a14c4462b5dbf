//! What whole sites see: the board of waiting conversations, positions, and the estimate of a wait.

use shared::ids::{ConversationId, Millis, SiteId, VisitorId};
use shared::model::{Board, MAX_ROWS, Site, State, Thread};

use super::reads::views;
use super::rows::{self, columns};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, teams};
use crate::desk::record::Record;

/// How many of the latest handled conversations an estimate rests on.
const SAMPLES: usize = 21;
/// With fewer than this an estimate would be a guess, so there is none.
const FEWEST_SAMPLES: usize = 3;

/// A visitor's place in the queue of their site.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Whose.
    pub visitor: VisitorId,
    /// Their conversation as they see it, position and estimate included.
    pub thread: Thread,
}

impl Store {
    /// A site's open work.
    pub async fn board(&self, site: SiteId) -> Result<Board, StoreError> {
        self.read(move |db| board(db, site)).await
    }

    /// Everybody's place in a site's queue, in order.
    pub async fn places(&self, site: SiteId) -> Result<Vec<Place>, StoreError> {
        self.read(move |db| {
            let handling = handling_time(db, site)?;
            let slots = open_slots(db)?;
            let mut find = db.prepare_cached(
                "SELECT id, visitor, visitor_head, agent_read FROM conversation WHERE state = 0 AND site = ?1 \
                 ORDER BY priority DESC, queue_time, id",
            )?;
            let mut position = 0;
            let places = find.query_map([site.0], |row| {
                position += 1;
                let thread = Thread {
                    id: ConversationId(row.get(0)?),
                    state: State::Queued,
                    head: rows::seq(row, 2)?,
                    agent: None,
                    position: Some(position),
                    estimate_ms: handling.map(|handling| wait(position, handling, slots)),
                    read: rows::seq(row, 3)?,
                };
                Ok(Place { visitor: VisitorId(row.get(1)?), thread })
            })?;
            Ok(places.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Desk revision of each site.
    pub async fn revs(&self) -> Result<Vec<(SiteId, u64)>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached("SELECT id, rev FROM site ORDER BY id")?;
            let revs = find.query_map([], |row| Ok((SiteId(row.get(0)?), rows::seq(row, 1)?)))?;
            Ok(revs.collect::<sql::Result<_>>()?)
        })
        .await
    }
}

pub(super) fn sites(db: &Connection) -> Result<Vec<Site>, StoreError> {
    let mut find = db.prepare_cached("SELECT id, key, name FROM site ORDER BY name, id")?;
    let sites = find
        .query_map([], |row| Ok(Site { id: SiteId(row.get(0)?), key: shared::ids::SiteKey(row.get(1)?), name: row.get(2)? }))?;
    Ok(sites.collect::<sql::Result<_>>()?)
}

pub(super) fn board(db: &Connection, site: SiteId) -> Result<Board, StoreError> {
    let count = |sql| -> sql::Result<u32> { db.prepare_cached(sql)?.query_row([site.0], |row| row.get(0)) };
    let queued = concat!(
        "SELECT ",
        columns!(),
        " FROM conversation c WHERE c.state = 0 AND c.site = ?1 ORDER BY c.priority DESC, c.queue_time, c.id LIMIT ?2"
    );
    let unassigned = concat!(
        "SELECT ",
        columns!(),
        " FROM conversation c WHERE c.state = 2 AND c.agent IS NULL AND c.site = ?1 ORDER BY c.opened_at, c.id LIMIT ?2"
    );
    let most = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
    let rev: i64 = db.prepare_cached("SELECT rev FROM site WHERE id = ?1")?.query_row([site.0], |row| row.get(0))?;
    Ok(Board {
        site,
        rev: rev.cast_unsigned(),
        picked: teams::is_picked(db, site)?,
        waiting: count("SELECT count(*) FROM conversation WHERE state = 0 AND site = ?1")?,
        queue: views(db, queued, params![site.0, most])?,
        unassigned: count("SELECT count(*) FROM conversation WHERE state = 2 AND agent IS NULL AND site = ?1")?,
        messages: views(db, unassigned, params![site.0, most])?,
    })
}

/// Place of a queued conversation in its site's queue, 1 is next.
pub(super) fn position(db: &Connection, record: &Record) -> Result<Option<u32>, StoreError> {
    if record.state != State::Queued {
        return Ok(None);
    }
    let mut count = db.prepare_cached(
        "SELECT 1 + count(*) FROM conversation WHERE state = 0 AND site = ?1 AND (priority > ?2 OR (priority = ?2 AND \
         (queue_time < ?3 OR (queue_time = ?3 AND id < ?4))))",
    )?;
    let position = count.query_row(params![record.site.0, record.priority, record.queue_time, record.id.0], |row| row.get(0))?;
    Ok(Some(position))
}

/// Expected wait at a position, in ms: `position × median handling time ÷ slots of the agents online`. `None` without figures.
pub(super) fn estimate(db: &Connection, site: SiteId, position: u32) -> Result<Option<Millis>, StoreError> {
    let handling = handling_time(db, site)?;
    let slots = open_slots(db)?;
    Ok(handling.map(|handling| wait(position, handling, slots)))
}

fn wait(position: u32, handling: Millis, slots: u32) -> Millis {
    Millis::from(position).saturating_mul(handling) / Millis::from(slots.max(1))
}

/// Median time from the first assignment to the end, over the site's latest conversations that an agent had.
fn handling_time(db: &Connection, site: SiteId) -> Result<Option<Millis>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT state_at - assigned_at FROM (SELECT state_at, assigned_at FROM conversation WHERE state = 3 AND site = ?1 \
         ORDER BY state_at DESC LIMIT ?2) AS latest WHERE assigned_at IS NOT NULL ORDER BY 1",
    )?;
    let most = i64::try_from(SAMPLES).unwrap_or(i64::MAX);
    let times = find.query_map(params![site.0, most], |row| row.get(0))?.collect::<sql::Result<Vec<Millis>>>()?;
    Ok(if times.len() < FEWEST_SAMPLES { None } else { times.get(times.len() / 2).copied() })
}

/// Slots of everybody who is online, free or not.
fn open_slots(db: &Connection) -> Result<u32, StoreError> {
    let mut sum = db.prepare_cached(
        "SELECT CAST(sum(capacity) AS BIGINT) FROM agent a WHERE a.away = 0 AND a.disabled = 0 AND EXISTS (SELECT 1 FROM presence WHERE subject = a.id)",
    )?;
    Ok(sum.query_row([], |row| row.get::<Option<u32>>(0)).optional()?.flatten().unwrap_or(0))
}
