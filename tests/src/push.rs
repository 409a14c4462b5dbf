//! A push service on this machine, as browsers have one (RFC 8030), and browsers that subscribe there. It takes what a relay sends, checks
//! who sends it (RFC 8292), and decrypts it with the browser's keys (RFC 8291), by other libraries than the relay's. It can be told to
//! refuse.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hkdf::Hkdf;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{PublicKey, SecretKey};
use serde_json::Value;
use sha2::Sha256;
use shared::api::{PushSubscription, Wishes};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::people::PATIENCE;

/// A notification that came.
#[derive(Clone, Debug)]
pub struct Notification {
    /// To which of its browsers.
    pub browser: String,
    /// What it says, decrypted.
    pub says: Value,
    /// Its headers.
    pub headers: HeaderMap,
    /// The public key that the sender goes by.
    pub sender: String,
    /// What the sender claims.
    pub claims: Value,
}

/// A browser's end of it: the keys that only it has.
#[derive(Clone)]
struct Keys {
    name: String,
    secret: SecretKey,
    auth: [u8; 16],
}

#[derive(Clone)]
struct Desk {
    address: SocketAddr,
    keys: Arc<Mutex<Vec<Keys>>>,
    mood: Arc<Mutex<StatusCode>>,
    taken: Arc<watch::Sender<Vec<Result<Notification, String>>>>,
    turned_away: Arc<watch::Sender<usize>>,
}

/// The service. Ends with the runtime.
pub struct PushService(Desk);

impl PushService {
    /// Opens one on a port of its own.
    pub async fn opens() -> Self {
        let listener = match TcpListener::bind("127.0.0.1:0").await {
            Ok(listener) => listener,
            Err(error) => panic!("no push service: {error}"),
        };
        let Ok(address) = listener.local_addr() else { panic!("no push service: it has no address") };
        let desk = Desk {
            address,
            keys: Arc::default(),
            mood: Arc::new(Mutex::new(StatusCode::CREATED)),
            taken: Arc::new(watch::channel(Vec::new()).0),
            turned_away: Arc::new(watch::channel(0).0),
        };
        let app = Router::new().route("/push/{browser}", post(take)).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self(desk)
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// A browser subscribes; what it tells the console.
    pub fn subscribes(&self, browser: &str) -> PushSubscription {
        let mut seed = [0; 32];
        fastrand::Rng::new().fill(&mut seed);
        let secret = match SecretKey::from_slice(&seed) {
            Ok(secret) => secret,
            Err(error) => panic!("no key: {error}"),
        };
        let mut auth = [0; 16];
        fastrand::Rng::new().fill(&mut auth);
        let public = secret.public_key().to_encoded_point(false);
        let keys = Keys { name: browser.to_owned(), secret, auth };
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).push(keys);
        PushSubscription {
            endpoint: format!("{}/push/{browser}", self.origin()),
            p256dh: BASE64.encode(public.as_bytes()),
            auth: BASE64.encode(auth),
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            wishes: Wishes { assigned: true, messages: true, queue: true, offers: true },
            quiet: None,
            shows_text: false,
        }
    }

