//! `/api/account`: one's own name, password and second factor. Everything here wants a session of one's own, and what weighs wants the
//! password once more: a console that was left open is not enough.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::{AccountPatch, Confirm, Deed, Enrolment, MIN_PASSWORD, Me, NewPassword, Proof, RecoveryCodes, SecondFactor};
use shared::close::ErrorCode;
use shared::ids::AgentId;
use shared::model::MAX_FIELD;

use super::roles::Act;
use super::session::me;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::{self, AnySession, InSession, SignedIn};
use crate::edge::router::Shared;
use crate::edge::totp;
use crate::error::RestError;
use crate::hub::News;
use crate::store::{Account, Record};

/// Longest password, in characters: longer ones would only feed the hash.
const MAX_PASSWORD: usize = 256;

/// `PATCH /api/account`.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    InSession { account, .. }: InSession,
    Json(patch): Json<AccountPatch>,
) -> Result<Json<Me>, RestError> {
    Act::KeepAccount.by(&account)?;
    let Some(name) = patch.name else { return Ok(Json(me(&account))) };
    let (agent, name) = (account.agent.id, proper_name(&name)?);
    let outcome = shared.desk.rename_agent(clock::now(), agent, name.clone()).await?;
    (shared.announce)(News::Changed { agent, disabled: false, role: false, outcome: Box::new(outcome) });
    Ok(Json(Me { name, ..me(&account) }))
}

