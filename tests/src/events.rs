//! The way without WebSockets, as PROTOCOL.md has it: a stream of events down, a POST after the other up. Looks like a WebSocket to whoever
//! holds it. [`door`](crate::door) opens one for doors whose path begins with `/sse/`.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as Waking, Poll};

use anyhow::{Context, Result, ensure};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::PollSender;

use crate::wire;

/// Messages that were read and that nobody has asked for: no more, so that who does not listen does not read.
const AHEAD: usize = 1;
/// Messages that wait for their POST; people write slower.
const BEHIND: usize = 64;

type Heard = Result<Message, Error>;

/// A stream with its posts.
#[derive(Debug)]
pub struct Events {
    heard: mpsc::Receiver<Heard>,
    says: PollSender<Message>,
    /// Ends with it.
    _tasks: JoinSet<()>,
}

impl Events {
    /// Asks for a stream over this connection, and waits for its name.
    pub async fn open(mut stream: TcpStream, relay: SocketAddr, path: &str, headers: &str) -> Result<Self> {
        // HTTP/1.0 has no chunks: what follows the head is the stream itself.
        let request = format!("GET {path} HTTP/1.0\r\nhost: {relay}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut reader = Reader { stream, bytes: Vec::new() };
        let head = reader.until("\r\n\r\n").await.context("no answer")?;
        ensure!(head.starts_with("HTTP/1.0 200"), "{head}");
        ensure!(head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
        let named = reader.until("\n\n").await.context("no name")?;
        let id = named.strip_prefix("event: stream\ndata: ").context("the first event names the stream")?.to_owned();
        let (to_owner, heard) = mpsc::channel(AHEAD);
        let (says, from_owner) = mpsc::channel(BEHIND);
        let mut tasks = JoinSet::new();
        tasks.spawn(read(reader, to_owner.clone(), says.clone()));
        tasks.spawn(post(relay, format!("/sse/visitor/{id}"), from_owner, to_owner));
        Ok(Self { heard, says: PollSender::new(says), _tasks: tasks })
    }
}

struct Reader {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Reader {
    /// What comes before the next mark; nothing at the end.
    async fn until(&mut self, mark: &str) -> Option<String> {
        loop {
            if let Some(end) = self.bytes.windows(mark.len()).position(|window| window == mark.as_bytes()) {
                let text = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
                self.bytes.drain(..end + mark.len());
                return Some(text);
            }
            if self.stream.read_buf(&mut self.bytes).await.ok()? == 0 {
                return None;
            }
        }
    }
}

async fn read(mut reader: Reader, to_owner: mpsc::Sender<Heard>, says: mpsc::Sender<Message>) {
    while let Some(event) = reader.until("\n\n").await {
        let (name, data) = match event.strip_prefix("event: ").and_then(|named| named.split_once("\ndata: ")) {
            Some(named) => named,
            None => ("message", event.strip_prefix("data: ").unwrap_or_default()),
        };
        let message = match name {
            "message" => Message::text(data),
            "close" => {
                let code = data.parse::<u16>().unwrap_or_default().into();
                Message::Close(Some(CloseFrame { code, reason: "".into() }))
            }
            _ => {
                let _ = says.send(Message::Pong("".into())).await;
                continue;
            }
        };
        if to_owner.send(Ok(message)).await.is_err() {
            return;
        }
    }
    let _ = to_owner.send(Err(Error::ConnectionClosed)).await;
}

async fn post(relay: SocketAddr, path: String, mut from_owner: mpsc::Receiver<Message>, to_owner: mpsc::Sender<Heard>) {
    while let Some(message) = from_owner.recv().await {
        let body = message.into_data();
        let mut request =
            format!("POST {path} HTTP/1.1\r\nhost: {relay}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())
                .into_bytes();
        request.extend_from_slice(&body);
        // Of what is too much the stream itself tells.
        if !wire::send(relay, &request).await.is_ok_and(|reply| matches!(reply.status, 204 | 413)) {
            let _ = to_owner.send(Err(Error::ConnectionClosed)).await;
            return;
        }
    }
}

impl Stream for Events {
    type Item = Heard;

    fn poll_next(mut self: Pin<&mut Self>, waking: &mut Waking<'_>) -> Poll<Option<Heard>> {
        self.heard.poll_recv(waking)
    }
}

impl Sink<Message> for Events {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, waking: &mut Waking<'_>) -> Poll<Result<(), Error>> {
        self.says.poll_reserve(waking).map_err(|_| Error::ConnectionClosed)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.says.send_item(message).map_err(|_| Error::ConnectionClosed)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Waking<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Waking<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}
