//! A session with PostgreSQL: opened when it is needed, opened anew when it was lost.
//!
//! What needs no answer is not sent by itself: it waits for the next statement that does, and all of it goes out together. So a
//! transaction's begin, and the savepoint around a part of it, cost no way to the server and back of their own, and rows that are only
//! written ([`Session::later`]) go as one statement, however many parts they are from. They are there before anything else is asked.

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::ops::ControlFlow;
use std::time::Duration;

use postgres::Row;
use postgres::error::SqlState;

use super::live::{Answer, Ask, Failure, Live};
use super::postgres::{Company, OWNER, Server};
use super::value::ValueRef;
use super::wire::{Given, Rows};
use super::{Error, Result};

/// The advisory lock that a transaction holds while it writes: any number, but always this one.
const WRITERS: i64 = 0x4275_6c6c_6501;

/// How long a statement may take, its wait for a lock aside: nothing that a relay asks for needs a hundredth of it.
const STATEMENT_WITHIN: Duration = Duration::from_secs(10);
/// How long a transaction may stand still between two statements: a relay that was stopped in one gives up the lock after that, before
/// the patience of the others is over.
const STAND_STILL: Duration = Duration::from_secs(3);
/// How long the other side may say nothing before it is asked whether it is there; after three times as long it is not. Both sides ask:
/// a server that thinks a lost relay is there would keep the database for it.
pub(super) const SILENT: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct Session {
    server: Server,
    live: RefCell<Option<Box<Live>>>,
    changes: Cell<u64>,
    patience: Cell<Duration>,
    /// It holds [`OWNER`], in such company.
    owns: Option<Company>,
    transaction: RefCell<Transaction>,
}

/// Where a transaction stands.
#[derive(Default)]
struct Transaction {
    stage: Stage,
    /// What goes before the next statement, outside of the part.
    waiting: Vec<Waiting>,
    part: Option<Part>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// There is none.
    #[default]
    None,
    /// It was begun, and the server does not know yet.
    New,
    /// The server is in it.
    Open,
    /// Something failed outside of any part: nothing of it can be kept.
    Spoilt,
}

/// What can be undone alone.
#[derive(Default)]
struct Part {
    /// The server has a savepoint before it.
    saved: bool,
    rows: Vec<Rows>,
}

/// What needs no answer.
enum Waiting {
    Text(String),
    Rows(Rows),
}

impl Waiting {
    fn ask(&self) -> Ask<'_> {
        match self {
            Self::Text(sql) => Ask::Text(sql),
            Self::Rows(rows) => Ask::Statement(rows.sql, Given::Rows(rows)),
        }
    }
}

impl Transaction {
    /// Everything that goes before the next statement, in its order.
    fn before(&mut self) -> Vec<Waiting> {
        let mut before = take(&mut self.waiting);
        if let Some(part) = &mut self.part {
            if !part.saved {
                before.push(Waiting::Text("SAVEPOINT part".to_owned()));
                part.saved = true;
            }
            before.extend(take(&mut part.rows).into_iter().map(Waiting::Rows));
        }
        before
    }

    /// Rows wait, and the server knows of no transaction.
    fn has_only_rows(&self) -> bool {
        self.stage == Stage::New && self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Rows(_)))
    }

    /// A part's rows are to stay: they go with those of others that nothing was asked after.
    fn keep(&mut self, rows: Rows) {
        let alike = self.waiting.iter_mut().rev().map_while(|waiting| match waiting {
            Waiting::Rows(others) => Some(others),
            Waiting::Text(_) => None,
        });
        match alike.into_iter().find(|others| others.sql == rows.sql) {
            Some(others) => others.append(rows),
            None => self.waiting.push(Waiting::Rows(rows)),
        }
    }
}

