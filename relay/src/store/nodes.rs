//! Nodes and their leases: which relays serve, and by whose clock.

use shared::ids::{Millis, NodeId};
use uuid::Uuid;

use super::StoreError;
use super::sql::{self, Connection, Kind, OptionalExtension, params};

/// How long a node's lease lasts without a heartbeat, in ms (DESIGN §6).
const LEASE: Millis = 15_000;
/// How long a node is remembered that holds none any more, in ms: a day.
const NODES_KEPT: Millis = 24 * 60 * 60 * 1_000;

/// The time that leases go by, in ms: nodes that share a database need not agree on theirs, so it is the database's.
fn lease_time(db: &Connection, now: Millis) -> Result<Millis, StoreError> {
    Ok(time(db)?.unwrap_or(now))
}

/// What the database's clock shows, in ms, where it has one of its own.
pub(crate) fn time(db: &Connection) -> sql::Result<Option<Millis>> {
    if db.kind() == Kind::Sqlite {
        return Ok(None);
    }
    // Of this moment, not of the transaction's beginning: it may have waited for others since.
    let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
    db.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(Some)
}

/// A node begins.
pub(crate) fn add_node(db: &Connection, node: NodeId, now: Millis) -> Result<(), StoreError> {
    let now = lease_time(db, now)?;
    db.prepare_cached("INSERT INTO node (id, heartbeat_at) VALUES (?1, ?2)")?.execute(params![node.0, now])?;
    Ok(())
}

/// Whether any node holds a lease.
pub(crate) fn anybody_serves(db: &Connection, now: Millis) -> Result<bool, StoreError> {
    let since = lease_time(db, now)? - LEASE;
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM node WHERE heartbeat_at >= ?1)")?;
    Ok(find.query_row([since], |row| row.get(0))?)
}

/// Ends the sessions of all other nodes; their agents count as gone from now on.
pub(crate) fn forget_other_nodes(db: &Connection, node: NodeId, now: Millis) -> Result<(), StoreError> {
    db.execute("DELETE FROM presence WHERE node <> ?1", [node.0])?;
    db.execute("DELETE FROM node WHERE id <> ?1", [node.0])?;
    db.execute("UPDATE agent AS a SET gone_at = ?1 WHERE NOT EXISTS (SELECT 1 FROM presence WHERE subject = a.id)", [now])?;
    Ok(())
}

/// What a node learns when it renews its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// It was still held.
    pub(crate) held: bool,
    /// Of all who hold one, this node began first.
    pub(crate) eldest: bool,
    /// When it was renewed, by the clock that leases go by.
    pub(crate) at: Millis,
}

/// Renews a lease.
pub(crate) fn heartbeat(db: &Connection, node: NodeId, now: Millis) -> Result<Lease, StoreError> {
    let now = lease_time(db, now)?;
    let mut find = db.prepare_cached("SELECT heartbeat_at FROM node WHERE id = ?1")?;
    let before: Option<Millis> = find.query_row([node.0], |row| row.get(0)).optional()?;
    let mut renew = db.prepare_cached(
        "INSERT INTO node (id, heartbeat_at) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at",
    )?;
    renew.execute(params![node.0, now])?;
    let held = before.is_some_and(|before| now.saturating_sub(before) <= LEASE);
    let mut elder = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM node WHERE heartbeat_at >= ?1 AND id < ?2)")?;
    let eldest = !elder.query_row(params![now - LEASE, node.0], |row| row.get::<bool>(0))?;
    Ok(Lease { held, eldest, at: now })
}

/// Those who were connected to nodes that hold no lease any more, as far as this node may judge: it holds its own.
pub(crate) fn orphans(db: &Connection, node: NodeId, now: Millis, most: usize) -> Result<Vec<(NodeId, Uuid)>, StoreError> {
    let since = lease_time(db, now)? - LEASE;
    let sql = "SELECT p.node, p.subject FROM presence p JOIN node n ON n.id = p.node WHERE n.heartbeat_at < ?1 \
               AND EXISTS (SELECT 1 FROM node WHERE id = ?2 AND heartbeat_at >= ?1) ORDER BY p.node, p.subject LIMIT ?3";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut find = db.prepare_cached(sql)?;
    let found = find.query_map(params![since, node.0, most], |row| Ok((NodeId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<sql::Result<_>>()?)
}

/// Forgets nodes that ended long ago. Later than their sessions: one that was only stopped writes who is there before it knows better.
pub(crate) fn forget_old_nodes(db: &Connection, now: Millis) -> Result<(), StoreError> {
    let since = lease_time(db, now)? - NODES_KEPT;
    let sql = "DELETE FROM node WHERE heartbeat_at < ?1 AND NOT EXISTS (SELECT 1 FROM presence WHERE node = node.id)";
    db.prepare_cached(sql)?.execute([since])?;
    Ok(())
}
