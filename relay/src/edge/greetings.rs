//! `/greetings?site=KEY`: the site's rules for greetings and whether somebody may answer now. `greet.js` asks it, and only on pages of
//! sites that have such rules. Public, the same for every visitor, and so for every cache between.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::api::Greetings;
use shared::ids::SiteKey;

use super::router::{Shared, SiteQuery};
use crate::clock;
use crate::error::RestError;

/// A greeting may come this much later than the last agent has left, in seconds; and many visitors of a page cost one question.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=10");

/// The answer. A site without rules is not asked whether anybody is there.
pub async fn list(State(shared): State<Arc<Shared>>, Query(query): Query<SiteQuery>) -> Result<Response, RestError> {
    let key = SiteKey(query.site);
    let site = match key.is_well_formed() {
        true => shared.store.site_by_key(key).await.map_err(RestError::Store)?,
        false => None,
    };
    let mut response = match site {
        Some(site) => {
            let greetings = site.settings.greetings;
            let answering =
                !greetings.is_empty() && shared.store.answering(site.id, clock::now()).await.map_err(RestError::Store)?.0;
            let mut response = Json(Greetings { answering, greetings }).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
            response
        }
        None => (StatusCode::NOT_FOUND, "no site has this key\n").into_response(),
    };
    // Nothing here depends on who asks: no cookie, no token, and so no origin that would have to be told apart.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}