impl Session {
    /// It is opened with the first statement.
    pub(super) fn new(server: Server, patience: Duration, owns: Option<Company>) -> Self {
        let (live, changes, patience) = (RefCell::new(None), Cell::new(0), Cell::new(patience));
        Self { server, live, changes, patience, owns, transaction: RefCell::default() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.transaction.borrow().stage == Stage::None
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes.get()
    }

    /// How long a transaction waits for another one's lock from now on.
    pub(super) fn set_patience(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// Begins a transaction that sees one state.
    pub(super) fn begin_reading(&self) {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned());
    }

    /// Begins a transaction that is the only one to write.
    pub(super) fn begin_writing(&self) {
        let patience = self.patience.get().as_millis();
        self.begin(format!("BEGIN; SET LOCAL lock_timeout = {patience}; SELECT pg_advisory_xact_lock({WRITERS})"));
    }

    fn begin(&self, sql: String) {
        *self.transaction.borrow_mut() = Transaction { stage: Stage::New, waiting: vec![Waiting::Text(sql)], part: None };
    }

    /// Ends the transaction.
    pub(super) fn end(&self, keep: bool) -> Result<()> {
        if keep && self.transaction.borrow().has_only_rows() {
            // It has to begin yet.
            self.ask(Ask::Text(""))?;
        }
        let mut transaction = take(&mut *self.transaction.borrow_mut());
        let keep_what = match transaction.stage {
            // The server never heard of it.
            Stage::None | Stage::New => return Ok(()),
            Stage::Open => keep,
            Stage::Spoilt => false,
        };
        let (before, end) = if keep_what { (take(&mut transaction.waiting), "COMMIT") } else { (Vec::new(), "ROLLBACK") };
        let mut live = self.live.borrow_mut();
        let ended = match live.as_mut() {
            Some(session) => session.ask(&asks(&before, Ask::Text(end))).map(drop).map_err(|failure| failure.error),
            None => Err(lost()),
        };
        if ended.is_err() {
            // With the connection it ends, if it has not yet.
            *live = None;
        }
        ended.and(if keep == keep_what { Ok(()) } else { Err(spoilt()) })
    }

    /// Begins a part of the transaction, which can be undone alone.
    pub(super) fn begin_part(&self) {
        self.transaction.borrow_mut().part = Some(Part::default());
    }

    /// Ends it.
    pub(super) fn end_part(&self, keep: bool) -> Result<()> {
        let mut transaction = self.transaction.borrow_mut();
        let Some(part) = transaction.part.take() else { return Ok(()) };
        if transaction.stage == Stage::Spoilt {
            return Err(spoilt());
        }
        if part.saved {
            let end = if keep { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" };
            transaction.waiting.push(Waiting::Text(end.to_owned()));
        }
        if keep {
            part.rows.into_iter().for_each(|rows| transaction.keep(rows));
        }
        Ok(())
    }

    /// A row that is written before the next statement, together with others by the same statement, which nothing can refuse.
    pub(super) fn later(&self, sql: &'static str, values: &[ValueRef<'_>]) {
        let mut rows = Rows::new(sql);
        rows.add(values);
        let mut transaction = self.transaction.borrow_mut();
        match transaction.part.as_mut().map(|part| &mut part.rows) {
            Some(own) => match own.iter_mut().find(|others| others.sql == sql) {
                Some(others) => others.append(rows),
                None => own.push(rows),
            },
            None => transaction.keep(rows),
        }
        self.changes.set(self.changes.get() + 1);
    }

    /// Statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.ask(Ask::Text(sql))?;
        self.changes.set(self.changes.get() + 1);
        Ok(())
    }

    pub(super) fn execute(&self, sql: &str, given: Given<'_>) -> Result<usize> {
        let written = self.ask(Ask::Statement(sql, given))?.written;
        self.changes.set(self.changes.get() + written);
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }

