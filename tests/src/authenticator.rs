//! An authenticator app: knows a secret, and shows the code of any moment.

use anyhow::{Context, Result};
use totp_rs::{Algorithm, Secret, TOTP};

use crate::now;

/// Seconds for which a code stands.
const STEP: u64 = 30;

/// The app.
pub struct Authenticator(TOTP);

impl Authenticator {
    /// With the secret as it is typed in.
    pub fn knowing(secret: &str) -> Result<Self> {
        let secret = Secret::Encoded(secret.to_owned()).to_bytes().ok().context("no base32")?;
        Ok(Self(TOTP::new(Algorithm::SHA1, 6, 0, STEP, secret)?))
    }

    /// The code that it shows so many steps after this one.
    pub fn shows(&self, later: i64) -> String {
        let seconds = now() / 1_000 + later * STEP.cast_signed();
        self.0.generate(seconds.cast_unsigned())
    }
}
