//! Who counts as gone, and since when, after the relay was away itself: at its start, and after an outage in which comings and goings
//! could not be written. Absence is then counted anew, because nobody could come, go or answer (DESIGN §6).

use std::collections::HashSet;

use shared::ids::{Millis, NodeId};
use shared::model::State;
use uuid::Uuid;

use super::StoreError;
use super::people::{arrive, leave};
use super::rows::{columns, record, save};
use super::sql::{self, Connection, params};
use crate::desk::record::{Record, Rules};

/// At a start: every visitor counts as gone from now on, and whoever was given a chat has the whole time to answer it again.
pub(crate) fn all_gone(db: &Connection, now: Millis, rules: &Rules) -> Result<(), StoreError> {
    for mut record in held(db)? {
        begin_anew(&mut record, now, Some(now), rules);
        save(db, &record, record.due(rules), false)?;
    }
    // Parked ones have no timeout that depends on it.
    db.execute("UPDATE conversation SET visitor_gone_at = ?1 WHERE state <> 3 AND state = 2", [now])?;
    Ok(())
}

/// Conversations with timeouts that depend on who is there: queued and active ones.
pub(crate) fn held(db: &Connection) -> Result<Vec<Record>, StoreError> {
    let mut find =
        db.prepare_cached(concat!("SELECT ", columns!(), " FROM conversation c WHERE c.state <> 3 AND c.state < 2"))?;
    Ok(find.query_map([], record)?.collect::<sql::Result<_>>()?)
}

/// Every absence in a queued or active conversation begins now; `gone`: whether its visitor's does.
pub(crate) fn begin_anew(record: &mut Record, now: Millis, gone: Option<Millis>, rules: &Rules) {
    record.visitor_gone_at = gone;
    record.answer_due = record.answer_due.map(|_| now.saturating_add(rules.answer_timeout));
    // A visitor's silence is counted from here: nobody could speak.
    if record.state == State::Active {
        record.state_at = now;
    }
}

/// Makes presence on this node what it really is; returns whose was wrong. Visitors who have not said anything stay unwritten.
pub(crate) fn correct(db: &Connection, node: NodeId, here: &HashSet<Uuid>) -> Result<Vec<Uuid>, StoreError> {
    let mut find = db.prepare_cached("SELECT subject FROM presence WHERE node = ?1")?;
    let written: HashSet<Uuid> = find.query_map([node.0], |row| row.get(0))?.collect::<sql::Result<_>>()?;
    let mut wrong = Vec::new();
    for &left in written.difference(here) {
        leave(db, node, left)?;
        wrong.push(left);
    }
    let mut known =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM visitor WHERE id = ?1) OR EXISTS (SELECT 1 FROM agent WHERE id = ?1)")?;
    for &arrived in here.difference(&written) {
        if known.query_row([arrived], |row| row.get(0))? {
            arrive(db, node, arrived)?;
            wrong.push(arrived);
        }
    }
    Ok(wrong)
}

/// Absent agents are gone from now on, those who are here are not; visitors of parked conversations likewise.
pub(crate) fn count_from(db: &Connection, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE agent AS a SET gone_at = CASE WHEN EXISTS (SELECT 1 FROM presence WHERE subject = a.id) THEN NULL ELSE ?1 END \
         WHERE (gone_at IS NULL) <> EXISTS (SELECT 1 FROM presence WHERE subject = a.id) OR gone_at IS NOT NULL",
    )?
    .execute(params![now])?;
    // Nobody could say that they were there.
    db.prepare_cached("UPDATE agent SET active_at = ?1")?.execute([now])?;
    db.prepare_cached(
        "UPDATE conversation AS c SET visitor_gone_at = CASE WHEN EXISTS (SELECT 1 FROM presence WHERE subject = c.visitor) THEN NULL ELSE ?1 END \
         WHERE state <> 3 AND state = 2",
    )?
    .execute(params![now])?;
    Ok(())
}
