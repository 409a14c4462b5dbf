//! `/api/present`: who is on the sites that want to know, and inviting them to chat.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::{InviteToChat, MAX_PRESENT, PresentList};
use shared::close::ErrorCode;
use shared::ids::TabId;
use shared::model::{MAX_FIELD, Person, Presence};

use super::roles::Act;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::present::{NotInvited, PREFIX};

/// `GET /api/present`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<PresentList>, RestError> {
    Act::SeePresent.by(&account)?;
    let sites = shared.store.sites().await.map_err(RestError::Store)?;
    let sites = sites.into_iter().filter(|site| site.visitors.present).map(|site| site.id).collect();
    let (visitors, count) = shared.present.list(clock::now(), MAX_PRESENT);
    Ok(Json(PresentList { sites, count, visitors }))
}

/// `POST /api/present/{id}/invite`.
pub async fn invite(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<TabId>,
    Json(InviteToChat { text }): Json<InviteToChat>,
) -> Result<StatusCode, RestError> {
    Act::SeePresent.by(&account)?;
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().nth(MAX_FIELD).is_some() || text.contains('\n') {
        let problem = format!("must be a line of 1 to {MAX_FIELD} characters");
        return Err(RestError::Invalid { field: "text", problem });
    }
    let refused = |code, message: &str| RestError::Refused { code, message: message.to_owned() };
    let agent = account.agent;
    if agent.presence != Presence::Online {
        return Err(refused(ErrorCode::AgentUnavailable, "go online first: nobody is invited to whom nobody would answer"));
    }
    if agent.slots_used >= agent.capacity {
        return Err(refused(ErrorCode::NoFreeSlot, "all your slots are taken: end a chat or set one aside first"));
    }
    let name = format!("{PREFIX}{}", uuid::Uuid::from_bytes(clock::random_bytes()).simple());
    let by = Person { id: agent.id, name: agent.name };
    match shared.present.invite(clock::now(), id, name, by, text) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(NotInvited::Gone) => Err(RestError::NotFound("visitor on a site now")),
        Err(NotInvited::Chatting) => Err(refused(ErrorCode::WrongState, "they have a conversation already")),
        Err(NotInvited::Already) => Err(refused(ErrorCode::WrongState, "somebody has invited them")),
    }
}
