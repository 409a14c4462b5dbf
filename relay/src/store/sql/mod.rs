//! One way to talk to both databases: statements are texts with numbered parameters (`?1`), run synchronously, and mean the same in
//! SQLite and in PostgreSQL. Everything in the store is written on top of this; what only one of them can do asks [`Connection::kind`].
//!
//! The dialect is what both understand: integers, texts and bytes; `coalesce`, `CASE`, `IS NOT DISTINCT FROM`, `ON CONFLICT`, `RETURNING`.
//!
//! - [`value`]: parameters and columns · [`sqlite`], [`postgres`]: the databases
//! - of the latter: [`session`]: transactions, [`live`]: one connection, [`wire`]: what goes over it, [`tls`]: around it

mod live;
mod postgres;
mod session;
mod sqlite;
mod tls;
mod value;
mod wire;

use std::ops::ControlFlow;

use super::StoreError;

pub use self::postgres::Server;
pub(crate) use self::postgres::{Company, MOVE, OWNER, migrate};
pub(crate) use self::value::{FromSql, Params, ToSql, ValueRef, params};
use self::wire::Given;
pub(crate) use self::wire::Rows;

/// What a statement comes to.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no row where one was asked for.
    #[error("there is no such row")]
    NoRows,
    /// A column holds what it should not.
    #[error("a column holds {0}")]
    Unexpected(String),
    /// The transaction is gone, and all that was written in it.
    #[error("{0}")]
    Aborted(&'static str),
    /// Another relay has the database.
    #[error("another relay has the database")]
    Taken,
    /// The database does not answer.
    #[error("the database does not answer")]
    Silent,
    /// There can be no connection.
    #[error("no connection to the database can be made: {0}")]
    NoConnection(std::io::Error),
    /// SQLite refused it.
    #[error("{}", sqlite::told(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused it, or could not be reached.
    #[error("{}", postgres::told(.0))]
    Postgres(#[from] ::postgres::Error),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoRows | Error::Unexpected(_) => Self::Corrupt(error.to_string()),
            Error::Aborted(_) | Error::Taken | Error::Silent | Error::NoConnection(_) => Self::Unavailable(error.to_string()),
            Error::Sqlite(error) => error.into(),
            Error::Postgres(error) => postgres::meaning(&error),
        }
    }
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In this process.
    Sqlite,
    /// Somewhere.
    Postgres,
}

/// A connection to the database.
pub(crate) struct Connection(Inner);

enum Inner {
    Sqlite(rusqlite::Connection),
    Postgres(session::Session),
}

impl From<rusqlite::Connection> for Connection {
    fn from(db: rusqlite::Connection) -> Self {
        Self(Inner::Sqlite(db))
    }
}

impl From<session::Session> for Connection {
    fn from(session: session::Session) -> Self {
        Self(Inner::Postgres(session))
    }
}

impl Connection {
    /// Which database it is.
    pub(crate) fn kind(&self) -> Kind {
        match &self.0 {
            Inner::Sqlite(_) => Kind::Sqlite,
            Inner::Postgres(_) => Kind::Postgres,
        }
    }

