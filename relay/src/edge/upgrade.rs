//! The two WebSocket endpoints, and who may open a connection at all, which goes for [`events`] as well. Whatever speaks against one
//! (version, site, origin) is said through it, not by an HTTP status, because browsers hide the status of a failed upgrade from scripts.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use shared::SUBPROTOCOL;
use shared::close::{self, ErrorCode};
use shared::ids::{Millis, NodeId, SiteKey};
use shared::model::FileRules;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth;
use super::caller::{Caller, Page};
use super::device::device;
use super::events::{self, Streams};
use super::limits::{Limit, Throttle, subscriber};
use super::origin;
use super::rooms;
use super::router::Shared;
use super::seats::{Seat, Seats};
use super::socket::{self, Limits, Socket};
use crate::bus::Posts;
use crate::hub::Hub;
use crate::session::agent::AgentGreeter;
use crate::session::greeting::VisitorGreeter;
use crate::session::pace::Rates;
use crate::session::{Greeter, Refusal};

/// Bytes of a connection's read buffer. The library's default of 128 KiB would be most of what an idle visitor costs; frames that
/// do not fit make it grow for as long as they are read.
const READ_BUFFER: usize = 2_048;
/// Bytes that may gather before they are written without a flush: a burst of frames leaves in one system call.
const WRITE_BUFFER: usize = 8_192;

/// What somebody is told to wait whose address has as many connections as it may have, in ms: others must end first.
const CROWDED_RETRY_MS: Millis = 30_000;

/// What the endpoints need.
pub struct Sockets {
    /// What all handlers share.
    pub shared: Arc<Shared>,
    /// The verbs.
    pub hub: Arc<Hub>,
    /// What one connection may take.
    pub limits: Arc<Limits>,
    /// How many may be open.
    pub seats: Arc<Seats>,
    /// How often one address may open one.
    pub upgrades: Throttle,
    /// How fast visitors may go, once greeted.
    pub visitors: Arc<Rates>,
    /// Which files visitors may send.
    pub files: Arc<FileRules>,
    /// How fast agents may go.
    pub agents: Arc<Rates>,
    /// Streams of events, for those whose network lets no WebSocket pass.
    pub streams: Streams,
    /// The way to those of other relays.
    pub posts: Option<Posts>,
    /// This one.
    pub node: NodeId,
    /// Every connection's task, so that the relay can wait for them when it stops.
    pub connections: TaskTracker,
    /// Cancelled when the relay stops.
    pub stop: CancellationToken,
}

/// The routes of the endpoints.
pub fn routes(sockets: Arc<Sockets>) -> Router {
    let events = events::routes(&sockets);
    Router::new().route("/ws/visitor", get(visitor)).route("/ws/agent", get(agent)).with_state(sockets).merge(events)
}

/// `?site=KEY`, and from the relay's own pages with the panel `&ticket=TICKET`.
#[derive(Deserialize)]
pub(super) struct SiteQuery {
    #[serde(default)]
    site: String,
    #[serde(default)]
    ticket: String,
}

async fn visitor(
    State(sockets): State<Arc<Sockets>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<SiteQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let caller = Caller::of(&sockets.shared, peer, &headers);
    let known = offers_subprotocol(&headers);
    let Ok((seat, admitted)) = seat_visitor(&sockets, query, &caller, &headers, known).await else { return full() };
    open(sockets, seat, upgrade, admitted)
}

/// A seat for a visitor, and whether they may have a connection.
///
/// # Errors
/// All seats are taken.
pub(super) async fn seat_visitor(
    sockets: &Sockets,
    query: SiteQuery,
    caller: &Caller,
    headers: &HeaderMap,
    is_known_version: bool,
) -> Result<(Seat, Result<VisitorGreeter, Refusal>), Limit> {
    let mut seat = sockets.seats.take()?;
    let admitted = match admit(sockets, &mut seat, caller) {
        Ok(()) => admit_visitor(sockets, query, caller, headers).await,
        Err(refusal) => Err(refusal),
    };
    Ok((seat, if is_known_version { admitted } else { Err(unsupported()) }))
}

async fn agent(
    State(sockets): State<Arc<Sockets>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let caller = Caller::of(&sockets.shared, peer, &headers);
    let Ok(mut seat) = sockets.seats.take() else { return full() };
    let admitted = admit(&sockets, &mut seat, &caller).and_then(|()| admit_agent(&sockets, &headers, &caller));
    let admitted = if offers_subprotocol(&headers) { admitted } else { Err(unsupported()) };
    open(sockets, seat, upgrade, admitted)
}

