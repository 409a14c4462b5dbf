//! How conversations stand in their table: loading, saving, and the wire's view of a conversation. Called inside the writer's
//! transactions and by readers alike; every statement is prepared once per connection.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::ids::{AgentId, ConversationId, Millis, Seq, SiteId, TeamId, VisitorId};
use shared::model::{Conversation, Offer, Person, Preferred, State};
use uuid::Uuid;

use super::log::Trail;
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Step, StoreError, profiles};
use crate::desk::Route;
use crate::desk::record::Record;

/// Columns of a [`Record`], in the order in which [`record`] reads them.
macro_rules! columns {
    () => {
        "c.id, c.site, c.visitor, c.state, c.agent, c.last_agent, c.head, c.visitor_head, c.opened_at, c.state_at, c.queue_time, \
         c.priority, c.prefer_agent, c.prefer_until, c.excluded, c.answer_due, c.visitor_gone_at, c.visitor_at, c.agent_at, \
         c.unanswered, c.offer_to, c.offer_until, c.stretched, c.visitor_read, c.agent_read, c.previous, c.preview, c.page, c.assigned_at, c.due_at, \
         c.last_entry, c.leap_entry, c.team, c.language"
    };
}
pub(crate) use columns;

pub(crate) fn state_number(state: State) -> i64 {
    match state {
        State::Queued => 0,
        State::Active => 1,
        State::Parked => 2,
        State::Closed => 3,
    }
}

pub(crate) fn state_of(number: i64) -> sql::Result<State> {
    match number {
        0 => Ok(State::Queued),
        1 => Ok(State::Active),
        2 => Ok(State::Parked),
        3 => Ok(State::Closed),
        _ => Err(sql::Error::Unexpected(format!("{number} where a state should be"))),
    }
}

/// A JSON column.
pub(crate) fn json<T: DeserializeOwned>(text: &str) -> sql::Result<T> {
    serde_json::from_str(text).map_err(|error| sql::Error::Unexpected(format!("what is no JSON of ours: {error}")))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Seqs are small; the databases' integers are signed.
pub(crate) fn seq(row: &Row<'_>, column: usize) -> sql::Result<Seq> {
    let number: i64 = row.get(column)?;
    Seq::try_from(number).map_err(|_| sql::Error::Unexpected(format!("{number} where a seq should be")))
}

pub(crate) fn record(row: &Row<'_>) -> sql::Result<Record> {
    let agent = |column| -> sql::Result<Option<AgentId>> { Ok(row.get::<Option<Uuid>>(column)?.map(AgentId)) };
    let pair = |who, when| -> sql::Result<Option<(AgentId, Millis)>> { Ok(agent(who)?.zip(row.get(when)?)) };
    let excluded = row.get_ref(14)?.as_str()?;
    Ok(Record {
        id: ConversationId(row.get(0)?),
        site: SiteId(row.get(1)?),
        visitor: VisitorId(row.get(2)?),
        state: state_of(row.get(3)?)?,
        agent: agent(4)?,
        last_agent: agent(5)?,
        head: seq(row, 6)?,
        visitor_head: seq(row, 7)?,
        opened_at: row.get(8)?,
        state_at: row.get(9)?,
        queue_time: row.get(10)?,
        priority: row.get(11)?,
        prefer: pair(12, 13)?,
        excluded: if excluded == "[]" { Vec::new() } else { json(excluded)? },
        answer_due: row.get(15)?,
        visitor_gone_at: row.get(16)?,
        visitor_at: row.get(17)?,
        agent_at: row.get(18)?,
        unanswered: row.get(19)?,
        offer: pair(20, 21)?,
        stretched: row.get(22)?,
        visitor_read: seq(row, 23)?,
        agent_read: seq(row, 24)?,
        previous: row.get::<Option<Uuid>>(25)?.map(ConversationId),
        preview: row.get(26)?,
        page: row.get_ref(27)?.as_str_or_null()?.map(json).transpose()?,
        assigned_at: row.get(28)?,
        stored_due: row.get(29)?,
        entries: Trail { last: row.get(30)?, leap: row.get(31)? },
        team: row.get::<Option<Uuid>>(32)?.map(TeamId),
        language: row.get(33)?,
    })
}

pub(crate) fn load(db: &Connection, id: ConversationId) -> sql::Result<Option<Record>> {
    let mut find = db.prepare_cached(concat!("SELECT ", columns!(), " FROM conversation c WHERE c.id = ?1"))?;
    find.query_row([id.0], record).optional()
}

/// The visitor's conversation that is not closed.
pub(crate) fn load_unclosed(db: &Connection, visitor: VisitorId) -> sql::Result<Option<Record>> {
    let mut find =
        db.prepare_cached(concat!("SELECT ", columns!(), " FROM conversation c WHERE c.visitor = ?1 AND c.state <> 3"))?;
    find.query_row([visitor.0], record).optional()
}

/// The visitor's latest conversation with their site: the one that is not closed, or the one that was closed last. The one that began last
/// may have ended in another one that began before.
pub(crate) fn load_latest(db: &Connection, visitor: VisitorId) -> sql::Result<Option<Record>> {
    if let Some(unclosed) = load_unclosed(db, visitor)? {
        return Ok(Some(unclosed));
    }
    let mut find = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM conversation c WHERE c.visitor = ?1 ORDER BY c.state_at DESC, c.opened_at DESC, c.id DESC LIMIT 1"
    ))?;
    find.query_row([visitor.0], record).optional()
}

