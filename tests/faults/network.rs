//! The bad network: a schedule from a seed that makes it slow, narrow, one-way, swallow everything, or cut, for one client after the
//! other. Each client has a proxy of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use tests::now;
use tests::proxy::{Proxy, Weather};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::history::Fault;

/// How long everything of a connection is swallowed before the network works again, for new connections. Its client finds out by
/// its own ping, within 40 s of the beginning.
const HOLE: Duration = Duration::from_secs(10);
/// How many clients a round puts behind a hole.
const HOLES: usize = 2;

/// Proxies, by the name of the client behind each.
pub type Proxies = BTreeMap<String, Proxy>;

/// Makes weather until told to stop; returns what it did. `dice` decides all of it.
pub async fn storm(proxies: &Proxies, mut dice: fastrand::Rng, stop: CancellationToken) -> Vec<Fault> {
    let mut names: Vec<&String> = proxies.keys().collect();
    dice.shuffle(&mut names);
    let (swallowed, rough) = names.split_at(HOLES.min(names.len()));
    let holes = async {
        let mut faults = Vec::new();
        let began = now();
        swallowed.iter().for_each(|name| proxies[*name].turns(Weather::Hole));
        // The fault itself. It is not cut short: its clients are to find out by themselves.
        sleep(HOLE).await;
        for name in swallowed {
            proxies[*name].turns(Weather::Fair);
            faults.push(Fault { kind: "hole", began, ended: now(), client: Some((*name).clone()) });
        }
        faults
    };
    let others = async {
        let mut faults = Vec::new();
        while !stop.is_cancelled() {
            let pause = Duration::from_millis(dice.u64(200..700));
            tokio::select! { () = stop.cancelled() => break, () = sleep(pause) => {} }
            let Some(name) = dice.choice(rough) else { break };
            let (kind, weather, lasts) = weather(&mut dice);
            let began = now();
            proxies[*name].turns(weather);
            // The fault itself.
            sleep(lasts).await;
            proxies[*name].turns(Weather::Fair);
            faults.push(Fault { kind, began, ended: now(), client: Some((*name).clone()) });
        }
        faults
    };
    let (mut faults, others) = tokio::join!(holes, others);
    faults.extend(others);
    faults
}

fn weather(dice: &mut fastrand::Rng) -> (&'static str, Weather, Duration) {
    let millis = Duration::from_millis;
    match dice.u32(..5) {
        0 => ("slow", Weather::Slow(millis(dice.u64(50..400))), millis(1_500)),
        // A frame of some hundred bytes takes a good part of a second.
        1 => ("narrow", Weather::Narrow(dice.usize(500..4_000)), millis(1_500)),
        // Less than most frames have: the cut is in the middle of one.
        2 => ("mid-frame cut", Weather::CutAfter(dice.usize(1..150)), millis(500)),
        3 => ("half-close", Weather::HalfClosed, millis(300)),
        _ => ("reset", Weather::Reset, millis(dice.u64(10..1_500))),
    }
}
