//! What goes to a push service: the notification, encrypted so that only the browser reads it (RFC 8291, `aes128gcm` of RFC 8188), and the
//! relay's word for who sends it (VAPID, RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use shared::ids::Millis;

use crate::clock;

/// An uncompressed point of P-256.
pub const POINT: usize = 65;
/// The browser's secret.
pub const AUTH: usize = 16;
/// Longest plain text: services take bodies of 4,096 bytes (RFC 8030 §7.2), of which the header has 86 and the end 17.
const MOST: usize = 3_993;
/// Record size that the header names; there is one record.
const RECORD: u32 = 4_096;
const SALT: usize = 16;
/// How long a signed word holds, in ms; services take 24 hours at most.
const HOLDS: Millis = 12 * 60 * 60 * 1_000;

/// Why something could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The browser's key is no point of the curve.
    #[error("the browser's key is of no use")]
    Key,
    /// The relay's own.
    #[error("the relay's key for notifications is of no use")]
    OwnKey,
    /// More than services take.
    #[error("the notification is too long")]
    TooLong,
}

/// How long a key that is derived is to be.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Result<[u8; N], SealError> {
    let mut key = [0; N];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(info, Bytes(N)).and_then(|okm| okm.fill(&mut key)).map_err(|_| SealError::Key)?;
    Ok(key)
}

/// Encrypts for a browser, with a key that is made for this message alone.
///
/// # Errors
/// The browser's key is none, or the text is too long.
pub fn seal(p256dh: &[u8], auth: &[u8], text: &[u8]) -> Result<Vec<u8>, SealError> {
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(|_| SealError::Key)?;
    let public = private.compute_public_key().map_err(|_| SealError::Key)?;
    let browser = UnparsedPublicKey::new(&ECDH_P256, p256dh);
    let salt = clock::random_bytes::<SALT>();
    agree_ephemeral(private, &browser, |secret| seal_with(secret, public.as_ref(), p256dh, auth, salt, text))
        .map_err(|_| SealError::Key)?
}

/// The rest of it, with what chance gives.
fn seal_with(
    secret: &[u8],
    public: &[u8],
    p256dh: &[u8],
    auth: &[u8],
    salt: [u8; SALT],
    text: &[u8],
) -> Result<Vec<u8>, SealError> {
    if text.len() > MOST {
        return Err(SealError::TooLong);
    }
    let key: [u8; 32] = derive(auth, secret, &[b"WebPush: info\0", p256dh, public])?;
    let content_key: [u8; 16] = derive(&salt, &key, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = derive(&salt, &key, &[b"Content-Encoding: nonce\0"])?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).map_err(|_| SealError::Key)?);
    let mut record = text.to_vec();
    // The mark of the last record.
    record.push(2);
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .map_err(|_| SealError::Key)?;
    let mut body = Vec::with_capacity(SALT + 5 + public.len() + record.len());
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD.to_be_bytes());
    body.push(u8::try_from(public.len()).map_err(|_| SealError::OwnKey)?);
    body.extend_from_slice(public);
    body.extend_from_slice(&record);
    Ok(body)
}

/// The relay's key pair.
pub struct Signer(EcdsaKeyPair);

impl Signer {
    /// A fresh pair, as it is kept.
    ///
    /// # Errors
    /// The system gives no chance.
    pub fn fresh() -> Result<Vec<u8>, SealError> {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        pair.map(|pair| pair.as_ref().to_vec()).map_err(|_| SealError::OwnKey)
    }

    /// From what was kept.
    ///
    /// # Errors
    /// It is none.
    pub fn of(pkcs8: &[u8]) -> Result<Self, SealError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
        pair.map(Self).map_err(|_| SealError::OwnKey)
    }

    /// The public key, by which browsers subscribe.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// The header `authorization` for a service of that origin; `contact` is where its operator finds the relay's.
    ///
    /// # Errors
    /// The key fails.
    pub fn authorization(&self, service: &str, contact: &str, now: Millis) -> Result<String, SealError> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({ "aud": service, "exp": (now + HOLDS) / 1_000, "sub": contact });
        let said = format!("{}.{}", part(json!({ "typ": "JWT", "alg": "ES256" })), part(claims));
        let signed = self.0.sign(&SystemRandom::new(), said.as_bytes()).map_err(|_| SealError::OwnKey)?;
        Ok(format!("vapid t={said}.{}, k={}", URL_SAFE_NO_PAD.encode(signed.as_ref()), self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let secret = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let public = bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let p256dh = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let salt: [u8; SALT] = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let text = b"When I grow up, I want to be a watermelon";
        let body = seal_with(&secret, &public, &p256dh, &auth, salt, text).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn no_two_messages_are_alike_and_none_is_too_long() {
        let browser = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap().compute_public_key().unwrap();
        let seal = |text: &[u8]| seal(browser.as_ref(), &[7; AUTH], text);
        assert_ne!(seal(b"hello").unwrap(), seal(b"hello").unwrap());
        assert_eq!(seal(&[b'x'; MOST]).unwrap().len(), 4_096);
        assert!(matches!(seal(&[b'x'; MOST + 1]), Err(SealError::TooLong)));
        assert!(matches!(super::seal(&[4; POINT], &[7; AUTH], b""), Err(SealError::Key)), "no point of the curve");
    }

    #[test]
    fn a_key_stays_the_same_once_it_is_kept() {
        let kept = Signer::fresh().unwrap();
        let signer = Signer::of(&kept).unwrap();
        assert_eq!(signer.public(), Signer::of(&kept).unwrap().public());
        assert_eq!(bytes(&signer.public()).len(), POINT);
        assert!(matches!(Signer::of(b"nonsense"), Err(SealError::OwnKey)));
        let word = signer.authorization("https://push.example", "mailto:ada@shop.example", 1_000_000).unwrap();
        let token = word.strip_prefix("vapid t=").unwrap().split(',').next().unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&bytes(token.split('.').nth(1).unwrap())).unwrap();
        assert_eq!(
            claims,
            json!({ "aud": "https://push.example", "exp": 1_000 + 12 * 60 * 60, "sub": "mailto:ada@shop.example" })
        );
    }
}
