//! The file of SQLite: looked at before anything else, then read in one snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef as Cell};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params_from_iter};

use super::row::{Row, Sum, Value};
use super::table::{Column, Kind, Table};
use super::{DERIVED, MigrateError};
use crate::restore;
use crate::store::{Lock, SCHEMA, StoreError, inspect, prepare, version};

/// Most rows that are compared and written at a time.
const MOST_ROWS: u64 = 2_000;
/// And most bytes of them, but for the last row.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Rows that follow each other in the order of their keys.
pub(super) struct Batch {
    /// As `COPY` wants them.
    pub copy: Vec<u8>,
    /// How many, and their checksum.
    pub sum: Sum,
    /// Texts that held a NUL.
    pub nuls: u64,
    /// The last one's key; `None`: there are no rows behind these.
    pub up_to: Option<Vec<Value>>,
}

/// A database that is moved.
pub(super) struct Source {
    path: PathBuf,
    db: Connection,
    tables: Vec<Table>,
    /// Held to the end: no relay begins meanwhile.
    _lock: Option<Lock>,
}

impl Source {
    /// Opens it; `ahead`: beside a relay that may run on it.
    pub(super) fn open(path: &Path, ahead: bool) -> Result<Self, MigrateError> {
        if !path.is_file() {
            return Err(MigrateError::Refused(format!(
                "there is no database at {}: name the relay's as `--from`",
                path.display()
            )));
        }
        let lock = match ahead {
            true => None,
            false => Some(Lock::take(path).map_err(|error| in_use(error, path))?),
        };
        inspect::inspect(path)?;
        // Not read-only: a database whose relay was killed has a log that only a writing connection may recover.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        prepare(&db)?;
        // The latter keeps out other commands, too, such as `bulle erase`, whose work would stay behind.
        db.execute_batch(if ahead { "BEGIN" } else { "BEGIN IMMEDIATE" })?;
        let version = version(&db)?;
        if version != SCHEMA {
            // What is later was refused before.
            return Err(MigrateError::Refused(format!(
                "{} is of an earlier version of bulle (schema {version}, this one has {SCHEMA}): start the relay of this version on it once, \
                 which brings it up to date, then move it",
                path.display()
            )));
        }
        let tables = tables(&db)?;
        Ok(Self { path: path.to_owned(), db, tables, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All that is copied.
    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The id of a site or an agent, by which the database is known again: neither is ever removed.
    pub(super) fn mark(&self) -> Result<Vec<u8>, MigrateError> {
        let sql = "SELECT id FROM (SELECT id, 0 AS of FROM site UNION ALL SELECT id, 1 FROM agent) ORDER BY of, id LIMIT 1";
        let found = self.db.query_row(sql, [], |row| row.get(0)).optional()?;
        found.ok_or_else(|| {
            MigrateError::Refused(format!("{} holds neither a site nor an agent: there is nothing to move", self.path.display()))
        })
    }

    /// Whether a mark is of this database.
    pub(super) fn has(&self, mark: &[u8]) -> Result<bool, MigrateError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM site WHERE id = ?1) OR EXISTS (SELECT 1 FROM agent WHERE id = ?1)";
        Ok(self.db.query_row(sql, [mark], |row| row.get(0))?)
    }

    /// Looks at every page, every reference and the numbering of messages, as `bulle restore --check` does.
    pub(super) fn examine(&self) -> Result<(), MigrateError> {
        let bytes = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        let report = restore::examine(&self.db, &self.path, bytes).map_err(|error| MigrateError::Refused(error.to_string()))?;
        if report.is_good() {
            return Ok(());
        }
        Err(MigrateError::Damaged { file: self.path.display().to_string(), report })
    }

    /// The rows after a key, as many as are taken at a time.
    pub(super) fn batch(&self, table: &Table, after: Option<&Vec<Value>>) -> Result<Batch, MigrateError> {
        let key = table.key().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
        let behind = match after {
            Some(_) => format!("WHERE ({key}) > ({})", vec!["?"; table.key.len()].join(", ")),
            None => String::new(),
        };
        let (columns, name) = (table.list(), &table.name);
        let sql = format!("SELECT {columns} FROM \"{name}\" {behind} ORDER BY {key} LIMIT {}", MOST_ROWS + 1);
        let mut find = self.db.prepare_cached(&sql)?;
        let mut rows = find.query(params_from_iter(after.into_iter().flatten()))?;
        let mut batch = Batch { copy: Vec::new(), sum: Sum::default(), nuls: 0, up_to: None };
        let mut last = None;
        while let Some(found) = rows.next()? {
            if batch.sum.rows == MOST_ROWS || batch.copy.len() >= MOST_BYTES {
                batch.up_to = last;
                break;
            }
            let mut row = Row::begin(table, &mut batch.copy);
            for (place, column) in table.columns.iter().enumerate() {
                let put = put(&mut row, column, found.get_ref(place)?);
                batch.nuls += u64::from(put.map_err(|what| self.wrong(table, column, what))?);
            }
            batch.sum += row.end();
            let mut key = Vec::with_capacity(table.key.len());
            for (place, column) in table.key.iter().zip(table.key()) {
                key.push(owned(found.get_ref(*place)?).map_err(|what| self.wrong(table, column, what))?);
            }
            last = Some(key);
        }
        Ok(batch)
    }

    fn wrong(&self, table: &Table, column: &Column, what: &str) -> MigrateError {
        let (path, table, column) = (self.path.display(), &table.name, &column.name);
        MigrateError::Refused(format!("{path} is damaged: `{table}`.`{column}` holds {what}; move a backup of it that is whole"))
    }
}

/// Puts a value into a row; whether a NUL was left out.
fn put(row: &mut Row<'_>, column: &Column, cell: Cell<'_>) -> Result<bool, &'static str> {
    match (column.kind, cell) {
        (_, Cell::Null) => row.put(column, None),
        (Kind::Integer, Cell::Integer(number)) => row.put(column, Some(&number.to_be_bytes())),
        (Kind::Blob, Cell::Blob(bytes)) => row.put(column, Some(bytes)),
        (Kind::Text, Cell::Text(text)) => {
            let text = std::str::from_utf8(text).map_err(|_| "a text that is no UTF-8")?;
            // The one character that PostgreSQL does not take; the relay leaves it out as well.
            if text.contains('\0') {
                row.put(column, Some(text.replace('\0', "").as_bytes()));
                return Ok(true);
            }
            row.put(column, Some(text.as_bytes()));
        }
        _ => return Err("a value of another kind"),
    }
    Ok(false)
}