/// All conversations of a visitor.
pub(crate) fn load_all(db: &Connection, visitor: VisitorId) -> Result<Vec<Record>, StoreError> {
    let mut find = db.prepare_cached(concat!("SELECT ", columns!(), " FROM conversation c WHERE c.visitor = ?1"))?;
    Ok(find.query_map([visitor.0], record)?.collect::<sql::Result<_>>()?)
}

/// All conversations of a visitor become another one's, who may have one that is not closed; whether there were any.
pub(crate) fn change_visitor(db: &Connection, from: VisitorId, into: VisitorId) -> Result<bool, StoreError> {
    let mut change = db.prepare_cached("UPDATE conversation SET visitor = ?2 WHERE visitor = ?1")?;
    Ok(change.execute([from.0, into.0])? > 0)
}

pub(crate) fn save(db: &Connection, record: &Record, due: Option<Millis>, is_new: bool) -> Result<(), StoreError> {
    let excluded = if record.excluded.is_empty() { "[]".to_owned() } else { to_json(&record.excluded)? };
    let page = record.page.as_ref().map(to_json).transpose()?;
    let sql = if is_new {
        "INSERT INTO conversation (id, state, agent, last_agent, head, visitor_head, state_at, queue_time, priority, prefer_agent, \
         prefer_until, excluded, answer_due, visitor_gone_at, visitor_at, agent_at, unanswered, offer_to, offer_until, stretched, \
         visitor_read, agent_read, preview, page, due_at, site, visitor, opened_at, previous, assigned_at, last_entry, leap_entry, team, language) VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, \
         ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34)"
    } else {
        "UPDATE conversation SET state = ?2, agent = ?3, last_agent = ?4, head = ?5, visitor_head = ?6, state_at = ?7, \
         queue_time = ?8, priority = ?9, prefer_agent = ?10, prefer_until = ?11, excluded = ?12, answer_due = ?13, \
         visitor_gone_at = ?14, visitor_at = ?15, agent_at = ?16, unanswered = ?17, offer_to = ?18, offer_until = ?19, \
         stretched = ?20, visitor_read = ?21, agent_read = ?22, preview = ?23, page = ?24, due_at = ?25, assigned_at = ?30, last_entry = ?31, \
         leap_entry = ?32, team = ?33, language = ?34 \
         WHERE id = ?1 AND site = ?26 AND visitor = ?27 AND opened_at = ?28 AND previous IS NOT DISTINCT FROM ?29"
    };
    let changed = db.prepare_cached(sql)?.execute(params![
        record.id.0,
        state_number(record.state),
        record.agent.map(|id| id.0),
        record.last_agent.map(|id| id.0),
        record.head.cast_signed(),
        record.visitor_head.cast_signed(),
        record.state_at,
        record.queue_time,
        record.priority,
        record.prefer.map(|(id, _)| id.0),
        record.prefer.map(|(_, until)| until),
        excluded,
        record.answer_due,
        record.visitor_gone_at,
        record.visitor_at,
        record.agent_at,
        record.unanswered,
        record.offer.map(|(id, _)| id.0),
        record.offer.map(|(_, until)| until),
        record.stretched,
        record.visitor_read.cast_signed(),
        record.agent_read.cast_signed(),
        record.preview,
        page,
        due,
        record.site.0,
        record.visitor.0,
        record.opened_at,
        record.previous.map(|id| id.0),
        record.assigned_at,
        record.entries.last,
        record.entries.leap,
        record.team.map(|id| id.0),
        record.language,
    ])?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Corrupt(format!("conversation {} was not there to save", record.id))) }
}

