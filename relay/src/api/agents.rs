//! `/api/agents`: the team, and what admins change about it.

use std::sync::Arc;

use axum::extract::State;
use shared::api::{AgentPatch, Member};
use shared::ids::AgentId;
use shared::model::Agent;

use super::roles::Act;
use super::{Json, Path, settings};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;

/// Live chats that an agent may be set to hold, as `AgentPatch` documents.
const CAPACITY: std::ops::RangeInclusive<u32> = 1..=20;

/// `GET /api/agents`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Agent>>, RestError> {
    Act::SeeTeam.by(&account)?;
    shared.store.agents().await.map(Json).map_err(RestError::Store)
}

/// `GET /api/people`.
pub async fn everybody(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Member>>, RestError> {
    Act::ChangePeople.by(&account)?;
    shared.store.members().await.map(Json).map_err(RestError::Store)
}

/// `PATCH /api/agents/{id}`.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<AgentId>,
    Json(patch): Json<AgentPatch>,
) -> Result<Json<Agent>, RestError> {
    Act::ChangePeople.by(&account)?;
    if patch.capacity.is_some_and(|capacity| !CAPACITY.contains(&capacity)) {
        let problem = format!("must be {} to {}", CAPACITY.start(), CAPACITY.end());
        return Err(RestError::Invalid { field: "capacity", problem });
    }
    let mut patch = patch;
    if let Some(languages) = &mut patch.languages {
        *languages = settings::languages(languages)?;
    }
    let steps_down = patch.disabled == Some(true) || patch.role.is_some_and(|role| role != account.agent.role);
    if id == account.agent.id && steps_down {
        // There is always an admin left: whoever takes the role away keeps it.
        return Err(RestError::Invalid {
            field: "role",
            problem: "of your own account can only be changed by another admin".to_owned(),
        });
    }
    let (disabled, role) = (patch.disabled == Some(true), patch.role.is_some());
    let outcome = shared.desk.set_agent(clock::now(), account.agent.id, id, patch).await?;
    (shared.announce)(News::Changed { agent: id, disabled, role, outcome: Box::new(outcome) });
    let agent = shared.store.any_agent(id).await.map_err(RestError::Store)?;
    agent.map(Json).ok_or(RestError::NotFound("agent"))
}
