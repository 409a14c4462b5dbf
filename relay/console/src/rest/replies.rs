//! Calls about canned replies.

use gloo_net::http::Request;
use shared::api::{Reply, ReplyDraft};
use shared::ids::ReplyId;

use super::{NOTHING, RestError, done, get, send};

/// Those that one may use.
pub async fn all() -> Result<Vec<Reply>, RestError> {
    get("/api/replies").await
}

/// Makes one, or puts another in the place of one.
pub async fn keep(place: Option<ReplyId>, draft: &ReplyDraft) -> Result<Reply, RestError> {
    match place {
        None => send(Request::post("/api/replies"), draft).await,
        Some(id) => send(Request::put(&format!("/api/replies/{id}")), draft).await,
    }
}

/// Removes one.
pub async fn remove(id: ReplyId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/replies/{id}")), &NOTHING).await
}