const SAVE_MESSAGES: &str = "UPDATE conversation c SET head = s.head, visitor_head = s.visitor_head, answer_due = s.answer_due, \
     visitor_at = s.visitor_at, agent_at = s.agent_at, unanswered = s.unanswered, preview = s.preview, last_entry = s.last_entry, \
     leap_entry = s.leap_entry, due_at = s.due_at \
     FROM (SELECT DISTINCT ON (id) * FROM unnest(?1::bytea[], ?2::bigint[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], \
     ?7::bigint[], ?8::text[], ?9::bigint[], ?10::bigint[], ?11::bigint[]) AS one (id, head, visitor_head, answer_due, visitor_at, agent_at, \
     unanswered, preview, last_entry, leap_entry, due_at) ORDER BY id, head DESC) s WHERE c.id = s.id";

/// What only a message moves: the hot path writes these few columns and touches no index, unless the timeout comes nearer.
pub(crate) fn save_message(db: &Step<'_>, record: &Record, due: Option<Millis>) -> sql::Result<()> {
    let nearer = due.filter(|due| record.stored_due.is_none_or(|stored| stored > *due));
    let stored_due = nearer.or(record.stored_due);
    let (id, head, visitor_head) = (record.id.0, record.head.cast_signed(), record.visitor_head.cast_signed());
    let (visitor_at, agent_at, Trail { last, leap }) = (record.visitor_at, record.agent_at, record.entries);
    let (answer_due, unanswered, preview) = (record.answer_due, record.unanswered, &record.preview);
    let all = params![id, head, visitor_head, answer_due, visitor_at, agent_at, unanswered, preview, last, leap, stored_due];
    if db.later(SAVE_MESSAGES, all) {
        db.leaves(Record { stored_due, ..record.clone() });
        return Ok(());
    }
    let mut update = db.prepare_cached(
        "UPDATE conversation SET head = ?2, visitor_head = ?3, answer_due = ?4, visitor_at = ?5, agent_at = ?6, unanswered = ?7, \
         preview = ?8, last_entry = ?9, leap_entry = ?10 WHERE id = ?1",
    )?;
    update.execute(&all[..all.len() - 1])?;
    if let Some(due) = nearer {
        db.prepare_cached("UPDATE conversation SET due_at = ?2 WHERE id = ?1")?.execute(params![record.id.0, due])?;
    }
    Ok(())
}

/// The visitor's rating. Kept beside the record: nothing that the desk decides depends on it.
pub(crate) fn rate(db: &Connection, id: ConversationId, score: u8) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE conversation SET rating = ?2 WHERE id = ?1")?.execute(params![id.0, score])?;
    Ok(())
}

