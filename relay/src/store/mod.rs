//! The store: what is true. SQLite in WAL mode with `synchronous=FULL`, or PostgreSQL; one writer with group commit, readers that never
//! wait. Both are spoken to synchronously: prepared statements that run on the one writer thread cost SQLite a fraction of a task switch
//! each, and a message needs four of them.
//!
//! - [`sql`]: one way to talk to both databases
//! - [`inspect`]: the look at a file before it is used · [`lock`]: one relay per database
//! - [`writer`]: the writer thread · [`ahead`]: messages that are committed together · [`outage`]: whether it can write · [`readers`]: the read-only connections
//! - [`rows`]: how conversations stand in their table · [`log`]: and their entries in theirs
//! - [`reads`], [`boards`]: what sessions and the API ask for · [`figures`]: the desk in numbers
//! - [`teams`]: teams, and what the desk of a site goes by
//! - [`people`]: agents, visitors, presence · [`nodes`]: relays and their leases · [`profiles`]: what is known of visitors · [`identities`]: verified ones · [`absence`]: who counts as gone after an outage
//! - [`search`]: finding what was said · [`tags`]: labels on conversations · [`reports`]: what figures rest on
//! - [`accounts`]: passwords, invitations, sites · [`sessions`], [`second_factors`], [`rules`], [`tokens`]: signing in · [`audit`]: what is on record
//! - [`mentions`]: who is reminded of which note
//! - [`erasure`]: what is no more · [`migrate`]: from SQLite to PostgreSQL
//! - [`blocks`]: who is kept out
//! - [`sightings`]: where their tags are · [`files`]: what was uploaded · [`mails`], [`pushes`]: what is sent · [`replies`]: canned ones

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode as SqliteCode, OpenFlags};
use shared::close::ErrorCode;

use crate::config::StoreUrl;

pub(crate) mod absence;
pub(crate) mod accounts;
mod ahead;
pub(crate) mod audit;
pub(crate) mod blocks;
mod boards;
pub(crate) mod erasure;
mod figures;
pub(crate) mod files;
pub(crate) mod identities;
mod inspect;
mod lock;
pub(crate) mod log;
pub(crate) mod mails;
pub(crate) mod mentions;
pub mod migrate;
pub(crate) mod nodes;
pub(crate) mod outage;
pub(crate) mod people;
pub(crate) mod profiles;
pub(crate) mod pushes;
mod readers;
mod reads;
mod replies;
pub(crate) mod reports;
pub(crate) mod rows;
mod rules;
pub(crate) mod search;
mod second_factors;
pub(crate) mod sessions;
mod sightings;
pub(crate) mod sql;
pub(crate) mod tags;
pub(crate) mod teams;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod tokens;
mod writer;

pub use sql::Server;
pub(crate) use writer::Step;

use readers::Source;
use sql::Company;

pub use accounts::{Account, InvitationRecord, NewAgent, SiteRecord, SiteSettings};
pub(crate) use ahead::{Lookup, Of};
pub use audit::Record;
pub use boards::Place;
pub use figures::{Figures, Queue};
pub use files::FileRecord;
pub use identities::{MOST_SECRETS, SiteSecret};
pub use lock::{Lock, beside};
pub use mails::{Asked, DAY, LINK_LASTS, MOST_TRANSCRIPTS, Mail, MailKind};
pub(crate) use people::role_name;
pub use pushes::{Cause, Push, Subscription};
pub use reads::VisitorRecord;
pub use replies::MOST_REPLIES;
pub use reports::Material;
pub use search::{Search, Wanted};
pub use second_factors::SecondFactorRecord;
pub use sessions::{NewSession, SessionRecord, Which};
pub use sightings::{Notes, Sighted};
pub use tokens::{NewToken, TokenRecord};

/// Each step brings a database from its index to its index + 1, the number that `PRAGMA user_version` holds.
const MIGRATIONS: [&str; 21] = [
    include_str!("../../migrations/sqlite/0001_begin.sql"),
    include_str!("../../migrations/sqlite/0002_log.sql"),
    include_str!("../../migrations/sqlite/0003_given_up.sql"),
    include_str!("../../migrations/sqlite/0004_identity.sql"),
    include_str!("../../migrations/sqlite/0005_files.sql"),
    include_str!("../../migrations/sqlite/0006_sightings.sql"),
    include_str!("../../migrations/sqlite/0007_merge.sql"),
    include_str!("../../migrations/sqlite/0008_mail.sql"),
    include_str!("../../migrations/sqlite/0009_people.sql"),
    include_str!("../../migrations/sqlite/0010_blocks.sql"),
    include_str!("../../migrations/sqlite/0011_search.sql"),
    include_str!("../../migrations/sqlite/0012_shifts.sql"),
    include_str!("../../migrations/sqlite/0013_tokens.sql"),
    include_str!("../../migrations/sqlite/0014_erasure.sql"),
    include_str!("../../migrations/sqlite/0015_replies.sql"),
    include_str!("../../migrations/sqlite/0016_visitors.sql"),
    include_str!("../../migrations/sqlite/0017_push.sql"),
    include_str!("../../migrations/sqlite/0018_rules.sql"),
    include_str!("../../migrations/sqlite/0019_mentions.sql"),
    include_str!("../../migrations/sqlite/0020_teams.sql"),
    include_str!("../../migrations/sqlite/0021_away.sql"),
];

