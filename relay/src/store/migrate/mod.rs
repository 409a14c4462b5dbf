//! `bulle migrate-store`: moves a store from SQLite to PostgreSQL. Called by `main`.
//!
//! One mechanism does all of it: both sides are walked in the order of their keys, range by range; where the rows of a range differ in
//! number or checksum, the range is written anew. So it may be cut anywhere and run again, it may be run ahead while a relay still writes
//! to the source, and what the last run finds equal it does not send. The source is read in one snapshot. Until the end the target's
//! tables have their keys alone; then, in one transaction, indexes and references are made, everything is compared once more, table by
//! table, and the target becomes a store. A relay refuses to start on it before.
//!
//! - [`source`]: the file · [`target`]: the database on a server · [`end`]: what makes it a store
//! - [`table`]: what both know of the tables · [`row`]: how a row is sent, and its checksum

mod end;
mod row;
mod source;
mod table;
mod target;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::{Server, StoreError};
use crate::restore::Report;
use source::Source;
use target::Target;

pub use row::Sum;

/// Tables that are not copied, because the relay makes them from the others: how far the index of words goes. The index itself is no table
/// in SQLite, and filled again in the background.
const DERIVED: [&str; 1] = ["indexed"];

/// Why a store was not moved. What was copied so far is kept, for the next run.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// One of the two databases, or what it is asked for.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It would not be right.
    #[error("{0}")]
    Refused(String),
    /// The source is not whole.
    #[error(
        "{file} is damaged, nothing more was copied; move a backup of it (`bulle backup`) that `bulle restore --check` finds good:\n{report}"
    )]
    Damaged {
        /// Which.
        file: String,
        /// In what way.
        report: Report,
    },
    /// PostgreSQL does not hold what it was sent.
    #[error(
        "{table} in the target is not what it is in the source: {there} in the place of {here}; run it again, and report this if it stays"
    )]
    Differs {
        /// Which table.
        table: String,
        /// The source's rows.
        here: Sum,
        /// The target's.
        there: Sum,
    },
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<::postgres::Error> for MigrateError {
    fn from(error: ::postgres::Error) -> Self {
        Self::Store(super::sql::Error::from(error).into())
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The source is looked at, every page of it.
    Looking,
    /// A table is copied: rows so far, and how many of them were written because they were not there yet.
    Copying(&'a str, u64, u64),
    /// Indexes are made, and everything is compared.
    Ending,
}

/// What one table came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// Its rows, the same on both sides.
    pub sum: Sum,
    /// Rows that this run wrote.
    pub written: u64,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// All tables.
    pub tables: Vec<Copied>,
    /// Texts that held the character NUL, which PostgreSQL does not take: it was left out.
    pub nuls: u64,
}

/// Copies what is in the source and not in the target. `ahead`: a relay may serve the source meanwhile, and the end is only rehearsed;
/// else no relay may, and the target is a store afterwards. Blocks.
///
/// # Errors
/// What is said in [`MigrateError`]; whatever it is, the source stays as it is, and a target is no store.
pub fn migrate(from: &Path, to: &Server, ahead: bool, tell: &mut dyn FnMut(Progress<'_>)) -> Result<Moved, MigrateError> {
    let source = Source::open(from, ahead)?;
    let mut target = Target::open(to, &source)?;
    tell(Progress::Looking);
    source.examine()?;
    let mut moved = Moved { tables: Vec::new(), nuls: 0 };
    for table in source.tables() {
        let mut copied = Copied { table: table.name.clone(), sum: Sum::default(), written: 0 };
        let mut after = None;
        loop {
            let batch = source.batch(table, after.as_ref())?;
            if target.bring(table, after.as_ref(), &batch)? {
                copied.written += batch.sum.rows;
            }
            copied.sum += batch.sum;
            moved.nuls += batch.nuls;
            tell(Progress::Copying(&table.name, copied.sum.rows, copied.written));
            match batch.up_to {
                Some(key) => after = Some(key),
                None => break,
            }
        }
        moved.tables.push(copied);
    }
    tell(Progress::Ending);
    end::end(&mut target, source.tables(), &moved.tables, ahead)?;
    Ok(moved)
}
