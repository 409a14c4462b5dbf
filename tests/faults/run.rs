//! The run: load, one fault after the other, and a bad network for some all the while; then everything that was recorded is judged.
//!
//! `BULLE_FAULT_SEED` repeats a schedule (the times at which processes get to run are not part of it), `BULLE_FAULT_ROUNDS` makes it
//! longer.

use std::io::Write;
use std::time::Duration;

use rusqlite::Connection;
use shared::ids::Millis;
use tests::now;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::check::check;
use crate::history::History;
use crate::journal;
use crate::network::{self, Proxies};
use crate::report::Report;
use crate::stage::Stage;

/// Agents, and how many of them have a bad network; with three slots each.
const AGENTS: (usize, usize) = (5, 1);
/// Visitors, likewise; more than there are slots for.
const VISITORS: (usize, usize) = (24, 8);
/// In ms. Short, so that the desk has much to do.
const PREFER_FOR: Millis = 2_000;
/// See `PREFER_FOR`.
const REOPEN_WAIT: Millis = 1_000;
/// For what is only told by a ping: one comes 30 s after the last at the latest.
const SETTLE_WITHIN: Duration = Duration::from_secs(45);

fn number(variable: &str, default: impl FnOnce() -> u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{variable}: `{value}` is no number")),
        Err(_) => default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nobody_wronged_whatever_breaks() {
    let seed = number("BULLE_FAULT_SEED", || fastrand::u64(..));
    let rounds = number("BULLE_FAULT_ROUNDS", || 1) as u32;
    // Past the harness's capture: a seed is of use when the run hangs, too.
    let _ = writeln!(std::io::stderr(), "BULLE_FAULT_SEED={seed} BULLE_FAULT_ROUNDS={rounds}");
    let mut dice = fastrand::Rng::with_seed(seed);
    let began = now();
    let (prefer_for, reopen_wait) = (PREFER_FOR.to_string(), REOPEN_WAIT.to_string());
    let settings = [
        ("BULLE_PING_EVERY_MS", "1000"),
        ("BULLE_DESK__ANSWER_TIMEOUT", "4000"),
        ("BULLE_DESK__AGENT_GONE", "3000"),
        ("BULLE_DESK__GRACE", "5000"),
        ("BULLE_DESK__OFFER_FOR", "3000"),
        ("BULLE_DESK__PREFER_FOR", &prefer_for),
        ("BULLE_DESK__REOPEN_WAIT", &reopen_wait),
    ];
    let (mut stage, admin) = Stage::build(&settings).await;
    let proxies = stage.enters(&admin, AGENTS, VISITORS, &mut dice).await;
    stage.all_served(began, |_| true).await;

    let mut history = History { prefer_for: PREFER_FOR, reopen_wait: REOPEN_WAIT, ..History::default() };
    for _ in 0..rounds {
        round(&mut stage, &proxies, &mut dice, &mut history).await;
    }
    settle(&stage, &mut history).await;
    for member in stage.crew.drain(..) {
        history.clients.push(member.notes.borrow().diary.clone());
    }
    history.ended = now();
    stage.relay.kill();
    journal::read(&stage.relay.data().join("bulle.db"), &mut history).unwrap();

    let violations = check(&history);
    let took = now() - began;
    let report = Report { history: &history, violations: &violations, seed, rounds, took, skipped: &stage.skipped }.to_string();
    let _ = writeln!(std::io::stderr(), "{report}");
    assert!(violations.is_empty(), "{} violations, see the report of seed {seed}:\n{report}", violations.len());
    let acked = history.entries.iter().filter(|entry| entry.author.is_some()).count();
    assert!(acked > 500, "hardly anything was said: {acked}");
}

/// Every fault once, kills twice, in random order; a bad network for some of the crew meanwhile.
async fn round(stage: &mut Stage, proxies: &Proxies, dice: &mut fastrand::Rng, history: &mut History) {
    let stop = CancellationToken::new();
    let weather = network::storm(proxies, dice.fork(), stop.clone());
    let mut dice = dice.fork();
    let mut order = [0, 0, 1, 2, 3, 4];
    dice.shuffle(&mut order);
    let mut faults = Vec::new();
    let breaking = async {
        for fault in order {
            // Load in good order, until a moment that nothing foresees.
            sleep(Duration::from_millis(dice.u64(300..1_200))).await;
            let lasts = Duration::from_millis(dice.u64(500..2_000));
            let fault = match fault {
                0 => Some(stage.kill()),
                1 => Some(stage.pause().await),
                2 => stage.disk_full(lasts).await,
                3 => Some(stage.writes_refused(lasts).await),
                _ => Some(stage.locked(lasts).await),
            };
            let Some(fault) = fault else { continue };
            stage.ready().await;
            stage.all_served(fault.ended, |name| !proxies.contains_key(name)).await;
            faults.push(fault);
        }
        stop.cancel();
    };
    let (storm, ()) = tokio::join!(weather, breaking);
    faults.extend(storm);
    // Those behind a hole may be the last to find out.
    let last = faults.iter().map(|fault| fault.ended).max().unwrap_or_default();
    stage.all_served(last, |_| true).await;
    history.faults.extend(faults);
}

/// Silence, until every outbox is empty and everybody has seen what was written until then.
async fn settle(stage: &Stage, history: &mut History) {
    stage.beat.send_replace(false);
    let quiet = async {
        for member in &stage.crew {
            member.notes.clone().wait_for(|notes| notes.diary.unsent == 0).await.unwrap();
        }
    };
    let _ = timeout(SETTLE_WITHIN, quiet).await;
    // The desk goes on by itself; what it writes from here on need not have been seen by anybody.
    history.settled = now();
    let heads = heads(stage);
    let told = async {
        for member in &stage.crew {
            let mut notes = member.notes.clone();
            let all = notes.wait_for(|notes| {
                let mine = heads.iter().filter(|head| notes.diary.id.is_some_and(|id| head.of(id, notes.diary.is_agent)));
                mine.into_iter()
                    .all(|head| notes.seen.get(&head.conversation).is_some_and(|seen| *seen >= head.seq(notes.diary.is_agent)))
            });
            assert!(all.await.is_ok(), "{} has given up", member.name);
        }
    };
    let _ = timeout(SETTLE_WITHIN, told).await;
}

/// How far a conversation has come.
struct Head {
    conversation: uuid::Uuid,
    visitor: uuid::Uuid,
    agent: Option<uuid::Uuid>,
    for_visitor: u64,
    for_agent: u64,
}

impl Head {
    fn of(&self, somebody: uuid::Uuid, is_agent: bool) -> bool {
        if is_agent { self.agent == Some(somebody) } else { self.visitor == somebody }
    }

    fn seq(&self, is_agent: bool) -> u64 {
        if is_agent { self.for_agent } else { self.for_visitor }
    }
}

fn heads(stage: &Stage) -> Vec<Head> {
    let db = Connection::open(stage.relay.data().join("bulle.db")).unwrap();
    let sql = "SELECT id, visitor, iif(state = 1, agent, NULL), visitor_head, head FROM conversation";
    let mut find = db.prepare(sql).unwrap();
    let uuid = |bytes: Vec<u8>| uuid::Uuid::from_slice(&bytes).unwrap();
    let rows = find.query_map([], |row| {
        Ok(Head {
            conversation: uuid(row.get(0)?),
            visitor: uuid(row.get(1)?),
            agent: row.get::<_, Option<Vec<u8>>>(2)?.map(uuid),
            for_visitor: u64::from(row.get::<_, u32>(3)?),
            for_agent: u64::from(row.get::<_, u32>(4)?),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}
