//! `POST /attributes`: what a page of a site says of its visitor, who brings their token. Any page may call it, so what it says is kept as
//! untrusted; the same in an [identity token](super::identity) is the site owner's word. Kept only of somebody who has written.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use shared::api::{Attributes, MAX_ATTRIBUTES};
use shared::close::ErrorCode;
use shared::model::{MAX_FIELD, MAX_LABEL, cut};

use super::auth;
use super::caller::Caller;
use super::limits::{Limit, subscriber};
use super::origin;
use super::router::Shared;
use crate::clock;
use crate::desk::DeskError;
use crate::error::RestError;
use crate::hub::News;
use crate::session::greeting::is_token;

/// Largest body in bytes: fifty names and values of full length in an ordinary script.
pub const BODY: usize = 32 * 1_024;

/// Takes them.
pub async fn tell(State(shared): State<Arc<Shared>>, caller: Caller, body: Bytes) -> Response {
    let mut response = match keep(&shared, &caller, &body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    readable(&mut response);
    response
}

/// Every page may read the answer: there is no cookie in it that another's page could use.
pub(super) fn readable(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

async fn keep(shared: &Shared, caller: &Caller, body: &[u8]) -> Result<(), RestError> {
    if let Some(address) = caller.limited_address() {
        let taken = shared.page_calls.take(subscriber(address));
        taken.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::PageCalls, retry_after_ms })?;
    }
    let Attributes { site, token, attributes } =
        serde_json::from_slice(body).map_err(|error| RestError::BadBody(error.to_string()))?;
    let invalid = |problem: &str| RestError::Invalid { field: "attributes", problem: problem.to_owned() };
    let attributes = tidy(attributes).map_err(invalid)?;
    let found = match site.is_well_formed() {
        true => shared.store.site_by_key(site).await.map_err(RestError::Store)?,
        false => None,
    };
    let site = found.ok_or(RestError::NotFound("site"))?;
    if !(caller.is_allowed_by(&site.origins) || caller.is_own_page(shared)) {
        return Err(RestError::NotListed);
    }
    if !is_token(&token) {
        return Err(RestError::BadToken);
    }
    let visitor = match shared.store.visitor_by_token(auth::hash(&token)).await.map_err(RestError::Store)? {
        Some(visitor) if visitor.site != site.id || visitor.given_up => return Err(RestError::BadToken),
        Some(visitor) if site.verified_only && !visitor.verified => return Err(RestError::BadToken),
        Some(visitor) => visitor.id,
        None => return Err(unknown()),
    };
    let network = caller.limited_address().map(origin::truncated);
    if shared.store.is_blocked(site.id, visitor, network, clock::now()).await.map_err(RestError::Store)? {
        return Err(RestError::Blocked);
    }
    let outcome = match shared.desk.attributes(clock::now(), visitor, attributes).await {
        Err(DeskError::NotFound) => return Err(unknown()),
        Err(DeskError::Invalid(_)) => return Err(invalid(&format!("would be more than {MAX_ATTRIBUTES}: take some away first"))),
        other => other?,
    };
    (shared.announce)(News::Done(Box::new(outcome)));
    Ok(())
}

fn unknown() -> RestError {
    let message = "nothing is kept of a visitor who has not written: send it again after their first message".to_owned();
    RestError::Refused { code: ErrorCode::WrongState, message }
}

/// Attributes as they are kept; `None` takes one away.
///
/// # Errors
/// What is wrong with them.
pub(super) fn tidy(given: Map<String, Value>) -> Result<BTreeMap<String, Option<String>>, &'static str> {
    if given.len() > MAX_ATTRIBUTES {
        return Err("may be 50 at most");
    }
    let mut tidied = BTreeMap::new();
    for (name, value) in given {
        let name = name.trim();
        if name.is_empty() || name.chars().nth(MAX_LABEL).is_some() || name.chars().any(char::is_control) {
            return Err("must have names of 1 to 80 characters");
        }
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(cut(text.trim(), MAX_FIELD).to_owned()).filter(|text| !text.is_empty()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Array(_) | Value::Object(_) => return Err("must have texts, numbers, booleans or null as values"),
        };
        tidied.insert(name.to_owned(), value);
    }
    Ok(tidied)
}
const _: () = assert!(MAX_ATTRIBUTES == 50 && MAX_LABEL == 80, "the texts above name them");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tidied(given: Value) -> Result<BTreeMap<String, Option<String>>, &'static str> {
        let Value::Object(given) = given else { panic!("{given}") };
        tidy(given)
    }

    #[test]
    fn values_are_short_texts_and_null_takes_away() {
        let found =
            tidied(json!({" plan ": " pro ", "seats": 3, "paid": true, "old": null, "blank": " ", "long": "é".repeat(300)}));
        let found = found.unwrap();
        assert_eq!(found["plan"].as_deref(), Some("pro"));
        assert_eq!((found["seats"].as_deref(), found["paid"].as_deref()), (Some("3"), Some("true")));
        assert_eq!((&found["old"], &found["blank"]), (&None, &None));
        assert_eq!(found["long"].as_ref().unwrap().chars().count(), MAX_FIELD);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let many: Map<String, Value> = (0..51).map(|number| (number.to_string(), json!(1))).collect();
        for wrong in
            [json!({"": 1}), json!({"x".repeat(81): 1}), json!({"a\nb": 1}), json!({"a": [1]}), json!({"a": {}}), many.into()]
        {
            assert!(tidied(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
