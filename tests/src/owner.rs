//! The owner of a site, whose server signs identity tokens; and who can be made to sign whatever an attacker would. By hand, so that
//! nothing here keeps a bad token from being made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::now;

/// The header that an honest owner writes.
pub fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

/// Claims about somebody at the demo site, good for ten minutes; with changes.
pub fn claims(subject: &str, change: Value) -> Value {
    let mut claims = json!({"sub": subject, "aud": "demo", "exp": now() / 1_000 + 600});
    if let (Some(claims), Value::Object(change)) = (claims.as_object_mut(), change) {
        claims.extend(change);
    }
    claims
}

/// A token with this header and these claims, signed with HMAC-SHA256, whatever the header says.
pub fn sign(header: &Value, claims: &Value, secret: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac.chain_update(&message).finalize().into_bytes(),
        Err(error) => panic!("{error}"),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// One part of a token.
pub fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A good token about somebody.
pub fn vouches(subject: &str, secret: &str) -> String {
    sign(&header(), &claims(subject, json!({})), secret)
}
