//! PostgreSQL: where it is, its tables, and what its errors mean.
//!
//! Whoever writes holds one lock of the whole database (`WRITERS`), as the one writer of SQLite does: what the desk decides, it decides
//! alone, on whichever relay, and entries are numbered in the order of their commits. Group commit makes up for it.

use std::error::Error as _;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::{Client, GenericClient, NoTls};
use tokio_postgres::Config;

use super::live::Live;
use super::session::{SILENT, Session};
use super::tls::{self, Tls};
use super::wire::Wrong;
use super::{Error, Result};
use crate::store::StoreError;

/// The advisory lock that the session of a relay's writer holds as long as it lives: alone, or together with relays that know of each other.
pub(crate) const OWNER: i64 = 0x4275_6c6c_6502;
/// The one that whoever brings the tables to another version holds meanwhile.
const MIGRATING: i64 = 0x4275_6c6c_6503;

/// The table that tells how a move from SQLite stands: `store/migrate` makes it, and while it is not finished nothing runs on the database.
pub(crate) const MOVE: &str = "moved_from";

/// How long opening a session may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long a start waits for another one that brings the tables to this version.
const MIGRATE_WITHIN: Duration = Duration::from_secs(300);
/// Which relays may run on a database beside this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// None.
    Alone,
    /// Those that share it as well: a bus leads to them.
    Shared,
}

/// Where the database is, and how to get in.
#[derive(Clone)]
pub struct Server {
    config: Box<Config>,
    tls: Tls,
}

impl FromStr for Server {
    type Err = String;

    /// From `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with what [`tls`] and the library know behind a `?`.
    fn from_str(url: &str) -> std::result::Result<Self, String> {
        let (url, mode, mut tls) = tls::take(url)?;
        let mut config: Config = url.parse().map_err(|error: postgres::Error| told(&error))?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        if config.get_dbname().is_none() {
            return Err("it names no database".to_owned());
        }
        config.ssl_mode(mode);
        if mode == SslMode::Prefer && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
            // There it has none.
            tls = None;
        }
        config.connect_timeout(CONNECT_WITHIN).application_name("bulle");
        config.keepalives_idle(SILENT).keepalives_interval(SILENT).keepalives_retries(2).tcp_user_timeout(3 * SILENT);
        Ok(Self { config: Box::new(config), tls })
    }
}

/// Without what lets in.
impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        write!(out, "postgres://{}/{}", hosts.collect::<Vec<_>>().join(","), self.config.get_dbname().unwrap_or_default())
    }
}

impl Server {
    /// A session, opened with its first transaction.
    pub(crate) fn session(&self, patience: Duration) -> Session {
        Session::new(self.clone(), patience, None)
    }

    /// The session of a relay that runs on this database: nobody gets one until it ends whose company it does not want.
    ///
    /// # Errors
    /// Somebody else has it, or the server does not let this relay in.
    pub(crate) fn own(&self, company: Company, patience: Duration) -> std::result::Result<Session, StoreError> {
        let session = Session::new(self.clone(), patience, Some(company));
        session.begin_writing();
        let owned = session.batch("SELECT 1");
        match (owned.and(session.end(false)), company) {
            (Ok(()), _) => Ok(session),
            (Err(Error::Taken), Company::Alone) => Err(StoreError::Foreign(format!(
                "another relay runs on {self}: stop it first, or set `bus` for each of them, by which they tell each other what happens"
            ))),
            (Err(Error::Taken), Company::Shared) => {
                Err(StoreError::Foreign(format!("a relay without a `bus` runs on {self}: stop it first")))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Brings the tables to this version, once: relays that start together wait for the first of them. Relays of an earlier version that
    /// still run must be able to go on with the new tables, so migrations only add.
    pub(crate) fn migrate(&self, migrations: &[&str]) -> std::result::Result<(), StoreError> {
        let mut client = self.client()?;
        // Given back with the session.
        let patience = MIGRATE_WITHIN.as_millis();
        let alone = format!("SET lock_timeout = {patience}; SELECT pg_advisory_lock({MIGRATING})");
        client.batch_execute(&alone).map_err(Error::from)?;
        let version = version(&mut client)?;
        if version > migrations.len() {
            return Err(later(version, migrations.len()));
        }
        self.check_moved(&mut client)?;
        Ok(migrate(&mut client, migrations, version)?)
    }

    /// Whether the tables are of this version, for whoever does not own the database.
    ///
    /// # Errors
    /// There are none, or they are of another version.
    pub(crate) fn check(&self, newest: usize) -> std::result::Result<(), StoreError> {
        let mut client = self.client()?;
        match version(&mut client)? {
            version if version == newest => self.check_moved(&mut client),
            version if version > newest => Err(later(version, newest)),
            _ => Err(StoreError::Foreign(format!("there is no store of this version at {self}: start the relay on it first"))),
        }
    }

    /// Refuses a database that is being filled from a store of SQLite.
    fn check_moved(&self, client: &mut Client) -> std::result::Result<(), StoreError> {
        let unfinished = |client: &mut Client| -> Result<bool> {
            if !client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&MOVE])?.try_get::<_, bool>(0)? {
                return Ok(false);
            }
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {MOVE} WHERE finished_at IS NULL)");
            Ok(client.query_one(&sql, &[])?.try_get(0)?)
        };
        if !unfinished(client)? {
            return Ok(());
        }
        Err(StoreError::Foreign(format!(
            "a move from SQLite to {self} was begun and is not over: stop the relay that it is from and run `bulle migrate-store` without `--ahead`"
        )))
    }

