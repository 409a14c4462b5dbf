//! Parameters and columns as they go to PostgreSQL and come from it.

use bytes::BytesMut;
use postgres::Row;
use postgres::row::RowIndex;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::Result;
use super::value::ValueRef;

/// What tells statements apart that are the same text with parameters of other kinds.
pub(super) fn shape(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) => 1,
        ValueRef::Real(_) => 2,
        ValueRef::Text(_) => 3,
        ValueRef::Blob(_) => 4,
    }
}

/// What the server is told of a parameter.
pub(super) fn kind(value: ValueRef<'_>) -> Type {
    match value {
        // The server finds out.
        ValueRef::Null => Type::UNKNOWN,
        ValueRef::Integer(_) => Type::INT8,
        ValueRef::Real(_) => Type::FLOAT8,
        ValueRef::Text(_) => Type::TEXT,
        ValueRef::Blob(_) => Type::BYTEA,
    }
}

/// A column of a row.
pub(super) fn cell(row: &Row, column: impl RowIndex + std::fmt::Display) -> Result<ValueRef<'_>> {
    Ok(row.try_get::<_, Held<'_>>(column)?.0)
}

/// A value of a kind that no column of ours has.
#[derive(Debug, thiserror::Error)]
#[error("a value of type {0}")]
pub(super) struct Wrong(Type);

struct Held<'a>(ValueRef<'a>);

impl<'a> FromSql<'a> for Held<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT8 => ValueRef::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => ValueRef::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => ValueRef::Integer(raw.iter().any(|byte| *byte != 0).into()),
            Type::FLOAT8 => ValueRef::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::BYTEA => ValueRef::Blob(raw),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => ValueRef::Text(std::str::from_utf8(raw)?),
            _ => return Err(Box::new(Wrong(kind.clone()))),
        }))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self.0, kind) {
            (ValueRef::Null, _) => return Ok(IsNull::Yes),
            (ValueRef::Integer(number), &Type::INT8) => out.extend_from_slice(&number.to_be_bytes()),
            (ValueRef::Real(number), &Type::FLOAT8) => out.extend_from_slice(&number.to_be_bytes()),
            // The one character that the server does not take.
            (ValueRef::Text(text), &Type::TEXT) => text.split('\0').for_each(|part| out.extend_from_slice(part.as_bytes())),
            (ValueRef::Blob(bytes), &Type::BYTEA) => out.extend_from_slice(bytes),
            (_, kind) => return Err(Box::new(Wrong(kind.clone()))),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
