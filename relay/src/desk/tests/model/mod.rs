//! The real desk beside a plain model of DESIGN §6: whatever happens in whatever order, to whomever at once, with a store that fails
//! and a process that is killed, both stand the same after every step.
//!
//! - [`reference`], [`verbs`]: the model · [`steps`]: what may happen
//! - [`real`], [`trap`]: the desk, its store, and faults in it · [`check`]: how the two are compared
//!
//! `BULLE_DESK_CASES` sets how many histories are tried.

use std::sync::{Mutex, PoisonError};

use proptest::test_runner::Config;
use proptest_state_machine::{StateMachineTest, prop_state_machine};
use shared::close::ErrorCode;
use shared::ids::Millis;
use shared::model::Say;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::runtime;
use crate::desk::{DeskError, Outcome};
use crate::store::StoreError;
use check::Standing;
use real::{Doing, Real};
use reference::Reference;
use steps::{End, Fault, Step};
use trap::{Snare, Trap};
use verbs::Verb;

mod check;
mod real;
mod reference;
mod steps;
mod trap;
mod verbs;
mod visitors;

/// Histories tried unless told otherwise: about a minute.
const CASES: u32 = 10_000;

type Answer = Result<(), ErrorCode>;

/// Both desks.
struct Both {
    runtime: Runtime,
    real: Real,
    model: Reference,
    stands: Standing,
}

/// What a case leaves for the next one.
static KEPT: Mutex<Option<(Runtime, Real)>> = Mutex::new(None);

fn answer(result: &Result<Outcome, DeskError>) -> Answer {
    result.as_ref().map(|_| ()).map_err(DeskError::code)
}

impl Both {
    /// Time passes, unnoticed; then it happens to both.
    async fn does(&mut self, after: Millis, verb: &Verb) {
        self.model.now += after;
        let before = self.model.clone();
        let (doing, said) = self.real.doing(self.model.now, &self.model, verb);
        let result = doing.await;
        assert_eq!(answer(&result), self.model.happens(verb), "{verb:?}");
        self.same();
        if let Ok(outcome) = result {
            self.real.acked(&outcome, said);
            self.told(&before, &[outcome]);
        }
    }

    /// Time passes, and the keeper looks whenever the store says that something is due.
    async fn passes(&mut self, end: Millis) {
        let before = self.model.clone();
        let mut outcomes = Vec::new();
        while let Some(due) = self.next_due().await.filter(|due| *due <= end) {
            self.model.now = due.max(self.model.now);
            let settled = self.real.desk.store.outages().count();
            outcomes.push(self.real.desk.sweep(self.model.now, settled).await.unwrap());
            self.model.sweep();
            assert!(outcomes.len() < 500, "timeouts that never end");
        }
        self.model.now = end;
        self.same();
        self.told(&before, &outcomes);
        assert!(self.model.next_due().is_none_or(|due| due > end), "all that was due has happened");
    }

    /// When the store would have somebody look. Too early does no harm.
    async fn next_due(&self) -> Option<Millis> {
        let due = self.real.desk.next_due().await.unwrap();
        let actual = self.model.next_due();
        assert!(actual.is_none_or(|actual| due.is_some_and(|due| due <= actual)), "{due:?} is too late for {actual:?}");
        due
    }

    async fn renews(&mut self, after: Millis) {
        self.model.now += after;
        let held = self.real.desk.heartbeat(self.model.now, self.real.node).await.unwrap().held;
        assert_eq!(held, self.model.renew(), "the lease");
        self.same();
    }

    /// Either it happens or there is no trace of it.
    async fn fails(&mut self, verb: &Verb, fault: Fault) {
        self.model.now += 1;
        let trap = Trap::set(&self.real.store, Snare::Fault(fault), 0).await;
        let (doing, said) = self.real.doing(self.model.now, &self.model, verb);
        let result = doing.await;
        trap.take(&self.real.store).await;
        match answer(&result) {
            Err(ErrorCode::StoreUnavailable) => {}
            answer => assert_eq!(answer, self.model.happens(verb), "{verb:?}"),
        }
        self.same();
        if let Ok(outcome) = result {
            self.real.acked(&outcome, said);
        }
    }

