//! One connection to PostgreSQL, asked from a thread that waits for the answer. Whoever does not answer in time is taken for gone: a server
//! that stands still and a network that swallows everything leave a connection open for ever, as far as its own timers can tell.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::maybe_done;
use postgres::Row;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::wire::{Bound, Given};
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
    silent: bool,
}

/// Something to ask.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    /// Statements without parameters.
    Text(&'a str),
    /// A statement, which is prepared once for parameters of this shape.
    Statement(&'a str, Given<'a>),
}

/// What was answered.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    /// Rows that were written, or read.
    pub(super) written: u64,
}

/// What was refused.
pub(super) struct Failure {
    /// The last of what was asked; all before was done.
    pub(super) is_last: bool,
    pub(super) error: Error,
}

impl Live {
    pub(super) fn open(config: &Config, tls: Option<&MakeRustlsConnect>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::NoConnection)?;
        let opened = match tls {
            Some(tls) => runtime.block_on(connect(config, tls.clone())),
            None => runtime.block_on(connect(config, NoTls)),
        };
        let (client, connection) = opened?;
        Ok(Self { client, runtime, connection, prepared: HashMap::new(), silent: false })
    }

    /// Whether it has not answered in time.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether it can be of use no more.
    pub(super) fn is_lost(&self) -> bool {
        self.silent || self.client.is_closed()
    }

    /// Statements without parameters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.ask(&[Ask::Text(sql)]).map(drop).map_err(|failure| failure.error)
    }

    /// Asks one after the other, without waiting for the answers between; the answer is that to the last.
    pub(super) fn ask(&mut self, asks: &[Ask<'_>]) -> std::result::Result<Answer, Failure> {
        let mut ready = Vec::with_capacity(asks.len());
        for (place, ask) in asks.iter().enumerate() {
            let is_last = place + 1 == asks.len();
            let next = match *ask {
                Ask::Text(sql) => Ready::Text(sql),
                Ask::Statement(sql, given) => match self.statement(sql, given) {
                    Some(statement) => Ready::Statement(statement, given),
                    None => {
                        // The server may refuse it, and has to be where it would be asked.
                        self.send(&std::mem::take(&mut ready)).map_err(|failure| Failure { is_last: false, ..failure })?;
                        let statement = self.prepare(sql, given).map_err(|error| Failure { is_last, error })?;
                        Ready::Statement(statement, given)
                    }
                },
            };
            ready.push(next);
        }
        self.send(&ready)
    }

    /// Ends it in good order where somebody listens.
    pub(super) fn close(self) {
        let Self { client, runtime, connection, .. } = self;
        drop(client);
        // In vain where nobody does.
        let _ = runtime.block_on(async { timeout(GOODBYE_WITHIN, connection).await });
    }

    fn send(&mut self, asks: &[Ready<'_>]) -> std::result::Result<Answer, Failure> {
        let client = &self.client;
        let answers = asks.iter().map(|ask| async move {
            match ask {
                Ready::Text(sql) => client.batch_execute(sql).await.map(|()| Answer::default()),
                Ready::Statement(statement, given) => query(client, statement, *given).await,
            }
        });
        let asked = async { timeout(ANSWER_WITHIN, in_their_order(answers)).await };
        let Ok(answers) = self.runtime.block_on(asked) else {
            self.silent = true;
            return Err(Failure { is_last: false, error: Error::Silent });
        };
        let mut last = Answer::default();
        for (place, answer) in answers.into_iter().enumerate() {
            last = answer.map_err(|error| Failure { is_last: place + 1 == asks.len(), error: error.into() })?;
        }
        Ok(last)
    }

    fn prepare(&mut self, sql: &str, given: Given<'_>) -> Result<Statement> {
        let (text, types) = (sql.replace('?', "$"), given.types());
        let asked = async { timeout(ANSWER_WITHIN, self.client.prepare_typed(&text, &types)).await };
        let Ok(statement) = self.runtime.block_on(asked) else {
            self.silent = true;
            return Err(Error::Silent);
        };
        let statement = statement?;
        self.prepared.entry(sql.to_owned()).or_default().push((given.shape(), statement.clone()));
        Ok(statement)
    }

    fn statement(&self, sql: &str, given: Given<'_>) -> Option<Statement> {
        let shape = given.shape();
        self.prepared.get(sql)?.iter().find(|(known, _)| *known == shape).map(|(_, statement)| statement.clone())
    }
}

/// What the server knows how to do.
enum Ready<'a> {
    Text(&'a str),
    Statement(Statement, Given<'a>),
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

async fn query(client: &Client, statement: &Statement, given: Given<'_>) -> std::result::Result<Answer, tokio_postgres::Error> {
    let stream = match given {
        Given::One(values) => client.query_raw(statement, values.iter().map(|value| Bound(*value))).await?,
        Given::Rows(rows) => client.query_raw(statement, rows.columns()).await?,
    };
    let mut stream = pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok(Answer { rows, written: stream.rows_affected().unwrap_or_default() })
}

/// Waits for all: each is asked before the ones behind it.
async fn in_their_order<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(|one| Box::pin(maybe_done(one))).collect();
    poll_fn(|context| {
        let mut ready = true;
        for one in &mut all {
            ready &= one.as_mut().poll(context).is_ready();
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    all.iter_mut().filter_map(|one| one.as_mut().take_output()).collect()
}
