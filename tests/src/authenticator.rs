//! An authenticator app: knows a secret, and shows the code of any moment.

use anyhow::{Context, Result};
use totp_rs::{Algorithm, Secret, TOTP};

use crate::now;

/// Seconds for which a code stands.
const STEP: u64 = 30;

/// The app, and the step at which it was set up: steps go on while a test runs, and the relay takes a code of the next one early but none twice,
/// so codes are counted from there.
pub struct Authenticator {
    codes: TOTP,
    began: u64,
}

impl Authenticator {
    /// With the secret as it is typed in.
    pub fn knowing(secret: &str) -> Result<Self> {
        let secret = Secret::Encoded(secret.to_owned()).to_bytes().ok().context("no base32")?;
        let began = now().cast_unsigned() / 1_000 / STEP;
        Ok(Self { codes: TOTP::new(Algorithm::SHA1, 6, 0, STEP, secret)?, began })
    }

    /// The code that it shows so many steps after it was set up. It is taken from 30 s before its step until 30 s after: the first one for half a
    /// minute at least, the one after it for a whole one.
    pub fn shows(&self, later: i64) -> String {
        self.codes.generate(self.began.saturating_add_signed(later) * STEP)
    }
}
