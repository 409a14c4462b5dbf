//! The REST API under `/api`, one file per noun. Bodies and what each route means are documented in `shared::api`.
//!
//! - [`session`]: signing in and out · [`account`]: one's own account · [`sessions`]: where somebody is signed in
//! - [`push`]: whether one is notified while no console is open · [`invitations`]: how accounts come to be
//! - [`agents`]: the team
//! - [`sites`]: what to paste into a page, [`settings`]: what may be set · [`secrets`]: what their owners sign with
//! - [`tokens`]: what programs sign in with · [`audit`]: who did what
//! - [`conversations`]: reading them · [`files`]: uploads, the one route that takes no JSON
//! - [`search`]: finding what was said, and tags · [`transcript`]: taking it away · [`reports`]: figures
//! - [`profiles`]: what is known of visitors · [`visitors`]: all there is of them, and its end
//! - [`present`]: who is on the sites now · [`blocks`]: who is kept out
//! - [`replies`]: canned replies
//! - [`teams`]: for whom chats can be · [`desks`]: what the desk of a site goes by
//! - [`roles`]: who may do what · [`rules`]: what holds for everybody

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::Serialize;

use crate::edge::auth;
use crate::edge::router::Shared;
use crate::error::RestError;

mod account;
mod agents;
mod audit;
mod blocks;
mod conversations;
mod desks;
pub mod files;
mod invitations;
mod present;
mod profiles;
mod push;
mod replies;
mod reports;
pub mod roles;
mod rules;
mod search;
mod secrets;
mod session;
mod sessions;
mod settings;
mod sites;
mod teams;
#[cfg(test)]
mod tests;
mod tokens;
mod transcript;
mod visitors;

use roles::Act;

pub use invitations::{first_admin_link, invite_link};

/// Largest body in bytes: a site's settings with all greetings and fields that there may be, in texts of ordinary length.
const BODY: usize = 64 * 1_024;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody, signed in or not.
    Anyone,
    /// Accounts that may do this.
    May(Act),
}

/// One method of one route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// In lower case.
    pub method: &'static str,
    /// Below `/api`, its parts in braces.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

/// Declares every route once: what is served and the list that the tests attack are the same text, so no route can be forgotten there.
macro_rules! routes {
    ($($path:literal { $($method:ident $handler:path, $who:expr;)+ })+) => {
        /// Every route there is.
        pub const ROUTES: &[Route] = &[$($(Route { method: stringify!($method), path: $path, who: $who }),+),+];

        fn table() -> Router<Arc<Shared>> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($handler))+))+
        }
    };
}

