//! The hub's two clocks: the sweep, which carries out timeouts when they are due, and the node's heartbeat. Both end with the relay.

use std::sync::Arc;
use std::time::Duration;

use shared::close;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Hub;
use crate::clock;
use crate::desk::DeskError;

/// Longest time between two looks at what is due. Messages move timeouts without a word to the sweep; none is carried out later
/// than this after its time.
const SWEEP_AT_LEAST: Duration = Duration::from_secs(1);
/// Shortest time between two looks: timeouts that fall together are carried out together.
const SWEEP_AT_MOST: Duration = Duration::from_millis(20);
/// How often a node renews its lease (DESIGN §6).
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a lease lasts without (DESIGN §6).
const LEASE: Duration = Duration::from_secs(15);

/// Carries out timeouts until the relay stops.
pub async fn sweep(hub: Arc<Hub>, stop: CancellationToken) {
    loop {
        let wait = match next(&hub).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "timeouts wait for the store");
                SWEEP_AT_LEAST
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
            () = hub.committed.notified() => {}
        }
    }
}

/// Does what is due; how long until the next look.
async fn next(hub: &Hub) -> Result<Duration, DeskError> {
    let due = hub.desk.next_due().await?;
    let now = clock::now();
    let wait = due.map_or(SWEEP_AT_LEAST, |due| Duration::from_millis(u64::try_from(due - now).unwrap_or(0)));
    if due.is_some_and(|due| due <= now) {
        let outcome = hub.desk.sweep(now).await?;
        hub.publish(outcome);
    }
    Ok(wait.clamp(SWEEP_AT_MOST, SWEEP_AT_LEAST))
}

/// Renews the lease until the relay stops. A node that lost it closes its sockets before it serves again, because others may have
/// taken over its sessions.
pub async fn heartbeat(hub: Arc<Hub>, stop: CancellationToken) {
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_until(renewed + HEARTBEAT) => {}
        }
        let asked = Instant::now();
        let held = tokio::select! {
            () = stop.cancelled() => return,
            held = hub.desk.heartbeat(clock::now(), hub.node) => held,
        };
        let lost = match held {
            Ok(held) => !held,
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed");
                false
            }
        };
        if lost || asked.elapsed() + HEARTBEAT > LEASE {
            tracing::error!("this node lost its lease; its clients reconnect");
            hub.registry.close_all(close::LEASE_LOST);
        }
        renewed = Instant::now();
    }
}
