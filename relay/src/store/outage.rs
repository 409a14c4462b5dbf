//! Whether the store can write, as told by its last commit and by the one under way. The writer reports here; `/readyz` asks, and the
//! sweep learns that absences have to be counted anew. An outage is logged when it begins, every half minute, and when it is over:
//! whoever was refused meanwhile logs nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// Pause between two log lines about the same outage.
const REMIND: Duration = Duration::from_secs(30);
/// A transaction takes milliseconds. One that takes longer than this waits for a lock or a disk, and so does everybody behind it.
const STUCK: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outages(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since when a transaction is under way.
    working: Option<Instant>,
    outage: Option<Outage>,
    /// Outages so far, the one under way among them.
    count: u64,
    /// When a failed read was last logged.
    read_logged: Option<Instant>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    logged: Instant,
    why: String,
    /// Jobs that were refused in it.
    refused: usize,
}

/// What a commit meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// An outage has begun.
    Began,
    /// It is over.
    Ended,
    /// It goes on as before, in order or not.
    Same,
}

impl Outages {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many outages there have been. Grows with the first failed commit of each.
    pub(crate) fn count(&self) -> u64 {
        self.state().count
    }

    /// A transaction begins.
    pub(super) fn begins(&self) {
        self.state().working = Some(Instant::now());
    }

    /// It has ended, with so many jobs.
    pub(super) fn ends(&self, failure: Option<&str>, jobs: usize) -> Turn {
        let now = Instant::now();
        let mut state = self.state();
        state.working = None;
        let Some(why) = failure else {
            let Some(over) = state.outage.take() else { return Turn::Same };
            drop(state);
            metrics::gauge!(crate::metrics::STORE_WRITABLE).set(1.0);
            let seconds = now.duration_since(over.since).as_secs_f64();
            tracing::info!(seconds, refused = over.refused, "the store commits again");
            return Turn::Ended;
        };
        metrics::gauge!(crate::metrics::STORE_WRITABLE).set(0.0);
        if let Some(outage) = &mut state.outage {
            outage.refused += jobs;
            why.clone_into(&mut outage.why);
            if now.duration_since(outage.logged) >= REMIND {
                outage.logged = now;
                let seconds = now.duration_since(outage.since).as_secs();
                tracing::error!(error = why, seconds, refused = outage.refused, "the store still cannot commit");
            }
            return Turn::Same;
        }
        state.outage = Some(Outage { since: now, logged: now, why: why.to_owned(), refused: jobs });
        state.count += 1;
        drop(state);
        tracing::error!(error = why, jobs, "the store cannot commit; messages are refused until it can, and clients keep them");
        Turn::Began
    }

    /// A read failed: logged now and then, because everybody's reads fail at once.
    pub(super) fn read_failed(&self, error: &StoreError) {
        let now = Instant::now();
        let mut state = self.state();
        if state.read_logged.is_none_or(|logged| now.duration_since(logged) >= REMIND) {
            state.read_logged = Some(now);
            drop(state);
            tracing::error!(%error, "the store cannot be read");
        }
    }

    /// Whether the store can write now; if not, why.
    pub(super) fn health(&self) -> Result<(), StoreError> {
        let state = self.state();
        if let Some(outage) = &state.outage {
            let (why, seconds) = (&outage.why, outage.since.elapsed().as_secs());
            return Err(StoreError::Unavailable(format!("no commit for {seconds} s: {why}")));
        }
        match state.working.map(|since| since.elapsed()) {
            Some(taken) if taken > STUCK => {
                let seconds = taken.as_secs();
                Err(StoreError::Unavailable(format!(
                    "a commit has taken {seconds} s so far: another program or the disk holds it up"
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_once_and_ends_with_a_commit() {
        let outages = Outages::default();
        assert_eq!(outages.ends(None, 1), Turn::Same);
        assert!(outages.health().is_ok());
        assert_eq!(outages.ends(Some("disk full"), 3), Turn::Began);
        assert_eq!(outages.ends(Some("still full"), 3), Turn::Same);
        assert!(outages.health().is_err_and(|error| error.to_string().contains("still full")));
        assert_eq!(outages.count(), 1);
        assert_eq!(outages.ends(None, 1), Turn::Ended);
        assert!(outages.health().is_ok());
        assert_eq!(outages.ends(Some("again"), 1), Turn::Began);
        assert_eq!(outages.count(), 2);
    }

    #[test]
    fn a_commit_that_does_not_end_is_told() {
        let outages = Outages::default();
        outages.begins();
        assert!(outages.health().is_ok());
        outages.state().working = Instant::now().checked_sub(STUCK + Duration::from_secs(1));
        assert!(outages.health().is_err_and(|error| error.to_string().contains("so far")));
        outages.ends(None, 1);
        assert!(outages.health().is_ok());
    }
}
