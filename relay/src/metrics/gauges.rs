//! Gauges: what is looked up when Prometheus asks, and the little that has to be remembered between two questions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::gauge;
use shared::ids::Millis;
use tokio::time::timeout;

use super::{
    AGENTS, BUILD_INFO, DATABASE_BYTES, DISK_FREE_BYTES, DISK_LOW, MAILS_WAITING, OLDEST_WAIT_SECONDS, QUEUE_PEAK, QUEUED,
    SLOTS_OFFERED, SLOTS_USED, STORE_READERS, STORE_WRITABLE, WAL_BYTES,
};
use crate::clock;
use crate::disk::Disk;
use crate::store::{Figures, Store, beside};

/// Sites whose queue has a series of its own; those founded later share `site="other"`. Every series costs Prometheus memory for as
/// long as it keeps history, and no dashboard shows more.
pub const MOST_SITES: usize = 50;
/// How long the store may take to tell; a scrape without these numbers is better than none, and Prometheus gives up after 10 s.
const TELL_WITHIN: Duration = Duration::from_secs(2);
/// Looks at the deepest queue that are remembered: a minute of them.
const PEAKS: usize = 60;

/// Deepest outgoing queue that a write met since it was last looked at.
static DEEPEST: AtomicUsize = AtomicUsize::new(0);

/// A write found this many frames in a connection's queue.
pub fn queue_depth(frames: usize) {
    // Read first: nearly always it is one frame, and a line of cache that nobody writes costs nothing.
    if frames > DEEPEST.load(Ordering::Relaxed) {
        DEEPEST.fetch_max(frames, Ordering::Relaxed);
    }
}

/// Where the numbers come from.
pub struct Gauges {
    /// The desk's.
    pub store: Arc<Store>,
    /// The database's file, if it is one.
    pub database: Option<PathBuf>,
    /// The disk's.
    pub disk: Arc<Disk>,
    peaks: Mutex<Peaks>,
}

/// The deepest queue of each of the last [`PEAKS`] seconds.
struct Peaks {
    of: [usize; PEAKS],
    next: usize,
}

impl Gauges {
    /// Nothing is looked up yet.
    pub fn new(store: Arc<Store>, database: Option<PathBuf>, disk: Arc<Disk>) -> Self {
        Self { store, database, disk, peaks: Mutex::new(Peaks { of: [0; PEAKS], next: 0 }) }
    }

    /// Once a second: remembers the deepest queue of this one.
    pub fn second(&self) {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let place = peaks.next % PEAKS;
        peaks.of[place] = DEEPEST.swap(0, Ordering::Relaxed);
        peaks.next = place + 1;
    }

    /// Looks everything up.
    pub async fn refresh(&self) {
        gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
        gauge!(STORE_WRITABLE).set(u32::from(self.store.health().is_ok()));
        let remembered = self.peaks.lock().unwrap_or_else(PoisonError::into_inner).of.iter().copied().max();
        gauge!(QUEUE_PEAK).set(remembered.unwrap_or(0).max(DEEPEST.load(Ordering::Relaxed)) as f64);
        let bytes = |path: PathBuf| std::fs::metadata(path).map_or(0, |file| file.len()) as f64;
        if let Some(database) = &self.database {
            gauge!(DATABASE_BYTES).set(bytes(database.clone()));
            gauge!(WAL_BYTES).set(bytes(beside(database, "-wal")));
        }
        let (busy, idle) = self.store.readers();
        gauge!(STORE_READERS, "state" => "busy").set(busy as f64);
        gauge!(STORE_READERS, "state" => "idle").set(idle as f64);
        if let Some(free) = self.disk.look() {
            gauge!(DISK_FREE_BYTES).set(free as f64);
        }
        gauge!(DISK_LOW).set(u32::from(self.disk.is_low()));
        #[cfg(target_os = "linux")]
        super::process::refresh();
        match timeout(TELL_WITHIN, self.store.figures()).await {
            Ok(Ok(figures)) => desk(&figures, clock::now()),
            Ok(Err(error)) => tracing::warn!(%error, "the desk's metrics are old"),
            Err(_) => tracing::warn!("the desk's metrics are old: the store takes too long"),
        }
    }
}

fn desk(figures: &Figures, now: Millis) {
    let seconds = |oldest: Option<Millis>| oldest.map_or(0.0, |since| (now - since).max(0) as f64 / 1_000.0);
    let (named, others) = figures.queues.split_at(figures.queues.len().min(MOST_SITES));
    for queue in named {
        gauge!(QUEUED, "site" => queue.site.clone()).set(queue.waiting);
        gauge!(OLDEST_WAIT_SECONDS, "site" => queue.site.clone()).set(seconds(queue.oldest));
    }
    if !others.is_empty() {
        gauge!(QUEUED, "site" => "other").set(others.iter().map(|queue| queue.waiting).sum::<u32>());
        gauge!(OLDEST_WAIT_SECONDS, "site" => "other").set(seconds(others.iter().filter_map(|queue| queue.oldest).min()));
    }
    for (presence, agents) in ["online", "away", "offline"].into_iter().zip(figures.agents) {
        gauge!(AGENTS, "presence" => presence).set(agents);
    }
    gauge!(SLOTS_USED).set(figures.slots_used);
    gauge!(SLOTS_OFFERED).set(figures.slots_offered);
    gauge!(MAILS_WAITING).set(figures.mails);
    if let Some(bytes) = figures.bytes {
        gauge!(DATABASE_BYTES).set(bytes as f64);
    }
}
