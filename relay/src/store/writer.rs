//! The one writer: a thread that owns the writing connection and commits in groups. Whatever jobs wait while a commit runs go
//! into the next transaction together, each undone alone if it fails, so that durability costs one fsync per batch and a failing
//! job takes nobody with it. A job's caller gets its answer only after the commit.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::ahead::{Ahead, Lookup, Saying};
use super::outage::{Outages, Turn};
use super::sql::{self, Connection, Kind};
use super::{BUSY_TIMEOUT, BUSY_TIMEOUT_IN_OUTAGE, StoreError};
use crate::clock::Tick;
use crate::metrics::hot;

/// Most jobs in one transaction: bounds how long the first of them waits for its commit (512 appends take about 10 ms).
const MOST_IN_BATCH: usize = 512;
/// Most jobs that wait for the writer. Each waiting connection has at most one, so this is only reached by more callers than
/// that at once; they wait in `write`.
const MOST_WAITING: usize = 4_096;

/// One job's part of a transaction.
pub(crate) struct Step<'a> {
    db: &'a Connection,
    protected: Cell<bool>,
    /// What was looked up for it ahead.
    pub(super) ahead: Option<Saying<'a>>,
}

impl Step<'_> {
    /// What is written from here on is undone if the job fails. A job of several writes calls this before the first; one whose first
    /// write is the only one that can be refused does without, because a savepoint keeps a copy of every page that is touched.
    pub(crate) fn protect(&self) -> Result<(), StoreError> {
        if !self.protected.replace(true) {
            self.db.protect_part()?;
        }
        Ok(())
    }
}

impl Deref for Step<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}

/// Something to do in a transaction.
struct Job {
    /// What it will look up.
    wanted: Option<Lookup>,
    run: Run,
}

/// Runs inside the transaction; returns whether to keep what it wrote, and what to do after the commit.
type Run = Box<dyn FnOnce(&Step<'_>) -> (bool, Answer) + Send>;
/// Tells the caller: the error is that of the commit.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The way to the writer thread. Dropping it ends the thread once all jobs are done.
pub(super) struct Writer {
    outages: Arc<Outages>,
    jobs: Option<tokio::sync::mpsc::Sender<Job>>,
    closing: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(db: Connection, outages: Arc<Outages>) -> Result<Self, StoreError> {
        let reports = outages.clone();
        let (jobs, mut waiting) = tokio::sync::mpsc::channel::<Job>(MOST_WAITING);
        let (ready, started) = std_mpsc::channel();
        let closing = Arc::<AtomicBool>::default();
        let told = closing.clone();
        let work = move || {
            let _ = ready.send(());
            let mut batch = Vec::with_capacity(MOST_IN_BATCH);
            while waiting.blocking_recv_many(&mut batch, MOST_IN_BATCH) > 0 {
                commit(&db, &mut batch, &reports);
                if told.load(Ordering::Acquire) {
                    // Who still waits learns it from the channel's end.
                    break;
                }
                // Whoever was just answered has the next job in hand, and others finish theirs: on a busy core they go first and hand
                // in what they have, so that the next commit serves them all. On an idle one this returns at once.
                std::thread::yield_now();
            }
        };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        started.recv().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { outages, jobs: Some(jobs), closing, thread: Mutex::new(Some(thread)) })
    }

    /// Ends the thread after the jobs at hand, and with it the connection; blocks until then. Later jobs are refused.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let wake = Job { wanted: None, run: Box::new(|_| (true, Box::new(|_| {}))) };
        // It may be about to end already.
        let _ = self.jobs.as_ref().map(|jobs| jobs.blocking_send(wake));
        self.join();
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// Runs a job in the next transaction, which may know what it wants ahead; completes after its commit.
    pub(super) async fn write<T, E>(
        &self,
        wanted: Option<Lookup>,
        job: impl FnOnce(&Step<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let run: Run = Box::new(move |step| {
            let result = job(step);
            let keep = result.is_ok();
            let tell: Answer = Box::new(move |committed| {
                // The caller may have gone; what it asked for is done all the same.
                let _ = answer.send(committed.map_err(E::from).and(result));
            });
            (keep, tell)
        });
        let gone = || E::from(StoreError::Unavailable("the writer has stopped".into()));
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { wanted, run }).await.map_err(|_| gone())?;
        // Not reached in a batch that failed: the outage says why.
        answered.await.map_err(|_| self.outages.health().err().map_or_else(gone, E::from))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        self.join();
    }
}

fn commit(db: &Connection, batch: &mut Vec<Job>, outages: &Outages) {
    let (began, size) = (Tick::now(), batch.len());
    outages.begins();
    let written_before = db.total_changes();
    let mut answers = Vec::with_capacity(size);
    if db.bulk().is_some() {
        // All of them are under way at the same time, so none is owed its place; messages together are the cheapest.
        batch.sort_by_key(|job| job.wanted.is_none());
    }
    let ahead = Ahead::of(batch.iter().filter_map(|job| job.wanted));
    let committed = db.begin_writing().and_then(|()| {
        for job in batch.drain(..) {
            let known = ahead.look(db, job.wanted)?;
            db.begin_part();
            let step = Step { db, protected: Cell::new(false), ahead: known };
            let written = db.total_changes();
            let (keep, answer) = (job.run)(&step);
            answers.push(answer);
            // A full disk may make SQLite roll back the whole transaction. Whatever ran after that would commit by itself.
            if db.is_autocommit() {
                return Err(sql::Error::Aborted("the transaction was rolled back"));
            }
            if !keep && db.kind() == Kind::Sqlite && !step.protected.get() && db.total_changes() != written {
                // Nothing can undo it alone: it goes, and the batch with it.
                return Err(sql::Error::Aborted("an unprotected job failed half-way"));
            }
            db.end_part(keep, step.protected.get())?;
            if let Some(known) = step.ahead.filter(|_| keep) {
                known.keep(db);
            }
        }
        db.commit()
    });
    if committed.is_err() && !db.is_autocommit() {
        // If even this fails, the next BEGIN says so.
        let _ = db.roll_back();
    }
    let error = committed.err().map(|error| error.to_string());
    // A transaction that wrote nothing did not touch the disk, and proves nothing about it.
    let wrote = db.total_changes() != written_before;
    let patience = match outages.ends(error.as_deref(), size, wrote) {
        Turn::Began => Some(BUSY_TIMEOUT_IN_OUTAGE),
        Turn::Ended => Some(BUSY_TIMEOUT),
        Turn::Same => None,
    };
    if let Some(patience) = patience {
        db.set_patience(patience);
    }
    let counts = hot();
    if error.is_some() { &counts.failed_commits } else { &counts.commits }.increment(1);
    counts.commit_jobs.record(size as f64);
    counts.commit_seconds.record(began.elapsed());
    for answer in answers {
        answer(error.clone().map_or(Ok(()), |error| Err(StoreError::Unavailable(error))));
    }
    // Jobs that were not reached drop their senders, which tells their callers.
    batch.clear();
}
