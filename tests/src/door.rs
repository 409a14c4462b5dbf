//! Opens one WebSocket to the relay, or what stands for one where none passes, with the headers that a browser would send. Everything else (greeting, resuming, retrying)
//! is the job of whoever holds the socket: [`client`](crate::client), or a test that speaks raw text.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use futures_util::future::Either;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::events::Events;

/// A WebSocket over plain TCP, or a stream with its posts.
pub type Socket = Either<WebSocketStream<TcpStream>, Events>;

/// Read buffer of one client: tungstenite's own default of 128 KiB would make 10,000 of them cost more than a gigabyte.
const READ_BUFFER: usize = 2048;

/// Where and as whom a socket is opened.
#[derive(Clone, Debug)]
pub struct Door {
    /// Address of the relay.
    pub relay: SocketAddr,
    /// Path and query.
    pub path: String,
    /// The page's origin, if the client is a browser.
    pub origin: Option<String>,
    /// The `cookie` header, if there is one.
    pub cookie: Option<String>,
    /// The subprotocol to offer, if any.
    pub subprotocol: Option<&'static str>,
    /// What a proxy would say of the client: the `x-forwarded-for` header.
    pub forwarded_for: Option<String>,
    /// Bytes that the kernel may keep for a client that does not read; its own choice is megabytes.
    pub unread: Option<u32>,
    /// Local address to connect from: each has its own range of ports.
    pub from: Option<IpAddr>,
}

impl Door {
    /// The visitors' endpoint of a site, as the relay's own demo page would open it.
    pub fn visitor(relay: SocketAddr, site: &str) -> Self {
        Self {
            relay,
            path: format!("/ws/visitor?site={site}"),
            origin: Some(format!("http://{relay}")),
            cookie: None,
            subprotocol: Some(shared::SUBPROTOCOL),
            forwarded_for: None,
            unread: None,
            from: None,
        }
    }

    /// The visitors' endpoint for those whose network lets no WebSocket pass.
    pub fn events(relay: SocketAddr, site: &str) -> Self {
        let path = format!("/sse/visitor?site={site}&protocol={}", shared::SUBPROTOCOL);
        Self { path, ..Self::visitor(relay, site) }
    }

    /// The agents' endpoint, as the console would open it after signing in.
    pub fn agent(relay: SocketAddr, cookie: String) -> Self {
        Self {
            relay,
            path: "/ws/agent".into(),
            origin: Some(format!("http://{relay}")),
            cookie: Some(cookie),
            subprotocol: Some(shared::SUBPROTOCOL),
            forwarded_for: None,
            unread: None,
            from: None,
        }
    }

    /// Opens the socket.
    pub async fn open(&self) -> Result<Socket> {
        let tcp = TcpSocket::new_v4()?;
        if let Some(from) = self.from {
            tcp.bind(SocketAddr::new(from, 0))?;
        }
        if let Some(unread) = self.unread {
            tcp.set_recv_buffer_size(unread)?;
        }
        let stream = tcp.connect(self.relay).await.context("no connection to the relay")?;
        stream.set_nodelay(true)?;
        if self.path.starts_with("/sse/") {
            let lines = [("origin", &self.origin), ("x-forwarded-for", &self.forwarded_for)];
            let headers: String =
                lines.iter().filter_map(|(name, value)| Some(format!("{name}: {}\r\n", value.as_ref()?))).collect();
            return Ok(Either::Right(Events::open(stream, self.relay, &self.path, &headers).await?));
        }
        let mut request = format!("ws://{}{}", self.relay, self.path).into_client_request()?;
        let headers = request.headers_mut();
        if let Some(origin) = &self.origin {
            headers.insert("origin", HeaderValue::from_str(origin)?);
        }
        if let Some(cookie) = &self.cookie {
            headers.insert("cookie", HeaderValue::from_str(cookie)?);
        }
        if let Some(addresses) = &self.forwarded_for {
            headers.insert("x-forwarded-for", HeaderValue::from_str(addresses)?);
        }
        if let Some(subprotocol) = self.subprotocol {
            headers.insert("sec-websocket-protocol", HeaderValue::from_static(subprotocol));
        }
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
            .await
            .context("the relay did not accept the upgrade")?;
        Ok(Either::Left(socket))
    }
}