    /// A statement, which is parsed and planned once for each connection.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(Statement(match &self.0 {
            Inner::Sqlite(db) => Prepared::Sqlite(db.prepare_cached(sql)?),
            Inner::Postgres(session) => Prepared::Postgres(session, sql.to_owned()),
        }))
    }

    /// A statement that is run now and then.
    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Inserts a row that the database numbers; its number. The second text is the first with `RETURNING` and the column, which costs SQLite
    /// more than asking afterwards.
    pub(crate) fn insert_numbered(&self, sql: &str, returning: &str, params: impl Params) -> Result<i64> {
        match &self.0 {
            Inner::Sqlite(db) => {
                self.prepare_cached(sql)?.execute(params)?;
                Ok(db.last_insert_rowid())
            }
            Inner::Postgres(_) => self.prepare_cached(returning)?.query_row(params, |row| row.get(0)),
        }
    }

    /// A statement that is run once.
    #[cfg(test)]
    pub(crate) fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// SQLite itself, for what no other database has.
    #[cfg(test)]
    pub(crate) fn sqlite(&self) -> &rusqlite::Connection {
        match &self.0 {
            Inner::Sqlite(db) => db,
            Inner::Postgres(_) => panic!("this is PostgreSQL"),
        }
    }

    /// Several statements without parameters.
    #[cfg(test)]
    pub(crate) fn execute_batch(&self, sql: &str) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => Ok(db.execute_batch(sql)?),
            Inner::Postgres(session) => session.batch(sql),
        }
    }

    /// A transaction that others' writes do not reach: all statements see the same state. [`Connection::roll_back`] ends it.
    pub(crate) fn begin_reading(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => Ok(db.execute_batch("BEGIN")?),
            Inner::Postgres(session) => {
                session.begin_reading();
                Ok(())
            }
        }
    }

    /// A transaction that no other one writes beside, on whatever relay.
    pub(crate) fn begin_writing(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => sqlite::run(db, "BEGIN IMMEDIATE"),
            Inner::Postgres(session) => {
                session.begin_writing();
                Ok(())
            }
        }
    }

    /// What was written is there for good.
    pub(crate) fn commit(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => sqlite::run(db, "COMMIT"),
            Inner::Postgres(session) => session.end(true),
        }
    }

    /// What was written is gone.
    pub(crate) fn roll_back(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => sqlite::run(db, "ROLLBACK"),
            Inner::Postgres(session) => session.end(false),
        }
    }

    /// A part of a transaction begins, which [`Connection::end_part`] ends: it can be undone alone once it is protected.
    pub(crate) fn begin_part(&self) {
        match &self.0 {
            Inner::Sqlite(_) => {}
            Inner::Postgres(session) => session.begin_part(),
        }
    }

    /// What the part writes from now on can be undone. PostgreSQL, where a failed statement spoils all that is not protected, does it by itself.
    pub(crate) fn protect_part(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(db) => sqlite::run(db, "SAVEPOINT part"),
            Inner::Postgres(_) => Ok(()),
        }
    }

    /// The part is over; a protected one is undone if it is not to be kept.
    pub(crate) fn end_part(&self, keep: bool, protected: bool) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(_) if !protected => Ok(()),
            Inner::Sqlite(db) => {
                if !keep {
                    sqlite::run(db, "ROLLBACK TO part")?;
                }
                sqlite::run(db, "RELEASE part")
            }
            Inner::Postgres(session) => session.end_part(keep),
        }
    }

    /// One statement for many rows, where that is worth it: where statements have a way to go.
    pub(crate) fn bulk(&self) -> Option<Bulk<'_>> {
        match &self.0 {
            Inner::Sqlite(_) => None,
            Inner::Postgres(session) => Some(Bulk(session)),
        }
    }

    /// Whether no transaction is under way.
    pub(crate) fn is_autocommit(&self) -> bool {
        match &self.0 {
            Inner::Sqlite(db) => db.is_autocommit(),
            Inner::Postgres(session) => session.is_idle(),
        }
    }

    /// Rows that were written so far: only good for telling whether there are more now.
    pub(crate) fn total_changes(&self) -> u64 {
        match &self.0 {
            Inner::Sqlite(db) => db.total_changes(),
            Inner::Postgres(session) => session.changes(),
        }
    }

    /// How long a statement waits for a lock that somebody else holds.
    pub(crate) fn set_patience(&self, patience: std::time::Duration) {
        match &self.0 {
            // It has no way to fail on an open connection, and waiting too long or too short harms nobody.
            Inner::Sqlite(db) => drop(db.busy_timeout(patience)),
            Inner::Postgres(session) => session.set_patience(patience),
        }
    }
}

/// Statements of PostgreSQL that are given many rows.
#[derive(Clone, Copy)]
pub(crate) struct Bulk<'a>(&'a session::Session);

