//! `/api/conversations/{id}`: reading conversations. Everything that changes one goes over the socket.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::api::{Block, EntriesPage, History, Why};
use shared::close::ErrorCode;
use shared::ids::{ConversationId, Seq};
use shared::model::{Audience, Conversation, MAX_PAGE};

use super::roles::Act;
use super::{Json, Path, Query};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::store::Account;

/// `?after=SEQ`.
#[derive(Deserialize)]
pub struct After {
    /// The last one that the client has; left out: none.
    #[serde(default)]
    after: Seq,
}

/// `GET /api/conversations/{id}`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
) -> Result<Json<Conversation>, RestError> {
    readable(&shared, &account, id).await.map(Json)
}

/// `GET /api/conversations/{id}/entries?after=SEQ`.
pub async fn entries(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
    Query(After { after }): Query<After>,
) -> Result<Json<EntriesPage>, RestError> {
    readable(&shared, &account, id).await?;
    let (entries, more) = shared.store.entries(id, after, MAX_PAGE, Audience::Agents).await.map_err(RestError::Store)?;
    Ok(Json(EntriesPage { entries, more }))
}

/// `GET /api/conversations/{id}/history`.
pub async fn history(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
) -> Result<Json<History>, RestError> {
    readable(&shared, &account, id).await?;
    shared.store.history(id).await.map(Json).map_err(RestError::Store)
}

/// `GET /api/conversations/{id}/block`.
pub async fn block(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
) -> Result<Json<Option<Block>>, RestError> {
    readable(&shared, &account, id).await?;
    shared.store.block_of(id, clock::now()).await.map(Json).map_err(RestError::Store)
}

/// `GET /api/conversations/{id}/why`.
pub async fn why(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
) -> Result<Json<Why>, RestError> {
    readable(&shared, &account, id).await?;
    let why = shared.store.why(id, clock::now()).await.map_err(RestError::Store)?;
    let not_waiting =
        || RestError::Refused { code: ErrorCode::WrongState, message: "this conversation is not waiting".to_owned() };
    why.map(Json).ok_or_else(not_waiting)
}

/// The conversation, if there is one and this account may read it; that others have one is not told.
pub(super) async fn readable(shared: &Shared, account: &Account, id: ConversationId) -> Result<Conversation, RestError> {
    Act::Read.by(account)?;
    shared.store.readable(account.agent.id, id).await.map_err(RestError::Store)?.ok_or(RestError::NotFound("conversation"))
}
