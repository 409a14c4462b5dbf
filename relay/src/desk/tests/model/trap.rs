//! Faults inside the store, without any hook of the store's own: SQLite calls back while it works, and what it is told there stops a
//! statement, refuses a commit, or takes a picture of the files as a kill at that moment would leave them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use super::real;
use super::steps::Fault;
use crate::store::{Store, StoreError};

/// The last instructions of the commit before come after its hook. They must not be stopped: it has happened.
const LAST_OF_COMMIT: u32 = 10;

/// What springing the trap does.
#[derive(Clone)]
pub(super) enum Snare {
    /// Something goes wrong.
    Fault(Fault),
    /// After that many instructions the files are copied from the first folder to the second.
    Picture(u32, PathBuf, PathBuf),
}

#[derive(Default)]
struct State {
    /// Commits seen since it was set.
    commits: AtomicU32,
    /// Which transaction is to run into it: the first is that of the job that sets it.
    transaction: u32,
    instructions: AtomicU32,
    sprung: AtomicBool,
}

/// A trap that is set.
pub(super) struct Trap {
    state: Arc<State>,
}

impl Trap {
    /// The writer's next transaction but so many runs into it.
    pub(super) async fn set(store: &Store, snare: Snare, but: u32) -> Self {
        let state = Arc::new(State { transaction: 1 + but, ..State::default() });
        let (at_step, at_commit) = (state.clone(), state.clone());
        let refuses = matches!(snare, Snare::Fault(Fault::Commit));
        let step = move || at_step.instruction(&snare);
        let commit = move || at_commit.commits.fetch_add(1, SeqCst) == at_commit.transaction && refuses;
        let set = move |db: &crate::store::Step<'_>| {
            db.sqlite().progress_handler(1, Some(step))?;
            db.sqlite().commit_hook(Some(commit))?;
            Ok::<_, StoreError>(())
        };
        store.write(set).await.unwrap();
        Self { state }
    }

    /// Takes it away; whether somebody ran into it.
    pub(super) async fn take(self, store: &Store) -> bool {
        // What it did, it did: this job must get through.
        let sprung = self.state.sprung.swap(true, SeqCst);
        let take = |db: &crate::store::Step<'_>| {
            db.sqlite().progress_handler(0, None::<fn() -> bool>)?;
            db.sqlite().commit_hook(None::<fn() -> bool>)?;
            Ok::<_, StoreError>(())
        };
        store.write(take).await.unwrap();
        sprung
    }
}

impl State {
    /// Whether the statement is to stop.
    fn instruction(&self, snare: &Snare) -> bool {
        let at = match snare {
            Snare::Fault(Fault::Commit) => return false,
            Snare::Fault(Fault::Interrupt(at)) | Snare::Picture(at, ..) => *at,
        };
        // Once the commit runs, a stopped statement would tell of a failure where there was none.
        if self.commits.load(SeqCst) != self.transaction
            || self.instructions.fetch_add(1, SeqCst) != at + LAST_OF_COMMIT
            || self.sprung.swap(true, SeqCst)
        {
            return false;
        }
        match snare {
            Snare::Fault(_) => true,
            Snare::Picture(_, from, to) => {
                real::copy(from, to);
                false
            }
        }
    }
}
