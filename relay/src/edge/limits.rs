//! Token buckets (GCRA, by `governor`) in bounded memory: for one connection, whose state is 8 bytes beside it, and per account or
//! address. Whoever refuses somebody counts it here by the [`Limit`] that did. Nothing in this file knows sockets or requests.
//!
//! Keys are hashed onto a fixed number of buckets, so an attacker with many addresses cannot grow the table; two keys that share a
//! bucket share its allowance, which at these rates nobody notices.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::{DefaultKeyedStateStore, KeyedStateStore};
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{NotUntil, Quota, RateLimiter};
use shared::ids::Millis;

use crate::config::Allowance;

/// What refused somebody: the `reason` under which metrics count it, beside the protocol's error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Messages of one connection.
    Says,
    /// Other frames of one connection.
    Requests,
    /// Refused frames of one connection: it was closed.
    Refusals,
    /// WebSockets opened from one address.
    Upgrades,
    /// WebSockets open, from everywhere.
    Connections,
    /// WebSockets, or HTTP connections, open from one address.
    AddressConnections,
    /// HTTP connections open, from everywhere.
    HttpConnections,
    /// Tries to sign in at one account.
    AccountSignIns,
    /// Tries to sign in from one address.
    AddressSignIns,
    /// Uploads from one address.
    Uploads,
    /// What pages of one address tell of visitors over plain HTTP.
    PageCalls,
    /// Uploads under way, from everywhere.
    UploadsAtOnce,
    /// Uploads under way from one address.
    AddressUploads,
    /// Bytes that one visitor may upload within a day.
    UploadsADay,
    /// Time for a request's head.
    HeaderTimeout,
    /// Time for a request's body and answer.
    RequestTimeout,
}

impl Limit {
    /// Its name: the one in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Says => "says",
            Self::Requests => "requests",
            Self::Refusals => "refusals",
            Self::Upgrades => "upgrades",
            Self::Connections => "connections",
            Self::AddressConnections => "address_connections",
            Self::HttpConnections => "http_connections",
            Self::AccountSignIns => "account_sign_ins",
            Self::AddressSignIns => "address_sign_ins",
            Self::Uploads => "uploads",
            Self::PageCalls => "page_calls",
            Self::UploadsAtOnce => "uploads_at_once",
            Self::AddressUploads => "address_uploads",
            Self::UploadsADay => "upload_bytes_a_day",
            Self::HeaderTimeout => "header_timeout",
            Self::RequestTimeout => "request_timeout",
        }
    }

    /// What there was too much of, for people.
    pub fn what(self) -> &'static str {
        match self {
            Self::Uploads => "uploads",
            Self::PageCalls => "calls of this page",
            Self::UploadsAtOnce | Self::AddressUploads => "uploads at once",
            Self::UploadsADay => "bytes uploaded within a day",
            _ => "tries",
        }
    }

    /// Counts one refusal.
    pub fn count(self) {
        metrics::counter!(crate::metrics::REFUSALS, "reason" => self.name()).increment(1);
    }
}

/// The state of one bucket. It lives beside what it limits; rate and clock are the [`Rate`]'s.
#[derive(Debug, Default)]
pub struct Bucket(InMemoryState);

/// Buckets are at hand, not looked up; the library wants its keys hashable all the same.
impl Hash for Bucket {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The library's store of states, for states that are kept elsewhere.
#[derive(Debug)]
struct Elsewhere;

impl StateStore for Elsewhere {
    type Key = Bucket;

    fn measure_and_replace<T, F, E>(&self, bucket: &Bucket, step: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        bucket.0.measure_and_replace(&NotKeyed::NonKey, step)
    }
}

impl KeyedStateStore<Bucket> for Elsewhere {}

/// A rate that many buckets share, each with an allowance of its own.
#[derive(Debug)]
pub struct Rate<C: Clock = DefaultClock>(RateLimiter<Bucket, Elsewhere, C, NoOpMiddleware<C::Instant>>);

impl Rate {
    /// By the machine's clock.
    pub fn new(allowance: Allowance) -> Self {
        Self::by(allowance, DefaultClock::default())
    }
}

impl<C: Clock> Rate<C> {
    /// By another clock; for tests.
    pub fn by(allowance: Allowance, clock: C) -> Self {
        Self(RateLimiter::new(quota(allowance), Elsewhere, clock))
    }

