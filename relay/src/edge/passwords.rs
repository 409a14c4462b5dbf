//! Passwords: argon2id, off the async threads, a bounded number at a time.

use std::sync::Arc;

use argon2::password_hash::{Encoding, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Memory in KiB, passes and lanes: OWASP's Password Storage Cheat Sheet, first choice for argon2id where 46 MiB are too much.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at once. Each takes 19 MiB and some 20 ms of a core; more at once would let strangers take both.
const AT_ONCE: usize = 2;
/// Bytes of salt (RFC 9106 §3.1 recommends 16).
const SALT: usize = 16;
/// What is checked when there is no such account, so that the answer takes as long. No password is known to fit it; if one did, it
/// would open nothing. A test keeps its parameters equal to the ones above.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

/// A hash could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The library refused.
    #[error("argon2: {0}")]
    Hash(argon2::password_hash::Error),
    /// No random salt.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// Shutdown.
    #[error("hashing was cut off")]
    CutOff,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// A hash to store, in PHC form with its parameters, so that they can be raised later.
    ///
    /// # Errors
    /// No random bytes, or the relay is shutting down.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.in_turn(move || {
            let mut bytes = [0; SALT];
            getrandom::fill(&mut bytes).map_err(PasswordError::Random)?;
            let salt = SaltString::encode_b64(&bytes).map_err(PasswordError::Hash)?;
            Ok(hasher()?.hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?.to_string())
        })
        .await
    }

    /// Whether a password fits the stored hash; `None`, for an account that does not exist, takes as long and never fits.
    ///
    /// # Errors
    /// A stored text that is no hash, or the relay is shutting down.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        self.in_turn(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let hash = PasswordHash::parse(&stored, Encoding::B64).map_err(PasswordError::Hash)?;
            let fits = match hasher()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => true,
                Err(argon2::password_hash::Error::Password) => false,
                Err(error) => return Err(PasswordError::Hash(error)),
            };
            Ok(fits && known)
        })
        .await
    }

    async fn in_turn<Out: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<Out, PasswordError> + Send + 'static,
    ) -> Result<Out, PasswordError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| PasswordError::CutOff)?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::CutOff)?
    }
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse battery".into()).await.unwrap(), "salted");
        assert!(passwords.fits("correct horse battery".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.fits("correct horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.fits("correct horse battery".into(), None).await.unwrap());
    }

    #[test]
    fn nobody_costs_what_somebody_costs() {
        let nobody = PasswordHash::parse(NOBODY, Encoding::B64).unwrap();
        let params = Params::try_from(&nobody).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(nobody.algorithm.as_str(), "argon2id");
    }
}
