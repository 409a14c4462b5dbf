//! `bulle backup FILE`: a consistent copy of the database while the relay runs.
//! A second connection reads one snapshot of the write-ahead log; the relay's writer neither waits for it nor notices.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Overwriting the only good copy would be worse than failing.
    #[error("{} exists already; name a file that does not", .0.display())]
    Exists(PathBuf),
    /// No database where the configuration says.
    #[error("there is no database at {}: is `data` or `store` set as for the relay?", .0.display())]
    NoDatabase(PathBuf),
    /// The database.
    #[error("cannot copy the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The file.
    #[error("cannot write {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Copies the database to `file` and returns its size in bytes. The file appears under its name only when it is whole and on disk.
///
/// # Errors
/// The file exists, the database does not, or the disk says no; then nothing is left behind.
pub fn write(database: &Path, file: &Path) -> Result<u64, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    if !database.is_file() {
        return Err(BackupError::NoDatabase(database.to_owned()));
    }
    let mut partial = file.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let failed = |error| BackupError::File { path: file.to_owned(), error };
    // What an earlier, interrupted backup left.
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let copied = copy(database, &partial).and_then(|()| {
        let whole = std::fs::OpenOptions::new().write(true).open(&partial).map_err(failed)?;
        whole.sync_all().map_err(failed)?;
        std::fs::rename(&partial, file).map_err(failed)?;
        Ok(whole.metadata().map_err(failed)?.len())
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

fn copy(database: &Path, partial: &Path) -> Result<(), BackupError> {
    // Not read-only: a database whose relay was killed has a log that only a writing connection may recover.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // One statement, one snapshot; unlike a file copy it needs no lock, and unlike the page-wise API it never starts anew.
    connection.execute("VACUUM INTO ?1", [partial.to_string_lossy()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_holds_what_was_committed_while_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (database, file) = (folder.path().join("bulle.db"), folder.path().join("copy.db"));
        let writer = Connection::open(&database).unwrap();
        writer.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE said(text); INSERT INTO said VALUES ('committed');").unwrap();
        writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO said VALUES ('not yet');").unwrap();
        assert!(write(&database, &file).unwrap() > 0);
        writer.execute_batch("COMMIT").unwrap();
        let copy = Connection::open(&file).unwrap();
        let texts: String = copy.query_row("SELECT group_concat(text) FROM said", [], |row| row.get(0)).unwrap();
        assert_eq!(texts, "committed");
        assert!(matches!(write(&database, &file), Err(BackupError::Exists(_))));
        assert!(matches!(write(&folder.path().join("none.db"), &folder.path().join("x")), Err(BackupError::NoDatabase(_))));
        assert!(!folder.path().join("x").exists() && !folder.path().join("copy.db.part").exists());
    }
}
