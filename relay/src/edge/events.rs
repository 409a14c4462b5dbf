//! The way for visitors whose network lets no WebSocket pass: frames come down as server-sent events (`/sse/visitor`) and go up by POST
//! (`/sse/visitor/ID`), at this relay or at another one ([`bus::Posts`](crate::bus::Posts)). Both together are a [`Socket`](super::socket::Socket), which the one loop serves like any other, and who may open
//! one is decided where that is decided for WebSockets. Nothing here knows what frames mean.
//!
//! A stream that its reader has left takes its entry along; then the loop reads the end, as of a connection that broke.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::{Message, Utf8Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dashmap::DashMap;
use futures_util::{Sink, Stream};
use serde::Deserialize;
use shared::SUBPROTOCOL;
use shared::ids::NodeId;
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;
use tungstenite::error::CapacityError;

use super::auth;
use super::caller::Caller;
use super::router::in_time;
use super::upgrade::{self, SiteQuery, Sockets};

/// Events that wait between the loop and the connection, and messages between a POST and the loop: none is needed, because each side waits
/// for the other, and one is the least that a channel has.
const HANDED_OVER: usize = 1;

/// What a close without a code counts as (RFC 6455 §7.4.1). The loop always names one.
const NO_CODE: u16 = 1_005;

/// What came up.
type Up = Result<Message, axum::Error>;

/// The streams that are open, by the name that only their readers know.
#[derive(Debug, Default)]
pub struct Streams(DashMap<String, mpsc::Sender<Up>>);

/// The routes.
pub fn routes(sockets: &Arc<Sockets>) -> Router {
    Router::new()
        // Browsers name the page's origin in a POST to their own origin, too, but not in a GET. EventSource knows only the latter.
        .route("/sse/visitor", get(open).post(open))
        .route("/sse/visitor/{id}", post(take))
        .layer(DefaultBodyLimit::max(sockets.limits.frame))
        .layer(from_fn_with_state(sockets.shared.clone(), in_time))
        .layer(map_response(readable))
        .with_state(sockets.clone())
}

/// Every page may read the answers, as every page may open a WebSocket: who is refused is told so, in words. There are no cookies that
/// somebody else's page could use.
async fn readable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}

/// What an upgrade says by its subprotocol.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    protocol: String,
}

async fn open(
    State(sockets): State<Arc<Sockets>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(site): Query<SiteQuery>,
    Query(version): Query<Version>,
    headers: HeaderMap,
) -> Response {
    let caller = Caller::of(&sockets.shared, peer, &headers);
    let Ok((seat, admitted)) = upgrade::seat_visitor(&sockets, site, &caller, &headers, version.protocol == SUBPROTOCOL).await
    else {
        return upgrade::full();
    };
    let (events, stream) = Events::open(&sockets);
    sockets.connections.spawn(upgrade::attend(sockets.clone(), seat, Box::new(events), admitted));
    // Proxies that gather answers before they pass them on are asked not to (nginx).
    let headers = [(header::CONTENT_TYPE.as_str(), "text/event-stream"), ("x-accel-buffering", "no")];
    (headers, Body::from_stream(stream)).into_response()
}

/// Why what came up is not taken.
type Refusal = (StatusCode, &'static str);

const GONE: Refusal = (StatusCode::NOT_FOUND, "this stream has ended: open another one\n");
const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "this is more than the relay takes\n");

/// Frames, one a line, or nothing: then it answers a `ping` event. Answered once the loop has taken all of them.
async fn take(
    State(sockets): State<Arc<Sockets>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let body = match body {
        Ok(body) => Some(body),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => None,
        Err(_) => return Err((StatusCode::BAD_REQUEST, "the body has not come whole: open another stream\n")),
    };
    let elsewhere = sockets.posts.as_ref().zip(node_of(&id).filter(|node| *node != sockets.node));
    let Some((posts, node)) = elsewhere else { return hand_over(&sockets, &id, body).await };
    match posts.forward(node, letter(&id, body)).await.as_deref() {
        Some(TAKEN) => Ok(StatusCode::NO_CONTENT),
        Some(TAKES_LESS) => Err(TOO_LARGE),
        _ => Err(GONE),
    }
}

