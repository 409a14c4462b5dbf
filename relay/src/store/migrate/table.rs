//! What both sides know of a table, in the same words.

use crate::store::StoreError;

/// What a column holds: the three kinds that our tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number.
    Integer,
    /// A text.
    Text,
    /// Bytes.
    Blob,
}

impl Kind {
    /// By the name that either database has for it.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "INTEGER" | "bigint" => Some(Self::Integer),
            "TEXT" | "text" => Some(Self::Text),
            "BLOB" | "bytea" => Some(Self::Blob),
            _ => None,
        }
    }

    /// PostgreSQL's number for it.
    pub(super) fn oid(self) -> u32 {
        match self {
            Self::Integer => 20,
            Self::Text => 25,
            Self::Blob => 17,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, by name.
    pub columns: Vec<Column>,
    /// Places of the key's columns among them, in the key's order.
    pub key: Vec<usize>,
}

impl Table {
    /// From its columns: name, kind in the database's words, and place in the key from 1, 0 where it is not of the key.
    pub(super) fn new(name: String, mut found: Vec<(String, String, i64)>) -> Result<Self, StoreError> {
        let unknown =
            |what: String| StoreError::Foreign(format!("the table `{name}` {what}, which this version of bulle does not know"));
        found.sort();
        let mut columns = Vec::with_capacity(found.len());
        for (column, kind, _) in &found {
            let kind = Kind::named(kind).ok_or_else(|| unknown(format!("has a column `{column}` of type {kind}")))?;
            columns.push(Column { name: column.clone(), kind });
        }
        let mut key: Vec<usize> = (0..found.len()).filter(|place| found[*place].2 > 0).collect();
        key.sort_by_key(|place| found[*place].2);
        if key.is_empty() {
            return Err(unknown("has no key".to_owned()));
        }
        Ok(Self { name, columns, key })
    }

    /// Its columns, for a statement.
    pub(super) fn list(&self) -> String {
        self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The columns of its key.
    pub(super) fn key(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|place| self.columns.get(*place))
    }
}
