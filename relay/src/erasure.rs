//! Carries out what is to be erased: what was asked for within seconds, what a site's retention has ended soon after. `app` runs it.

use std::sync::Arc;
use std::time::Duration;

use shared::ids::Millis;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::desk::DeskError;
use crate::edge::router::Shared;
use crate::hub::News;
use crate::store::{Store, StoreError};

/// Pause between two looks. Retention is counted in days; what somebody asked for is out of reach at once and gone after this.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Steps that one look takes; the next one takes the others, so that messages find the writer free when a site sets its first retention.
const STEPS: usize = 40;

/// Marks what has expired and erases one look's share; whether there is nothing left to do.
///
/// # Errors
/// The store's.
pub async fn look(store: &Store, now: Millis, reopen_within: Millis) -> Result<bool, StoreError> {
    store.mark_expired(now, reopen_within).await?;
    for _ in 0..STEPS {
        let erased = store.erase_step().await?;
        if erased.entries == 0 && erased.conversations == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Erases until the relay stops.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = ticks.tick() => {} }
        if let Err(error) = round(&shared).await {
            // The store logs its outages; damage is for somebody to see.
            match error.is_outage() {
                true => tracing::debug!(%error, "erasing waits for the store"),
                false => tracing::error!(%error, "something cannot be erased"),
            }
        }
    }
}

async fn round(shared: &Shared) -> Result<(), DeskError> {
    for visitor in shared.store.asked_erasures().await? {
        let outcome = Box::new(shared.desk.erase_visitor(clock::now(), None, visitor).await?);
        (shared.announce)(News::Erased { visitor, outcome });
    }
    look(&shared.store, clock::now(), shared.desk.reopen_within()).await?;
    Ok(())
}
