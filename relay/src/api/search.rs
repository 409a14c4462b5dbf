//! `/api/search`, `/api/searches`: what was said before, and searches that agents keep. `/api/tags`, `/api/conversations/{id}/tags`: the
//! labels by which conversations are found. Who may read what is the same here as everywhere: `store::mentions::may_read`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::api::{Found, MAX_QUERY, MAX_SAVED, MAX_TERMS, NewSearch, SavedSearch, SearchQuery, TagPatch};
use shared::close::ErrorCode;
use shared::ids::{ConversationId, MessageId};
use shared::model::{Conversation, MAX_LABEL, MAX_TAG, MAX_TAGS, MAX_URL};
use uuid::Uuid;

use super::conversations::readable;
use super::roles::Act;
use super::{Json, Path, Query};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::{Search, Wanted};

/// `?after=…`: where the answer before ended.
#[derive(Deserialize)]
pub struct Page {
    after: Option<String>,
}

/// `GET /api/search`.
pub async fn find(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Query(query): Query<SearchQuery>,
    Query(Page { after }): Query<Page>,
) -> Result<Json<Found>, RestError> {
    Act::Read.by(&account)?;
    let search = Search { wanted: check(&query)?, query, after };
    let found = shared.store.search(account.agent, search).await.map_err(RestError::Store)?;
    found.map(Json).ok_or_else(|| invalid("after", "must be the `next` of the answer before"))
}

/// `GET /api/searches`.
pub async fn saved(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<SavedSearch>>, RestError> {
    Act::Read.by(&account)?;
    shared.store.saved_searches(account.agent.id).await.map(Json).map_err(RestError::Store)
}

/// `POST /api/searches`.
pub async fn save(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(new): Json<NewSearch>,
) -> Result<Json<SavedSearch>, RestError> {
    Act::Read.by(&account)?;
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_LABEL {
        return Err(invalid("name", format!("must have 1 to {MAX_LABEL} characters")));
    }
    check(&new.query)?;
    let id = MessageId::v7(clock::now(), clock::random_bytes()).0;
    let saved = shared.store.save_search(id, account.agent.id, NewSearch { name, ..new }).await.map_err(RestError::Store)?;
    let message = || format!("there are {MAX_SAVED} saved searches already: delete one first");
    saved.map(Json).ok_or_else(|| RestError::Refused { code: ErrorCode::WrongState, message: message() })
}

/// `DELETE /api/searches/{id}`.
pub async fn forget(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, RestError> {
    Act::Read.by(&account)?;
    let was_there = shared.store.forget_search(id, account.agent.id).await.map_err(RestError::Store)?;
    was_there.then_some(StatusCode::NO_CONTENT).ok_or(RestError::NotFound("saved search"))
}

/// `GET /api/tags`.
pub async fn tags(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<String>>, RestError> {
    Act::Read.by(&account)?;
    shared.store.tags().await.map(Json).map_err(RestError::Store)
}

/// `PATCH /api/conversations/{id}/tags`.
pub async fn tag(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
    Json(patch): Json<TagPatch>,
) -> Result<Json<Conversation>, RestError> {
    readable(&shared, &account, id).await?;
    let (add, remove) = (labels("add", &patch.add)?, labels("remove", &patch.remove)?);
    let outcome = shared.desk.tag(clock::now(), account.agent.id, id, add, remove).await?;
    (shared.announce)(News::Done(Box::new(outcome)));
    readable(&shared, &account, id).await.map(Json)
}

/// Whether a search can be; what it wants to find in messages.
fn check(query: &SearchQuery) -> Result<Option<Wanted>, RestError> {
    if query.q.chars().count() > MAX_QUERY {
        return Err(invalid("q", format!("may have {MAX_QUERY} characters at most")));
    }
    if query.rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
        return Err(invalid("rating", "must be 1 to 5"));
    }
    if query.page.as_ref().is_some_and(|page| page.chars().count() > MAX_URL) {
        return Err(invalid("page", format!("may have {MAX_URL} characters at most")));
    }
    if query.tag.as_ref().is_some_and(|tag| tag.chars().count() > MAX_TAG) {
        return Err(invalid("tag", format!("may have {MAX_TAG} characters at most")));
    }
    if query.q.trim().is_empty() {
        return Ok(None);
    }
    let wanted = Wanted::of(&query.q);
    wanted.map(Some).ok_or_else(|| invalid("q", format!("must have 1 to {MAX_TERMS} words of letters or digits")))
}

/// Tags as they are kept: in lower case, with single spaces.
fn labels(field: &'static str, tags: &[String]) -> Result<Vec<String>, RestError> {
    if tags.len() > MAX_TAGS {
        return Err(invalid(field, format!("may hold {MAX_TAGS} tags at most")));
    }
    let label = |tag: &String| tag.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let tags: Vec<String> = tags.iter().map(label).collect();
    let fits = |tag: &String| (1..=MAX_TAG).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
    match tags.iter().all(fits) {
        true => Ok(tags),
        false => Err(invalid(field, format!("must hold tags of 1 to {MAX_TAG} characters"))),
    }
}

fn invalid(field: &'static str, problem: impl Into<String>) -> RestError {
    RestError::Invalid { field, problem: problem.into() }
}
