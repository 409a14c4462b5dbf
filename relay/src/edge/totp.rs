//! The second factor's arithmetic: time-based codes (RFC 6238) and recovery codes. Pure: time and randomness come in as arguments.

use shared::ids::Millis;
use totp_rs::{Algorithm, Secret, TOTP};
use url::Url;

/// Bytes of a secret (RFC 4226 §4 R6 recommends 160 bits).
pub const SECRET: usize = 20;
/// Digits of a code: what every authenticator can show.
const DIGITS: usize = 6;
/// Seconds for which a code stands (RFC 6238 §4.1).
const STEP: u64 = 30;
/// Steps to either side of now whose codes are taken: clocks differ, and typing takes time (RFC 6238 §5.2 recommends one).
const DRIFT: u64 = 1;
/// Recovery codes of one enrolment.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 80 bits, so that not even whoever has the hashes finds one by trying.
pub const RECOVERY: usize = 10;
/// Characters of a recovery code between two dashes.
const GROUP: usize = 4;

/// The step whose code this is, of those that count now. What is no code has none.
pub fn step(secret: &[u8], code: &str, now: Millis) -> Option<u64> {
    let code: String = code.chars().filter(|character| !character.is_whitespace()).collect();
    let codes = TOTP::new(Algorithm::SHA1, DIGITS, 0, STEP, secret.to_vec()).ok()?;
    let current = u64::try_from(now).ok()? / 1_000 / STEP;
    (current.saturating_sub(DRIFT)..=current + DRIFT).find(|step| codes.check(&code, step * STEP))
}

/// The secret as people type it.
pub fn base32(bytes: &[u8]) -> String {
    Secret::Raw(bytes.to_vec()).to_encoded().to_string()
}

/// The secret as authenticators read it from a QR code.
///
/// # Errors
/// None for any address that an account can have.
pub fn uri(secret: &[u8], email: &str) -> Result<String, url::ParseError> {
    let mut uri = Url::parse("otpauth://totp")?;
    uri.set_path(&format!("Bulle:{email}"));
    uri.query_pairs_mut().append_pair("secret", &base32(secret)).append_pair("issuer", "Bulle");
    Ok(uri.into())
}

/// A recovery code as it is shown: `k7qm-2xfa-94tj-mw5c`.
pub fn recovery_code(random: [u8; RECOVERY]) -> String {
    let text = base32(&random).to_lowercase();
    let mut code = String::new();
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            code.push('-');
        }
        code.push(character);
    }
    code
}

/// A recovery code as it is kept: people leave out the dashes, or write capitals.
pub fn tidy_recovery_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: this secret, these moments, these codes (of which the last six digits).
    const SAMPLES: [(Millis, &str); 4] =
        [(59_000, "287082"), (1_111_111_109_000, "081804"), (1_234_567_890_000, "005924"), (20_000_000_000_000, "353130")];

    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (at, code) in SAMPLES {
            let now = at as u64 / 1_000 / STEP;
            assert_eq!(step(secret, code, at), Some(now), "{at}");
            assert_eq!(step(secret, &format!("{} {}", &code[..3], &code[3..]), at + 30_000), Some(now), "one step late");
            assert_eq!(step(secret, code, at - 30_000), Some(now), "a clock that is slow");
            assert_eq!(step(secret, code, at + 60_000), None, "two steps late");
        }
        for none in ["", "28708", "2870820", "abcdef", "２８７０８２"] {
            assert_eq!(step(secret, none, 59_000), None, "{none}");
        }
    }

    #[test]
    fn a_secret_is_shown_as_authenticators_want_it() {
        assert_eq!(base32(b"Hello!\xde\xad\xbe\xef"), "JBSWY3DPEHPK3PXP");
        let uri = uri(b"Hello!\xde\xad\xbe\xef", "ada+1@shop.example").unwrap();
        assert_eq!(uri, "otpauth://totp/Bulle:ada+1@shop.example?secret=JBSWY3DPEHPK3PXP&issuer=Bulle");
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        let code = recovery_code([0xa5; RECOVERY]);
        assert_eq!((code.len(), code.split('-').count()), (19, 4), "{code}");
        assert_eq!(tidy_recovery_code(&format!(" {} ", code.to_uppercase().replace('-', " "))), code.replace('-', ""));
    }
}
