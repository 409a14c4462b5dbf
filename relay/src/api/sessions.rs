//! `/api/account/sessions` and `/api/agents/{id}/sessions`: where somebody is signed in, and ending it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::{Deed, Session};
use shared::ids::{AgentId, SessionId};

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::{InSession, SignedIn};
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::{Record, Which};

/// `GET /api/account/sessions`.
pub async fn mine(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
) -> Result<Json<Vec<Session>>, RestError> {
    Act::KeepAccount.by(&account)?;
    list(&shared, account.agent.id, Some(session)).await
}

/// `DELETE /api/account/sessions`: all but this one.
pub async fn end_others(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    let agent = account.agent.id;
    end(&shared, agent, Which::AllBut(session), Record::of(agent, Deed::SessionsEnded, "")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/account/sessions/{id}`.
pub async fn end_mine(
    State(shared): State<Arc<Shared>>,
    InSession { account, .. }: InSession,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    let agent = account.agent.id;
    end_one(&shared, agent, id, Record::of(agent, Deed::SessionsEnded, "")).await
}

/// `GET /api/agents/{id}/sessions`.
pub async fn theirs(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<AgentId>,
) -> Result<Json<Vec<Session>>, RestError> {
    Act::ChangePeople.by(&account)?;
    named(&shared, id).await?;
    list(&shared, id, None).await
}

/// `DELETE /api/agents/{id}/sessions`: all of them.
pub async fn end_theirs(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, RestError> {
    Act::ChangePeople.by(&account)?;
    let record = Record::of(account.agent.id, Deed::SessionsEnded, named(&shared, id).await?);
    end(&shared, id, Which::All, record).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/agents/{id}/sessions/{session}`.
pub async fn end_one_of_theirs(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path((id, session)): Path<(AgentId, SessionId)>,
) -> Result<StatusCode, RestError> {
    Act::ChangePeople.by(&account)?;
    let record = Record::of(account.agent.id, Deed::SessionsEnded, named(&shared, id).await?);
    end_one(&shared, id, session, record).await
}

async fn list(shared: &Shared, agent: AgentId, asking: Option<[u8; 32]>) -> Result<Json<Vec<Session>>, RestError> {
    let found = shared.store.sessions(agent, clock::now()).await.map_err(RestError::Store)?;
    let shown = found.into_iter().map(|found| Session {
        id: found.id,
        device: found.device,
        network: found.network,
        created_at: found.created_at,
        seen_at: found.seen_at,
        current: asking == Some(found.hash),
    });
    Ok(Json(shown.collect()))
}

async fn named(shared: &Shared, agent: AgentId) -> Result<String, RestError> {
    let found = shared.store.any_agent(agent).await.map_err(RestError::Store)?;
    found.map(|agent| agent.name).ok_or(RestError::NotFound("agent"))
}

async fn end_one(shared: &Shared, agent: AgentId, session: SessionId, record: Record) -> Result<StatusCode, RestError> {
    match end(shared, agent, Which::One(session), record).await? {
        0 => Err(RestError::NotFound("session")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Ends sessions and closes their sockets; how many there were.
async fn end(shared: &Shared, agent: AgentId, which: Which, record: Record) -> Result<usize, RestError> {
    let ended = shared.store.end_sessions(agent, which, record, clock::now()).await.map_err(RestError::Store)?;
    for &session in &ended {
        (shared.announce)(News::SignedOut { agent, session });
    }
    Ok(ended.len())
}
