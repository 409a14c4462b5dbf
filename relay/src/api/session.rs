//! `/api/session`: sign in, who am I, sign out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use shared::api::{Me, SignIn};
use shared::ids::{Millis, SessionId};

use super::{Json, account};
use crate::clock;
use crate::edge::auth::{self, Known};
use crate::edge::caller::Caller;
use crate::edge::device::device;
use crate::edge::origin::{Origin, truncated};
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::metrics::SIGN_INS;
use crate::store::{Account, NewSession};

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
    let account = shared.store.account(email, clock::now()).await.map_err(RestError::Store)?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let fits = shared.passwords.fits(body.password, stored).await.map_err(RestError::internal)?;
    let Some(account) = account.filter(|_| fits) else {
        metrics::counter!(SIGN_INS, "outcome" => "refused").increment(1);
        return Err(RestError::WrongPassword);
    };
    let passed = account::pass_second_factor(&shared, &account, body.code.as_deref()).await;
    match &passed {
        Err(RestError::SecondFactorWanted) => metrics::counter!(SIGN_INS, "outcome" => "second_factor").increment(1),
        Err(_) => metrics::counter!(SIGN_INS, "outcome" => "refused").increment(1),
        Ok(()) => {}
    }
    passed?;
    metrics::counter!(SIGN_INS, "outcome" => "ok").increment(1);
    let begun = Begun::new(&shared, &caller, &headers)?;
    // Whatever session the browser had, of this person or planted by another one, is over.
    end(&shared, caller.base.as_ref(), &headers).await?;
    let stored = shared.store.create_session(account.agent.id, begun.session, begun.now).await;
    stored.map_err(RestError::Store)?;
    Ok((begun.cookie, Json(me(&account))))
}

/// `GET`: who is signed in.
pub async fn show(Known(account): Known) -> Json<Me> {
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
    let account = shared.store.session(session, clock::now()).await.map_err(RestError::Store)?;
    shared.store.delete_session(session).await.map_err(RestError::Store)?;
    if let Some(account) = account {
        (shared.announce)(News::SignedOut { agent: account.agent.id, session });
    }
    Ok(())
}

/// A session that begins now, before it is stored.
pub struct Begun {
    /// What the store keeps of it.
    pub session: NewSession,
    /// When it begins.
    pub now: Millis,
    /// The answer's header that hands it to the browser.
    pub cookie: [(HeaderName, HeaderValue); 1],
}

impl Begun {
    /// A new one for the browser that asks.
    ///
    /// # Errors
    /// The browser would have to send its cookie in the clear.
    pub fn new(shared: &Shared, caller: &Caller, headers: &HeaderMap) -> Result<Self, RestError> {
        let (token, hash) = auth::new_token();
        let (now, lifetime) = (clock::now(), shared.config.session_lifetime_ms);
        let cookie = auth::cookie(caller.base.as_ref(), &token, lifetime)?;
        let session = NewSession {
            hash,
            id: SessionId(uuid::Builder::from_random_bytes(clock::random_bytes()).into_uuid()),
            device: device(headers),
            network: truncated(caller.reached.client).to_string(),
            expires_at: now + lifetime,
        };
        Ok(Self { session, now, cookie: [(header::SET_COOKIE, cookie)] })
    }
}

/// What an account is told about itself.
pub fn me(account: &Account) -> Me {
    Me {
        id: account.agent.id,
        name: account.agent.name.clone(),
        email: account.email.clone(),
        role: account.agent.role,
        must_enrol: account.must_enrol,
    }
}

/// Addresses are compared without regard to case: no provider in use tells them apart by it.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}
