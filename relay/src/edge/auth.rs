//! Sessions of agents: the cookie, whom it stands for, and the guard against requests that other people's pages send with it.
//! `api/` signs in and out with this; the agents' socket asks [`session`] at its upgrade.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};
use shared::ids::Millis;

use super::caller::{Caller, Page};
use super::limits::{Limit, Throttle, subscriber};
use super::origin::Origin;
use super::router::Shared;
use crate::api::UPLOADS;
use crate::clock;
use crate::config::Limits;
use crate::error::RestError;
use crate::store::{Account, StoreError};

/// Name of the session's cookie on plain-http loopback, where no better one can be had.
const COOKIE: &str = "bulle_session";
/// Its name everywhere else: browsers take a cookie of such a name from this very host and over https only, so no page of a
/// neighbouring name can plant a session of its own here (RFC 6265bis §4.1.3.2).
const HOST_COOKIE: &str = "__Host-bulle_session";
/// Random bytes of a token: 256 bits, as DESIGN §10 has it for all tokens.
const TOKEN: usize = 32;
/// Slows down guessing, per account and per address.
pub struct SignInThrottle {
    accounts: Throttle,
    addresses: Throttle,
}

impl SignInThrottle {
    /// With the configured rates.
    pub fn new(limits: &Limits) -> Self {
        Self { accounts: Throttle::new(limits.account_sign_ins), addresses: Throttle::new(limits.address_sign_ins) }
    }

    /// Takes one try of the caller's address, if it has limits.
    ///
    /// # Errors
    /// How long to wait.
    pub fn address(&self, caller: &Caller) -> Result<(), RestError> {
        let Some(address) = caller.limited_address() else { return Ok(()) };
        let taken = self.addresses.take(subscriber(address));
        taken.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::AddressSignIns, retry_after_ms })
    }

    /// Takes one try at an account, which need not exist.
    ///
    /// # Errors
    /// How long to wait.
    pub fn account(&self, email: &str) -> Result<(), RestError> {
        let taken = self.accounts.take(email);
        taken.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::AccountSignIns, retry_after_ms })
    }
}

/// A new secret for a cookie or a link, and what the store keeps of it.
pub fn new_token() -> (String, [u8; 32]) {
    let token: String = clock::random_bytes::<TOKEN>().iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = hash(&token);
    (token, hash)
}

/// What API tokens begin with, so that people and programs that look for secrets know one when they see it.
const API_TOKEN: &str = "bulle_";

/// A new API token, and what the store keeps of it.
pub fn new_api_token() -> (String, [u8; 32]) {
    let token = format!("{API_TOKEN}{}", new_token().0);
    let hash = hash(&token);
    (token, hash)
}

/// The API token of a request's header, if it has one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Tokens are stored as their SHA-256: they are random, so nothing slower is needed.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The session token of a request's cookie, as [`cookie`] set it for that origin; of several the first.
pub fn token(base: Option<&Origin>, headers: &HeaderMap) -> Option<String> {
    let name = if must_be_secure(base).unwrap_or(true) { HOST_COOKIE } else { COOKIE };
    cookies(headers)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(Cookie::split_parse).flatten()
}

/// The enabled account whose API token the request brings, or whose unexpired session its cookie names, whatever it may do.
async fn known(shared: &Shared, base: Option<&Origin>, headers: &HeaderMap) -> Result<Option<Account>, StoreError> {
    if let Some(token) = bearer(headers) {
        let found = shared.store.token(hash(token), clock::now()).await?;
        return Ok(found.map(|(account, _)| account));
    }
    match token(base, headers) {
        Some(token) => shared.store.session(hash(&token), clock::now()).await,
        None => Ok(None),
    }
}

/// The same, of those who may do more than set up the second factor that is demanded of them.
///
/// # Errors
/// The store does not answer.
pub async fn session(shared: &Shared, base: Option<&Origin>, headers: &HeaderMap) -> Result<Option<Account>, StoreError> {
    Ok(known(shared, base, headers).await?.filter(|account| !account.must_enrol))
}

/// Handlers with this argument are about the very session that asks, also while its agent has yet to set up the second factor that is
/// demanded of everybody: for those routes alone that lead there.
pub struct AnySession {
    /// Who.
    pub account: Account,
    /// SHA-256 of the session's token.
    pub session: [u8; 32],
}

impl FromRequestParts<Arc<Shared>> for AnySession {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, RestError> {
        let Ok(caller) = Caller::from_request_parts(parts, shared).await;
        let token = token(caller.base.as_ref(), &parts.headers).ok_or(RestError::NotSignedIn)?;
        let session = hash(&token);
        let account = shared.store.session(session, clock::now()).await.map_err(RestError::Store)?;
        account.map(|account| Self { account, session }).ok_or(RestError::NotSignedIn)
    }
}

/// Handlers with this argument are about the very session that asks.
pub struct InSession {
    /// Who.
    pub account: Account,
    /// SHA-256 of the session's token.
    pub session: [u8; 32],
}

impl FromRequestParts<Arc<Shared>> for InSession {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, RestError> {
        let AnySession { account, session } = AnySession::from_request_parts(parts, shared).await?;
        if account.must_enrol { Err(RestError::EnrolFirst) } else { Ok(Self { account, session }) }
    }
}