/// A value of a key.
fn owned(cell: Cell<'_>) -> Result<Value, &'static str> {
    match cell {
        Cell::Integer(number) => Ok(Value::Integer(number)),
        Cell::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        Cell::Text(text) => String::from_utf8(text.to_vec()).map(Value::Text).map_err(|_| "a text that is no UTF-8"),
        Cell::Null | Cell::Real(_) => Err("no key"),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(number) => Cell::Integer(*number),
            Self::Text(text) => Cell::Text(text.as_bytes()),
            Self::Blob(bytes) => Cell::Blob(bytes),
        }))
    }
}

/// The tables that are copied, by name: all but SQLite's own, those of the index of words, and [`DERIVED`].
fn tables(db: &Connection) -> Result<Vec<Table>, MigrateError> {
    let sql = r"SELECT t.name, c.name, c.type, c.pk FROM pragma_table_list t JOIN pragma_table_info(t.name) c
                WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'";
    let mut find = db.prepare(sql)?;
    let mut rows = find.query([])?;
    let mut found = BTreeMap::<String, Vec<_>>::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if !DERIVED.contains(&&*name) {
            found.entry(name).or_default().push((row.get(1)?, row.get(2)?, row.get(3)?));
        }
    }
    Ok(found.into_iter().map(|(name, columns)| Table::new(name, columns)).collect::<Result<_, _>>()?)
}

/// Who runs on it, and what to do about it.
fn in_use(error: StoreError, path: &Path) -> MigrateError {
    match error {
        StoreError::InUse { process, .. } => MigrateError::Refused(format!(
            "a relay (process {process}) runs on {}: copy with `--ahead` while it serves, then stop it and run this without",
            path.display()
        )),
        other => other.into(),
    }
}
