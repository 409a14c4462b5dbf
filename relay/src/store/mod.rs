//! The store: what is true. SQLite in WAL mode with `synchronous=FULL`, one writer with group commit, readers that never wait.
//! SQLite comes through rusqlite, not sqlx: prepared statements that run synchronously on the one writer thread cost a fraction of
//! a task switch per statement, and a message needs four of them.
//!
//! - [`writer`]: the writer thread · [`readers`]: the read-only connections
//! - [`rows`]: how conversations and entries stand in tables
//! - [`reads`], [`boards`]: what sessions and the API ask for
//! - [`people`]: agents, visitors, presence · [`accounts`]: passwords, sessions, invitations, sites · [`identities`]: verified visitors

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode as SqliteCode};
use shared::close::ErrorCode;

mod accounts;
mod boards;
mod identities;
pub(crate) mod people;
mod readers;
mod reads;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use writer::Step;

pub use accounts::{Account, InvitationRecord, NewAgent, SiteRecord, SiteSettings};
pub use boards::Place;
pub use identities::{MOST_SECRETS, SiteSecret};
pub use reads::VisitorRecord;

/// Each step brings a database from its index to its index + 1, the number that `PRAGMA user_version` holds.
const MIGRATIONS: [&str; 2] =
    [include_str!("../../migrations/sqlite/0001_begin.sql"), include_str!("../../migrations/sqlite/0002_identity.sql")];

/// "Bull" in ASCII: `PRAGMA application_id` of our databases, so that no other program's file is taken for one.
const APPLICATION_ID: i32 = 0x4275_6c6c;

/// How long a statement waits for a lock that another process holds (a backup, the sqlite3 shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages in the write-ahead log before they are moved into the database: 16 MiB. Pages of busy conversations are written again with
/// every message, so the later they are moved the fewer writes it takes; but a start after a crash reads the log once.
const CHECKPOINT_PAGES: i64 = 4_096;

/// Page cache of a connection, in KiB (negative by SQLite's convention): keeps the inner pages of a million messages at hand.
const CACHE_KIB: i64 = -4_096;

/// Statements kept prepared per connection: more than there are different ones.
const PREPARED: usize = 128;

/// Why the store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or written now.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
    /// It holds something that it should not.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
    /// Something by that name or id is there already.
    #[error("it is there already")]
    Conflict,
    /// The file is no database of this program, or of a later version of it.
    #[error("{0}")]
    Foreign(String),
}

impl StoreError {
    /// The code that a peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable(_) => ErrorCode::StoreUnavailable,
            Self::Conflict => ErrorCode::IdReused,
            Self::Corrupt(_) | Self::Foreign(_) => ErrorCode::Internal,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                SqliteCode::ConstraintViolation if is_unique(failure.extended_code) => Self::Conflict,
                SqliteCode::ConstraintViolation | SqliteCode::DatabaseCorrupt => Self::Corrupt(error.to_string()),
                SqliteCode::NotADatabase => Self::Foreign("this file is no SQLite database".into()),
                _ => Self::Unavailable(error.to_string()),
            },
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

fn is_unique(extended: i32) -> bool {
    extended == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE || extended == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
}

/// A handle to the database. Dropping it waits for the writes under way.
pub struct Store {
    writer: writer::Writer,
    readers: readers::Readers,
}

impl Store {
    /// Opens a database, creating or migrating it as needed. Blocks; call it before serving.
    ///
    /// # Errors
    /// A file that is no database of ours, or one of a later version, is refused and left untouched.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut db = Connection::open(path)?;
        check(&db, path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        prepare(&db)?;
        migrate(&mut db)?;
        Ok(Self { writer: writer::Writer::start(db)?, readers: readers::Readers::new(path.to_owned()) })
    }

    /// Runs a job in the writer's next transaction; completes after the commit. A job that fails leaves no trace, provided it called
    /// [`Step::protect`] before the first of several writes.
    pub(crate) async fn write<T, E>(&self, job: impl FnOnce(&Step<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(job).await
    }

    /// Reads in one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(read).await
    }

    /// Whether the store can write now: commits an empty job.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.write(|db| {
            db.prepare_cached("UPDATE node SET heartbeat_at = heartbeat_at WHERE 0")?
                .execute([])
                .map(|_| ())
                .map_err(StoreError::from)
        })
        .await
    }
}

/// Settings of every connection.
fn prepare(db: &Connection) -> Result<(), StoreError> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", CACHE_KIB)?;
    // Savepoints keep what they may have to undo there.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    Ok(())
}

/// How many migrations a file has seen.
fn version(db: &Connection) -> Result<usize, StoreError> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Refuses files that are not ours before anything is written to them.
fn check(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let version = version(db)?;
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let path = path.display();
    let is_empty = tables == 0 && version == 0 && application == 0;
    if !is_empty && application != APPLICATION_ID {
        return Err(StoreError::Foreign(format!("{path} belongs to another program; name another file as store")));
    }
    if version > MIGRATIONS.len() {
        let ours = MIGRATIONS.len();
        let message =
            format!("{path} was written by a later version of bulle (schema {version}, this one knows {ours}); use that version");
        return Err(StoreError::Foreign(message));
    }
    Ok(())
}

fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let version = version(db)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        let change = db.transaction()?;
        change.execute_batch(sql)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", i64::try_from(step + 1).unwrap_or(i64::MAX))?;
        change.commit()?;
    }
    Ok(())
}