/// Handlers with this argument are for signed-in agents, also those who may do no more than set up their second factor.
pub struct Known(pub Account);

impl FromRequestParts<Arc<Shared>> for Known {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, RestError> {
        let Ok(caller) = Caller::from_request_parts(parts, shared).await;
        let account = known(shared, caller.base.as_ref(), &parts.headers).await.map_err(RestError::Store)?;
        account.map(Self).ok_or(RestError::NotSignedIn)
    }
}

/// Handlers with this argument are for signed-in agents only.
pub struct SignedIn(pub Account);

impl FromRequestParts<Arc<Shared>> for SignedIn {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, RestError> {
        let Known(account) = Known::from_request_parts(parts, shared).await?;
        if account.must_enrol { Err(RestError::EnrolFirst) } else { Ok(Self(account)) }
    }
}

/// Whether a cookie for that origin must be `Secure`: always, except on plain-http loopback, where WebKit would drop it.
///
/// # Errors
/// Plain http to anywhere else: the password would cross a network in the clear.
pub fn must_be_secure(base: Option<&Origin>) -> Result<bool, RestError> {
    match base {
        Some(base) if base.is_https() => Ok(true),
        Some(base) if base.is_loopback() => Ok(false),
        _ => Err(RestError::Unencrypted),
    }
}

/// The `Set-Cookie` of a session.
///
/// # Errors
/// See [`must_be_secure`].
pub fn cookie(base: Option<&Origin>, token: &str, lifetime: Millis) -> Result<HeaderValue, RestError> {
    let secure = must_be_secure(base)?;
    let cookie = Cookie::build((if secure { HOST_COOKIE } else { COOKIE }, token))
        .http_only(true)
        .same_site(SameSite::Lax)
        .path("/")
        .secure(secure)
        .max_age(cookie::time::Duration::milliseconds(lifetime));
    HeaderValue::from_str(&cookie.build().to_string()).map_err(RestError::internal)
}

/// The `Set-Cookie` that ends a session in the browser; the store has forgotten it by then.
pub fn no_cookie(base: Option<&Origin>) -> HeaderValue {
    match must_be_secure(base) {
        Ok(false) => HeaderValue::from_static("bulle_session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"),
        _ => HeaderValue::from_static("__Host-bulle_session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"),
    }
}

/// Lets a changing request pass only when it is JSON, which no foreign form can send, and comes from the relay's own page. Programs,
/// which send no `Origin`, pass as long as they bring no cookie: with one it could be a browser's that hides where it comes from.
/// Uploads need not be JSON, and those that come with a visitor's token look for themselves which page they come from; no cookie counts
/// for them.
pub async fn guard(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, RestError> {
    let is_upload = request.uri().path() == UPLOADS;
    let by_token = is_upload && (request.headers().contains_key(header::AUTHORIZATION) || request.method() == Method::OPTIONS);
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !by_token {
        let own = caller.is_own_page(&shared) || (caller.page == Page::Unsaid && !brings_cookie(request.headers()));
        if !own {
            return Err(RestError::ForeignOrigin);
        }
        if !is_upload && !is_json(request.headers()) {
            return Err(RestError::NotJson);
        }
    }
    Ok(next.run(request).await)
}

fn brings_cookie(headers: &HeaderMap) -> bool {
    cookies(headers).any(|cookie| matches!(cookie.name(), COOKIE | HOST_COOKIE))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn the_cookie_is_secure_except_on_plain_loopback() {
        let secure = cookie(Some(&origin("https://chat.example.com")), "abc", 60_000).unwrap();
        assert_eq!(secure, "__Host-bulle_session=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60");
        let plain = cookie(Some(&origin("http://127.0.0.1:8080")), "abc", 60_000).unwrap();
        assert_eq!(plain, "bulle_session=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
        let refused = cookie(Some(&origin("http://192.168.1.7:8080")), "abc", 60_000).unwrap_err();
        assert!(refused.to_string().contains("public_url"), "{refused}");
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let (plain, secure) = (origin("http://127.0.0.1:8080"), origin("https://chat.example.com"));
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark; bulle_session=abc; x=y"));
        assert_eq!(token(Some(&plain), &headers).as_deref(), Some("abc"));
        assert_eq!(token(Some(&secure), &headers), None, "anybody on a neighbouring name may have set it");
        assert!(brings_cookie(&headers));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-bulle_session=def"));
        assert_eq!(token(Some(&secure), &headers).as_deref(), Some("def"));
        headers.clear();
        headers.append(header::COOKIE, HeaderValue::from_static("not_bulle_session=abc; bulle_session="));
        assert_eq!(token(Some(&plain), &headers), None);
    }

    #[test]
    fn a_bearer_is_one_whatever_the_case() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of("Bearer bulle_0a"), Some("bulle_0a".to_owned()));
        assert_eq!(of("bearer  bulle_0a "), Some("bulle_0a".to_owned()));
        assert_eq!((of("Basic bulle_0a"), of("bulle_0a")), (None, None));
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (first, stored) = new_token();
        assert_eq!((first.len(), hash(&first)), (2 * TOKEN, stored));
        assert_ne!(first, new_token().0);
    }
}
