//! SQLite: values bound one by one, rows read as the database steps.

use std::ops::ControlFlow;

use rusqlite::types::{ToSqlOutput, ValueRef as Cell};
use rusqlite::{Connection, Row, RowIndex, Statement};

use super::value::ValueRef;
use super::{Error, Result};

/// Runs a statement without parameters that is needed again and again.
pub(super) fn run(db: &Connection, sql: &str) -> Result<()> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// An error in words. The extended code tells a full disk's error from a broken one's: https://www.sqlite.org/rescode.html
pub(super) fn told(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(failure) => format!("{error} (SQLite code {})", failure.extended_code),
        None => error.to_string(),
    }
}

pub(super) fn execute(statement: &mut Statement<'_>, values: &[ValueRef<'_>]) -> Result<usize> {
    bind(statement, values)?;
    Ok(statement.raw_execute()?)
}

pub(super) fn scan<B, E: From<Error>>(
    statement: &mut Statement<'_>,
    values: &[ValueRef<'_>],
    mut look: impl FnMut(&Row<'_>) -> std::result::Result<ControlFlow<B>, E>,
) -> std::result::Result<Option<B>, E> {
    bind(statement, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(Error::from)? {
        if let ControlFlow::Break(found) = look(row)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

pub(super) fn cell<'a>(row: &'a Row<'_>, column: impl RowIndex) -> Result<ValueRef<'a>> {
    Ok(match row.get_ref(column)? {
        Cell::Null => ValueRef::Null,
        Cell::Integer(number) => ValueRef::Integer(number),
        Cell::Real(number) => ValueRef::Real(number),
        Cell::Text(text) => {
            ValueRef::Text(std::str::from_utf8(text).map_err(|_| Error::Unexpected("a text that is no UTF-8".into()))?)
        }
        Cell::Blob(bytes) => ValueRef::Blob(bytes),
    })
}

fn bind(statement: &mut Statement<'_>, values: &[ValueRef<'_>]) -> Result<()> {
    let expected = statement.parameter_count();
    if expected != values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), expected).into());
    }
    for (place, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(place + 1, Bound(*value))?;
    }
    Ok(())
}

struct Bound<'a>(ValueRef<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(text) => Cell::Text(text.as_bytes()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes),
        }))
    }
}
