//! What relays, database and bus have spent so far, and what of it falls to each of so many things that happened in between.

use std::time::Duration;

use anyhow::{Context, Result};
use tests::servers::Traffic;

use super::company::{Company, Relays};

/// How a transaction begins that writes.
const WRITES: &str = "BEGIN; ";

/// What was spent so far.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    relays: Duration,
    store: Duration,
    bus: Duration,
    traffic: Traffic,
    /// Bytes of the database's write-ahead log.
    log: u64,
    /// Requests to the database, and how many of these begin a transaction that writes: while it notes them.
    requests: (usize, usize),
}

impl Spent {
    /// Reads it.
    pub fn so_far(company: &Company, relays: &Relays) -> Result<Self> {
        let Company { store, bus, .. } = company;
        let log = store.ask(&["SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"])?;
        let requests = store.requests()?;
        let times = relays.servers.iter().map(|relay| relay.processor_time()).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            relays: times.iter().sum(),
            store: store.processor_time()?,
            bus: bus.processor_time()?,
            traffic: bus.traffic()?,
            log: log.parse().context("no position in the log")?,
            requests: (requests.len(), requests.iter().filter(|request| request.starts_with(WRITES)).count()),
        })
    }
}

/// What each of so many things cost: figures with their names and units.
pub type Costs = Vec<(&'static str, f64)>;

/// What each of `count` things cost that happened in between, but for the requests.
pub fn each((before, after): (Spent, Spent), count: f64) -> Costs {
    let time = |of: fn(&Spent) -> Duration| (of(&after).saturating_sub(of(&before))).as_secs_f64() * 1e6 / count;
    let number = |of: fn(&Spent) -> u64| (of(&after) - of(&before)) as f64 / count;
    vec![
        ("relay CPU, µs", time(|spent| spent.relays)),
        ("database CPU, µs", time(|spent| spent.store)),
        ("bus CPU, µs", time(|spent| spent.bus)),
        ("write-ahead log, bytes", number(|spent| spent.log)),
        ("published on the bus", number(|spent| spent.traffic.in_msgs)),
        ("bytes of that", number(|spent| spent.traffic.in_bytes)),
        ("delivered by the bus", number(|spent| spent.traffic.out_msgs)),
    ]
}

/// Requests to the database for each of `count` things that happened in between, and how many of these one transaction served.
pub fn requests((before, after): (Spent, Spent), count: f64) -> Costs {
    let writes = (after.requests.1 - before.requests.1) as f64;
    vec![
        ("requests to the database", (after.requests.0 - before.requests.0) as f64 / count),
        ("in a transaction", count / writes),
    ]
}
