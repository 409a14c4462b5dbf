//! `bulle backup FILE`: a consistent copy of the database while the relay runs.
//! A second connection reads one snapshot of the write-ahead log; the relay's writer neither waits for it nor notices.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::store::beside;

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
    // By process: two backups at once (a slow one and the next of a timer) must not write into one file.
    let partial = beside(file, &format!(".part-{}", std::process::id()));
    let failed = |error| BackupError::File { path: file.to_owned(), error };
    let copied = copy(database, &partial).and_then(|()| {
        let whole = std::fs::OpenOptions::new().write(true).open(&partial).map_err(failed)?;
        whole.sync_all().map_err(failed)?;
        rename_to_new(&partial, file)?;
        Ok(whole.metadata().map_err(failed)?.len())
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

/// Gives a file its name unless another one has got it meanwhile.
fn rename_to_new(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::File { path: to.to_owned(), error };
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, rustix::fs::RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Err(BackupError::Exists(to.to_owned())),
        // Not every file system knows how to; then what was looked at in the beginning has to do.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => std::fs::rename(from, to).map_err(failed)?,
        Err(error) => return Err(failed(error.into())),
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Names are on disk once their folder is. Not every system lets a folder be synced; then it is a matter of seconds.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn copy(database: &Path, partial: &Path) -> Result<(), BackupError> {
    // Not read-only: a database whose relay was killed has a log that only a writing connection may recover.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // One statement, one snapshot; unlike a file copy it needs no lock, and unlike the page-wise API it never starts anew.
    let name = partial.to_str().ok_or_else(|| BackupError::File {
        path: partial.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidFilename, "its name is no valid text"),
    })?;
    connection.execute("VACUUM INTO ?1", [name])?;
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
        assert!(!folder.path().join("x").exists());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("part")), "{names:?}");
    }
}