/// The wire's view of a conversation.
pub(crate) fn view(db: &Connection, record: &Record) -> sql::Result<Conversation> {
    let mut find = db.prepare_cached(
        "SELECT v.name, v.email, v.locale, v.time_zone, v.verified, v.rev, (SELECT name FROM agent WHERE id = ?2), \
         EXISTS (SELECT 1 FROM presence WHERE subject = ?1), (SELECT json_group_array(tag ORDER BY tag) FROM conversation_tag \
         WHERE conversation = ?3) FROM visitor v WHERE v.id = ?1",
    )?;
    find.query_row(params![record.visitor.0, record.agent.map(|id| id.0), record.id.0], |row| {
        let visitor = profiles::visitor(record.visitor, row)?;
        let agent = record.agent.zip(row.get::<Option<String>>(6)?).map(|(id, name)| Person { id, name });
        let offer = record.offer.zip(agent.clone()).map(|((to, until), from)| Offer { to, from, until });
        Ok(Conversation {
            id: record.id,
            site: record.site,
            visitor,
            state: record.state,
            agent,
            head: record.head,
            opened_at: record.opened_at,
            queued_at: record.queue_time.filter(|_| record.state == State::Queued),
            priority: record.priority,
            team: record.team,
            preview: record.preview.clone(),
            last_at: record.visitor_at.max(record.agent_at.unwrap_or(record.visitor_at)),
            unanswered: record.unanswered,
            page: record.page.clone(),
            visitor_online: row.get(7)?,
            visitor_gone_at: record.visitor_gone_at.filter(|_| record.state != State::Closed),
            visitor_read: record.visitor_read,
            agent_read: record.agent_read,
            previous: record.previous,
            preferred: record.prefer.filter(|_| record.state == State::Queued).map(|(agent, until)| Preferred { agent, until }),
            offer,
            tags: json(row.get_ref(8)?.as_str()?)?,
        })
    })
}

/// Moves a read mark forward, at most to the head: the visitor's, or the assigned agent's. If that was news: whose conversation it is,
/// and where the mark stands now.
pub(crate) fn read_mark(
    db: &Connection,
    id: ConversationId,
    agent: Option<AgentId>,
    to: Seq,
) -> Result<Option<(Route, Seq)>, StoreError> {
    let to = i64::try_from(to).unwrap_or(i64::MAX);
    let mark = |row: &Row<'_>| Ok((route_of(id, row)?, seq(row, 4)?));
    let moved = match agent {
        None => db
            .prepare_cached(
                "UPDATE conversation SET visitor_read = CASE WHEN ?2 < head THEN ?2 ELSE head END WHERE id = ?1 AND visitor_read < ?2 AND visitor_read < head \
                 RETURNING site, visitor, agent, state, visitor_read",
            )?
            .query_row(params![id.0, to], mark),
        Some(agent) => db
            .prepare_cached(
                "UPDATE conversation SET agent_read = CASE WHEN ?2 < head THEN ?2 ELSE head END WHERE id = ?1 AND agent = ?3 AND agent_read < ?2 AND agent_read < head \
                 RETURNING site, visitor, agent, state, agent_read",
            )?
            .query_row(params![id.0, to, agent.0], mark),
    };
    Ok(moved.optional()?)
}

/// Whose conversation it is.
pub(crate) fn route(db: &Connection, id: ConversationId) -> Result<Option<Route>, StoreError> {
    let mut find = db.prepare_cached("SELECT site, visitor, agent, state FROM conversation WHERE id = ?1")?;
    Ok(find.query_row([id.0], |row| route_of(id, row)).optional()?)
}

fn route_of(conversation: ConversationId, row: &Row<'_>) -> sql::Result<Route> {
    let (site, visitor) = (SiteId(row.get(0)?), VisitorId(row.get(1)?));
    let (agent, state) = (row.get::<Option<Uuid>>(2)?.map(AgentId), state_of(row.get(3)?)?);
    Ok(Route { conversation, site, visitor, agent, state })
}

/// When the first conversation is due.
pub(crate) fn first_due(db: &Connection) -> sql::Result<Option<Millis>> {
    db.prepare_cached("SELECT min(due_at) FROM conversation WHERE due_at IS NOT NULL")?.query_row([], |row| row.get(0))
}

/// Conversations that are due, the longest first.
pub(crate) fn due(db: &Connection, now: Millis, most: usize) -> Result<Vec<ConversationId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM conversation WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?;
    let ids = find.query_map(params![now, i64::try_from(most).unwrap_or(i64::MAX)], |row| Ok(ConversationId(row.get(0)?)))?;
    Ok(ids.collect::<sql::Result<_>>()?)
}
