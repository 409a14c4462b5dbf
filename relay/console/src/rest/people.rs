//! Calls about people and their access.

use gloo_net::http::Request;
use shared::api::{AccountPatch, Confirm, Enrolment, Me, NewPassword, Proof, RecoveryCodes, SecondFactor, Session};
use shared::ids::{AgentId, SessionId};

use super::{RestError, done, get, send};

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
    done(Request::delete(&format!("{}/{id}", whose.path())), &serde_json::json!({})).await
}

/// Ends one's other sessions, or all of somebody else's.
pub async fn end_sessions(whose: Whose) -> Result<(), RestError> {
    done(Request::delete(&whose.path()), &serde_json::json!({})).await
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
    done(Request::delete(&format!("/api/agents/{agent}/second-factor")), &serde_json::json!({})).await
}