/// `POST /api/account/password`.
pub async fn change_password(
    State(shared): State<Arc<Shared>>,
    InSession { account, session }: InSession,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    proves_itself(&shared, &account, body.old, "old").await?;
    let new = proper_password(body.new, "new")?;
    let hash = shared.passwords.hash(new).await.map_err(RestError::internal)?;
    let agent = account.agent.id;
    let ended = shared.store.change_password(agent, hash, session, clock::now()).await.map_err(RestError::Store)?;
    for session in ended {
        (shared.announce)(News::SignedOut { agent, session });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/account/second-factor`.
pub async fn second_factor(
    State(shared): State<Arc<Shared>>,
    AnySession { account, .. }: AnySession,
) -> Result<Json<SecondFactor>, RestError> {
    Act::KeepAccount.by(&account)?;
    let found = shared.store.second_factor(account.agent.id).await.map_err(RestError::Store)?.filter(|found| found.confirmed);
    let recovery_codes = found.as_ref().map_or(0, |found| found.recovery_codes);
    Ok(Json(SecondFactor { on: found.is_some(), recovery_codes }))
}

/// `POST /api/account/second-factor`.
pub async fn enrol(
    State(shared): State<Arc<Shared>>,
    AnySession { account, .. }: AnySession,
    Json(Proof { password }): Json<Proof>,
) -> Result<Json<Enrolment>, RestError> {
    Act::KeepAccount.by(&account)?;
    proves_itself(&shared, &account, password, "password").await?;
    let secret = clock::random_bytes::<{ totp::SECRET }>();
    let begun = shared.store.begin_second_factor(account.agent.id, secret.to_vec()).await.map_err(RestError::Store)?;
    if !begun {
        return Err(refused("there is a second factor already: turn it off first"));
    }
    let uri = totp::uri(&secret, &account.email).map_err(RestError::internal)?;
    Ok(Json(Enrolment { secret: totp::base32(&secret), uri }))
}

/// `PUT /api/account/second-factor`.
pub async fn confirm(
    State(shared): State<Arc<Shared>>,
    AnySession { account, .. }: AnySession,
    Json(Confirm { code }): Json<Confirm>,
) -> Result<Json<RecoveryCodes>, RestError> {
    Act::KeepAccount.by(&account)?;
    shared.sign_ins.account(&account.email)?;
    let agent = account.agent.id;
    let found = shared.store.second_factor(agent).await.map_err(RestError::Store)?.filter(|found| !found.confirmed);
    let found = found.ok_or_else(|| refused("there is no second factor that waits for its first code"))?;
    let now = clock::now();
    let wrong = || RestError::Invalid { field: "code", problem: "is not the one that an authenticator shows now".to_owned() };
    let step = totp::step(&found.secret, &code, now).ok_or_else(wrong)?;
    let codes: Vec<String> = (0..totp::RECOVERY_CODES).map(|_| totp::recovery_code(clock::random_bytes())).collect();
    let hashes = codes.iter().map(|code| auth::hash(&totp::tidy_recovery_code(code))).collect();
    let confirmed = shared.store.confirm_second_factor(agent, found.secret, step, hashes, now).await;
    if !confirmed.map_err(RestError::Store)? {
        return Err(refused("the second factor was changed this moment: look at it again"));
    }
    Ok(Json(RecoveryCodes { codes }))
}

/// `DELETE /api/account/second-factor`.
pub async fn turn_off(
    State(shared): State<Arc<Shared>>,
    InSession { account, .. }: InSession,
    Json(Proof { password }): Json<Proof>,
) -> Result<StatusCode, RestError> {
    Act::KeepAccount.by(&account)?;
    if shared.store.second_factor_since().await.map_err(RestError::Store)?.is_some() {
        return Err(refused(
            "everybody here needs a second factor: an admin can reset yours, and you set up another at your next sign-in",
        ));
    }
    proves_itself(&shared, &account, password, "password").await?;
    let agent = account.agent.id;
    remove(&shared, agent, Record::of(agent, Deed::SecondFactorOff, "")).await
}

/// `DELETE /api/agents/{id}/second-factor`: for somebody who lost theirs.
pub async fn reset(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, RestError> {
    Act::ChangePeople.by(&account)?;
    let agent = shared.store.any_agent(id).await.map_err(RestError::Store)?.ok_or(RestError::NotFound("agent"))?;
    remove(&shared, id, Record::of(account.agent.id, Deed::SecondFactorOff, agent.name)).await
}

async fn remove(shared: &Shared, agent: AgentId, record: Record) -> Result<StatusCode, RestError> {
    match shared.store.remove_second_factor(agent, record, clock::now()).await.map_err(RestError::Store)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(RestError::NotFound("second factor")),
    }
}

/// Whether whoever signs in with the right password has what else their account asks for. A code that was good is spent by this.
///
/// # Errors
/// [`RestError::SecondFactorWanted`] without a code, [`RestError::SecondFactorWrong`] with one that does not count.
pub async fn pass_second_factor(shared: &Shared, account: &Account, code: Option<&str>) -> Result<(), RestError> {
    let agent = account.agent.id;
    let found = shared.store.second_factor(agent).await.map_err(RestError::Store)?;
    let Some(found) = found.filter(|found| found.confirmed) else { return Ok(()) };
    let code = code.filter(|code| !code.trim().is_empty()).ok_or(RestError::SecondFactorWanted)?;
    let now = clock::now();
    let spent = match totp::step(&found.secret, code, now) {
        Some(step) => shared.store.spend_step(agent, step).await,
        None => shared.store.spend_recovery_code(agent, auth::hash(&totp::tidy_recovery_code(code))).await,
    };
    if spent.map_err(RestError::Store)? {
        return Ok(());
    }
    shared.store.record(now, Record::of(agent, Deed::SecondFactorFailed, "")).await.map_err(RestError::Store)?;
    Err(RestError::SecondFactorWrong)
}

/// Asks for the password of a signed-in account, as slowly as signing in does.
async fn proves_itself(shared: &Shared, account: &Account, password: String, field: &'static str) -> Result<(), RestError> {
    shared.sign_ins.account(&account.email)?;
    let fits = shared.passwords.fits(password, Some(account.password_hash.clone())).await.map_err(RestError::internal)?;
    if fits { Ok(()) } else { Err(RestError::Invalid { field, problem: "is not the password of this account".to_owned() }) }
}

/// A display name as it is kept.
///
/// # Errors
/// It is empty or too long.
pub fn proper_name(name: &str) -> Result<String, RestError> {
    let name = name.trim();
    if (1..=MAX_FIELD).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(RestError::Invalid { field: "name", problem: format!("must have 1 to {MAX_FIELD} characters") })
    }
}

/// A password that may be set.
///
/// # Errors
/// It is too short or too long.
pub fn proper_password(password: String, field: &'static str) -> Result<String, RestError> {
    if (MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        Ok(password)
    } else {
        Err(RestError::Invalid { field, problem: format!("must have {MIN_PASSWORD} to {MAX_PASSWORD} characters") })
    }
}

fn refused(message: &str) -> RestError {
    RestError::Refused { code: ErrorCode::WrongState, message: message.to_owned() }
}
