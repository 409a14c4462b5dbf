//! Looks at a database file before it is opened for writing, so that one that is damaged, somebody else's or of a later version is
//! refused with a remedy and without a trace: neither the file nor its log changes, and nothing new lies beside it.
//!
//! How deep the look goes is bounded by the start's budget (DESIGN §13). Always: the header, the length that it promises, whose file it
//! is, its version, its tables. Up to [`WHOLE`] bytes: every page's structure (`PRAGMA quick_check`). Beyond that: the small tables,
//! on which everything else depends, and whatever is open; a crash is no reason to look deeper, because the log's own checksums
//! decide what of it counts.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{APPLICATION_ID, BUSY_TIMEOUT, MIGRATIONS, StoreError};

/// Largest file whose every page is looked at: takes some 50 ms out of the page cache.
const WHOLE: u64 = 32 * 1024 * 1024;
/// Tables of some hundred rows at most.
const SMALL: [&str; 5] = ["site", "agent", "agent_session", "invitation", "node"];
/// Tables that every version has had.
const TABLES: [&str; 8] = ["site", "agent", "agent_session", "invitation", "visitor", "conversation", "message", "node"];

/// What SQLite's header holds (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const HEADER: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A database of ours, sound as far as can be told.
    Ours,
}

/// Looks, and changes nothing.
pub(super) fn inspect(path: &Path) -> Result<Found, StoreError> {
    let unreadable = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let length = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(StoreError::Foreign(format!("{} is no file; name another one as `store`", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match beside(path, "-wal") {
                wal if holds_something(&wal) => Err(damaged(path, "it is missing, but its log is there")),
                _ => Ok(Found::Nothing),
            };
        }
        Err(error) => return Err(unreadable(error)),
    };
    if length == 0 {
        return Err(damaged(path, "it is empty"));
    }
    let mut header = Vec::with_capacity(HEADER);
    File::open(path).and_then(|file| file.take(HEADER as u64).read_to_end(&mut header)).map_err(unreadable)?;
    let logged = holds_something(&beside(path, "-wal"));
    check_header(path, &header, length, logged)?;

    let shared_memory = beside(path, "-shm");
    let was_shared = shared_memory.exists();
    let looked = look_inside(path, length, logged);
    if looked.is_err() && !was_shared {
        // Reading a log takes shared memory. It was not there before, so nobody else uses it.
        let _ = std::fs::remove_file(&shared_memory);
    }
    looked.map(|()| Found::Ours)
}

/// Whose file it is, by the bytes: no SQLite yet, which would make files beside it.
fn check_header(path: &Path, header: &[u8], length: u64, logged: bool) -> Result<(), StoreError> {
    let number = |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let [Some(version), Some(application), Some(pages), Some(changes), Some(counted_at)] = [60, 68, 28, 24, 92].map(number)
    else {
        return Err(StoreError::Foreign(format!("{} is no SQLite database; name another file as `store`", path.display())));
    };
    if !header.starts_with(MAGIC) {
        let all_zero = header.iter().all(|byte| *byte == 0);
        return Err(if all_zero {
            damaged(path, "it begins with zeros")
        } else {
            StoreError::Foreign(format!("{} is no SQLite database; name another file as `store`", path.display()))
        });
    }
    if application.cast_signed() != APPLICATION_ID {
        return Err(StoreError::Foreign(format!("{} belongs to another program; name another file as `store`", path.display())));
    }
    check_version(path, usize::try_from(version).unwrap_or(usize::MAX))?;
    let page_size = match header.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    if !page_size.is_power_of_two() || page_size < 512 {
        return Err(damaged(path, "its header makes no sense"));
    }
    // What the log holds may lie beyond the end of the file; and the count is only right if its writer kept it.
    if !logged && changes == counted_at && length < u64::from(pages) * page_size {
        return Err(damaged(path, "its end is missing"));
    }
    Ok(())
}

/// Refuses what a later version of the program wrote.
pub(super) fn check_version(path: &Path, version: usize) -> Result<(), StoreError> {
    let ours = MIGRATIONS.len();
    if version <= ours {
        return Ok(());
    }
    let path = path.display();
    Err(StoreError::Foreign(format!(
        "{path} was written by a later version of bulle (schema {version}, this one knows {ours}); start that version, or name another \
         file as `store`"
    )))
}

/// Asks SQLite, which may only read. Without a log the file is all there is, and nothing beside it is wanted (`immutable`).
fn look_inside(path: &Path, length: u64, logged: bool) -> Result<(), StoreError> {
    let wrong = |error: rusqlite::Error| match StoreError::from(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{}: {why}", path.display())),
        other => damaged(path, &other.to_string()),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri(path, !logged), flags).map_err(wrong)?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(wrong)?;
    check_version(path, super::version(&db)?)?;
    for table in TABLES {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        let there: u32 = db.query_row(sql, [table], |row| row.get(0)).map_err(wrong)?;
        if there == 0 {
            return Err(damaged(path, &format!("the table `{table}` is missing")));
        }
    }
    let size = length + std::fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let mut checks = vec![String::from("PRAGMA quick_check(1)")];
    if size > WHOLE {
        checks = SMALL.iter().map(|table| format!("PRAGMA quick_check({table})")).collect();
        checks.push("SELECT iif(count(page) + count(preview) >= 0, 'ok', '') FROM conversation WHERE state <> 3".into());
    }
    for check in checks {
        let verdict: String = db.query_row(&check, [], |row| row.get(0)).map_err(wrong)?;
        if verdict != "ok" {
            return Err(damaged(path, verdict.lines().last().unwrap_or_default()));
        }
    }
    Ok(())
}

fn damaged(path: &Path, what: &str) -> StoreError {
    let path = path.display();
    StoreError::Foreign(format!(
        "{path} is damaged ({what}) and was left as it is. Put a copy made by `bulle backup` in its place (and remove {path}-wal and \
         {path}-shm); without one, `sqlite3 {path} .recover` saves what can be saved. To begin with nothing, move it away"
    ))
}

/// The path of a file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn holds_something(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

/// The path as SQLite's URIs want it (<https://www.sqlite.org/uri.html>).
fn uri(path: &Path, immutable: bool) -> PathBuf {
    let mut uri = b"file:".to_vec();
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' => uri.extend(b"%25"),
            b'?' => uri.extend(b"%3f"),
            b'#' => uri.extend(b"%23"),
            _ => uri.push(byte),
        }
    }
    if immutable {
        uri.extend(b"?immutable=1");
    }
    PathBuf::from(OsString::from_vec(uri))
}