/// Gives a stream's loop what came up; `None`: more than it takes.
async fn hand_over(sockets: &Sockets, id: &str, body: Option<Bytes>) -> Result<StatusCode, Refusal> {
    let loop_of = sockets.streams.0.get(id).map(|entry| entry.value().clone()).ok_or(GONE)?;
    let Some(body) = body else {
        let max_size = sockets.limits.frame;
        let error = tungstenite::Error::Capacity(CapacityError::MessageTooLong { size: max_size + 1, max_size });
        loop_of.send(Err(axum::Error::new(error))).await.map_err(|_| GONE)?;
        return Err(TOO_LARGE);
    };
    for message in messages(body) {
        loop_of.send(Ok(message)).await.map_err(|_| GONE)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What relays answer each other.
const TAKEN: &[u8] = b"taken";
const TAKES_LESS: &[u8] = b"too large";
const HAS_ENDED: &[u8] = b"ended";

/// What one relay sends another: the stream, and behind a line end what came up, if it was not too large.
fn letter(id: &str, body: Option<Bytes>) -> Bytes {
    match body {
        Some(body) => [id.as_bytes(), b"\n", &body].concat().into(),
        None => Bytes::copy_from_slice(id.as_bytes()),
    }
}

/// Takes what came up at other relays for the streams of this one, until it stops.
pub async fn take_from_others(sockets: Arc<Sockets>) {
    let Some(posts) = sockets.posts.clone() else { return };
    let take = |letter: Bytes| {
        let sockets = sockets.clone();
        async move {
            let line = letter.iter().position(|byte| *byte == b'\n');
            let id = String::from_utf8_lossy(&letter[..line.unwrap_or(letter.len())]).into_owned();
            let taken = hand_over(&sockets, &id, line.map(|end| letter.slice(end + 1..))).await;
            Bytes::from_static(match taken {
                Ok(_) => TAKEN,
                Err(TOO_LARGE) => TAKES_LESS,
                Err(_) => HAS_ENDED,
            })
        }
    };
    posts.take(sockets.node, take, sockets.stop.clone()).await;
}

/// The relay that a stream is at.
fn node_of(id: &str) -> Option<NodeId> {
    id.split_once('.')?.0.parse().ok()
}

fn messages(body: Bytes) -> Vec<Message> {
    match std::str::from_utf8(&body) {
        Ok("") => vec![Message::Pong(Bytes::new())],
        Ok(text) => text.lines().map(|frame| Message::Text(Utf8Bytes::from(frame))).collect(),
        Err(_) => vec![Message::Binary(body)],
    }
}

/// The loop's end of a stream.
struct Events {
    up: mpsc::Receiver<Up>,
    down: PollSender<Bytes>,
}

/// The reader's end, as the body of an answer.
struct Down {
    down: mpsc::Receiver<Bytes>,
    id: String,
    sockets: Arc<Sockets>,
}

impl Events {
    /// Both ends of a new stream, which tells its name first.
    fn open(sockets: &Arc<Sockets>) -> (Self, Down) {
        let (to_loop, up) = mpsc::channel(HANDED_OVER);
        let (to_reader, down) = mpsc::channel(HANDED_OVER);
        let id = format!("{}.{}", sockets.node, auth::new_token().0);
        // There is room for it.
        let _ = to_reader.try_send(event("stream", &id));
        sockets.streams.0.insert(id.clone(), to_loop);
        (Self { up, down: PollSender::new(to_reader) }, Down { down, id, sockets: sockets.clone() })
    }
}

impl Stream for Events {
    type Item = Up;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Up>> {
        self.up.poll_recv(context)
    }
}

impl Sink<Message> for Events {
    type Error = axum::Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.down.poll_reserve(context).map_err(axum::Error::new)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), axum::Error> {
        let (bytes, is_last) = match &message {
            Message::Text(frame) => (event("message", frame), false),
            Message::Close(frame) => (event("close", &frame.as_ref().map_or(NO_CODE, |frame| frame.code).to_string()), true),
            // The loop sends nothing else but pings.
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) => (event("ping", ""), false),
        };
        self.down.send_item(bytes).map_err(axum::Error::new)?;
        if is_last {
            self.down.close();
        }
        Ok(())
    }

    /// The connection takes what it can; the next message waits for that.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.down.close();
        Poll::Ready(Ok(()))
    }
}

impl Stream for Down {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.down.poll_recv(context)).map(Ok))
    }
}

impl Drop for Down {
    fn drop(&mut self) {
        self.sockets.streams.0.remove(&self.id);
    }
}

/// One event. Frames are JSON, which has no line ends in it.
fn event(name: &str, data: &str) -> Bytes {
    // `message` is what an event is called that has no name.
    if name == "message" { format!("data: {data}\n\n") } else { format!("event: {name}\ndata: {data}\n\n") }.into()
}
