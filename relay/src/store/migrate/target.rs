//! The database on a server: empty, or one that an earlier run has begun to fill.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use ::postgres::error::SqlState;
use ::postgres::types::ToSql;
use ::postgres::{Client, GenericClient, Statement};

use super::row::{HEADER, Sum, TRAILER, Value, checksum};
use super::source::{Batch, Source};
use super::table::{Kind, Table};
use super::{DERIVED, MigrateError};
use crate::clock;
use crate::store::sql::{self, MOVE, OWNER};
use crate::store::{BUSY_TIMEOUT, MIGRATIONS_OF_POSTGRES, Server};

/// Tables that only PostgreSQL has: which version it is of, how the move stands, and the index of words, a table of its own there.
const ITS_OWN: [&str; 3] = ["migration", MOVE, "word_index"];

/// What is in the schema, but for what belongs to extensions, which providers put there.
const OURS: &str = "c.relnamespace = CAST(current_schema() AS regnamespace) AND NOT EXISTS (SELECT 1 FROM pg_depend d \
    WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = c.oid AND d.deptype = 'e')";

/// A session that has the database alone, and the database is one that may be filled.
pub(super) struct Target {
    /// For what is done once.
    pub client: Client,
    prepared: HashMap<String, Statement>,
}

impl Target {
    /// Gets in, and begins the move unless it was begun before.
    pub(super) fn open(server: &Server, source: &Source) -> Result<Self, MigrateError> {
        let mut client = alone(server)?;
        // Texts are compared by their bytes.
        let encoding: String = client.query_one("SELECT current_setting('server_encoding')", &[])?.try_get(0)?;
        if encoding != "UTF8" {
            return Err(MigrateError::Refused(format!(
                "{server} has the encoding {encoding}: make one by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            )));
        }
        if is_there(&mut client, MOVE)? {
            go_on(&mut client, server, source)?;
        } else {
            begin(&mut client, server, source)?;
        }
        compare_schemas(&mut client, server, source)?;
        Ok(Self { client, prepared: HashMap::new() })
    }

    /// Makes a range of a table what it is in the source: what lies behind a key, up to that of the batch. Whether it had to write.
    pub(super) fn bring(&mut self, table: &Table, after: Option<&Vec<Value>>, batch: &Batch) -> Result<bool, MigrateError> {
        let range = range(table, after, batch.up_to.as_ref());
        let bounds: Vec<&(dyn ToSql + Sync)> = after.into_iter().chain(&batch.up_to).flatten().map(Value::bound).collect();
        let look = self.prepare(&format!("SELECT {} FROM \"{}\" {range}", checksum(table), table.name))?;
        if sum(&mut self.client, &look, &bounds)? == batch.sum {
            return Ok(false);
        }
        let remove = self.prepare(&format!("DELETE FROM \"{}\" {range}", table.name))?;
        let mut change = self.client.transaction()?;
        change.execute(&remove, &bounds)?;
        let mut copy = change.copy_in(&format!("COPY \"{}\" ({}) FROM STDIN (FORMAT binary)", table.name, table.list()))?;
        for part in [HEADER, &batch.copy, TRAILER] {
            copy.write_all(part).map_err(unwrap)?;
        }
        copy.finish()?;
        let there = sum(&mut change, &look, &bounds)?;
        if there != batch.sum {
            return Err(MigrateError::Differs { table: table.name.clone(), here: batch.sum, there });
        }
        change.commit()?;
        Ok(true)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, MigrateError> {
        if let Some(known) = self.prepared.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// What PostgreSQL computes of rows.
pub(super) fn sum(
    client: &mut impl GenericClient,
    look: &Statement,
    bounds: &[&(dyn ToSql + Sync)],
) -> Result<Sum, MigrateError> {
    let found = client.query_one(look, bounds)?;
    let (rows, checksum): (i64, String) = (found.try_get(0)?, found.try_get(1)?);
    // A number that it has made of a number.
    Ok(Sum { rows: rows.unsigned_abs(), checksum: checksum.parse().unwrap_or(i128::MIN) })
}

/// The rows behind one key and up to another. SQLite orders texts by their bytes, which is "C" here. The first column by itself leads
/// through the key's index also where a text comes behind it, of which the index has another order.
fn range(table: &Table, after: Option<&Vec<Value>>, up_to: Option<&Vec<Value>>) -> String {
    let columns: Vec<_> = table
        .key()
        .map(|column| match column.kind {
            Kind::Text => format!("\"{}\" COLLATE \"C\"", column.name),
            Kind::Integer | Kind::Blob => format!("\"{}\"", column.name),
        })
        .collect();
    let key = columns.join(", ");
    let first = columns.first().map_or("", String::as_str);
    let mut next = 1;
    let mut bound = |side: char| {
        let parameters = (next..next + columns.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
        let bound = format!("{first} {side}= ${next}");
        next += columns.len();
        (bound, parameters)
    };
    let mut conditions = Vec::new();
    if after.is_some() {
        let (bound, parameters) = bound('>');
        conditions.push(format!("{bound} AND ({key}) > ({parameters})"));
    }
    if up_to.is_some() {
        let (bound, parameters) = bound('<');
        conditions.push(format!("{bound} AND ({key}) <= ({parameters})"));
    }
    if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) }
}

impl Value {
    fn bound(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integer(number) => number,
            Self::Text(text) => text,
            Self::Blob(bytes) => bytes,
        }
    }
}

/// The error that a stream wraps.
fn unwrap(error: std::io::Error) -> MigrateError {
    match error.downcast::<::postgres::Error>() {
        Ok(error) => error.into(),
        Err(error) => crate::store::StoreError::Unavailable(error.to_string()).into(),
    }
}

/// A session that nobody else's relay or move runs beside.
fn alone(server: &Server) -> Result<Client, MigrateError> {
    let mut client = server.client().map_err(crate::store::StoreError::from)?;
    let patience = BUSY_TIMEOUT.as_millis();
    let lock = format!("SET client_min_messages = warning; SET lock_timeout = {patience}; SELECT pg_advisory_lock({OWNER})");
    client.batch_execute(&lock).map_err(|error| match error.code() {
        Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => {
            MigrateError::Refused(format!("a relay, or another move, runs on {server}: stop it first"))
        }
        _ => error.into(),
    })?;
    // An index may take its time. What is lost with a crash of the server is found missing; the last commit waits for the disk. The
    // planner knows nothing of tables that were just filled, and must not read them from the beginning for every range.
    client.batch_execute(
        "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET synchronous_commit = off; \
         SET enable_seqscan = off",
    )?;
    // A run that was killed is noticed while the server works for it. Not every server can; then its statement ends first.
    let _ = client.batch_execute("SET client_connection_check_interval = 2000");
    Ok(client)
}

fn is_there(client: &mut Client, table: &str) -> Result<bool, MigrateError> {
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])?.try_get(0)?)
}

/// Makes the tables, without indexes and references, and writes down how to make those.
fn begin(client: &mut Client, server: &Server, source: &Source) -> Result<(), MigrateError> {
    let anything = format!(
        "SELECT CAST(c.relname AS TEXT) FROM pg_class c WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY c.relname LIMIT 1"
    );
    let there = client.query_opt(&anything, &[])?;
    if let Some(there) = there {
        let table: String = there.try_get(0)?;
        return Err(MigrateError::Refused(format!(
            "{server} is not empty (`{table}` is there): name a database that was just made (CREATE DATABASE bulle OWNER bulle)"
        )));
    }
    let mark = source.mark()?;
    let mut change = client.transaction()?;
    sql::migrate(&mut change, &MIGRATIONS_OF_POSTGRES, 0).map_err(crate::store::StoreError::from)?;
    let mut made = Vec::new();
    for found in change.query(
        "SELECT 'ALTER TABLE ' || CAST(CAST(conrelid AS regclass) AS TEXT) || ' DROP CONSTRAINT ' || quote_ident(conname), \
         'ALTER TABLE ' || CAST(CAST(conrelid AS regclass) AS TEXT) || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) \
         FROM pg_constraint WHERE connamespace = CAST(current_schema() AS regnamespace) AND contype IN ('u', 'f') \
         ORDER BY contype = 'f', conname",
        &[],
    )? {
        made.push((found.try_get::<_, String>(0)?, found.try_get::<_, String>(1)?));
    }
    let mut indexes = Vec::new();
    for found in change.query(
        "SELECT 'DROP INDEX ' || CAST(CAST(i.indexrelid AS regclass) AS TEXT), pg_get_indexdef(i.indexrelid) \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = CAST(current_schema() AS regnamespace) \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY c.relname",
        &[],
    )? {
        indexes.push((found.try_get::<_, String>(0)?, found.try_get::<_, String>(1)?));
    }
    // Indexes before references, which are checked by them.
    let rest: Vec<_> = indexes.iter().chain(&made).map(|(_, make)| make.clone()).collect();
    for (remove, _) in made.iter().rev().chain(&indexes) {
        change.batch_execute(remove)?;
    }
    change.batch_execute(&format!(
        "CREATE TABLE {MOVE} (only_row BIGINT PRIMARY KEY CHECK (only_row = 0), mark BYTEA NOT NULL, source TEXT NOT NULL, \
         began_at BIGINT NOT NULL, finished_at BIGINT, rest TEXT NOT NULL)"
    ))?;
    change.execute(
        &format!("INSERT INTO {MOVE} (only_row, mark, source, began_at, rest) VALUES (0, $1, $2, $3, $4)"),
        &[&mark, &source.path().display().to_string(), &clock::now(), &rest.join(";\n")],
    )?;
    Ok(change.commit()?)
}

/// Whether a move that is there is one of the same source, and not over.
fn go_on(client: &mut Client, server: &Server, source: &Source) -> Result<(), MigrateError> {
    let found = client.query_one(&format!("SELECT mark, source, finished_at IS NOT NULL FROM {MOVE}"), &[])?;
    let (mark, path, finished): (Vec<u8>, String, bool) = (found.try_get(0)?, found.try_get(1)?, found.try_get(2)?);
    if finished {
        return Err(MigrateError::Refused(format!(
            "the move of {path} to {server} is over, nothing was done: start the relay on it, or name a database that was just made"
        )));
    }
    if !source.has(&mark)? {
        return Err(MigrateError::Refused(format!(
            "{server} holds the beginning of a move of another database ({path}): go on with that one, or name a database that was just made"
        )));
    }
    let version: i64 = client.query_one("SELECT coalesce(max(version), 0) FROM migration", &[])?.try_get(0)?;
    if usize::try_from(version).ok() != Some(MIGRATIONS_OF_POSTGRES.len()) {
        return Err(MigrateError::Refused(format!(
            "another version of bulle has begun the move to {server}: go on with that one, or begin anew in a database that was just made"
        )));
    }
    Ok(())
}

/// Refuses where one side has a table or a column that the other has not: it would be forgotten.
fn compare_schemas(client: &mut Client, server: &Server, source: &Source) -> Result<(), MigrateError> {
    let mut found = BTreeMap::<String, Vec<_>>::new();
    let columns = format!(
        "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), format_type(a.atttypid, NULL), \
         CAST(coalesce(array_position(CAST(i.indkey AS INT2[]), a.attnum) + 1, 0) AS BIGINT) \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE {OURS} AND c.relkind = 'r'"
    );
    for column in client.query(&columns, &[])? {
        let name: String = column.try_get(0)?;
        if !DERIVED.contains(&&*name) && !ITS_OWN.contains(&&*name) {
            found.entry(name).or_default().push((column.try_get(1)?, column.try_get(2)?, column.try_get(3)?));
        }
    }
    let mut there = Vec::new();
    for (name, columns) in found {
        there.push(Table::new(name, columns)?);
    }
    let differs =
        |one: &[Table], other: &[Table]| one.iter().find(|table| !other.contains(table)).map(|table| table.name.clone());
    let Some(table) = differs(source.tables(), &there).or_else(|| differs(&there, source.tables())) else { return Ok(()) };
    Err(MigrateError::Refused(format!(
        "the table `{table}` is not the same in {} and in {server}: only what bulle itself has made can be moved",
        source.path().display()
    )))
}
