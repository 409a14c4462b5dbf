//! `/api/teams`: the teams that chats can be for. Everybody sees them, admins keep them.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::TeamDraft;
use shared::ids::TeamId;
use shared::model::{MAX_LABEL, Team};

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::Account;

/// `GET`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Team>>, RestError> {
    Act::SeeTeam.by(&account)?;
    shared.store.teams().await.map(Json).map_err(RestError::Store)
}

/// `POST`: a new one.
pub async fn create(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(draft): Json<TeamDraft>,
) -> Result<Json<Team>, RestError> {
    keep(&shared, &account, None, draft).await
}

/// `PUT …/{id}`: another in its place.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<TeamId>,
    Json(draft): Json<TeamDraft>,
) -> Result<Json<Team>, RestError> {
    keep(&shared, &account, Some(id), draft).await
}

/// `DELETE …/{id}`.
pub async fn remove(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, RestError> {
    Act::ManageTeams.by(&account)?;
    let outcome = shared.desk.remove_team(clock::now(), account.agent.id, id).await?;
    (shared.announce)(News::Done(Box::new(outcome)));
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(shared: &Shared, account: &Account, place: Option<TeamId>, draft: TeamDraft) -> Result<Json<Team>, RestError> {
    Act::ManageTeams.by(account)?;
    let name = draft.name.trim().to_owned();
    if name.is_empty() || name.chars().nth(MAX_LABEL).is_some() {
        return Err(RestError::Invalid { field: "name", problem: format!("must have 1 to {MAX_LABEL} characters") });
    }
    let draft = TeamDraft { name, members: once(draft.members), sites: once(draft.sites) };
    let (id, outcome) = shared.desk.keep_team(clock::now(), account.agent.id, place, draft).await?;
    (shared.announce)(News::Done(Box::new(outcome)));
    let found = shared.store.teams().await.map_err(RestError::Store)?;
    found.into_iter().find(|team| team.id == id).map(Json).ok_or(RestError::NotFound("team"))
}

/// Without those that were named before.
fn once<T: Copy + Eq + std::hash::Hash>(all: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::new();
    all.into_iter().filter(|one| seen.insert(*one)).collect()
}
