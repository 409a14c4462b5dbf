//! Identity tokens: what a site owner's server signs, so that a visitor is verified (DESIGN §10). Short-lived JWTs, HS256 and nothing
//! else. Pure: secrets and time come in as arguments; the visitor's session asks [`verify`] and never looks into a token itself.
//!
//! The library is built without a cryptographic backend, and [`ONLY_HS256`] is all that it is given: a token that names any other
//! algorithm, or none, meets no code that could accept it.

use std::collections::BTreeMap;
use std::sync::Once;

use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use shared::ids::{Millis, SecretId, SiteKey};
use shared::model::{MAX_FIELD, cut};

use super::attributes;
use crate::store::SiteSecret;

/// Longest token, in bytes: a name, an address and an id of 256 characters each in any script fit three times.
const MAX_TOKEN: usize = 8_192;
/// How far a token's end may lie ahead, in seconds: tokens are made when a page is served, so a stolen one is soon worth nothing.
const MAX_AHEAD: f64 = 24.0 * 60.0 * 60.0;
/// How far the clocks of site and relay may be apart, in seconds.
const LEEWAY: f64 = 30.0;

/// Whom a token vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The site owner's id of the person. Compared as it stands, never cut: two people must not become one.
    pub subject: String,
    /// Their name, at most [`MAX_FIELD`] characters.
    pub name: Option<String>,
    /// Their address, at most [`MAX_FIELD`] characters.
    pub email: Option<String>,
    /// What else the site says of them, by name; `None`: nothing, and what it said before stays.
    pub attributes: Option<BTreeMap<String, String>>,
    /// Which of the site's secrets signed it.
    pub secret: SecretId,
}

/// Why a token vouches for nobody. Goes to the client as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// No JWT, or one with claims of a wrong type.
    #[error("this is no identity token: sign a JWT with sub, aud and exp")]
    Malformed,
    /// Another algorithm, or none.
    #[error("identity tokens are signed with HS256 and nothing else")]
    Algorithm,
    /// Signed with none of the site's secrets.
    #[error("the signature fits none of this site's secrets: take one that is valid now")]
    Signature,
    /// For another site, or for none.
    #[error("aud must be the key of this site")]
    Audience,
    /// Over.
    #[error("the identity token has expired: sign a new one for each page")]
    Expired,
    /// Good for too long.
    #[error("exp may lie at most 24 hours ahead")]
    TooLong,
    /// Not valid yet.
    #[error("the identity token is not valid yet: compare the clocks of both machines")]
    Early,
    /// Nobody, or more characters than an id may have.
    #[error("sub must have 1 to 256 characters")]
    Subject,
    /// More than is kept of somebody, or nothing that could be.
    #[error("attributes must be an object of 50 texts, numbers or booleans at most, with names of 1 to 80 characters")]
    Attributes,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, not necessarily whole (RFC 7519 §2).
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    name: Option<String>,
    email: Option<String>,
    attributes: Option<Map<String, Value>>,
}

/// Whom a token vouches for at this site now.
///
/// # Errors
/// [`BadIdentity`] says what is wrong with it; only that of a token which one of the secrets did sign tells more than "not signed".
pub fn verify(token: &str, site: &SiteKey, secrets: &[SiteSecret], now: Millis) -> Result<Identity, BadIdentity> {
    install();
    if token.len() > MAX_TOKEN {
        return Err(BadIdentity::Malformed);
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    validation.set_audience(&[site]);
    // The library reads the machine's clock; here time is an argument, and a limit to the future is wanted, too.
    validation.validate_exp = false;
    let mut refusal = BadIdentity::Signature;
    for secret in secrets {
        let key = DecodingKey::from_secret(secret.secret.as_bytes());
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            // An extension that must be understood is one that is not understood (RFC 7515 §4.1.11).
            Ok(signed) if signed.header.crit.is_some() => return Err(BadIdentity::Malformed),
            Ok(signed) => return identity(signed.claims, secret.id, now),
            Err(error) => match refused(error.kind()) {
                BadIdentity::Signature => {}
                other => refusal = other,
            },
        }
    }
    Err(refusal)
}

