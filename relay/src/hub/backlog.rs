//! How much may wait for clients that read slowly: frames and bytes for each, and bytes for all together. `registry::Peer` counts
//! what it queues here, `edge::socket` says what was written.
//!
//! The bound for all is this: `most` bytes, and beyond it a [`SHARE`] for each connection, so that those who read go on while others
//! fill the budget. A frame that waits for many is one allocation, so the truth is smaller than the sum.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Config;

/// Bytes that may wait for a connection even when the budget is spent: the longest message that there is, and what belongs to it.
pub const SHARE: usize = 64 * 1_024;

/// The bounds, and the bytes that wait for all clients of a relay.
#[derive(Debug)]
pub struct Backlog {
    waiting: AtomicUsize,
    /// Most frames for one client.
    pub frames: usize,
    each: usize,
    most: usize,
}

impl Backlog {
    /// `frames` and `each` bytes for one client, `most` bytes for all.
    pub fn new(frames: usize, each: usize, most: usize) -> Self {
        Self { waiting: AtomicUsize::new(0), frames: frames.max(1), each, most }
    }

    /// As configured.
    pub fn of(config: &Config) -> Self {
        Self::new(config.outgoing_queue, config.limits.outgoing_bytes, config.limits.outgoing_total_bytes)
    }

    /// Counts a frame for a client for whom `waiting` bytes wait; whether there is room for it. One frame may always wait.
    pub fn add(&self, waiting: usize, frame: usize) -> bool {
        let all = self.waiting.fetch_add(frame, Ordering::Relaxed) + frame;
        let room = waiting == 0 || (waiting + frame <= self.each && (all <= self.most || waiting + frame <= SHARE));
        if !room {
            self.remove(frame);
        }
        room
    }

    /// Takes back what was counted.
    pub fn remove(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait for all clients.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}
