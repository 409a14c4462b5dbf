//! Calls about people and their access.

use gloo_net::http::Request;
use shared::api::{
    AccountPatch, ApiToken, AuditPage, Confirm, Deed, Enrolment, Invited, Limit, Me, Member, NewApiToken, NewPassword, Proof,
    PushKey, PushSubscription, RecoveryCodes, Retention, Right, Rules, SecondFactor, Session, SiteSecret, Uninvite,
};
use shared::ids::{AgentId, SecretId, SessionId, SiteKey, VisitorId};

use super::{NOTHING, RestError, done, get, send};
use crate::lean;

/// Whose sessions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One's own.
    Mine,
    /// Somebody else's, as an admin.
    Theirs(AgentId),
}

impl Whose {
    fn path(self) -> String {
        match self {
            Self::Mine => "/api/account/sessions".to_owned(),
            Self::Theirs(agent) => format!("/api/agents/{agent}/sessions"),
        }
    }
}

/// Changes one's own account.
pub async fn patch_account(body: &AccountPatch) -> Result<Me, RestError> {
    send(Request::patch("/api/account"), body).await
}

/// Changes one's password.
pub async fn change_password(body: &NewPassword) -> Result<(), RestError> {
    done(Request::post("/api/account/password"), body).await
}

/// Where somebody is signed in.
pub async fn sessions(whose: Whose) -> Result<Vec<Session>, RestError> {
    get(&whose.path()).await
}

/// Ends one session.
pub async fn end_session(whose: Whose, id: SessionId) -> Result<(), RestError> {
    done(Request::delete(&format!("{}/{id}", whose.path())), &NOTHING).await
}

/// Ends one's other sessions, or all of somebody else's.
pub async fn end_sessions(whose: Whose) -> Result<(), RestError> {
    done(Request::delete(&whose.path()), &NOTHING).await
}

/// What this browser needs to subscribe to notifications.
pub async fn push_key() -> Result<PushKey, RestError> {
    get("/api/account/push").await
}

/// Has this browser notified.
pub async fn subscribe(body: &PushSubscription) -> Result<(), RestError> {
    done(Request::put("/api/account/push"), body).await
}

/// Not any more.
pub async fn unsubscribe() -> Result<(), RestError> {
    done(Request::delete("/api/account/push"), &serde_json::json!({})).await
}

/// What holds for everybody.
pub async fn rules() -> Result<Rules, RestError> {
    get("/api/rules").await
}

/// Changes it.
pub async fn set_rules(body: &Rules) -> Result<Rules, RestError> {
    send(Request::put("/api/rules"), body).await
}

/// The operator's limits.
pub async fn limits() -> Result<Vec<Limit>, RestError> {
    get("/api/limits").await
}

/// Whether one has a second factor.
pub async fn second_factor() -> Result<SecondFactor, RestError> {
    get("/api/account/second-factor").await
}

/// Begins to set one up.
pub async fn enrol(body: &Proof) -> Result<Enrolment, RestError> {
    send(Request::post("/api/account/second-factor"), body).await
}

/// Turns it on.
pub async fn confirm(body: &Confirm) -> Result<RecoveryCodes, RestError> {
    send(Request::put("/api/account/second-factor"), body).await
}

/// Turns it off.
pub async fn turn_off(body: &Proof) -> Result<(), RestError> {
    done(Request::delete("/api/account/second-factor"), body).await
}

/// Turns somebody else's off.
pub async fn reset_second_factor(agent: AgentId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/agents/{agent}/second-factor")), &NOTHING).await
}

/// The API tokens.
pub async fn tokens() -> Result<Vec<ApiToken>, RestError> {
    get("/api/tokens").await
}

/// Makes one.
pub async fn new_token(body: &NewApiToken) -> Result<ApiToken, RestError> {
    send(Request::post("/api/tokens"), body).await
}

/// Revokes one.
pub async fn revoke_token(id: AgentId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/tokens/{id}")), &NOTHING).await
}

/// What a site's server may sign with.
pub async fn secrets(site: &SiteKey) -> Result<Vec<SiteSecret>, RestError> {
    get(&format!("/api/sites/{site}/secrets")).await
}

/// Makes one.
pub async fn new_secret(site: &SiteKey) -> Result<SiteSecret, RestError> {
    send(Request::post(&format!("/api/sites/{site}/secrets")), &NOTHING).await
}

/// Retires one.
pub async fn retire_secret(site: &SiteKey, id: SecretId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/sites/{site}/secrets/{id}")), &NOTHING).await
}

/// A page of the record.
pub async fn audit(before: Option<u64>, deed: Option<Deed>, by: Option<AgentId>) -> Result<AuditPage, RestError> {
    let deed = deed.map(|deed| format!("deed={}", lean::word(&deed)));
    let parts = [before.map(|before| format!("before={before}")), deed, by.map(|by| format!("by={by}"))];
    get(&format!("/api/audit?{}", parts.into_iter().flatten().collect::<Vec<_>>().join("&"))).await
}

/// Everybody who has or had access.
pub async fn members() -> Result<Vec<Member>, RestError> {
    get("/api/people").await
}

/// Invitations that were not taken up yet.
pub async fn invitations() -> Result<Vec<Invited>, RestError> {
    get("/api/invitations").await
}

/// Revokes one.
pub async fn uninvite(email: String) -> Result<(), RestError> {
    done(Request::delete("/api/invitations"), &Uninvite { email }).await
}

/// What each role may do.
pub async fn rights() -> Result<Vec<Right>, RestError> {
    get("/api/roles").await
}

/// How long a site keeps what visitors said.
pub async fn retention(site: &SiteKey) -> Result<Retention, RestError> {
    get(&format!("/api/sites/{site}/retention")).await
}

/// Changes it.
pub async fn set_retention(site: &SiteKey, body: &Retention) -> Result<(), RestError> {
    done(Request::put(&format!("/api/sites/{site}/retention")), body).await
}

/// Where all there is of a visitor is downloaded.
pub fn export_address(visitor: VisitorId) -> String {
    format!("/api/visitors/{visitor}/export")
}

/// Erases a visitor.
pub async fn erase(visitor: VisitorId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/visitors/{visitor}")), &NOTHING).await
}
