//! The relay's only sources of time and chance. Everything below the hub gets both as arguments.

use std::num::NonZeroU64;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shared::ids::Millis;

/// Now, in ms since the epoch; 0 if the clock stands before 1970.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// A moment of this process, for measuring how long something took; small enough for an atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(NonZeroU64);

impl Tick {
    /// Now.
    pub fn now() -> Self {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        // 584 years fit.
        Self::of(BEGAN.elapsed().as_nanos() as u64).unwrap_or(Self(NonZeroU64::MIN))
    }

    /// From [`Tick::number`]; 0 is none.
    pub fn of(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// Nanoseconds since some moment of this process.
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// Time from an earlier one to this one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.number().saturating_sub(earlier.number()))
    }

    /// Time since then.
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}

/// Random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        // Without a source of randomness no token is safe: there is nothing sensible to go on with.
        tracing::error!("the operating system gives no random numbers");
        std::process::abort();
    }
    bytes
}

/// A random number in [0, 1), for jitter.
pub fn random_fraction() -> f64 {
    f64::from(u32::from_le_bytes(random_bytes())) / (f64::from(u32::MAX) + 1.0)
}
