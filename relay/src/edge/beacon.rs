//! `POST /present`: a page of a site that wants to know tells that somebody is there. Answered with what an agent has to say to them. Kept in
//! memory by [`Present`](crate::present::Present), without an address or anything else that says who it is.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use shared::api::{Beacon, BeaconAnswer};

use super::attributes::readable;
use super::caller::Caller;
use super::device::device;
use super::limits::{Limit, subscriber};
use super::router::Shared;
use crate::clock;
use crate::error::RestError;

/// Largest body in bytes: two addresses and a title of any length that browsers take.
pub const BODY: usize = 16 * 1_024;

/// Takes one.
pub async fn beat(State(shared): State<Arc<Shared>>, caller: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let mut response = match answer(&shared, &caller, &headers, &body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    readable(&mut response);
    response
}

async fn answer(shared: &Shared, caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<BeaconAnswer, RestError> {
    if let Some(address) = caller.limited_address() {
        let taken = shared.page_calls.take(subscriber(address));
        taken.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::PageCalls, retry_after_ms })?;
    }
    let beacon: Beacon = serde_json::from_slice(body).map_err(|error| RestError::BadBody(error.to_string()))?;
    let found = match beacon.site.is_well_formed() {
        true => shared.store.site_by_key(beacon.site.clone()).await.map_err(RestError::Store)?,
        false => None,
    };
    // One that does not want to know is told as one that is not there: its pages have no such script.
    let site = found.filter(|site| site.visitors.present).ok_or(RestError::NotFound("site that wants to know who is there"))?;
    if !(caller.is_allowed_by(&site.origins) || caller.is_own_page(shared)) {
        return Err(RestError::NotListed);
    }
    let invite = shared.present.beat(clock::now(), site.id, beacon, device(headers));
    Ok(BeaconAnswer { invite })
}
