//! `/api/tokens`: what programs sign in with. A token is shown once, when it is made; revoking it closes its sockets and gives its chats back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::{ApiToken, NewApiToken};
use shared::ids::AgentId;
use shared::model::Person;

use super::account::proper_name;
use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::{self, SignedIn};
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::NewToken;

/// `GET`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<ApiToken>>, RestError> {
    Act::ManageTokens.by(&account)?;
    let found = shared.store.tokens().await.map_err(RestError::Store)?;
    let shown = found.into_iter().map(|found| ApiToken {
        id: found.agent,
        name: found.name,
        role: found.role,
        token: None,
        created_at: found.created_at,
        created_by: found.created_by,
        expires_at: found.expires_at,
        used_at: found.used_at,
    });
    Ok(Json(shown.collect()))
}

/// `POST`.
pub async fn create(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(body): Json<NewApiToken>,
) -> Result<Json<ApiToken>, RestError> {
    Act::ManageTokens.by(&account)?;
    let (name, now) = (proper_name(&body.name)?, clock::now());
    if body.expires_at.is_some_and(|at| at <= now) {
        return Err(RestError::Invalid { field: "expires_at", problem: "is in the past".to_owned() });
    }
    let (token, hash) = auth::new_api_token();
    let id = AgentId::v7(now, clock::random_bytes());
    let by = account.agent.id;
    let new = NewToken { hash, agent: id, name: name.clone(), role: body.role, by, expires_at: body.expires_at };
    shared.store.create_token(new, now).await.map_err(RestError::Store)?;
    Ok(Json(ApiToken {
        id,
        name,
        role: body.role,
        token: Some(token),
        created_at: now,
        created_by: Person { id: by, name: account.agent.name },
        expires_at: body.expires_at,
        used_at: None,
    }))
}

/// `DELETE /api/tokens/{id}`.
pub async fn revoke(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, RestError> {
    Act::ManageTokens.by(&account)?;
    let outcome = shared.desk.revoke_token(clock::now(), account.agent.id, id).await?;
    (shared.announce)(News::Changed { agent: id, disabled: true, role: false, outcome: Box::new(outcome) });
    Ok(StatusCode::NO_CONTENT)
}
