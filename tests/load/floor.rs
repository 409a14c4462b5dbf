//! The floor of the budgets: a bare relay that only passes texts between the two sides of a pair. No protocol, no rights, no
//! numbering, nothing on disk: what any relay on this stack pays at least. Runs in a process of its own.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use anyhow::{Result, bail};
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use dashmap::DashMap;
use futures_util::{Sink, Stream};
use tests::door::{Door, Socket};
use tests::process::Server;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite;

use crate::cores;
use crate::pairs::{Heard, Talker};

/// Read buffer of a connection (DESIGN: budgets).
const READ_BUFFER: usize = 2048;
/// Texts that may wait for a slow reader; the relay has such a bound too.
const QUEUE: usize = 64;

type Sides = Arc<DashMap<(usize, u8), mpsc::Sender<Utf8Bytes>>>;

/// Serves until the process is killed.
pub async fn serve() -> Result<()> {
    let app = Router::new().route("/pair/{pair}/{side}", get(upgrade)).with_state(Sides::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // A connection that is already gone again cannot take options; serving it will say so.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

async fn upgrade(socket: WebSocketUpgrade, Path(place): Path<(usize, u8)>, State(sides): State<Sides>) -> Response {
    let socket = socket.read_buffer_size(READ_BUFFER).write_buffer_size(0);
    socket.on_upgrade(move |socket| pass(socket, place, sides))
}

async fn pass(mut socket: WebSocket, (pair, side): (usize, u8), sides: Sides) {
    let (queue, mut outgoing) = mpsc::channel(QUEUE);
    sides.insert((pair, side), queue);
    loop {
        tokio::select! {
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Text(text))) => {
                    let other = sides.get(&(pair, side ^ 1)).map(|queue| queue.clone());
                    if let Some(other) = other && other.send(text).await.is_err() {
                        break;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            Some(text) = outgoing.recv() => if socket.send(Message::Text(text)).await.is_err() {
                break;
            },
        }
    }
    sides.remove(&(pair, side));
}

/// Starts the floor on the servers' core.
pub fn start() -> Result<Server> {
    let program = std::env::current_exe()?;
    cores::on_the_servers(|| Server::start(Command::new(program).arg("serve-floor")))
}

/// One side of a pair.
pub struct Side {
    socket: Socket,
    unwritten: VecDeque<String>,
    unflushed: usize,
    /// Texts that are on their way and not reported yet.
    written: usize,
}

impl Side {
    /// Connects.
    pub async fn open(relay: SocketAddr, pair: usize, side: u8) -> Result<Self> {
        let door = Door {
            relay,
            path: format!("/pair/{pair}/{side}"),
            origin: None,
            cookie: None,
            subprotocol: None,
            forwarded_for: None,
            unread: None,
            from: Some(crate::idle::source(pair)),
        };
        Ok(Self { socket: door.open().await?, unwritten: VecDeque::new(), unflushed: 0, written: 0 })
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Result<Heard>> {
        let mut socket = Pin::new(&mut self.socket);
        while !self.unwritten.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            if let Some(text) = self.unwritten.pop_front() {
                socket.as_mut().start_send(tungstenite::Message::text(text))?;
                self.unflushed += 1;
            }
        }
        if self.unflushed > 0 {
            ready!(socket.as_mut().poll_flush(context))?;
            self.written += std::mem::take(&mut self.unflushed);
        }
        if self.written > 0 {
            self.written -= 1;
            return Poll::Ready(Ok(Heard::Acked));
        }
        loop {
            match ready!(socket.as_mut().poll_next(context)) {
                Some(Ok(tungstenite::Message::Text(text))) => return Poll::Ready(Ok(Heard::Text(text.as_str().to_owned()))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(error.into())),
                None => return Poll::Ready(Err(anyhow::anyhow!("the floor hung up"))),
            }
        }
    }
}

impl Talker for Side {
    fn put(&mut self, text: String) {
        self.unwritten.push_back(text);
    }

    async fn event(&mut self) -> Result<Heard> {
        poll_fn(|context| self.poll_event(context)).await
    }
}

/// Connects pairs.
pub async fn pairs(server: &Server, count: usize) -> Result<Vec<(Side, Side)>> {
    let mut pairs = Vec::with_capacity(count);
    for pair in 0..count {
        pairs.push((Side::open(server.address, pair, 0).await?, Side::open(server.address, pair, 1).await?));
    }
    if pairs.is_empty() {
        bail!("no pairs");
    }
    Ok(pairs)
}
