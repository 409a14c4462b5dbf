//! A row as PostgreSQL's `COPY … (FORMAT binary)` wants it, and its checksum, which the server computes by [`checksum`] from what it holds.

use std::fmt;
use std::ops::AddAssign;

use sha2::{Digest as _, Sha256};

use super::table::{Column, Table};

/// What begins and ends the stream of a `COPY`: https://www.postgresql.org/docs/current/sql-copy.html
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];

/// Some rows: how many, and the sum of their checksums, in which their order does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    /// Each row's checksum is the first 8 bytes of a SHA-256, as a signed number.
    pub checksum: i128,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.checksum += other.checksum;
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rows, checksum {:016x}", self.rows, self.checksum as u64)
    }
}

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row that is being written down.
pub(super) struct Row<'a> {
    /// For `COPY`.
    copy: &'a mut Vec<u8>,
    /// What its checksum is of: `record_send` of the row.
    record: Vec<u8>,
}

impl<'a> Row<'a> {
    /// Begins a row behind those that are there.
    pub(super) fn begin(table: &Table, copy: &'a mut Vec<u8>) -> Self {
        // Nobody has a table of more columns.
        let columns = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
        copy.extend_from_slice(&columns.to_be_bytes());
        Self { copy, record: u32::from(columns).to_be_bytes().to_vec() }
    }

    /// Its next value; `None`: NULL.
    pub(super) fn put(&mut self, column: &Column, value: Option<&[u8]>) {
        self.record.extend_from_slice(&column.kind.oid().to_be_bytes());
        // SQLite holds no value of 2 GiB.
        let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap_or(i32::MAX));
        for out in [&mut *self.copy, &mut self.record] {
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value.unwrap_or_default());
        }
    }

    /// Its checksum.
    pub(super) fn end(self) -> Sum {
        let digest = Sha256::digest(&self.record);
        let first = digest.first_chunk().copied().unwrap_or_default();
        Sum { rows: 1, checksum: i64::from_be_bytes(first).into() }
    }
}

/// What makes PostgreSQL compute a [`Sum`] of rows: two columns, the second one a text.
pub(super) fn checksum(table: &Table) -> String {
    format!(
        "count(*), CAST(coalesce(sum(CAST(CAST('x' || encode(substring(sha256(record_send(ROW({}))) FROM 1 FOR 8), 'hex') AS BIT(64)) \
         AS BIGINT)), 0) AS TEXT)",
        table.list()
    )
}