routes! {
    "/session" {
        get session::show, Who::Anyone;
        post session::sign_in, Who::Anyone;
        delete session::sign_out, Who::Anyone;
    }
    "/account" { patch account::change, Who::May(Act::KeepAccount); }
    "/account/password" { post account::change_password, Who::May(Act::KeepAccount); }
    "/account/push" {
        get push::show, Who::May(Act::KeepAccount);
        put push::subscribe, Who::May(Act::KeepAccount);
        delete push::unsubscribe, Who::May(Act::KeepAccount);
    }
    "/account/sessions" {
        get sessions::mine, Who::May(Act::KeepAccount);
        delete sessions::end_others, Who::May(Act::KeepAccount);
    }
    "/account/sessions/{session}" { delete sessions::end_mine, Who::May(Act::KeepAccount); }
    "/account/second-factor" {
        get account::second_factor, Who::May(Act::KeepAccount);
        post account::enrol, Who::May(Act::KeepAccount);
        put account::confirm, Who::May(Act::KeepAccount);
        delete account::turn_off, Who::May(Act::KeepAccount);
    }
    "/tokens" {
        get tokens::list, Who::May(Act::ManageTokens);
        post tokens::create, Who::May(Act::ManageTokens);
    }
    "/tokens/{id}" { delete tokens::revoke, Who::May(Act::ManageTokens); }
    "/audit" { get audit::page, Who::May(Act::ReadRecord); }
    "/people" { get agents::everybody, Who::May(Act::ChangePeople); }
    "/rules" {
        get rules::show, Who::May(Act::SetRules);
        put rules::set, Who::May(Act::SetRules);
    }
    "/limits" { get rules::limits, Who::May(Act::SetRules); }
    "/roles" { get roles::rights, Who::May(Act::SeeTeam); }
    "/invitations" {
        get invitations::list, Who::May(Act::Invite);
        post invitations::invite, Who::May(Act::Invite);
        delete invitations::revoke, Who::May(Act::Invite);
    }
    "/invitations/{token}" {
        get invitations::show, Who::Anyone;
        post invitations::join, Who::Anyone;
    }
    "/agents" { get agents::list, Who::May(Act::SeeTeam); }
    "/agents/{id}" { patch agents::change, Who::May(Act::ChangePeople); }
    "/agents/{id}/sessions" {
        get sessions::theirs, Who::May(Act::ChangePeople);
        delete sessions::end_theirs, Who::May(Act::ChangePeople);
    }
    "/agents/{id}/sessions/{session}" { delete sessions::end_one_of_theirs, Who::May(Act::ChangePeople); }
    "/agents/{id}/second-factor" { delete account::reset, Who::May(Act::ChangePeople); }
    "/sites" {
        get sites::list, Who::May(Act::SeeSites);
        post sites::create, Who::May(Act::ChangeSites);
    }
    "/sites/{key}" { patch sites::change, Who::May(Act::ChangeSites); }
    "/sites/{key}/retention" {
        get visitors::retention, Who::May(Act::HandlePersonalData);
        put visitors::set_retention, Who::May(Act::HandlePersonalData);
    }
    "/sites/{key}/visitors" {
        get profiles::rules, Who::May(Act::SeeSites);
        put profiles::set_rules, Who::May(Act::ChangeSites);
    }
    "/visitors/{id}" {
        get profiles::show, Who::May(Act::Read);
        patch profiles::correct, Who::May(Act::CorrectVisitors);
        delete visitors::erase, Who::May(Act::HandlePersonalData);
    }
    "/present" { get present::list, Who::May(Act::SeePresent); }
    "/present/{id}/invite" { post present::invite, Who::May(Act::SeePresent); }
    "/visitors/{id}/merge" { post profiles::merge, Who::May(Act::MergeVisitors); }
    "/visitors/{id}/export" { get visitors::export, Who::May(Act::HandlePersonalData); }
    "/sites/{key}/sightings" { get sites::sightings, Who::May(Act::SeeSites); }
    "/sites/{key}/secrets" {
        get secrets::list, Who::May(Act::ChangeSites);
        post secrets::create, Who::May(Act::ChangeSites);
    }
    "/sites/{key}/secrets/{id}" { delete secrets::retire, Who::May(Act::ChangeSites); }
    "/sites/{key}/desk" {
        get desks::show, Who::May(Act::SeeSites);
        put desks::change, Who::May(Act::ChangeSites);
    }
    "/teams" {
        get teams::list, Who::May(Act::SeeTeam);
        post teams::create, Who::May(Act::ManageTeams);
    }
    "/teams/{id}" {
        put teams::change, Who::May(Act::ManageTeams);
        delete teams::remove, Who::May(Act::ManageTeams);
    }
    "/replies" {
        get replies::list, Who::May(Act::KeepReplies);
        post replies::create, Who::May(Act::KeepReplies);
    }
    "/replies/{id}" {
        put replies::change, Who::May(Act::KeepReplies);
        delete replies::remove, Who::May(Act::KeepReplies);
    }
    // Visitors, too: they bring their token.
    "/files" {
        get files::limits, Who::May(Act::Read);
        post files::upload, Who::Anyone;
        options files::preflight, Who::Anyone;
    }
    "/blocks" { get blocks::list, Who::May(Act::LiftBlocks); }
    "/blocks/{id}" { delete blocks::lift, Who::May(Act::LiftBlocks); }
    "/conversations/{id}" { get conversations::show, Who::May(Act::Read); }
    "/conversations/{id}/entries" { get conversations::entries, Who::May(Act::Read); }
    "/conversations/{id}/history" { get conversations::history, Who::May(Act::Read); }
    "/conversations/{id}/tags" { patch search::tag, Who::May(Act::Read); }
    "/conversations/{id}/transcript" { get transcript::show, Who::May(Act::Read); }
    "/tags" { get search::tags, Who::May(Act::Read); }
    "/search" { get search::find, Who::May(Act::Read); }
    "/searches" {
        get search::saved, Who::May(Act::Read);
        post search::save, Who::May(Act::Read);
    }
    "/reports" { get reports::show, Who::May(Act::SeeReports); }
    "/searches/{id}" { delete search::forget, Who::May(Act::Read); }
    "/conversations/{id}/block" { get conversations::block, Who::May(Act::Read); }
    "/conversations/{id}/why" { get conversations::why, Who::May(Act::Read); }
}

/// Where uploads go, below `/api`: raw bytes under whatever type browsers say.
pub const UPLOADS: &str = "/files";

/// Whether a request, by its whole path, is an upload.
pub fn is_upload(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path().strip_prefix("/api") == Some(UPLOADS)
}

/// The routes, below `/api`.
pub fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    table()
        .fallback(|| async { RestError::NotFound("route") })
        .method_not_allowed_fallback(|| async { RestError::NotFound("method on this route") })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(shared), auth::guard))
        .layer(map_response(private))
}

/// Answers belong to the one who asked.
async fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON in and out; a body that is none is refused as every other refusal.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(RestError))]
struct Json<Body>(Body);

impl<Body: Serialize> IntoResponse for Json<Body> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Part of the path; text that is no id names nothing.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(RestError))]
struct Path<Part>(Part);

/// What stands behind the question mark.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(RestError))]
struct Query<Fields>(Fields);