impl Bulk<'_> {
    /// One more row for a statement that runs before whatever is asked next. Nothing may be able to refuse it: it would take the whole
    /// transaction with it.
    pub(crate) fn later(self, sql: &'static str, row: impl Params) {
        row.bind(|values| self.0.later(sql, values));
    }

    /// Writes rows; how many there were.
    pub(crate) fn execute(self, rows: &Rows) -> Result<usize> {
        self.0.execute(rows.sql, Given::Rows(rows))
    }

    /// Reads what there is for rows.
    pub(crate) fn query(self, rows: &Rows, mut read: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        let all = |row: &::postgres::Row| read(&Row(Cells::Postgres(row))).map(|()| ControlFlow::<()>::Continue(()));
        self.0.scan(rows.sql, Given::Rows(rows), all).map(drop)
    }
}

/// A statement that is ready to run.
pub(crate) struct Statement<'a>(Prepared<'a>);

enum Prepared<'a> {
    Sqlite(rusqlite::CachedStatement<'a>),
    Postgres(&'a session::Session, String),
}

impl Statement<'_> {
    /// Runs it; how many rows it wrote.
    pub(crate) fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.bind(|values| match &mut self.0 {
            Prepared::Sqlite(statement) => sqlite::execute(statement, values),
            Prepared::Postgres(session, sql) => session.execute(sql, Given::One(values)),
        })
    }

    /// Reads its one row.
    ///
    /// # Errors
    /// [`Error::NoRows`], which [`OptionalExtension::optional`] makes a `None`.
    pub(crate) fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        let mut read = Some(read);
        let found = self.scan(params, |row| match read.take() {
            Some(read) => read(row).map(ControlFlow::Break),
            None => Ok(ControlFlow::Continue(())),
        })?;
        found.ok_or(Error::NoRows)
    }

    /// Reads all rows.
    pub(crate) fn query_map<T>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<std::vec::IntoIter<Result<T>>> {
        let mut rows = Vec::new();
        self.scan(params, |row| {
            rows.push(read(row));
            Ok::<_, Error>(ControlFlow::<()>::Continue(()))
        })?;
        Ok(rows.into_iter())
    }

    /// Reads rows until one is enough.
    pub(crate) fn scan<B, E: From<Error>>(
        &mut self,
        params: impl Params,
        mut look: impl FnMut(&Row<'_>) -> std::result::Result<ControlFlow<B>, E>,
    ) -> std::result::Result<Option<B>, E> {
        params.bind(|values| match &mut self.0 {
            Prepared::Sqlite(statement) => sqlite::scan(statement, values, |row| look(&Row(Cells::Sqlite(row)))),
            Prepared::Postgres(session, sql) => session.scan(sql, Given::One(values), |row| look(&Row(Cells::Postgres(row)))),
        })
    }
}

/// A row that was found.
pub(crate) struct Row<'a>(Cells<'a>);

enum Cells<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a ::postgres::Row),
}

impl Row<'_> {
    /// A column.
    pub(crate) fn get<T: FromSql>(&self, column: impl Column) -> Result<T> {
        T::read(self.get_ref(column)?)
    }

    /// A column as it stands in the row.
    pub(crate) fn get_ref(&self, column: impl Column) -> Result<ValueRef<'_>> {
        column.of(self)
    }
}

/// What names a column: its place, or its name.
pub(crate) trait Column {
    /// The column as it stands in the row.
    fn of<'a>(&self, row: &'a Row<'_>) -> Result<ValueRef<'a>>;
}

impl Column for usize {
    fn of<'a>(&self, row: &'a Row<'_>) -> Result<ValueRef<'a>> {
        match &row.0 {
            Cells::Sqlite(row) => sqlite::cell(row, *self),
            Cells::Postgres(row) => wire::cell(row, *self),
        }
    }
}

impl Column for &str {
    fn of<'a>(&self, row: &'a Row<'_>) -> Result<ValueRef<'a>> {
        match &row.0 {
            Cells::Sqlite(row) => sqlite::cell(row, *self),
            Cells::Postgres(row) => wire::cell(row, *self),
        }
    }
}

/// A row that may be missing.
pub(crate) trait OptionalExtension<T> {
    /// `None` where there is no such row.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(Error::NoRows) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
