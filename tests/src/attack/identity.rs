//! Identity tokens: whatever the bytes are, as a token or as the claims of a properly signed one, only what the rules allow is believed.

use hmac::{Hmac, Mac};
use relay::edge::identity::verify;
use relay::store::SiteSecret;
use serde_json::Value;
use sha2::Sha256;
use shared::ids::{Millis, SecretId, SiteKey};
use uuid::Uuid;

use crate::owner::{header, sign};

/// When all this happens.
pub const NOW: Millis = 1_800_000_000_000;
/// With what the site signs.
pub const SECRETS: [&str; 2] = ["the old one", "the new one"];

/// Shows bytes as a token; and signed with a good secret, as the claims and as the header and claims (parted by a line's end).
pub fn shows(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    check(&text);
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let Some(claims) = json(&text) {
        check(&sign(&header(), &claims, SECRETS[1]));
        assert!(verify(&sign(&header(), &claims, "a stranger's"), &site(), &secrets(), NOW).is_err());
    }
    if let Some((header, claims)) = text.split_once('\n').and_then(|(header, claims)| json(header).zip(json(claims))) {
        check(&sign(&header, &claims, SECRETS[0]));
    }
}

fn site() -> SiteKey {
    SiteKey("demo".into())
}

fn secrets() -> Vec<SiteSecret> {
    let secret = |text: &str| SiteSecret { id: SecretId(Uuid::nil()), secret: text.to_owned(), created_at: 0 };
    SECRETS.map(secret).to_vec()
}

/// If the relay believes a token, the rules must have allowed it; looked at anew, with nothing of the relay's.
fn check(token: &str) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Ok(believed) = verify(token, &site(), &secrets(), NOW) else { return };
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, signature] = parts[..] else { panic!("{token}: {} parts", parts.len()) };
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let value = |text: &str| part(text).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let signed = SECRETS.iter().any(|secret| {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        part(signature).is_some_and(|bytes| mac.chain_update(format!("{head}.{body}")).verify_slice(&bytes).is_ok())
    });
    assert!(signed, "{token} is signed with none of the secrets");
    let (Some(head), Some(claims)) = (value(head), value(body)) else { panic!("{token}: no JSON") };
    assert_eq!(head["alg"], "HS256", "{head}");
    let seconds = NOW as f64 / 1_000.0;
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > seconds - 31.0 && exp < seconds + 86_431.0), "{claims}");
    assert!(claims["nbf"].as_f64().is_none_or(|nbf| nbf < seconds + 31.0), "{claims}");
    let for_us = claims["aud"] == "demo" || claims["aud"].as_array().is_some_and(|sites| sites.contains(&"demo".into()));
    assert!(for_us, "{claims}");
    assert_eq!(claims["sub"].as_str(), Some(believed.subject.as_str()), "{claims}");
    assert!((1..=256).contains(&believed.subject.chars().count()), "{claims}");
    for text in [&believed.name, &believed.email].into_iter().flatten() {
        assert!((1..=256).contains(&text.chars().count()), "{claims}");
    }
}