fn refused(error: &ErrorKind) -> BadIdentity {
    match error {
        ErrorKind::InvalidSignature => BadIdentity::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => BadIdentity::Algorithm,
        ErrorKind::InvalidAudience => BadIdentity::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => BadIdentity::Audience,
        _ => BadIdentity::Malformed,
    }
}

fn identity(claims: Claims, secret: SecretId, now: Millis) -> Result<Identity, BadIdentity> {
    // Exact up to the year 287,000.
    let now = now as f64 / 1_000.0;
    let too_early = |from: Option<f64>| from.is_some_and(|from| from > now + LEEWAY);
    if claims.exp <= now - LEEWAY {
        return Err(BadIdentity::Expired);
    }
    if claims.exp > now + MAX_AHEAD + LEEWAY {
        return Err(BadIdentity::TooLong);
    }
    if too_early(claims.nbf) || too_early(claims.iat) {
        return Err(BadIdentity::Early);
    }
    if !(1..=MAX_FIELD).contains(&claims.sub.chars().count()) {
        return Err(BadIdentity::Subject);
    }
    let short = |text: Option<String>| {
        let text = text?;
        let text = cut(text.trim(), MAX_FIELD);
        (!text.is_empty()).then(|| text.to_owned())
    };
    let attributes = claims.attributes.map(attributes::tidy).transpose().map_err(|_| BadIdentity::Attributes)?;
    let given = |(name, value): (String, Option<String>)| Some((name, value?));
    let attributes = attributes.map(|attributes| attributes.into_iter().filter_map(given).collect());
    Ok(Identity { subject: claims.sub, name: short(claims.name), email: short(claims.email), attributes, secret })
}

