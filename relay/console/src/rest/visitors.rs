//! Calls about what is known of visitors.

use gloo_net::http::Request;
use shared::api::{InviteToChat, MergeVisitor, PresentList, VisitorPatch, VisitorProfile, VisitorRules};
use shared::ids::{SiteKey, TabId, VisitorId};

use super::{RestError, done, get, send};

/// All that is known of a visitor.
pub async fn profile(visitor: VisitorId) -> Result<VisitorProfile, RestError> {
    get(&format!("/api/visitors/{visitor}")).await
}

/// Changes it.
pub async fn correct(visitor: VisitorId, body: &VisitorPatch) -> Result<VisitorProfile, RestError> {
    send(Request::patch(&format!("/api/visitors/{visitor}")), body).await
}

/// A visitor becomes another one.
pub async fn merge(visitor: VisitorId, into: VisitorId) -> Result<VisitorProfile, RestError> {
    send(Request::post(&format!("/api/visitors/{visitor}/merge")), &MergeVisitor { into }).await
}

/// What a site wants to know of its visitors.
pub async fn rules(site: &SiteKey) -> Result<VisitorRules, RestError> {
    get(&format!("/api/sites/{site}/visitors")).await
}

/// Changes it.
pub async fn set_rules(site: &SiteKey, body: &VisitorRules) -> Result<VisitorRules, RestError> {
    send(Request::put(&format!("/api/sites/{site}/visitors")), body).await
}

/// Who is on the sites now.
pub async fn present() -> Result<PresentList, RestError> {
    get("/api/present").await
}

/// Invites somebody to chat.
pub async fn invite(tab: TabId, text: String) -> Result<(), RestError> {
    done(Request::post(&format!("/api/present/{tab}/invite")), &InviteToChat { text }).await
}