/// The same for PostgreSQL, where the table `migration` holds the number.
const MIGRATIONS_OF_POSTGRES: [&str; 1] = [include_str!("../../migrations/postgres/0001_begin.sql")];

/// "Bull" in ASCII: `PRAGMA application_id` of our databases, so that no other program's file is taken for one.
pub(crate) const APPLICATION_ID: i32 = 0x4275_6c6c;

/// The schema that this version of the program writes, and the newest that it reads.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// How long a statement waits for a lock that another process holds (a backup, the sqlite3 shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same once one has waited in vain: whoever asks meanwhile is refused soon, and asks again.
const BUSY_TIMEOUT_IN_OUTAGE: Duration = Duration::from_millis(200);

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
    /// Another relay has it.
    #[error("another relay (process {process}) runs on {database}: stop it first, or set `data` to another folder")]
    InUse {
        /// Which.
        database: String,
        /// Whose.
        process: String,
    },
    /// The file is no database of this program, one of a later version of it, or damaged.
    #[error("{0}")]
    Foreign(String),
}

impl StoreError {
    /// Whether it is one of many of the same kind, which the store logs itself.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The code that a peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable(_) => ErrorCode::StoreUnavailable,
            Self::Conflict => ErrorCode::IdReused,
            Self::Corrupt(_) | Self::Foreign(_) | Self::InUse { .. } => ErrorCode::Internal,
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

/// A handle to the database. Dropping it waits for the writes under way and leaves one file: the fields go in this order, so that the
/// writer's connection is the last, which moves the write-ahead log into the database and removes it; a reader's could not.
pub struct Store {
    readers: readers::Readers,
    writer: writer::Writer,
    outages: Arc<outage::Outages>,
    company: Company,
    /// This relay does what one of them does for all.
    on_duty: AtomicBool,
    /// Given back when nothing writes any more.
    lock: Mutex<Option<Lock>>,
}

impl Store {
    /// Opens a database, creating or migrating it as needed. Blocks; call it before serving.
    ///
    /// # Errors
    /// A file that is damaged, no database of ours, or one of a later version, is refused and left untouched.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, None)
    }

