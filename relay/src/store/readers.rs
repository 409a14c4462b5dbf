//! Reading: a few read-only connections that never wait for the writer (WAL), used from blocking threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::StoreError;
use crate::metrics::hot;

/// Reads at a time, and connections. Each uses a thread and a page cache; a read takes some 20 µs, so more would only queue for the
/// cores instead.
const AT_A_TIME: usize = 4;

/// A pool of read-only connections.
#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path), idle: Arc::default(), turns: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Reads in one transaction: all statements see the same state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let run = move || {
            let kept = this.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut db = match kept {
                Some(db) => db,
                None => this.open()?,
            };
            let snapshot = db.transaction()?;
            let result = read(&snapshot)?;
            drop(snapshot);
            this.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            drop(turn);
            Ok(result)
        };
        let done = tokio::task::spawn_blocking(run).await;
        let done = done.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())));
        if done.is_err() {
            hot().failed_reads.increment(1);
        }
        done
    }

    /// Closes the connections once the reads under way are done. Later reads are refused.
    pub(super) async fn close(&self) {
        // As many turns as there are: whoever holds them all is alone. It only fails if somebody closed before.
        let all = u32::try_from(AT_A_TIME).unwrap_or(u32::MAX);
        if self.turns.acquire_many(all).await.is_ok() {
            self.turns.close();
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let db = Connection::open_with_flags(&*self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        super::prepare(&db)?;
        Ok(db)
    }
}
