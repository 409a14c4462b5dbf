//! The end: what was copied becomes a store, or it is shown that it could.

use ::postgres::Transaction;
use ::postgres::error::SqlState;

use super::row::checksum;
use super::table::Table;
use super::target::{self, Target};
use super::{Copied, MigrateError};
use crate::clock;
use crate::store::sql::MOVE;

/// Makes indexes and references, lets numbering go on where it was, and compares every table, in one transaction; `rehearse`: which is
/// then undone.
pub(super) fn end(target: &mut Target, tables: &[Table], copied: &[Copied], rehearse: bool) -> Result<(), MigrateError> {
    let mut change = target.client.transaction()?;
    change.batch_execute("SET LOCAL synchronous_commit = on; SET LOCAL enable_seqscan = on")?;
    let rest: String = change.query_one(&format!("SELECT rest FROM {MOVE}"), &[])?.try_get(0)?;
    change.batch_execute(&rest).map_err(refused)?;
    number(&mut change)?;
    // As a store of SQLite that gets its index: what is there is indexed in the background, the latest first.
    let indexed = "UPDATE indexed SET (below, up_to) = (SELECT coalesce(max(n), 0), coalesce(max(n), 0) FROM message)";
    change.execute(indexed, &[])?;
    for (table, copied) in tables.iter().zip(copied) {
        let look = change.prepare(&format!("SELECT {} FROM \"{}\"", checksum(table), table.name))?;
        let there = target::sum(&mut change, &look, &[])?;
        if there != copied.sum {
            return Err(MigrateError::Differs { table: table.name.clone(), here: copied.sum, there });
        }
    }
    // Entries are numbered 1, 2, 3 … without gaps, up to the head (DESIGN §2).
    let gaps: i64 = change
        .query_one(
            "SELECT count(*) FROM (SELECT 1 FROM conversation c LEFT JOIN message m ON m.conversation = c.id GROUP BY c.id \
             HAVING count(m.seq) <> c.head OR coalesce(min(m.seq), 1) <> 1 OR coalesce(max(m.seq), 0) <> c.head) AS gap",
            &[],
        )?
        .try_get(0)?;
    if gaps > 0 {
        return Err(MigrateError::Refused(format!("{gaps} conversations miss entries: report this, the source has them")));
    }
    // So that its first statements are planned well.
    change.batch_execute("ANALYZE")?;
    change.execute(&format!("UPDATE {MOVE} SET finished_at = $1"), &[&clock::now()])?;
    if rehearse {
        change.rollback()?;
    } else {
        change.commit()?;
    }
    Ok(())
}

/// Numbers that the database gives go on after the last.
fn number(change: &mut Transaction<'_>) -> Result<(), MigrateError> {
    let numbered = change.query(
        "SELECT quote_ident(c.relname), quote_ident(a.attname), pg_get_serial_sequence(quote_ident(c.relname), a.attname) \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
         WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r' AND a.attidentity <> ''",
        &[],
    )?;
    for found in numbered {
        let (table, column, sequence): (String, String, String) = (found.try_get(0)?, found.try_get(1)?, found.try_get(2)?);
        let go_on = format!(
            "SELECT setval(CAST(CAST($1 AS TEXT) AS regclass), greatest(coalesce(max({column}), 0), 0) + 1, false) FROM {table}"
        );
        change.query_one(&go_on, &[&sequence])?;
    }
    Ok(())
}

/// What PostgreSQL takes for the same and SQLite does not: names and addresses are compared without regard to capitals, in SQLite to those
/// of ASCII alone.
fn refused(error: ::postgres::Error) -> MigrateError {
    match error.as_db_error() {
        Some(same) if *same.code() == SqlState::UNIQUE_VIOLATION => MigrateError::Refused(format!(
            "PostgreSQL takes two rows for the same that SQLite tells apart: {}. It knows capitals of every script: change one of the two in \
             the console, then run this again",
            [Some(same.message()), same.detail()].into_iter().flatten().collect::<Vec<_>>().join(": ")
        )),
        _ => error.into(),
    }
}