    /// Opens a database as the one relay that runs on it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], and those of [`Store::open`].
    pub fn own(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, Some(Lock::take(path)?))
    }

    /// Opens the store of a relay.
    ///
    /// # Errors
    /// Those of [`Store::own`], and of a server that cannot be reached or does not let this relay in.
    pub fn serve(url: &StoreUrl) -> Result<Self, StoreError> {
        match url {
            StoreUrl::Sqlite(path) => Self::own(path),
            StoreUrl::Postgres(server) => Self::connect(server.clone(), Some(Company::Alone)),
        }
    }

    /// Opens the store of a relay that shares a server's database with others.
    ///
    /// # Errors
    /// Those of [`Store::serve`].
    pub fn share(server: &Server) -> Result<Self, StoreError> {
        Self::connect(server.clone(), Some(Company::Shared))
    }

    /// Opens the store for something else than a relay: beside one, or without. Creates nothing.
    ///
    /// # Errors
    /// Those of [`Store::serve`], and that there is none.
    pub fn visit(url: &StoreUrl) -> Result<Self, StoreError> {
        match url {
            // Opening would create one, and whatever is written into an empty database beside the real one helps nobody.
            StoreUrl::Sqlite(path) if !path.is_file() => Err(StoreError::Foreign(format!(
                "there is no database at {}: is `data` or `store` set as for the relay?",
                path.display()
            ))),
            StoreUrl::Sqlite(path) => Self::open(path),
            StoreUrl::Postgres(server) => Self::connect(server.clone(), None),
        }
    }

    /// Finishes what is under way and closes the database, whoever else still has this handle: they are refused from now on. The
    /// write-ahead log is gone then, and another process may own the database.
    pub async fn close(self: Arc<Self>) {
        self.readers.close().await;
        let closing = tokio::task::spawn_blocking(move || {
            self.writer.close();
            self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        });
        // It neither panics nor is it cancelled.
        let _ = closing.await;
    }

    fn open_with(path: &Path, lock: Option<Lock>) -> Result<Self, StoreError> {
        if inspect::inspect(path)? == inspect::Found::Nothing {
            create(path)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        // First of all: the settings themselves may have to wait for somebody.
        prepare(&db)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // What is erased is overwritten, not only given free: https://www.sqlite.org/pragma.html#pragma_secure_delete
        db.pragma_update(None, "secure_delete", true)?;
        migrate(&mut db)?;
        let outages = Arc::new(outage::Outages::default());
        let readers = readers::Readers::new(Source::File(path.to_owned()));
        let writer = writer::Writer::start(db.into(), outages.clone())?;
        Ok(Self { readers, writer, outages, company: Company::Alone, on_duty: AtomicBool::new(true), lock: Mutex::new(lock) })
    }

    /// Opens a database on a server; `relay`: for a relay in such company, bringing its tables to this version as needed. Blocks; call it
    /// before serving.
    ///
    /// # Errors
    /// It cannot be reached, does not let this relay in, or is of a later version.
    fn connect(server: Server, relay: Option<Company>) -> Result<Self, StoreError> {
        let at_start = server.clone();
        // A client blocks, which whoever calls this may not be allowed to.
        let opened = std::thread::spawn(move || {
            if let Some(company) = relay {
                let session = at_start.own(company, BUSY_TIMEOUT)?;
                at_start.migrate(&MIGRATIONS_OF_POSTGRES)?;
                return Ok(session);
            }
            at_start.check(MIGRATIONS_OF_POSTGRES.len())?;
            Ok(at_start.session(BUSY_TIMEOUT))
        });
        let session =
            opened.join().unwrap_or_else(|_| Err(StoreError::Unavailable("the database cannot be looked at".into())))?;
        let outages = Arc::new(outage::Outages::default());
        let writer = writer::Writer::start(session.into(), outages.clone())?;
        let company = relay.unwrap_or(Company::Shared);
        let on_duty = AtomicBool::new(company == Company::Alone);
        let readers = readers::Readers::new(Source::Server(server));
        Ok(Self { readers, writer, outages, company, on_duty, lock: Mutex::new(None) })
    }

    /// Runs a job in the writer's next transaction; completes after the commit. A job that fails leaves no trace, provided it called
    /// [`Step::protect`] before the first of several writes.
    pub(crate) async fn write<T, E>(&self, job: impl FnOnce(&Step<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_message(None, job).await
    }

    /// The same of a job that knows what it will look up.
    pub(crate) async fn write_message<T, E>(
        &self,
        wanted: Option<Lookup>,
        job: impl FnOnce(&Step<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(wanted, job).await
    }

    /// Reads in one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&sql::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let result = self.readers.read(read).await;
        if let Err(error @ StoreError::Unavailable(_)) = &result {
            self.outages.read_failed(error);
        }
        result
    }

    /// Whether the store can write now, as its last commit and the one under way tell; waits for nothing. The node's heartbeat commits
    /// every few seconds, so the answer is never old.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn health(&self) -> Result<(), StoreError> {
        self.outages.health()
    }

    /// Whether other relays may use it at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        self.company == Company::Shared
    }

    /// Whether this relay does what one of them does for all: what leaves the relay, emails and notifications.
    pub(crate) fn is_on_duty(&self) -> bool {
        self.on_duty.load(Ordering::Relaxed)
    }

    /// It does so from now on, or no more.
    pub(crate) fn set_on_duty(&self, on_duty: bool) {
        if self.on_duty.swap(on_duty, Ordering::Relaxed) != on_duty {
            tracing::info!(on_duty, "one relay sends emails and notifications for all");
        }
    }

    /// Connections for reading: busy ones, and idle ones that are open.
    pub fn readers(&self) -> (usize, usize) {
        self.readers.count()
    }

    /// When it could not write.
    pub(crate) fn outages(&self) -> &Arc<outage::Outages> {
        &self.outages
    }
}

/// Makes an empty database under another name and gives it its own when it is whole: whatever bears that name is never half-made,
/// so that an empty file is known for what it is, a database that was lost.
fn create(path: &Path) -> Result<(), StoreError> {
    let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("cannot create {}: {error}", path.display()));
    let unfinished = beside(path, ".new");
    // What an earlier start left that was killed at this.
    for suffix in ["", "-journal"] {
        match std::fs::remove_file(beside(&unfinished, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unavailable(error)),
            _ => {}
        }
    }
    let mut db = Connection::open(&unfinished)?;
    migrate(&mut db)?;
    drop(db);
    std::fs::rename(&unfinished, path).map_err(unavailable)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(unavailable)
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
