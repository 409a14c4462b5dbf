//! `/api/rules` and `/api/limits`: what holds for everybody here.

use std::sync::Arc;

use axum::extract::State;
use shared::api::{Limit, Rules};
use shared::close::ErrorCode;

use super::Json;
use super::roles::Act;
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;

/// `GET /api/rules`.
pub async fn show(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Rules>, RestError> {
    Act::SetRules.by(&account)?;
    let since = shared.store.second_factor_since().await.map_err(RestError::Store)?;
    Ok(Json(Rules { second_factor: since.is_some() }))
}

/// `PUT /api/rules`.
pub async fn set(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(rules): Json<Rules>,
) -> Result<Json<Rules>, RestError> {
    Act::SetRules.by(&account)?;
    let agent = account.agent.id;
    if rules.second_factor {
        let own = shared.store.second_factor(agent).await.map_err(RestError::Store)?;
        if !own.is_some_and(|own| own.confirmed) {
            let message = "set up your own second factor first, so that you know what you ask of the others".to_owned();
            return Err(RestError::Refused { code: ErrorCode::WrongState, message });
        }
    }
    shared.store.demand_second_factor(rules.second_factor, agent, clock::now()).await.map_err(RestError::Store)?;
    Ok(Json(rules))
}

/// `GET /api/limits`.
pub async fn limits(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Limit>>, RestError> {
    Act::SetRules.by(&account)?;
    Ok(Json(shared.config.limits.shown()))
}