    /// All at once, into one transaction of the writer: as if one after another, in some order.
    async fn race(&mut self, verbs: &[Verb], fault: Option<Fault>) {
        let store = self.real.store.clone();
        let trap = match fault {
            Some(fault) => Some(Trap::set(&store, Snare::Fault(fault), 1).await),
            None => None,
        };
        // The writer is held until all of them wait for it.
        let (entered, writer_waits) = oneshot::channel();
        let (go_on, held) = std::sync::mpsc::channel::<()>();
        let hold = {
            let store = store.clone();
            tokio::spawn(async move {
                let wait = move |_: &crate::store::Step<'_>| {
                    let _ = entered.send(());
                    let _ = held.recv();
                    Ok::<_, StoreError>(())
                };
                store.write(wait).await
            })
        };
        writer_waits.await.unwrap();
        let (mut asked, mut running) = (Vec::new(), Vec::new());
        for verb in verbs {
            self.model.now += 1;
            let (doing, said) = self.real.doing(self.model.now, &self.model, verb);
            let (doing, waits) = announced(doing);
            asked.push(waits);
            running.push((self.model.now, verb, said, tokio::spawn(doing)));
        }
        for waits in asked {
            waits.await.unwrap();
        }
        go_on.send(()).unwrap();
        hold.await.unwrap().unwrap();
        let mut done = Vec::new();
        for (at, verb, said, task) in running {
            let result = task.await.unwrap();
            if let Ok(outcome) = &result {
                self.real.acked(outcome, said);
            }
            match answer(&result) {
                Err(ErrorCode::StoreUnavailable) => assert!(fault.is_some(), "{verb:?} failed by itself"),
                answer => done.push((at, verb, answer)),
            }
        }
        if let Some(trap) = trap {
            trap.take(&store).await;
        }
        let end = self.model.now;
        self.stands = Standing::of(&mut self.real);
        let serial = serial(&self.model, end, &mut done.clone(), &self.stands);
        self.model = serial.unwrap_or_else(|| panic!("no order of {done:?} leads to {:#?}", self.stands));
        self.same();
    }

    /// A node begins, after whatever happened to the one before.
    async fn restarts(mut self, end: &End, down: Millis) -> Self {
        self.model.now += 1;
        let mut files = None;
        match end {
            End::None | End::Clean => {}
            End::Killed => files = Some(self.picture()),
            End::Within(verb, at) => {
                let grave = Real::grave();
                let snare = Snare::Picture(*at, self.real.path().to_owned(), grave.path().to_owned());
                let trap = Trap::set(&self.real.store, snare, 0).await;
                let (doing, said) = self.real.doing(self.model.now, &self.model, verb);
                let result = doing.await;
                if trap.take(&self.real.store).await {
                    files = Some(grave);
                } else {
                    files = Some(self.picture());
                    self.outlived(verb, &result, said);
                }
            }
            End::Torn(verb, share) => {
                let before = self.real.log_size();
                let (doing, said) = self.real.doing(self.model.now, &self.model, verb);
                let result = doing.await;
                let written = self.real.log_size().saturating_sub(before);
                let picture = self.picture();
                if written > 0 {
                    real::tear(picture.path(), before + written * u64::from(*share) / 256);
                } else {
                    self.outlived(verb, &result, said);
                }
                files = Some(picture);
            }
        }
        let now = self.model.now + down;
        if !matches!(end, End::None) {
            let Self { runtime, real, model, stands } = self;
            self = Self { runtime, real: real.restart(files, &model), model, stands };
            self.same();
        }
        self.model.now = now;
        self.real.node = self.real.desk.node_start(now).await.unwrap();
        self.model.restart();
        self.same();
        self
    }

    fn picture(&self) -> tempfile::TempDir {
        let grave = Real::grave();
        real::copy(self.real.path(), grave.path());
        grave
    }

    /// What was acked before the kill is there after it.
    fn outlived(&mut self, verb: &Verb, result: &Result<Outcome, DeskError>, said: Option<(usize, Say)>) {
        assert_eq!(answer(result), self.model.happens(verb), "{verb:?}");
        if let Ok(outcome) = result {
            self.real.acked(outcome, said);
        }
    }
}

