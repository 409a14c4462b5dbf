//! Work that lies in the store until it is due, and goes out from there: emails and notifications. One task of one relay does each kind,
//! in rounds, until that relay stops.

use std::time::Duration;

use shared::ids::Millis;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

/// Longest time between two looks at what is due: it is queued without a word to these tasks.
const LOOK: Duration = Duration::from_secs(1);
/// Longest time for what is on its way when the relay stops, in all less than it may take to stop. What takes longer may come twice.
const FINISH: Duration = Duration::from_secs(4);

/// One kind of it.
pub trait Duty: Sync {
    /// What waits, for the log.
    const WHAT: &'static str;

    /// Where it lies.
    fn store(&self) -> &Store;

    /// Does what is due; how long until the next look.
    fn next(&self) -> impl Future<Output = Result<Duration, StoreError>> + Send;
}

/// Does what is due, until the relay stops. What is on its way then has a moment to arrive.
pub async fn serve(duty: impl Duty, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let late = async {
            stop.cancelled().await;
            sleep(FINISH).await;
        };
        let wait = tokio::select! {
            () = late => return,
            wait = round(&duty) => wait,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
    }
}

async fn round<D: Duty>(duty: &D) -> Duration {
    if !duty.store().is_on_duty() {
        return LOOK;
    }
    duty.next().await.unwrap_or_else(|error| {
        // The store logs its outages.
        tracing::debug!(%error, "{} wait for the store", D::WHAT);
        LOOK
    })
}

/// How long until the next look, where the next is due then.
pub fn until(due: Option<Millis>, now: Millis) -> Duration {
    due.map_or(LOOK, |due| Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or(0))).min(LOOK)
}