    pub(super) fn scan<B, E: From<Error>>(
        &self,
        sql: &str,
        given: Given<'_>,
        mut look: impl FnMut(&Row) -> std::result::Result<ControlFlow<B>, E>,
    ) -> std::result::Result<Option<B>, E> {
        // All at once: whoever looks may ask for more in the meantime.
        let rows = self.ask(Ask::Statement(sql, given))?.rows;
        if sql.contains(" RETURNING ") {
            self.changes.set(self.changes.get() + rows.len() as u64);
        }
        for row in &rows {
            if let ControlFlow::Break(found) = look(row)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn ask(&self, ask: Ask<'_>) -> Result<Answer> {
        let (before, stage) = {
            let mut transaction = self.transaction.borrow_mut();
            match transaction.stage {
                Stage::Spoilt => return Err(spoilt()),
                stage => (transaction.before(), stage),
            }
        };
        let mut live = self.live.borrow_mut();
        let answer = match (live.as_mut(), stage) {
            (Some(session), Stage::New) => match session.ask(&asks(&before, ask)) {
                // Lost while nobody used it, which only shows now: there may be another.
                Err(failure) if !failure.is_last && !session.is_silent() && session.ask(&[Ask::Text("ROLLBACK")]).is_err() => {
                    self.open(&mut live, &asks(&before, ask))
                }
                answer => answer,
            },
            (Some(session), _) => session.ask(&asks(&before, ask)),
            (None, Stage::New) => self.open(&mut live, &asks(&before, ask)),
            (None, _) => Err(Failure { is_last: false, error: lost() }),
        };
        let mut transaction = self.transaction.borrow_mut();
        answer
            .inspect(|_| {
                if stage == Stage::New {
                    transaction.stage = Stage::Open;
                }
            })
            .map_err(|failure| {
                if live.as_ref().is_none_or(|session| session.is_lost()) {
                    (*live, *transaction) = (None, Transaction::default());
                } else if stage != Stage::None {
                    let alone = failure.is_last && transaction.part.is_some();
                    transaction.stage = if alone { Stage::Open } else { Stage::Spoilt };
                }
                failure.error
            })
    }

    fn open(&self, live: &mut Option<Box<Live>>, asks: &[Ask<'_>]) -> std::result::Result<Answer, Failure> {
        *live = None;
        let opened = open(&self.server, self.owns.map(|company| (company, self.patience.get())));
        live.insert(opened.map_err(|error| Failure { is_last: false, error })?).ask(asks)
    }
}

/// A client has a runtime of its own, which may not end in the middle of another one's work.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            let _cannot_panic = std::thread::spawn(move || live.close()).join();
        }
    }
}

fn asks<'a>(before: &'a [Waiting], last: Ask<'a>) -> Vec<Ask<'a>> {
    before.iter().map(Waiting::ask).chain([last]).collect()
}

/// Opens a session; one that is to own the database waits so long for the one that does: a relay that has just ended may still be there.
fn open(server: &Server, to_own: Option<(Company, Duration)>) -> Result<Box<Live>> {
    let mut live = server.live()?;
    if let Some((company, patience)) = to_own {
        let lock = match company {
            Company::Alone => "pg_advisory_lock",
            Company::Shared => "pg_advisory_lock_shared",
        };
        // The writer's statements touch few rows, and are planned once, maybe while there are none at all.
        let own = format!(
            "SET lock_timeout = {}; SELECT {lock}({OWNER}); SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off",
            patience.as_millis()
        );
        live.batch(&own).map_err(|error| match error {
            Error::Postgres(refused) if refused.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Error::Taken,
            error => error,
        })?;
    }
    let (statement, still, silent) = (STATEMENT_WITHIN.as_millis(), STAND_STILL.as_millis(), SILENT.as_secs());
    live.batch(&format!(
        "SET statement_timeout = {statement}; SET idle_in_transaction_session_timeout = {still}; SET client_min_messages = warning; \
         SET jit = off; SET tcp_keepalives_idle = {silent}; SET tcp_keepalives_interval = {silent}; SET tcp_keepalives_count = 2"
    ))?;
    Ok(Box::new(live))
}

fn lost() -> Error {
    Error::Aborted("the connection to the database was lost")
}

fn spoilt() -> Error {
    Error::Aborted("something that the transaction had to write was refused")
}
