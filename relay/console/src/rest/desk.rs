//! Calls about teams, and about what the desk of a site goes by.

use gloo_net::http::Request;
use shared::api::TeamDraft;
use shared::ids::{SiteKey, TeamId};
use shared::model::{SiteDesk, Team};

use super::{RestError, done, get, send};

/// Makes a team, or puts another in the place of one.
pub async fn keep_team(place: Option<TeamId>, draft: &TeamDraft) -> Result<Team, RestError> {
    match place {
        None => send(Request::post("/api/teams"), draft).await,
        Some(id) => send(Request::put(&format!("/api/teams/{id}")), draft).await,
    }
}

/// Removes one.
pub async fn remove_team(id: TeamId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/teams/{id}")), &serde_json::json!({})).await
}

/// What the desk of a site goes by.
pub async fn of_site(site: &SiteKey) -> Result<SiteDesk, RestError> {
    get(&format!("/api/sites/{site}/desk")).await
}

/// Changes it.
pub async fn change(site: &SiteKey, desk: &SiteDesk) -> Result<SiteDesk, RestError> {
    send(Request::put(&format!("/api/sites/{site}/desk")), desk).await
}
