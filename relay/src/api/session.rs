//! `/api/session`: sign in, who am I, sign out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use shared::api::{Me, SignIn};
use shared::ids::Millis;

use super::Json;
use crate::clock;
use crate::edge::auth::{self, SignedIn};
use crate::edge::caller::Caller;
use crate::edge::origin::Origin;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::metrics::SIGN_INS;
use crate::store::Account;

/// `POST`: sign in.
pub async fn sign_in(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<impl IntoResponse, RestError> {
    // Said before the password is looked at: whoever reads this should not send it again.
    auth::must_be_secure(caller.base.as_ref())?;
    let email = normal_email(&body.email);
    let throttled = shared.sign_ins.address(&caller).and_then(|()| shared.sign_ins.account(&email));
    if throttled.is_err() {
        metrics::counter!(SIGN_INS, "outcome" => "throttled").increment(1);
    }
    throttled?;
    let account = shared.store.account(email).await.map_err(RestError::Store)?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let fits = shared.passwords.fits(body.password, stored).await.map_err(RestError::internal)?;
    let Some(account) = account.filter(|_| fits) else {
        metrics::counter!(SIGN_INS, "outcome" => "refused").increment(1);
        return Err(RestError::WrongPassword);
    };
    metrics::counter!(SIGN_INS, "outcome" => "ok").increment(1);
    let begun = Begun::new(&shared, caller.base.as_ref())?;
    // Whatever session the browser had, of this person or planted by another one, is over.
    end(&shared, caller.base.as_ref(), &headers).await?;
    let stored = shared.store.create_session(begun.hash, account.agent.id, begun.now, begun.expires_at).await;
    stored.map_err(RestError::Store)?;
    Ok((begun.cookie, Json(me(&account))))
}

/// `GET`: who is signed in.
pub async fn show(SignedIn(account): SignedIn) -> Json<Me> {
    Json(me(&account))
}

/// `DELETE`: sign out. Also without a session, so that a browser can always get rid of its cookie.
pub async fn sign_out(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, RestError> {
    end(&shared, caller.base.as_ref(), &headers).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, auth::no_cookie(caller.base.as_ref()))]))
}

/// Ends the session that a request brings, if it does.
pub async fn end(shared: &Shared, base: Option<&Origin>, headers: &HeaderMap) -> Result<(), RestError> {
    let Some(token) = auth::token(base, headers) else { return Ok(()) };
    let session = auth::hash(&token);
    let account = auth::session(shared, base, headers).await.map_err(RestError::Store)?;
    shared.store.delete_session(session).await.map_err(RestError::Store)?;
    if let Some(account) = account {
        (shared.announce)(News::SignedOut { agent: account.agent.id, session });
    }
    Ok(())
}

/// A session that begins now, before it is stored.
pub struct Begun {
    /// What the store keeps of its token.
    pub hash: [u8; 32],
    /// When it begins.
    pub now: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// The answer's header that hands it to the browser.
    pub cookie: [(HeaderName, HeaderValue); 1],
}

impl Begun {
    /// A new one for a browser that reaches the relay at `base`.
    ///
    /// # Errors
    /// The browser would have to send its cookie in the clear.
    pub fn new(shared: &Shared, base: Option<&Origin>) -> Result<Self, RestError> {
        let (token, hash) = auth::new_token();
        let (now, lifetime) = (clock::now(), shared.config.session_lifetime_ms);
        let cookie = auth::cookie(base, &token, lifetime)?;
        Ok(Self { hash, now, expires_at: now + lifetime, cookie: [(header::SET_COOKIE, cookie)] })
    }
}

/// What an account is told about itself.
pub fn me(account: &Account) -> Me {
    Me { id: account.agent.id, name: account.agent.name.clone(), email: account.email.clone(), role: account.agent.role }
}

/// Addresses are compared without regard to case: no provider in use tells them apart by it.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}
