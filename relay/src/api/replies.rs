//! `/api/replies`: canned replies. Everybody keeps their own; those that are everybody's are kept by supervisors.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::{MAX_SHORTCUT, Reply, ReplyDraft, shortcut};
use shared::close::ErrorCode;
use shared::ids::{AgentId, ReplyId};
use shared::model::MAX_TEXT;

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::store::{Account, MOST_REPLIES, StoreError};

/// `GET`: those that one may use.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Reply>>, RestError> {
    Act::KeepReplies.by(&account)?;
    shared.store.replies(account.agent.id).await.map(Json).map_err(RestError::Store)
}

/// `POST`: a new one.
pub async fn create(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(draft): Json<ReplyDraft>,
) -> Result<Json<Reply>, RestError> {
    Act::KeepReplies.by(&account)?;
    let id = ReplyId::v7(clock::now(), clock::random_bytes());
    let new = proper(&shared, &account, draft, id, account.agent.id).await?;
    if shared.store.add_reply(new.clone()).await.map_err(refusal)? {
        return Ok(Json(new));
    }
    let message = format!("there are {MOST_REPLIES} of these replies, which is all that there may be: remove one first");
    Err(RestError::Refused { code: ErrorCode::WrongState, message })
}

/// `PUT …/{id}`: another in its place.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ReplyId>,
    Json(draft): Json<ReplyDraft>,
) -> Result<Json<Reply>, RestError> {
    Act::KeepReplies.by(&account)?;
    kept_by(&shared, &account, id).await?;
    let new = proper(&shared, &account, draft, id, account.agent.id).await?;
    match shared.store.change_reply(new.clone()).await.map_err(refusal)? {
        true => Ok(Json(new)),
        false => Err(RestError::NotFound("reply")),
    }
}

/// `DELETE …/{id}`.
pub async fn remove(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ReplyId>,
) -> Result<StatusCode, RestError> {
    Act::KeepReplies.by(&account)?;
    kept_by(&shared, &account, id).await?;
    match shared.store.delete_reply(id).await.map_err(RestError::Store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(RestError::NotFound("reply")),
    }
}

/// Lets those pass who keep this reply. That of another agent is none that they could know of.
async fn kept_by(shared: &Shared, account: &Account, id: ReplyId) -> Result<(), RestError> {
    let known = shared.store.reply(id).await.map_err(RestError::Store)?.ok_or(RestError::NotFound("reply"))?;
    match known.owner {
        None => Act::ShareReplies.by(account),
        Some(owner) if owner == account.agent.id => Ok(()),
        Some(_) => Err(RestError::NotFound("reply")),
    }
}

/// The reply that a draft describes.
async fn proper(shared: &Shared, account: &Account, draft: ReplyDraft, id: ReplyId, writer: AgentId) -> Result<Reply, RestError> {
    if draft.shared {
        Act::ShareReplies.by(account)?;
    }
    let shortcut = shortcut(&draft.shortcut).ok_or_else(|| RestError::Invalid {
        field: "shortcut",
        problem: format!("has to be 1 to {MAX_SHORTCUT} letters, digits, `-` or `_`"),
    })?;
    let text = draft.text.trim().to_owned();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(RestError::Invalid { field: "text", problem: format!("has to have 1 to {MAX_TEXT} characters") });
    }
    if let Some(site) = draft.site
        && shared.store.site(site).await.map_err(RestError::Store)?.is_none()
    {
        return Err(RestError::Invalid { field: "site", problem: "names no site: leave it out for all sites".into() });
    }
    Ok(Reply { id, shortcut, text, site: draft.site, owner: (!draft.shared).then_some(writer) })
}

fn refusal(error: StoreError) -> RestError {
    match error {
        StoreError::Conflict => {
            RestError::Invalid { field: "shortcut", problem: "is taken by another reply: choose another one".into() }
        }
        other => RestError::Store(other),
    }
}
