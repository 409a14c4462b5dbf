//! How much space is left where the data is. A full disk refuses every message, so the operator hears of it before: one line in the
//! log when it becomes low and one when it is no longer, a word in `/readyz`, two metrics.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Pause between two looks. Disks fill in minutes, seldom in seconds.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The disk under the data folder.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Bytes; less than this is low.
    low_below: u64,
    low: AtomicBool,
}

impl Disk {
    /// The disk of this folder, low when fewer bytes than these are free; 0: never.
    pub fn new(folder: PathBuf, low_below: u64) -> Self {
        Self { folder, low_below, low: AtomicBool::new(false) }
    }

    /// Whether it was low at the last look.
    pub fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// Whether so many more bytes leave it not low, by a look at it now; so, too, where the system does not say.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.look().is_none_or(|free| free.saturating_sub(bytes) >= self.low_below)
    }

    /// Looks at it: free bytes, for those who are not root. `None`: the system does not say.
    pub fn look(&self) -> Option<u64> {
        let free = match rustix::fs::statvfs(&self.folder) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => {
                tracing::debug!(%error, "the free space is unknown");
                return None;
            }
        };
        let low = free < self.low_below;
        match (self.low.swap(low, Ordering::Relaxed), low) {
            (false, true) => tracing::warn!(
                free_bytes = free,
                low_below = self.low_below,
                "disk space is low: messages are refused once it is used up; make room or move `data`"
            ),
            (true, false) => tracing::info!(free_bytes = free, "disk space is no longer low"),
            _ => {}
        }
        Some(free)
    }
}

/// Looks at the disk until the relay stops.
pub async fn watch(disk: std::sync::Arc<Disk>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = ticks.tick() => {} }
        // One system call; on a network's disk it may take its time, which is why no worker waits for it.
        let disk = disk.clone();
        let _ = tokio::task::spawn_blocking(move || disk.look()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_less_than_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let disk = |low_below| Disk::new(folder.path().to_owned(), low_below);
        let (never, always) = (disk(0), disk(u64::MAX));
        assert!(never.look().is_some_and(|free| free > 0) && always.look().is_some());
        assert!(!never.is_low() && always.is_low());
        assert_eq!(Disk::new(folder.path().join("none"), u64::MAX).look(), None);
    }

    #[test]
    fn room_is_what_is_free_without_what_is_kept_free() {
        let folder = tempfile::tempdir().unwrap();
        let disk = |low_below| Disk::new(folder.path().to_owned(), low_below);
        assert!(disk(1).has_room(1) && !disk(1).has_room(u64::MAX) && !disk(u64::MAX).has_room(0));
        assert!(disk(0).has_room(u64::MAX), "nobody asked for any to be kept free");
    }
}
