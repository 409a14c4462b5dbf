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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::extract::ws::Utf8Bytes;
    use shared::close;

    use super::*;
    use crate::hub::registry::Peer;

    fn text(bytes: usize) -> Utf8Bytes {
        Utf8Bytes::from("x".repeat(bytes))
    }

    #[tokio::test]
    async fn a_client_may_have_so_many_bytes_waiting_and_then_resyncs() {
        let backlog = Arc::new(Backlog::new(1_000, 100_000, 1 << 30));
        let (peer, mut queue) = Peer::new(backlog.clone());
        (0..10).for_each(|_| peer.send(text(10_000)));
        assert_eq!(backlog.waiting(), 100_000);
        let frame = queue.recv().await.unwrap();
        peer.written(frame.len());
        peer.send(text(10_000));
        assert_eq!(backlog.waiting(), 100_000, "what was written makes room");
        peer.send(text(1));
        assert_eq!(peer.closed().await, close::RESYNC);
        peer.send(text(1));
        assert_eq!(backlog.waiting(), 100_000, "nothing more is queued for who must resync");
        drop(queue);
        drop(peer);
        assert_eq!(backlog.waiting(), 0, "what was never written waits no longer");
    }

    #[tokio::test]
    async fn one_frame_may_always_wait_and_a_closed_queue_keeps_none() {
        let backlog = Arc::new(Backlog::new(1_000, 100, 100));
        let (peer, queue) = Peer::new(backlog.clone());
        peer.send(text(1_000_000));
        assert_eq!(backlog.waiting(), 1_000_000);
        drop((queue, peer));
        let (peer, queue) = Peer::new(backlog.clone());
        drop(queue);
        peer.send(text(50));
        assert_eq!(backlog.waiting(), 0);
    }

    #[tokio::test]
    async fn too_many_frames_resync_whatever_their_size() {
        let (peer, _queue) = Peer::new(Arc::new(Backlog::new(16, 1 << 30, 1 << 30)));
        (0..17).for_each(|_| peer.send(text(1)));
        assert_eq!(peer.closed().await, close::RESYNC);
    }

    #[test]
    fn all_together_have_a_bound_and_who_reads_goes_on() {
        const STUCK: usize = 2_000;
        const MOST: usize = 64 << 20;
        let backlog = Arc::new(Backlog::new(256, 256 << 10, MOST));
        let stuck: Vec<_> = (0..STUCK).map(|_| Peer::new(backlog.clone())).collect();
        for _ in 0..256 {
            stuck.iter().for_each(|(peer, _)| peer.send(text(16_000)));
        }
        assert!(backlog.waiting() <= MOST + STUCK * SHARE, "{}", backlog.waiting());
        assert!(backlog.waiting() > MOST, "the budget is spent");
        let (reader, mut queue) = Peer::new(backlog.clone());
        for _ in 0..100 {
            reader.send(text(16_000));
            let frame = queue.try_recv().unwrap();
            reader.written(frame.len());
        }
        drop((stuck, reader, queue));
        assert_eq!(backlog.waiting(), 0);
    }
}
