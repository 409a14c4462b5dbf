//! Token buckets per account and per address, in bounded memory.
//! Keys are hashed onto a fixed number of buckets, so an attacker with many addresses cannot grow the table; two keys that share a
//! bucket share its allowance, which at these rates nobody notices.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use shared::ids::Millis;

/// Limits how often something may happen per key.
pub struct Throttle {
    buckets: DefaultKeyedRateLimiter<u16>,
    /// Seeded at random: nobody outside can choose keys that share a bucket.
    hasher: RandomState,
    clock: DefaultClock,
}

impl Throttle {
    /// `burst` at once, then one every `refill`, which must not be zero.
    pub fn new(burst: NonZeroU32, refill: Duration) -> Self {
        let quota = Quota::with_period(refill).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
        Self { buckets: RateLimiter::keyed(quota), hasher: RandomState::new(), clock: DefaultClock::default() }
    }

    /// Takes one from the key's allowance.
    ///
    /// # Errors
    /// How long to wait until there is one again, in ms.
    pub fn take(&self, key: impl Hash) -> Result<(), Millis> {
        // The low bits only: 65,536 buckets, about 4 MB when an attacker has touched every one of them.
        let bucket = (self.hasher.hash_one(key) & u64::from(u16::MAX)) as u16;
        self.buckets.check_key(&bucket).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now()).as_millis();
            Millis::try_from(wait).unwrap_or(Millis::MAX).max(1)
        })
    }
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
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_wait_is_told() {
        let throttle = Throttle::new(NonZeroU32::new(3).unwrap(), Duration::from_secs(60));
        for _ in 0..3 {
            assert_eq!(throttle.take("kim"), Ok(()));
        }
        let wait = throttle.take("kim").unwrap_err();
        assert!((1..=60_000).contains(&wait), "{wait}");
    }

    #[test]
    fn one_ipv6_subscriber_is_one_key() {
        assert_eq!(subscriber("2001:db8::1".parse().unwrap()), subscriber("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(subscriber("2001:db8:0:1::1".parse().unwrap()), subscriber("2001:db8::1".parse().unwrap()));
        assert_eq!(subscriber("::ffff:1.2.3.4".parse().unwrap()), "1.2.3.4".parse::<IpAddr>().unwrap());
    }
}
