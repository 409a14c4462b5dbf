//! The hub's two clocks: the sweep, which carries out timeouts when they are due, and the node's heartbeat, which also sees to the sessions
//! of nodes that are gone; and what relays tell each other again. All end with the relay.

use std::sync::Arc;
use std::time::Duration;

use shared::close;
use shared::ids::Millis;
use tokio::time::{Instant, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Hub;
use super::viewers::TOLD_EVERY;
use crate::clock::{self, Tick};
use crate::desk::DeskError;
use crate::store::{Store, StoreError};

/// Longest time between two looks at what is due. Messages move timeouts without a word to the sweep; none is carried out later
/// than this after its time.
const SWEEP_AT_LEAST: Duration = Duration::from_secs(1);
/// Shortest time between two looks: timeouts that fall together are carried out together.
const SWEEP_AT_MOST: Duration = Duration::from_millis(20);
/// How often a node renews its lease (DESIGN §6).
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a lease lasts without (DESIGN §6).
const LEASE: Duration = Duration::from_secs(15);
/// The same in the clock's unit.
const LEASE_MS: Millis = LEASE.as_millis() as Millis;
/// By how much clocks may differ before anybody is told, in ms.
const CLOCKS_DIFFER: Millis = 1_000;
/// Pause before a heartbeat that failed is tried again: it also finds out when the store can write again.
const HEARTBEAT_AGAIN: Duration = Duration::from_secs(1);

/// When this node last knew that it was not away itself.
struct Watch {
    /// Outages of the store that are settled.
    settled: u64,
    /// When it last looked at what is due, by the wall clock, which goes on while the machine sleeps.
    looked: Millis,
}

/// Goes by the database's clock, if it has one of its own: what one relay writes, another one judges by its time. Asked before there is a
/// lease, which tells the time from then on.
///
/// # Errors
/// The store's.
pub async fn keep_time(store: &Store) -> Result<(), StoreError> {
    let asked = clock::own();
    if let Some(theirs) = store.time().await? {
        follow(theirs, asked);
    }
    Ok(())
}

fn follow(theirs: Millis, asked: Millis) {
    let changed_ms = clock::follow(theirs, asked, clock::own());
    if changed_ms.abs() > CLOCKS_DIFFER {
        tracing::warn!(changed_ms, "this machine's clock and the database's differ; the relay goes by that one. Set both by NTP");
    }
}

/// Carries out timeouts until the relay stops.
pub async fn sweep(hub: Arc<Hub>, stop: CancellationToken) {
    // A start counts absences anew by itself.
    let mut watch = Watch { settled: hub.store.outages().count(), looked: clock::now() };
    loop {
        let wait = match next(&hub, &mut watch).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::debug!(%error, "timeouts wait for the store");
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
async fn next(hub: &Hub, watch: &mut Watch) -> Result<Duration, DeskError> {
    let now = clock::now();
    // Whoever did not run for as long as a lease judges nobody by that time.
    let slept = now.saturating_sub(watch.looked) > LEASE_MS || now < watch.looked;
    if slept || hub.store.outages().count() != watch.settled {
        let registry = hub.registry.clone();
        let (outcome, settled) = hub.desk.begin_anew(now, hub.node, move || registry.here()).await?;
        tracing::info!("this node was away; absences are counted from now on");
        hub.publish(outcome);
        watch.settled = settled;
    }
    watch.looked = now;
    let due = hub.desk.next_due().await?;
    let now = clock::now();
    let wait = due.map_or(SWEEP_AT_LEAST, |due| Duration::from_millis(u64::try_from(due - now).unwrap_or(0)));
    if due.is_some_and(|due| due <= now) {
        let outcome = hub.desk.sweep(now, watch.settled).await?;
        hub.publish(outcome);
    }
    Ok(wait.clamp(SWEEP_AT_MOST, SWEEP_AT_LEAST))
}

/// Renews the lease until the relay stops. A node that lost it closes its sockets before it serves again, because others may have
/// taken over its sessions.
pub async fn heartbeat(hub: Arc<Hub>, stop: CancellationToken) {
    // At once, to learn who else serves.
    let mut next = Instant::now();
    let mut held_since = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_until(next) => {}
        }
        let (asked, asked_at) = (Instant::now(), clock::own());
        let renewed = tokio::select! {
            () = stop.cancelled() => return,
            renewed = hub.desk.heartbeat(clock::now(), hub.node) => renewed,
        };
        let held = match renewed {
            Ok(lease) => {
                // Without a database's clock it is this one, and nothing changes.
                follow(lease.at, asked_at);
                lease.held
            }
            Err(error) => {
                // The store logs its outage. Clients stay: nobody else can serve them while nobody can write.
                tracing::debug!(%error, "the lease could not be renewed");
                next = Instant::now() + HEARTBEAT_AGAIN;
                continue;
            }
        };
        if !held || asked.elapsed() + HEARTBEAT > LEASE {
            tracing::error!("this node lost its lease; its clients reconnect");
            hub.registry.close_all(close::LEASE_LOST);
            held_since = Instant::now();
        }
        // Whoever was away itself judges nobody by that time.
        if held_since.elapsed() >= LEASE
            && let Err(error) = take_over(&hub).await
        {
            tracing::debug!(%error, "sessions of nodes that are gone wait for the store");
        }
        next = Instant::now() + HEARTBEAT;
    }
}

/// Ends the sessions of nodes that are gone.
async fn take_over(hub: &Hub) -> Result<(), DeskError> {
    while hub.desk.has_orphans(clock::now(), hub.node).await? {
        tracing::info!("a node is gone; whoever was connected to it counts as gone, or has come to another one");
        hub.publish(hub.desk.end_orphans(clock::now(), hub.node).await?);
    }
    Ok(())
}

/// Tells other relays again who looks at what here, until the relay stops.
pub async fn tell_viewers(hub: Arc<Hub>, stop: CancellationToken) {
    let mut ticks = interval(TOLD_EVERY);
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = ticks.tick() => {} }
        for (conversation, news) in hub.registry.viewers().again(Tick::now()) {
            hub.tell_viewers(conversation, news);
        }
    }
}
