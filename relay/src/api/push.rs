//! `/api/account/push`: whether this session's browser is notified while its agent has no console open.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::api::{PushKey, PushSubscription};
use shared::model::MAX_FIELD;

use super::Json;
use super::roles::Act;
use crate::clock;
use crate::edge::auth::InSession;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::push::door::Endpoint;
use crate::push::seal::{self, AUTH, POINT};
use crate::push::signer;
use crate::store::Subscription;

/// `GET`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
) -> Result<Json<PushKey>, RestError> {
    Act::KeepAccount.by(&account)?;
    let key = signer(&shared.store).await.map_err(RestError::Store)?.public();
    let subscribed = shared.store.is_subscribed(session).await.map_err(RestError::Store)?;
    Ok(Json(PushKey { key, subscribed }))
}

/// `PUT`.
pub async fn subscribe(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
    Json(body): Json<PushSubscription>,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    let invalid = |field, problem: String| RestError::Invalid { field, problem };
    Endpoint::of(&body.endpoint, &shared.config.push.own_services).map_err(|problem| invalid("endpoint", problem.to_string()))?;
    let p256dh = bytes(&body.p256dh, POINT).ok_or_else(|| invalid("p256dh", format!("must be {POINT} bytes in base64url")))?;
    let auth = bytes(&body.auth, AUTH).ok_or_else(|| invalid("auth", format!("must be {AUTH} bytes in base64url")))?;
    // A key that is none would be found out with the first notification only.
    seal::seal(&p256dh, &auth, b"").map_err(|_| invalid("p256dh", "must be a point of the curve P-256".to_owned()))?;
    for (field, text) in [("language", &body.language), ("time_zone", &body.time_zone)] {
        if text.chars().count() > MAX_FIELD {
            return Err(invalid(field, format!("must have {MAX_FIELD} characters at most")));
        }
    }
    if body.quiet.as_ref().is_some_and(|quiet| !quiet.is_proper()) {
        return Err(invalid("quiet", "must be minutes below 1,440 and weekdays from 1 to 7".to_owned()));
    }
    let subscription = Subscription {
        session,
        agent: account.agent.id,
        endpoint: body.endpoint,
        p256dh,
        auth,
        language: body.language,
        time_zone: body.time_zone,
        quiet: body.quiet,
        wishes: body.wishes,
        shows_text: body.shows_text,
    };
    shared.store.subscribe(subscription, clock::now()).await.map_err(RestError::Store)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE`.
pub async fn unsubscribe(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    shared.store.unsubscribe(session).await.map_err(RestError::Store)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Base64url, with or without padding, of so many bytes.
fn bytes(text: &str, count: usize) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().filter(|bytes| bytes.len() == count)
}
