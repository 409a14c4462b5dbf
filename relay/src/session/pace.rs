//! How fast one connection may go: a bucket for messages, one for all other frames, and one for refusals, which ends who goes on all
//! the same. Sessions ask it before they work on a frame.

use std::sync::Arc;

use shared::close::{self, ErrorCode};
use shared::frame::{ErrorFrame, named};

use crate::config::{Allowance, Limits};
use crate::edge::limits::{Bucket, Limit, Rate};
use crate::hub::registry::Peer;

/// The rates of one kind of client; all its connections share them.
#[derive(Debug)]
pub struct Rates {
    says: Rate,
    requests: Rate,
    refusals: Rate,
}

impl Rates {
    /// Visitors'.
    pub fn of_visitors(limits: &Limits) -> Arc<Self> {
        Self::new(limits.visitor_says, limits.visitor_requests, limits.refusals)
    }

    /// Agents'.
    pub fn of_agents(limits: &Limits) -> Arc<Self> {
        Self::new(limits.agent_says, limits.agent_requests, limits.refusals)
    }

    fn new(says: Allowance, requests: Allowance, refusals: Allowance) -> Arc<Self> {
        Arc::new(Self { says: Rate::new(says), requests: Rate::new(requests), refusals: Rate::new(refusals) })
    }
}

/// One connection's pace.
#[derive(Debug)]
pub struct Pace {
    rates: Arc<Rates>,
    says: Bucket,
    requests: Bucket,
    refusals: Bucket,
}

impl Pace {
    /// All buckets full.
    pub fn new(rates: Arc<Rates>) -> Self {
        Self { rates, says: Bucket::default(), requests: Bucket::default(), refusals: Bucket::default() }
    }

    /// Whether a frame comes at a time when it may.
    ///
    /// # Errors
    /// The frame that says how long to wait. Who does not wait is closed at last.
    pub fn admit(&self, is_say: bool, text: &str, peer: &Peer) -> Result<(), ErrorFrame> {
        let (limit, taken) = match is_say {
            true => (Limit::Says, self.rates.says.take(&self.says)),
            false => (Limit::Requests, self.rates.requests.take(&self.requests)),
        };
        let Err(wait) = taken else { return Ok(()) };
        limit.count();
        if self.rates.refusals.take(&self.refusals).is_err() {
            Limit::Refusals.count();
            peer.close(close::FLOODED);
        }
        Err(ErrorFrame {
            id: named(text),
            code: ErrorCode::RateLimited,
            message: format!("too many {} at once: wait {wait} ms and send it again", limit.name()),
            retry_after_ms: Some(wait),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_pace_is_no_weight() {
        assert_eq!(size_of::<Pace>(), 32);
    }
}
