//! Gauges that are looked up when Prometheus asks.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Sites whose queue has a series of its own; those founded later share `site="other"`.
pub const MOST_SITES: usize = 50;

/// Deepest outgoing queue that a write met since it was last looked at.
static DEEPEST: AtomicUsize = AtomicUsize::new(0);

/// A write found this many frames in a connection's queue.
pub fn queue_depth(frames: usize) {
    if frames > DEEPEST.load(Ordering::Relaxed) {
        DEEPEST.fetch_max(frames, Ordering::Relaxed);
    }
}
