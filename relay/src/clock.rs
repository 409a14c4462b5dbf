//! The relay's only sources of time and chance. Everything below the hub gets both as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::ids::Millis;

/// Now, in ms since the epoch; 0 if the clock stands before 1970.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
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