/// Whether this address may open one more. The store is not asked about those who may not.
fn admit(sockets: &Sockets, seat: &mut Seat, caller: &Caller) -> Result<(), Refusal> {
    let Some(address) = caller.limited_address() else { return Ok(()) };
    sockets.upgrades.take(subscriber(address)).map_err(|wait| {
        let message = format!("too many connections were opened from this address: wait {wait} ms");
        Refusal::limited(Limit::Upgrades, wait, message)
    })?;
    seat.count_for(address).map_err(|limit| {
        Refusal::limited(limit, CROWDED_RETRY_MS, "too many connections are open from this address: close some, or wait")
    })
}

/// Without a WebSocket, which would cost what there is no more of; clients that cannot see the status retry all the same.
pub(super) fn full() -> Response {
    Limit::Connections.count();
    let message = "the relay has as many connections as it may have: try again later\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], message).into_response()
}

async fn admit_visitor(
    sockets: &Sockets,
    query: SiteQuery,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<VisitorGreeter, Refusal> {
    let key = SiteKey(query.site);
    let site = match key.is_well_formed() {
        true => sockets.shared.store.site_by_key(key).await.map_err(|_| unavailable())?,
        false => None,
    };
    let Some(site) = site else {
        let message = "no site has this key; copy the script tag from the console's install page again";
        return Err(Refusal::new(close::UNKNOWN_SITE, ErrorCode::UnknownSite, message));
    };
    // Of the relay's own pages, those that hold the panel serve any site; each has its ticket.
    let own = caller.is_own_page(&sockets.shared);
    let from_room = own && query.ticket == rooms::ticket(&site);
    let allowed = from_room || caller.is_allowed_by(&site.origins);
    if !own {
        sockets.shared.sightings.socket(site.id, caller, allowed);
    }
    if !allowed {
        let message = "this page's origin is not on the site's list; an admin can add it";
        return Err(Refusal::new(close::FOREIGN_ORIGIN, ErrorCode::ForeignOrigin, message));
    }
    Ok(VisitorGreeter {
        hub: sockets.hub.clone(),
        site,
        rates: sockets.visitors.clone(),
        files: sockets.files.clone(),
        network: caller.limited_address().map(origin::truncated),
        device: Some(device(headers)).filter(|device| !device.is_empty()),
        present: sockets.shared.present.clone(),
    })
}

fn admit_agent(sockets: &Sockets, headers: &HeaderMap, caller: &Caller) -> Result<AgentGreeter, Refusal> {
    // Only a page can make a browser send its cookie, and browsers tell the page. Programs bring their token in `hello`.
    let cookie = auth::token(caller.base.as_ref(), headers).map(|token| auth::hash(&token));
    let admitted = match caller.page {
        Page::Unsaid => cookie.is_none(),
        Page::Of(_) | Page::Opaque => caller.is_own_page(&sockets.shared),
    };
    if !admitted {
        let message =
            "only the console's own pages may open agents' sockets; if this is the console, set public_url to its address";
        return Err(Refusal::new(close::FOREIGN_ORIGIN, ErrorCode::ForeignOrigin, message));
    }
    Ok(AgentGreeter { hub: sockets.hub.clone(), cookie, rates: sockets.agents.clone() })
}

fn unavailable() -> Refusal {
    Refusal::unavailable("the store cannot be reached; come back in a moment")
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|offer| offer.split(',')).any(|offer| offer.trim() == SUBPROTOCOL)
}

fn unsupported() -> Refusal {
    let message =
        format!("offer the subprotocol {SUBPROTOCOL}; if you do, this page is older or newer than the relay: reload it");
    Refusal::new(close::UNSUPPORTED_VERSION, ErrorCode::UnsupportedVersion, message)
}

/// Accepts the upgrade in any case, and serves or refuses what it was asked for.
fn open<G: Greeter>(sockets: Arc<Sockets>, seat: Seat, upgrade: WebSocketUpgrade, admitted: Result<G, Refusal>) -> Response {
    let frame = sockets.limits.frame;
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_frame_size(frame)
        .max_message_size(frame)
        .on_upgrade(move |socket: WebSocket| {
            let connections = sockets.connections.clone();
            connections.track_future(attend(sockets, seat, Box::new(socket), admitted))
        })
}

/// Serves or refuses a connection; it has its seat until the end.
pub(super) fn attend<S: Socket, G: Greeter>(
    sockets: Arc<Sockets>,
    seat: Seat,
    socket: Box<S>,
    admitted: Result<G, Refusal>,
) -> impl Future<Output = ()> + Send {
    let serving: Pin<Box<dyn Future<Output = ()> + Send>> = match admitted {
        Ok(greeter) => Box::pin(socket::serve(socket, greeter, sockets.limits.clone(), sockets.stop.clone())),
        Err(refusal) => Box::pin(socket::refuse(socket, refusal)),
    };
    async move {
        serving.await;
        drop(seat);
    }
}
