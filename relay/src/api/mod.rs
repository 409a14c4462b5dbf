//! The REST API under `/api`, one file per noun. Bodies and what each route means are documented in `shared::api`.
//!
//! - [`session`]: signing in and out
//! - [`invitations`]: how accounts come to be
//! - [`agents`]: the team
//! - [`sites`]: what to paste into a page
//! - [`conversations`]: reading them
//! - [`roles`]: who may do what

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts};
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde::Serialize;

use crate::edge::auth;
use crate::edge::router::Shared;
use crate::error::RestError;

mod agents;
mod conversations;
mod invitations;
pub mod roles;
mod session;
mod sites;
#[cfg(test)]
mod tests;

pub use invitations::{first_admin_link, invite_link};

/// Largest body in bytes. The largest that makes sense is a name, an address and a password of 256 characters each.
const BODY: usize = 16 * 1_024;

/// The routes, below `/api`.
pub fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/session", get(session::show).post(session::sign_in).delete(session::sign_out))
        .route("/invitations", post(invitations::invite))
        .route("/invitations/{token}", get(invitations::show).post(invitations::join))
        .route("/agents", get(agents::list))
        .route("/agents/{id}", patch(agents::change))
        .route("/sites", get(sites::list))
        .route("/conversations/{id}", get(conversations::show))
        .route("/conversations/{id}/entries", get(conversations::entries))
        .route("/conversations/{id}/history", get(conversations::history))
        .route("/conversations/{id}/why", get(conversations::why))
        .fallback(|| async { RestError::NotFound("route") })
        .method_not_allowed_fallback(|| async { RestError::NotFound("method on this route") })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(shared), auth::guard))
        .layer(map_response(private))
}

/// Answers belong to the one who asked.
async fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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