    /// A connection for a session.
    pub(super) fn live(&self) -> Result<Live> {
        Live::open(&self.config, self.tls.as_ref())
    }

    /// A client of its own, for what is done once, before anybody is served.
    pub(crate) fn client(&self) -> Result<Client> {
        let config = postgres::Config::from((*self.config).clone());
        Ok(match &self.tls {
            Some(tls) => config.connect(tls.clone())?,
            None => config.connect(NoTls)?,
        })
    }
}

/// Brings tables from a version to the newest.
pub(crate) fn migrate(client: &mut impl GenericClient, migrations: &[&str], version: usize) -> Result<()> {
    client.batch_execute("CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY)")?;
    for (step, sql) in migrations.iter().enumerate().skip(version) {
        let mut change = client.transaction()?;
        change.batch_execute(sql)?;
        change.execute("INSERT INTO migration (version) VALUES ($1)", &[&(step as i64 + 1)])?;
        change.commit()?;
    }
    Ok(())
}

/// Which version the tables are of; 0: there are none.
fn version(client: &mut Client) -> Result<usize> {
    if !client.query_one("SELECT to_regclass('migration') IS NOT NULL", &[])?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let newest: i64 = client.query_one("SELECT coalesce(max(version), 0) FROM migration", &[])?.try_get(0)?;
    Ok(usize::try_from(newest).unwrap_or(usize::MAX))
}

fn later(version: usize, newest: usize) -> StoreError {
    StoreError::Foreign(format!(
        "the database was written by a later version of this program (schema {version}, this one knows {newest}): start that one"
    ))
}

/// What an error means to whoever asked.
pub(super) fn meaning(error: &postgres::Error) -> StoreError {
    let Some(refused) = error.as_db_error() else {
        return match error.source().is_some_and(|source| source.is::<Wrong>()) {
            true => StoreError::Corrupt(told(error)),
            false => StoreError::Unavailable(told(error)),
        };
    };
    match refused.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => StoreError::Conflict,
        // Classes of the standard: 22 data exceptions, 23 broken constraints, 42 what the program asks for wrongly.
        code if ["22", "23", "42"].iter().any(|class| code.code().starts_with(class)) => StoreError::Corrupt(told(error)),
        _ => StoreError::Unavailable(told(error)),
    }
}

/// An error in words. The server's own tell no values: those are in its details, which are left out.
pub(super) fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(refused) => format!("{} (PostgreSQL code {})", refused.message(), refused.code().code()),
        None => {
            let error_and_remedy =
                error.source().into_iter().map(ToString::to_string).chain(tls::remedy(error).map(str::to_owned));
            error_and_remedy.fold(error.to_string(), |told, more| format!("{told}: {more}"))
        }
    }
}