/// All the cryptography that the library is given.
static ONLY_HS256: CryptoProvider = CryptoProvider {
    // The relay signs nothing.
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => {
            let mac = Hmac::<Sha256>::new_from_slice(key.try_get_as_bytes()?).map_err(|_| ErrorKind::InvalidKeyFormat)?;
            Ok(Box::new(Hs256(mac)))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    // For JWKs, of which there are none here.
    key_utils: KeyUtils::new_unimplemented(),
};

fn install() {
    static ONCE: Once = Once::new();
    // Fails for nothing but a second call, and there is none.
    ONCE.call_once(|| {
        let _ = ONLY_HS256.install_default();
    });
}

struct Hs256(Hmac<Sha256>);

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Compares in constant time.
        self.0.clone().chain_update(message).verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const NOW: Millis = 1_800_000_000_000;
    const SECONDS: i64 = NOW / 1_000;

    fn secret(text: &str) -> SiteSecret {
        SiteSecret { id: SecretId(uuid::Uuid::nil()), secret: text.to_owned(), created_at: 0 }
    }

    fn signed(header: &Value, claims: &Value, secret: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&message).finalize();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
    }

    fn claims(change: Value) -> Value {
        let mut claims = json!({"sub": "4711", "aud": "shop", "exp": SECONDS + 600});
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        claims
    }

    fn check(claims: &Value) -> Result<Identity, BadIdentity> {
        let token = signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, "new");
        verify(&token, &SiteKey("shop".into()), &[secret("old"), secret("new")], NOW)
    }

    #[test]
    fn a_signed_token_vouches_for_a_person() {
        let found = check(&claims(json!({"name": " Kim ", "email": "kim@example.org", "nbf": SECONDS, "other": [1]}))).unwrap();
        assert_eq!(
            (found.subject.as_str(), found.name.as_deref(), found.email.as_deref()),
            ("4711", Some("Kim"), Some("kim@example.org"))
        );
        assert!(check(&claims(json!({"aud": ["blog", "shop"], "exp": SECONDS as f64 + 0.5}))).is_ok());
        assert_eq!(check(&claims(json!({"name": "x".repeat(300)}))).unwrap().name.unwrap().len(), MAX_FIELD);
    }

    #[test]
    fn attributes_are_signed_with_the_rest() {
        let found = check(&claims(json!({"attributes": {"plan": "pro", "seats": 3, "old": null}}))).unwrap();
        let wanted = [("plan", "pro"), ("seats", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found.attributes, Some(wanted.into()));
        assert_eq!(check(&claims(json!({}))).unwrap().attributes, None);
        assert_eq!(check(&claims(json!({"attributes": {"a": [1]}}))), Err(BadIdentity::Attributes));
        assert_eq!(check(&claims(json!({"attributes": "pro"}))), Err(BadIdentity::Malformed));
    }

    #[test]
    fn time_and_site_are_bounds() {
        let cases = [
            (json!({"exp": SECONDS - 30}), BadIdentity::Expired),
            (json!({"exp": SECONDS + 86_431}), BadIdentity::TooLong),
            (json!({"exp": u64::MAX}), BadIdentity::TooLong),
            (json!({"nbf": SECONDS + 31}), BadIdentity::Early),
            (json!({"iat": SECONDS + 31}), BadIdentity::Early),
            (json!({"aud": "blog"}), BadIdentity::Audience),
            (json!({"aud": []}), BadIdentity::Audience),
            (json!({"aud": null}), BadIdentity::Audience),
            (json!({"aud": 1}), BadIdentity::Audience),
            (json!({"sub": ""}), BadIdentity::Subject),
            (json!({"sub": "x".repeat(257)}), BadIdentity::Subject),
            (json!({"sub": 4711}), BadIdentity::Malformed),
            (json!({"exp": "soon"}), BadIdentity::Malformed),
            (json!({"exp": null}), BadIdentity::Malformed),
            (json!({"exp": -1}), BadIdentity::Malformed),
        ];
        for (change, refusal) in cases {
            assert_eq!(check(&claims(change.clone())), Err(refusal), "{change}");
        }
        assert!(check(&claims(json!({"exp": SECONDS - 29}))).is_ok(), "clocks differ");
        let without = |name: &str| {
            let mut claims = claims(json!({}));
            claims.as_object_mut().unwrap().remove(name);
            check(&claims)
        };
        assert_eq!(without("exp"), Err(BadIdentity::Malformed));
        assert_eq!(without("sub"), Err(BadIdentity::Malformed));
        assert_eq!(without("aud"), Err(BadIdentity::Audience));
    }

    #[test]
    fn nothing_but_hs256_by_one_of_the_secrets_counts() {
        let site = SiteKey("shop".into());
        let good = claims(json!({}));
        for (algorithm, refusal) in [
            (json!("none"), BadIdentity::Malformed),
            (json!("None"), BadIdentity::Malformed),
            (json!("hs256"), BadIdentity::Malformed),
            (json!(null), BadIdentity::Malformed),
            (json!("HS512"), BadIdentity::Algorithm),
            (json!("RS256"), BadIdentity::Algorithm),
            (json!("ES256"), BadIdentity::Algorithm),
            (json!("EdDSA"), BadIdentity::Algorithm),
        ] {
            let token = signed(&json!({"alg": algorithm}), &good, "new");
            assert_eq!(verify(&token, &site, &[secret("new")], NOW), Err(refusal), "{algorithm}");
        }
        let token = signed(&json!({"alg": "HS256"}), &good, "stolen");
        assert_eq!(verify(&token, &site, &[secret("new")], NOW), Err(BadIdentity::Signature));
        assert_eq!(verify(&token, &site, &[], NOW), Err(BadIdentity::Signature));
        let crit = signed(&json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &good, "new");
        assert_eq!(verify(&crit, &site, &[secret("new")], NOW), Err(BadIdentity::Malformed));
        let own_key = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": URL_SAFE_NO_PAD.encode("mine")}});
        assert_eq!(verify(&signed(&own_key, &good, "mine"), &site, &[secret("new")], NOW), Err(BadIdentity::Signature));
        for text in ["", ".", "..", "a.b.c", "....", &"x".repeat(MAX_TOKEN + 1)] {
            assert_eq!(verify(text, &site, &[secret("new")], NOW), Err(BadIdentity::Malformed), "{text}");
        }
    }
}