    /// Answers with this status from now on; `201`: takes what comes.
    pub fn answers(&self, status: StatusCode) {
        *self.0.mood.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Waits until so many notifications came, and were good.
    pub async fn has(&self, count: usize) -> Vec<Notification> {
        let mut taken = self.0.taken.subscribe();
        let enough = taken.wait_for(|taken| taken.len() >= count || taken.iter().any(Result::is_err));
        let found = match timeout(PATIENCE, enough).await {
            Ok(Ok(found)) => found.clone(),
            _ => panic!("{count} notifications were expected, there are: {:#?}", self.0.taken.borrow()),
        };
        found.into_iter().map(|one| one.unwrap_or_else(|error| panic!("a bad notification: {error}"))).collect()
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.0.taken.borrow().len()
    }

    /// Waits until so many were turned away.
    pub async fn has_turned_away(&self, count: usize) {
        let mut turned = self.0.turned_away.subscribe();
        if timeout(PATIENCE, turned.wait_for(|turned| *turned >= count)).await.is_err() {
            panic!("{count} were to be turned away, {} were", *self.0.turned_away.borrow());
        }
    }
}

async fn take(State(desk): State<Desk>, Path(browser): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mood = *desk.mood.lock().unwrap_or_else(PoisonError::into_inner);
    if !mood.is_success() {
        desk.turned_away.send_modify(|count| *count += 1);
        return mood;
    }
    let keys = desk.keys.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().find(|keys| keys.name == browser).cloned();
    let read = keys.context("no such browser").and_then(|keys| read(&desk, &keys, &headers, &body));
    desk.taken.send_modify(|taken| taken.push(read.map_err(|error| format!("{error:#}"))));
    mood
}

fn read(desk: &Desk, keys: &Keys, headers: &HeaderMap, body: &[u8]) -> Result<Notification> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).with_context(|| format!("no {name}"));
    ensure!(header("content-encoding")? == "aes128gcm", "not encrypted");
    ensure!(header("ttl")?.parse::<u32>().is_ok(), "RFC 8030 §5.2 wants a TTL");
    let (sender, claims) = sender(header("authorization")?)?;
    ensure!(claims["aud"] == format!("http://{}", desk.address), "meant for another service: {claims}");
    let plain = decrypt(keys, body)?;
    let says = serde_json::from_slice(&plain).context("no JSON")?;
    Ok(Notification { browser: keys.name.clone(), says, headers: headers.clone(), sender, claims })
}

/// The public key and the claims of a VAPID token, which has to be signed with that key (RFC 8292 §3).
fn sender(authorization: &str) -> Result<(String, Value)> {
    let parts = authorization.strip_prefix("vapid ").context("no vapid")?;
    let mut parts = parts.split(", ");
    let token = parts.next().and_then(|part| part.strip_prefix("t=")).context("no token")?;
    let key = parts.next().and_then(|part| part.strip_prefix("k=")).context("no key")?;
    let (said, signature) = token.rsplit_once('.').context("no signature")?;
    let verifier = VerifyingKey::from_sec1_bytes(&BASE64.decode(key)?)?;
    verifier.verify(said.as_bytes(), &Signature::from_slice(&BASE64.decode(signature)?)?)?;
    let (_, claims) = said.split_once('.').context("no claims")?;
    Ok((key.to_owned(), serde_json::from_slice(&BASE64.decode(claims)?)?))
}

fn decrypt(keys: &Keys, body: &[u8]) -> Result<Vec<u8>> {
    let (salt, rest) = body.split_at_checked(16).context("no salt")?;
    let (size, rest) = rest.split_at_checked(4).context("no record size")?;
    ensure!(u32::from_be_bytes(size.try_into()?) as usize >= rest.len(), "more than one record");
    let (&length, rest) = rest.split_first().context("no key id")?;
    let (public, record) = rest.split_at_checked(length.into()).context("no key")?;
    let theirs = PublicKey::from_sec1_bytes(public)?;
    let secret = p256::ecdh::diffie_hellman(keys.secret.to_nonzero_scalar(), theirs.as_affine());
    let ours = keys.secret.public_key().to_encoded_point(false);
    let info = [b"WebPush: info\0", ours.as_bytes(), public].concat();
    let derive = |salt: &[u8], secret: &[u8], info: &[u8], length: usize| -> Result<Vec<u8>> {
        let mut key = vec![0; length];
        Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut key).map_err(anyhow::Error::msg)?;
        Ok(key)
    };
    let key = derive(&keys.auth, secret.raw_secret_bytes(), &info, 32)?;
    let content_key = derive(salt, &key, b"Content-Encoding: aes128gcm\0", 16)?;
    let nonce = derive(salt, &key, b"Content-Encoding: nonce\0", 12)?;
    let cipher = Aes128Gcm::new_from_slice(&content_key).map_err(anyhow::Error::msg)?;
    let plain = cipher.decrypt(nonce.as_slice().into(), record).ok().context("it cannot be decrypted")?;
    let end = plain.iter().rposition(|byte| *byte != 0).context("only padding")?;
    ensure!(plain[end] == 2, "not the last record");
    Ok(plain[..end].to_vec())
}
