//! Parameters and columns as they go to PostgreSQL and come from it.

use bytes::BytesMut;
use postgres::Row;
use postgres::row::RowIndex;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::Result;
use super::value::{Params, ValueRef};

/// The one character that the server does not take.
const REFUSED: char = '\0';

/// The parameters of one statement.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    /// Each a value.
    One(&'a [ValueRef<'a>]),
    /// Each a column of rows.
    Rows(&'a Rows),
}

impl Given<'_> {
    /// What tells statements apart that are the same text with parameters of other kinds.
    pub(super) fn shape(self) -> Vec<u8> {
        match self {
            Self::One(values) => values.iter().map(|value| shape(*value)).collect(),
            Self::Rows(_) => Vec::new(),
        }
    }

    /// What the server is told of them.
    pub(super) fn types(self) -> Vec<Type> {
        match self {
            Self::One(values) => values.iter().map(|value| kind(*value)).collect(),
            // The statement says it.
            Self::Rows(_) => Vec::new(),
        }
    }
}

/// Rows for one statement, which takes each of their columns as an array: `unnest(?1::bigint[], ?2::text[])`.
pub(crate) struct Rows {
    pub(crate) sql: &'static str,
    columns: Vec<Vec<Value>>,
}

/// A value that is kept until it is sent.
#[derive(Debug)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(text.replace(REFUSED, "")),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}

impl Rows {
    /// None yet.
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, columns: Vec::new() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// One more. All have as many values as the first.
    pub(crate) fn push(&mut self, row: impl Params) {
        row.bind(|values| self.add(values));
    }

    /// The same of values that are at hand.
    pub(super) fn add(&mut self, values: &[ValueRef<'_>]) {
        self.columns.resize_with(values.len(), Vec::new);
        self.columns.iter_mut().zip(values).for_each(|(column, value)| column.push((*value).into()));
    }

    /// Those of others, behind these.
    pub(super) fn append(&mut self, others: Self) {
        self.columns.resize_with(others.columns.len(), Vec::new);
        self.columns.iter_mut().zip(others.columns).for_each(|(column, more)| column.extend(more));
    }

    /// As parameters.
    pub(super) fn columns(&self) -> impl ExactSizeIterator<Item = Column<'_>> {
        self.columns.iter().map(|values| Column(values))
    }
}

/// A parameter that is an array.
#[derive(Debug)]
pub(super) struct Column<'a>(&'a [Value]);

impl ToSql for Column<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        /// `None` where a value is of another kind than its column.
        macro_rules! all {
            ($value:ident) => {
                self.0
                    .iter()
                    .map(|value| match value {
                        Value::Null => Some(None),
                        Value::$value(value) => Some(Some(value)),
                        _ => None,
                    })
                    .collect::<Option<Vec<_>>>()
            };
        }
        let wrong = || Box::new(Wrong(kind.clone()));
        match *kind {
            Type::INT8_ARRAY => all!(Integer).ok_or_else(wrong)?.to_sql(kind, out),
            Type::FLOAT8_ARRAY => all!(Real).ok_or_else(wrong)?.to_sql(kind, out),
            Type::TEXT_ARRAY => all!(Text).ok_or_else(wrong)?.to_sql(kind, out),
            Type::BYTEA_ARRAY => all!(Blob).ok_or_else(wrong)?.to_sql(kind, out),
            _ => Err(wrong()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn shape(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) => 1,
        ValueRef::Real(_) => 2,
        ValueRef::Text(_) => 3,
        ValueRef::Blob(_) => 4,
    }
}

fn kind(value: ValueRef<'_>) -> Type {
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
            (ValueRef::Text(text), &Type::TEXT) => text.split(REFUSED).for_each(|part| out.extend_from_slice(part.as_bytes())),
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
