//! Accepts connections and serves HTTP/1 on them, with the time and memory limits that `axum::serve` does not set: for a request's
//! head, and for how many connections may be open that are no WebSockets. `app` runs it; what requests mean is the router's business.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::limits::Limit;
use super::origin;
use super::seats::{Seat, Seats};

/// Bytes of a request's head, and of what is buffered of its body. Browsers send cookies of some KB; hyper would take 400.
const HEAD: usize = 64 * 1_024;
/// Bytes that may wait in the kernel for a client that does not read, beside what is on its way to it. The kernel's own bound is megabytes
/// for each client, in memory that no limit of ours would see.
const KERNEL_BACKLOG: u32 = 64 * 1_024;
/// Pause after the system refused to accept: it has run out of descriptors or memory, and connections must end first.
const BREATHER: Duration = Duration::from_millis(500);
/// What a connection is told that finds no seat, before anything was read from it.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What HTTP connections may take.
pub struct Http {
    /// Their seats.
    pub seats: Arc<Seats>,
    /// Proxies, which speak for many addresses.
    pub proxies: Vec<IpNet>,
    /// Time for a request's head.
    pub header_within: Duration,
    /// How long a client may leave written bytes unread before the kernel gives it up.
    pub unread_within: Duration,
}

/// Serves until `stop`, then lets requests under way finish; `connections` holds what is under way.
pub async fn serve(listener: TcpListener, app: Router, http: Http, stop: CancellationToken, connections: TaskTracker) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                match seat(&http, peer.ip()) {
                    Ok(seat) => {
                        prepare(&stream, &http);
                        connections.spawn(serve_one(stream, peer, app.clone(), http.header_within, stop.clone(), seat));
                    }
                    Err(limit) => {
                        limit.count();
                        // Eleven words into an empty buffer; a connection that does not even take these needs no answer.
                        let _ = stream.try_write(FULL);
                    }
                }
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "no connection can be accepted; if too many files are open, raise the limit (ulimit -n)");
                }
                failing = true;
                tokio::select! { () = sleep(BREATHER) => {}, () = stop.cancelled() => return }
            }
        }
    }
}

fn seat(http: &Http, peer: IpAddr) -> Result<Seat, Limit> {
    let mut seat = http.seats.take().map_err(|_| Limit::HttpConnections)?;
    if !origin::is_believed(peer, &http.proxies) {
        seat.count_for(peer)?;
    }
    Ok(seat)
}

fn prepare(stream: &TcpStream, http: &Http) {
    // Chat is small frames that somebody waits for: none of them may wait for the next one.
    let told = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let told = {
        let socket = SockRef::from(stream);
        told.and_then(|()| socket.set_tcp_notsent_lowat(KERNEL_BACKLOG))
            .and_then(|()| socket.set_tcp_user_timeout(Some(http.unread_within)))
    };
    if let Err(error) = told {
        tracing::debug!(%error, "a connection's options could not be set");
    }
}

async fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    header_within: Duration,
    stop: CancellationToken,
    seat: Seat,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_within)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = Box::pin(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A WebSocket has a seat of its own by now. Other errors are connections that broke, which is their right.
    if ended.is_err_and(|error| error.is_timeout()) {
        Limit::HeaderTimeout.count();
    }
    drop(seat);
}

/// Whether accepting failed because of the one who came, not because of us (accept(2)).
fn is_the_peers(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
