//! `/api/invitations`: one-time links by which accounts come to be, the first admin's among them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use shared::api::{Deed, Invitation, Invite, Invited, Join, Uninvite};
use shared::ids::{AgentId, Millis};
use shared::model::{MAX_FIELD, Role};

use super::account::{proper_name, proper_password};
use super::roles::Act;
use super::session::{Begun, end, me, normal_email};
use super::{Json, Path};
use crate::clock;
use crate::config::Config;
use crate::edge::auth::{self, SignedIn};
use crate::edge::caller::Caller;
use crate::edge::origin::Origin;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::store::{InvitationRecord, NewAgent, Record, Store, StoreError, role_name};

/// `POST /api/invitations`.
pub async fn invite(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
    Json(body): Json<Invite>,
) -> Result<Json<Invitation>, RestError> {
    Act::Invite.by(&account)?;
    let base = caller.base.ok_or(RestError::Unencrypted)?;
    let (email, role) = (free_email(&shared.store, &body.email).await?, body.role);
    let expires_at = clock::now() + shared.config.invitation_lifetime_ms;
    let by = Some(account.agent.id);
    let link = create(&shared.store, &base, by, &email, role, expires_at).await.map_err(RestError::Store)?;
    Ok(Json(Invitation { link, email, role, expires_at }))
}

/// `GET /api/invitations`.
pub async fn list(State(shared): State<Arc<Shared>>, SignedIn(account): SignedIn) -> Result<Json<Vec<Invited>>, RestError> {
    Act::Invite.by(&account)?;
    let found = shared.store.invitations(clock::now()).await.map_err(RestError::Store)?;
    let shown = found.into_iter().map(|found| Invited { email: found.email, role: found.role, expires_at: found.expires_at });
    Ok(Json(shown.collect()))
}

/// `DELETE /api/invitations`.
pub async fn revoke(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Json(Uninvite { email }): Json<Uninvite>,
) -> Result<StatusCode, RestError> {
    Act::Invite.by(&account)?;
    let email = normal_email(&email);
    let revoked = shared.store.revoke_invitation(email, account.agent.id, clock::now()).await.map_err(RestError::Store)?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(RestError::InvitationGone) }
}

/// The same for an operator at the shell, who needs no account.
///
/// # Errors
/// The address is none or has an account, or the store does not answer.
pub async fn invite_link(store: &Store, config: &Config, base: &Origin, email: &str, role: Role) -> Result<String, RestError> {
    let email = free_email(store, email).await?;
    create(store, base, None, &email, role, clock::now() + config.invitation_lifetime_ms).await.map_err(RestError::Store)
}

/// `GET /api/invitations/{token}`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Json<Invitation>, RestError> {
    let found = shared.store.invitation(auth::hash(&token), clock::now()).await.map_err(RestError::Store)?;
    let found = found.ok_or(RestError::InvitationGone)?;
    let link = caller.base.map(|base| link(&base, &token)).unwrap_or_default();
    Ok(Json(Invitation { link, email: found.email, role: found.role, expires_at: found.expires_at }))
}

/// `POST /api/invitations/{token}`.
pub async fn join(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(token): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Join>,
) -> Result<impl IntoResponse, RestError> {
    auth::must_be_secure(caller.base.as_ref())?;
    shared.sign_ins.address(&caller)?;
    let hash = auth::hash(&token);
    let found = shared.store.invitation(hash, clock::now()).await.map_err(RestError::Store)?.ok_or(RestError::InvitationGone)?;
    let name = proper_name(&body.name)?;
    let email = proper_email(&body.email)?;
    if !found.email.is_empty() && normal_email(&found.email) != email {
        return Err(RestError::Invalid { field: "email", problem: "must be the address that was invited".to_owned() });
    }
    let password = proper_password(body.password, "password")?;
    let password_hash = shared.passwords.hash(password).await.map_err(RestError::internal)?;
    let begun = Begun::new(&shared, &caller, &headers)?;
    end(&shared, caller.base.as_ref(), &headers).await?;
    let new = NewAgent { id: AgentId::v7(begun.now, clock::random_bytes()), email, name, password_hash };
    let account = match shared.store.use_invitation(hash, new, begun.session, begun.now).await {
        Ok(account) => account.ok_or(RestError::InvitationGone)?,
        Err(StoreError::Conflict) => return Err(taken()),
        Err(error) => return Err(RestError::Store(error)),
    };
    Ok((begun.cookie, Json(me(&account))))
}

/// A one-time link by which the first admin joins a relay that has no accounts yet; `None` where there are some. Each start makes a new
/// one and the one before it ends, so a link in an old log opens nothing.
///
/// # Errors
/// The store does not answer.
pub async fn first_admin_link(store: &Store, config: &Config, base: &Origin) -> Result<Option<String>, StoreError> {
    if store.has_agents().await? {
        return Ok(None);
    }
    create(store, base, None, "", Role::Admin, clock::now() + config.invitation_lifetime_ms).await.map(Some)
}

async fn create(
    store: &Store,
    base: &Origin,
    by: Option<AgentId>,
    email: &str,
    role: Role,
    expires_at: Millis,
) -> Result<String, StoreError> {
    let (token, hash) = auth::new_token();
    let record = Record { by, deed: Deed::Invited, about: email.to_owned(), detail: role_name(role).to_owned() };
    store.invite(hash, InvitationRecord { email: email.to_owned(), role, expires_at }, Some((clock::now(), record))).await?;
    Ok(link(base, &token))
}

fn link(base: &Origin, token: &str) -> String {
    format!("{base}/console/join/{token}")
}

async fn free_email(store: &Store, email: &str) -> Result<String, RestError> {
    let email = proper_email(email)?;
    match store.account(email.clone(), clock::now()).await.map_err(RestError::Store)? {
        Some(_) => Err(taken()),
        None => Ok(email),
    }
}

fn taken() -> RestError {
    RestError::Invalid { field: "email", problem: "belongs to an account already".to_owned() }
}

fn proper_email(email: &str) -> Result<String, RestError> {
    let email = normal_email(email);
    // Whether it can receive mail shows only when mail is sent; this catches what was typed into the wrong field.
    let parts = email.split_once('@');
    let shaped = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if shaped && email.chars().count() <= MAX_FIELD && !email.contains(char::is_whitespace) {
        Ok(email)
    } else {
        Err(RestError::Invalid { field: "email", problem: "is no email address".to_owned() })
    }
}
