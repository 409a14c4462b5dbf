//! `/api/agents`: the team, and what admins change about it.

use std::sync::Arc;

use axum::extract::State;
use shared::api::AgentPatch;
use shared::ids::AgentId;
use shared::model::Agent;

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;

/// Live chats that an agent may be set to hold, as `AgentPatch` documents.
const CAPACITY: std::ops::RangeInclusive<u32> = 1..=20;

/// `GET /api/agents`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Agent>>, RestError> {
    Act::SeeTeam.by(&account)?;
    shared.store.agents().await.map(Json).map_err(RestError::Store)
}