/// The same, and word of it once it has been asked for.
fn announced(mut doing: Doing) -> (Doing, oneshot::Receiver<()>) {
    let (asked, waits) = oneshot::channel();
    let mut asked = Some(asked);
    let announce = std::future::poll_fn(move |context| {
        let polled = doing.as_mut().poll(context);
        if let Some(asked) = asked.take() {
            let _ = asked.send(());
        }
        polled
    });
    (Box::pin(announce), waits)
}

/// The model after some order of what was done that gives the same answers and leads to where the desk stands.
fn serial(model: &Reference, end: Millis, left: &mut Vec<(Millis, &Verb, Answer)>, stands: &Standing) -> Option<Reference> {
    if left.is_empty() {
        let mut model = model.clone();
        model.now = end;
        model.chats.sort_by_key(|chat| chat.opened);
        return stands.differs_from(&model).is_none().then_some(model);
    }
    for place in 0..left.len() {
        let next = left.remove(place);
        let mut then = model.clone();
        then.now = next.0;
        if then.happens(next.1) == next.2
            && let Some(found) = serial(&then, end, left, stands)
        {
            return Some(found);
        }
        left.insert(place, next);
    }
    None
}

impl StateMachineTest for Both {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(model: &Reference) -> Self {
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (runtime, mut real) = kept.unwrap_or_else(|| (runtime(), Real::make()));
        runtime.block_on(real.begin(model));
        let stands = Standing::of(&mut real);
        Self { runtime, real, model: model.clone(), stands }
    }

    fn apply(mut both: Self, _: &Reference, step: Step) -> Self {
        // Borrowed apart from the rest for as long as it runs.
        let runtime = both.runtime.handle().clone();
        let mut before = both.model.clone();
        if let Step::Race(verbs, _) = &step {
            // What somebody took while they were allowed more for a moment they may keep.
            for verb in verbs {
                if let Verb::Capacity(agent, capacity) = verb {
                    let most = &mut before.agents[*agent].capacity;
                    *most = (*most).max(*capacity);
                }
            }
        }
        let mut both = runtime.block_on(async move {
            match &step {
                Step::Does(after, verb) => both.does(*after, verb).await,
                Step::Passes(time) => both.passes(both.model.now + time).await,
                Step::ToDue(offset) => {
                    let target = both.model.next_due().map_or(both.model.now, |due| due + offset);
                    both.does((target - both.model.now).max(0), &Verb::Sweep).await;
                }
                Step::Renews(after) => both.renews(*after).await,
                Step::Fails(verb, fault) => both.fails(verb, *fault).await,
                Step::Race(verbs, fault) => both.race(verbs, *fault).await,
                Step::Restarts(end, down) => return both.restarts(end, *down).await,
            }
            both
        });
        both.model.meet();
        both.holds(&before);
        both
    }

    fn teardown(mut both: Self, _: Reference) {
        both.ends_well();
        let Self { runtime, real, .. } = both;
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some((runtime, real));
    }
}

fn config() -> Config {
    let told = std::env::var("BULLE_DESK_CASES").ok().map(|cases| cases.parse().expect("BULLE_DESK_CASES is a number"));
    Config { cases: told.unwrap_or(CASES), ..Config::default() }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn the_desk_is_what_the_model_is(sequential 10..50 => Both);
}
