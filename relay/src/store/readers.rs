//! Reading: a few read-only connections that never wait for the writer (WAL), used from blocking threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::OpenFlags;
use tokio::sync::{Semaphore, oneshot};

use super::sql::{Connection, Kind, Server};
use super::{BUSY_TIMEOUT, StoreError};
use crate::metrics::hot;

/// Reads at a time, and connections. Each uses a thread and a page cache; a read takes some 20 µs, so more would only queue for the
/// cores instead.
const AT_A_TIME: usize = 4;

/// Where they lead.
pub(super) enum Source {
    /// To a file of SQLite.
    File(PathBuf),
    /// To a server of PostgreSQL.
    Server(Server),
}

/// A pool of read-only connections.
#[derive(Clone)]
pub(super) struct Readers {
    source: Arc<Source>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(source: Source) -> Self {
        Self { source: Arc::new(source), idle: Arc::default(), turns: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Reads in one transaction: all statements see the same state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let (answer, answered) = oneshot::channel();
        let run = move || {
            let kept = this.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let look = || {
                let db = kept.map_or_else(|| this.open(), Ok)?;
                db.begin_reading()?;
                let result = read(&db)?;
                Ok((db, result))
            };
            let done = look();
            let give_back = |db: Connection| {
                if db.roll_back().is_ok() {
                    this.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
                }
            };
            // Whoever asked may have gone.
            let tell = |result| drop(answer.send(result));
            match done {
                // The end is a way to the server and back, for which they need not wait.
                Ok((db, result)) if db.kind() == Kind::Postgres => {
                    tell(Ok(result));
                    give_back(db);
                    drop(turn);
                }
                // They may close the store next: then no connection is to be open.
                Ok((db, result)) => {
                    give_back(db);
                    drop((this, turn));
                    tell(Ok(result));
                }
                Err(error) => {
                    drop((this, turn));
                    tell(Err(error));
                }
            }
        };
        tokio::task::spawn_blocking(run);
        let gone = |_| Err(StoreError::Unavailable("a read of the store came to no end".into()));
        let done = answered.await.unwrap_or_else(gone);
        if done.is_err() {
            hot().failed_reads.increment(1);
        }
        done
    }

    /// Connections that are read from, and others that are open.
    pub(super) fn count(&self) -> (usize, usize) {
        let busy = AT_A_TIME.saturating_sub(self.turns.available_permits());
        (busy, self.idle.lock().unwrap_or_else(PoisonError::into_inner).len())
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
        match &*self.source {
            Source::File(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let db = rusqlite::Connection::open_with_flags(path, flags)?;
                super::prepare(&db)?;
                Ok(db.into())
            }
            Source::Server(server) => Ok(server.session(BUSY_TIMEOUT).into()),
        }
    }
}
