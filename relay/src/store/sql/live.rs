//! One connection to PostgreSQL, asked from a thread that waits for the answer. Whoever does not answer in time is taken for gone: a server
//! that stands still and a network that swallows everything leave a connection open for ever, as far as its own timers can tell.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use postgres::types::Type;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Error, Result};

/// How long an answer may take: longer than the server lets any statement take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a goodbye may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Live {
    client: Client,
    runtime: Runtime,
    connection: JoinHandle<()>,
    prepared: HashMap<String, Vec<(Vec<u8>, Statement)>>,
    silent: Cell<bool>,
}

impl Live {
    pub(super) fn open(config: &Config, tls: Option<&MakeRustlsConnect>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::NoConnection)?;
        let opened = match tls {
            Some(tls) => runtime.block_on(connect(config, tls.clone())),
            None => runtime.block_on(connect(config, NoTls)),
        };
        let (client, connection) = opened?;
        Ok(Self { client, runtime, connection, prepared: HashMap::new(), silent: Cell::new(false) })
    }

    /// Whether it can be of use no more.
    pub(super) fn is_lost(&self) -> bool {
        self.silent.get() || self.client.is_closed()
    }

    /// Statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.ask(self.client.batch_execute(sql))
    }

    /// A statement, prepared once for parameters of this shape; `types` are theirs.
    pub(super) fn prepare(&mut self, sql: &str, shape: Vec<u8>, types: impl FnOnce() -> Vec<Type>) -> Result<Statement> {
        let known = self.prepared.get(sql).and_then(|all| all.iter().find(|(known, _)| *known == shape));
        if let Some((_, statement)) = known {
            return Ok(statement.clone());
        }
        let statement = self.ask(self.client.prepare_typed(&sql.replace('?', "$"), &types()))?;
        self.prepared.entry(sql.to_owned()).or_default().push((shape, statement.clone()));
        Ok(statement)
    }

    /// Whatever the client can be asked.
    pub(super) fn with<T>(&self, asked: impl AsyncFnOnce(&Client) -> std::result::Result<T, tokio_postgres::Error>) -> Result<T> {
        self.ask(asked(&self.client))
    }

    /// Ends it in good order where somebody listens.
    pub(super) fn close(self) {
        let Self { client, runtime, connection, .. } = self;
        drop(client);
        // In vain where nobody does.
        let _ = runtime.block_on(async { timeout(GOODBYE_WITHIN, connection).await });
    }

    fn ask<T>(&self, asked: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> Result<T> {
        match self.runtime.block_on(async { timeout(ANSWER_WITHIN, asked).await }) {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                self.silent.set(true);
                Err(Error::Silent)
            }
        }
    }
}

/// A client, and the task that works for it.
async fn connect<T>(config: &Config, tls: T) -> Result<(Client, JoinHandle<()>)>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = timeout(ANSWER_WITHIN, config.connect(tls)).await.map_err(|_| Error::Silent)??;
    // Why it ended is told to whoever asks next.
    Ok((client, tokio::spawn(async { drop(connection.await) })))
}
