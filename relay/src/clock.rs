//! The relay's only sources of time and chance. Everything below the hub gets both as arguments.

use std::num::NonZeroU64;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shared::ids::Millis;

/// What the clock that is followed shows more than this machine's, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Now, in ms since the epoch, by the clock that is followed.
pub fn now() -> Millis {
    own().saturating_add(AHEAD.load(Ordering::Relaxed))
}

/// Now by another clock, of which this much is known: it showed `theirs` at some moment between `asked` and `answered` of this machine's
/// ([`own`]). From then on [`now`] is what it shows. By how much that changed, in ms.
pub fn follow(theirs: Millis, asked: Millis, answered: Millis) -> Millis {
    let before = AHEAD.load(Ordering::Relaxed);
    let ahead = ahead(before, theirs, asked, answered);
    AHEAD.store(ahead, Ordering::Relaxed);
    ahead.saturating_sub(before)
}

/// How far ahead the other clock is: as was thought, as far as that can be.
fn ahead(thought: Millis, theirs: Millis, asked: Millis, answered: Millis) -> Millis {
    let (least, most) = (theirs.saturating_sub(answered), theirs.saturating_sub(asked));
    // Set meanwhile, this machine's clock tells nothing.
    if least > most { thought } else { thought.clamp(least, most) }
}

/// Now by this machine's clock, in ms since the epoch; 0 if it stands before 1970.
pub fn own() -> Millis {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clock_is_followed_as_far_as_it_is_known() {
        // It answered at once, or may have been asked at any moment of 400 ms.
        assert_eq!(ahead(0, 5_000, 1_000, 1_000), 4_000);
        assert_eq!(ahead(0, 5_000, 1_000, 1_400), 3_600);
        assert_eq!(ahead(9_000, 5_000, 1_000, 1_400), 4_000);
        assert_eq!(ahead(3_700, 5_000, 1_000, 1_400), 3_700, "nothing speaks against it");
        assert_eq!(ahead(0, 1_000, 5_000, 5_000), -4_000);
        assert_eq!(ahead(7, 5_000, 1_400, 1_000), 7, "the machine's own was put back meanwhile");
        assert_eq!(ahead(0, Millis::MAX, Millis::MIN, 0), Millis::MAX);
    }
}
