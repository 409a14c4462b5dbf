//! `/api/blocks`: who is kept out of the sites, and letting them in again. Keeping somebody out goes over the socket.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::Block;
use shared::ids::BlockId;

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;

/// `GET /api/blocks`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Block>>, RestError> {
    Act::LiftBlocks.by(&account)?;
    shared.store.blocks(clock::now()).await.map(Json).map_err(RestError::Store)
}

/// `DELETE /api/blocks/{id}`: they may come back at their next attempt.
pub async fn lift(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<BlockId>,
) -> Result<StatusCode, RestError> {
    Act::LiftBlocks.by(&account)?;
    match shared.store.lift_block(id, account.agent.id, clock::now()).await.map_err(RestError::Store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(RestError::NotFound("block")),
    }
}
