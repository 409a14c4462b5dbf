//! One relay per database: a lock on a file beside it, which the operating system gives back when the process ends, however it ends.
//! `Store::own` and `bulle restore` take it; `backup` and `invite` do without, they are meant to run beside a relay.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing it is what gives the lock back")] File);

impl Lock {
    /// Takes the lock of a database, which need not exist yet.
    ///
    /// # Errors
    /// Another process holds it: [`StoreError::InUse`]. Or the file beside the database cannot be written.
    pub fn take(database: &Path) -> Result<Self, StoreError> {
        // However it is named, it is the same database.
        let database = std::fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
        let path = beside(&database, ".lock");
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("cannot lock {}: {error}", path.display()));
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only to say who it is.
                let _ = file.read_to_string(&mut holder);
                let database = database.display().to_string();
                return Err(StoreError::InUse { database, process: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self(file))
    }
}

/// The path of a file that belongs to a database: its name with something behind it.
pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
