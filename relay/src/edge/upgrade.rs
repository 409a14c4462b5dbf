//! The two WebSocket endpoints. Whatever speaks against a connection (subprotocol, site, origin) is said through the socket, not by
//! an HTTP status, because browsers hide the status of a failed upgrade from scripts.

use std::sync::Arc;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use shared::SUBPROTOCOL;
use shared::close::{self, ErrorCode};
use shared::ids::SiteKey;

use super::socket::{self, Limits};
use crate::session::agent::AgentGreeter;
use crate::session::visitor::VisitorGreeter;
use crate::session::{Greeter, Refusal};

/// Bytes of a connection's read buffer. The library's default of 128 KiB would be most of what an idle visitor costs; frames that
/// do not fit make it grow for as long as they are read.
const READ_BUFFER: usize = 2_048;
/// Bytes that may gather before they are written without a flush: a burst of frames leaves in one system call.
const WRITE_BUFFER: usize = 8_192;

/// `?site=KEY`.
#[derive(Deserialize)]
pub struct SiteQuery {
    #[serde(default)]
    site: String,
}

/// `GET /ws/visitor?site=KEY`.
pub async fn visitor(
    State(edge): State<Arc<Edge>>,
    Query(query): Query<SiteQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let admitted = admit_visitor(&edge, &SiteKey(query.site), &headers).await;
    let site = admitted.as_ref().ok().map(|greeter| greeter.site.id);
    open(edge, upgrade, &headers, admitted, site)
}

/// `GET /ws/agent`.
pub async fn agent(State(edge): State<Arc<Edge>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let admitted = admit_agent(&edge, &headers).await;
    open(edge, upgrade, &headers, admitted, None)
}

/// Accepts the upgrade in any case, and serves or refuses what it was asked for.
fn open<G: Greeter>(
    edge: Arc<Edge>,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    admitted: Result<G, Refusal>,
    site: Option<shared::ids::SiteId>,
) -> Response {
    let limits = edge.limits;
    let admitted = if offers_subprotocol(headers) {
        admitted
    } else {
        let message = format!("offer the subprotocol {SUBPROTOCOL}; if you do, this page is older or newer than the relay: reload it");
        Err(Refusal::new(close::UNSUPPORTED_VERSION, ErrorCode::UnsupportedVersion, message))
    };
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_frame_size(limits.frame)
        .max_message_size(limits.frame)
        .on_upgrade(move |socket: WebSocket| {
            let serving = async move {
                match admitted {
                    Ok(greeter) => socket::serve(socket, greeter, limits, site).await,
                    Err(refusal) => socket::refuse(socket, refusal, limits).await,
                }
            };
            edge.connections.track_future(serving)
        })
}