    /// Takes one from a bucket.
    ///
    /// # Errors
    /// How long to wait until there is one again, in ms.
    pub fn take(&self, bucket: &Bucket) -> Result<(), Millis> {
        self.0.check_key(bucket).map_err(|refused| wait(&refused, self.0.clock()))
    }
}

/// Limits how often something may happen per key.
#[derive(Debug)]
pub struct Throttle<C: Clock = DefaultClock> {
    buckets: RateLimiter<u16, DefaultKeyedStateStore<u16>, C, NoOpMiddleware<C::Instant>>,
    /// Seeded at random: nobody outside can choose keys that share a bucket.
    hasher: RandomState,
}

impl Throttle {
    /// By the machine's clock.
    pub fn new(allowance: Allowance) -> Self {
        Self::by(allowance, DefaultClock::default())
    }
}

impl<C: Clock> Throttle<C> {
    /// By another clock; for tests.
    pub fn by(allowance: Allowance, clock: C) -> Self {
        let buckets = RateLimiter::new(quota(allowance), DefaultKeyedStateStore::default(), clock);
        Self { buckets, hasher: RandomState::new() }
    }

    /// Takes one from the key's allowance.
    ///
    /// # Errors
    /// How long to wait until there is one again, in ms.
    pub fn take(&self, key: impl Hash) -> Result<(), Millis> {
        // The low bits only: 65,536 buckets, about 4 MB when an attacker has touched every one of them.
        let bucket = (self.hasher.hash_one(key) & u64::from(u16::MAX)) as u16;
        self.buckets.check_key(&bucket).map_err(|refused| wait(&refused, self.buckets.clock()))
    }
}

/// The configuration allows no rate of 0; should one come all the same, it counts as 1.
fn quota(allowance: Allowance) -> Quota {
    let refill = Duration::from_secs(60) / allowance.per_minute.max(1);
    let burst = NonZeroU32::new(allowance.burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(refill).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
}

/// Rounded up: who comes back after it is let in.
fn wait<C: Clock>(refused: &NotUntil<C::Instant>, clock: &C) -> Millis {
    let wait = refused.wait_time_from(clock.now()).as_nanos().div_ceil(1_000_000);
    Millis::try_from(wait).unwrap_or(Millis::MAX).max(1)
}

/// The part of an address that one person has to themselves: an IPv4 address, the first 64 bits of an IPv6 address.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const THREE_THEN_ONE_A_SECOND: Allowance = Allowance { burst: 3, per_minute: 60 };

    #[test]
    fn a_burst_passes_then_one_at_a_time_and_the_wait_told_is_long_enough() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::by(THREE_THEN_ONE_A_SECOND, clock.clone());
        let (kim, lee) = (Bucket::default(), Bucket::default());
        for _ in 0..3 {
            assert_eq!(rate.take(&kim), Ok(()));
        }
        assert_eq!(rate.take(&kim), Err(1_000));
        clock.advance(Duration::from_micros(400_500));
        assert_eq!(rate.take(&kim), Err(600), "rounded up");
        assert_eq!(rate.take(&lee), Ok(()), "each bucket has its own allowance");
        clock.advance(Duration::from_millis(600));
        assert_eq!((rate.take(&kim), rate.take(&kim).is_err()), (Ok(()), true), "one came back, not two");
        clock.advance(Duration::from_secs(3_600));
        let at_once = (0..10).filter(|_| rate.take(&kim).is_ok()).count();
        assert_eq!(at_once, 3, "a long pause earns no more than the burst");
    }

    #[test]
    fn keys_are_throttled_one_by_one() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::by(THREE_THEN_ONE_A_SECOND, clock.clone());
        for _ in 0..3 {
            assert_eq!(throttle.take("kim"), Ok(()));
        }
        assert_eq!((throttle.take("kim"), throttle.take("lee")), (Err(1_000), Ok(())));
        clock.advance(Duration::from_secs(1));
        assert_eq!(throttle.take("kim"), Ok(()));
    }

    #[test]
    fn a_million_keys_are_no_more_than_the_table() {
        let throttle = Throttle::new(THREE_THEN_ONE_A_SECOND);
        for key in 0..1_000_000_u32 {
            let _ = throttle.take(key);
        }
        assert!(throttle.buckets.len() <= 1 << 16, "{}", throttle.buckets.len());
    }

    #[test]
    fn a_bucket_costs_a_connection_eight_bytes() {
        assert_eq!(size_of::<Bucket>(), 8);
    }

    #[test]
    fn the_greatest_rate_is_a_rate() {
        let rate = Rate::new(Allowance { burst: 60_000_000, per_minute: 60_000_000 });
        assert_eq!(rate.take(&Bucket::default()), Ok(()));
    }

    #[test]
    fn one_ipv6_subscriber_is_one_key() {
        assert_eq!(subscriber("2001:db8::1".parse().unwrap()), subscriber("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(subscriber("2001:db8:0:1::1".parse().unwrap()), subscriber("2001:db8::1".parse().unwrap()));
        assert_eq!(subscriber("::ffff:1.2.3.4".parse().unwrap()), "1.2.3.4".parse::<IpAddr>().unwrap());
    }
}
