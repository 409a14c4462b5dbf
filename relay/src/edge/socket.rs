//! The one socket loop, for visitors and agents alike. It owns the socket, its timers and the receiving end of the peer's queue;
//! what frames mean is the session's business. It holds one request at a time: while the session works on a frame, the loop
//! keeps writing what others send, and reads no further, which is all the back-pressure a client needs.
//!
//! A socket is whatever reads and writes the messages of one: a WebSocket, or what `events` makes of a stream and posts.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use shared::close::{self, ErrorCode};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Tick;
use crate::hub::backlog::Backlog;
use crate::hub::registry::Peer;
use crate::metrics::{gauges, hot};
use crate::session::{Greeter, Refusal, Reply, Session};

/// How long a goodbye may take, the client's answer to it included. One that has nothing more to say does not hold up a stop.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// How long a client has to read that its frame was too big.
const LINGER: Duration = Duration::from_secs(1);

/// How an `ack` begins on the wire. The loop knows frames as texts only; this is the one whose time it takes.
const ACK: &str = r#"{"t":"ack""#;
/// Frames written with one flush at most; what a burst of fan-out brings.
const BATCH: usize = 64;

/// What one connection may take. All from the configuration.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a connection may stay without `hello`.
    pub hello_within: Duration,
    /// Pause between the relay's pings, before ±20 % jitter.
    pub ping_every: Duration,
    /// How long one write may take before the reader counts as gone.
    pub write_within: Duration,
    /// What may wait for a connection that reads slowly.
    pub backlog: Arc<Backlog>,
    /// Largest frame that is read, in bytes.
    pub frame: usize,
}

/// Both ways of a connection.
pub trait Socket:
    Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin + 'static
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin + 'static
{
}

/// Why the loop ends.
enum End {
    /// The other side is gone; there is nobody to tell.
    Gone,
    /// Tell the other side why.
    Close(u16),
    /// Tell the other side in words first.
    Refuse(Refusal),
}

/// Serves a connection from its first frame to its end.
///
/// A connection is idle nearly all of its life, so its task holds no more than that takes: greeting and goodbye have futures of their
/// own on the heap, which are gone when they are over, and what is moved from one to the other is boxed.
pub async fn serve<W: Socket, G: Greeter>(mut socket: Box<W>, greeter: G, limits: Arc<Limits>, stop: CancellationToken) {
    let (peer, queue) = Peer::new(limits.backlog.clone());
    let greeted = Box::pin(greet(&mut socket, greeter, &peer, &limits, &stop)).await;
    let write_within = limits.write_within;
    let (socket, end) = match greeted {
        Err(end) => (socket, end),
        Ok((session, reply)) => Connection::new(socket, peer, queue, limits).serve(session, reply).await,
    };
    // The peer may be gone or stuck: a goodbye that cannot be written in time is not worth more.
    let resyncs = matches!(end, End::Close(close::RESYNC));
    let goodbye = say_goodbye(socket, end);
    Box::pin(async move {
        if !resyncs {
            let _ = timeout(GOODBYE_WITHIN, goodbye).await;
            return;
        }
        // Who reads slowly has to read what is on its way before it; what waited in the queue is gone by now. A stop waits for none of it.
        tokio::select! {
            _ = timeout(write_within.max(GOODBYE_WITHIN), goodbye) => {}
            () = stop.cancelled() => {}
        }
    })
    .await;
}

/// Refuses a connection that should never have been opened, in words that a browser can see.
pub async fn refuse<W: Socket>(socket: Box<W>, refusal: Refusal) {
    let _ = Box::pin(timeout(GOODBYE_WITHIN, say_goodbye(socket, End::Refuse(refusal)))).await;
}

async fn greet<W: Socket, G: Greeter>(
    socket: &mut W,
    greeter: G,
    peer: &Arc<Peer>,
    limits: &Limits,
    stop: &CancellationToken,
) -> Result<(G::Session, Reply), End> {
    let first = timeout(limits.hello_within, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Binary(_))) => return Err(End::Close(close::NOT_TEXT)),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
                Some(Err(error)) => return Err(broken(error)),
            }
        }
    });
    // Nobody but this task knows of it yet, so nobody else could tell it that the relay stops.
    let first = tokio::select! { first = first => first, () = stop.cancelled() => Ok(Err(End::Close(close::RESTART))) };
    let first = first.unwrap_or_else(|_| {
        Err(End::Refuse(Refusal::new(close::HELLO_TIMEOUT, ErrorCode::HelloTimeout, "send hello as the first frame, in time")))
    })?;
    greeter.hello(&first, peer).await.map_err(End::Refuse)
}

struct Connection<W> {
    socket: Box<W>,
    peer: Arc<Peer>,
    queue: mpsc::Receiver<Utf8Bytes>,
    limits: Arc<Limits>,
    /// A ping is out and nothing has come since.
    doubted: bool,
    next_ping: Instant,
}

impl<W: Socket> Connection<W> {
    fn new(socket: Box<W>, peer: Arc<Peer>, queue: mpsc::Receiver<Utf8Bytes>, limits: Arc<Limits>) -> Self {
        let next_ping = Instant::now() + jittered(limits.ping_every);
        Self { socket, peer, queue, limits, doubted: false, next_ping }
    }

    /// From the welcome to the end; gives the socket back for the goodbye.
    async fn serve<S: Session>(mut self, session: S, reply: Reply) -> (Box<W>, End) {
        hot().of(S::KIND).greeted.increment(1);
        hot().of(S::KIND).connections.increment(1);
        let mut session = Box::new(session);
        let end = match Box::pin(self.answer(reply)).await {
            Ok(()) => self.run(&mut *session).await,
            Err(end) => end,
        };
        session.left().await;
        hot().of(S::KIND).connections.decrement(1);
        (self.socket, end)
    }

    async fn run<S: Session>(&mut self, session: &mut S) -> End {
        let ping_timer = sleep_until(self.next_ping);
        tokio::pin!(ping_timer);
        loop {
            // No order among these: neither a chatty client nor a busy conversation may starve the other direction.
            let step = tokio::select! {
                code = self.peer.closed() => Err(End::Close(code)),
                Some(frame) = self.queue.recv() => Box::pin(self.write(frame)).await,
                message = self.socket.next() => match self.read(message) {
                    Ok(Some(text)) => {
                        hot().of(S::KIND).frames.increment(1);
                        Box::pin(self.work(session, &text)).await
                    }
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                () = &mut ping_timer => Box::pin(self.ping(ping_timer.as_mut())).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Lets the session answer one frame, while what others send goes on being written.
    async fn work<S: Session>(&mut self, session: &mut S, text: &str) -> Result<(), End> {
        let began = Tick::now();
        let mut answer = session.frame(text);
        let reply = loop {
            tokio::select! {
                biased;
                code = self.peer.closed() => return Err(End::Close(code)),
                reply = &mut answer => break reply,
                Some(frame) = self.queue.recv() => {
                    let socket = &mut self.socket;
                    let queue = &mut self.queue;
                    write(&mut **socket, &self.peer, queue, frame, self.limits.write_within).await?;
                }
            }
        };
        drop(answer);
        let acks = reply.first().is_some_and(|frame| frame.starts_with(ACK));
        self.answer(reply).await?;
        if acks {
            hot().ack_seconds.record(began.elapsed());
        }
        Ok(())
    }

    fn read(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<Option<Utf8Bytes>, End> {
        self.doubted = false;
        match message {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Binary(_))) => Err(End::Close(close::NOT_TEXT)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(broken(error)),
        }
    }

    async fn write(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        write(&mut *self.socket, &self.peer, &mut self.queue, frame, self.limits.write_within).await
    }

    async fn answer(&mut self, reply: Reply) -> Result<(), End> {
        if reply.is_empty() {
            return Ok(());
        }
        let writing = async {
            for frame in reply {
                self.socket.feed(Message::Text(frame.into())).await?;
            }
            self.socket.flush().await
        };
        in_time(self.limits.write_within, &self.peer, writing).await
    }

    async fn ping(&mut self, mut timer: std::pin::Pin<&mut Sleep>) -> Result<(), End> {
        if self.doubted {
            return Err(End::Gone);
        }
        self.doubted = true;
        self.next_ping = Instant::now() + jittered(self.limits.ping_every);
        timer.as_mut().reset(self.next_ping);
        in_time(self.limits.write_within, &self.peer, self.socket.send(Message::Ping(Default::default()))).await
    }
}

/// Writes a frame and those that wait behind it with one flush: a batch of them, so that a client who reads steadily but slower than
/// others talk is heard in between, and each batch has its own time.
async fn write<W: Socket>(
    socket: &mut W,
    peer: &Peer,
    queue: &mut mpsc::Receiver<Utf8Bytes>,
    frame: Utf8Bytes,
    within: Duration,
) -> Result<(), End> {
    gauges::queue_depth(queue.len() + 1);
    if let Some(committed) = peer.oldest_waiting() {
        hot().delivery_seconds.record(committed.elapsed());
    }
    let writing = async {
        let mut last = frame.len();
        socket.feed(Message::Text(frame)).await?;
        for _ in 1..BATCH {
            let Ok(frame) = queue.try_recv() else { break };
            let size = frame.len();
            socket.feed(Message::Text(frame)).await?;
            // The buffer takes one frame more than it holds, so by now there was room for the one before.
            peer.written(last);
            last = size;
        }
        socket.flush().await?;
        peer.written(last);
        Ok(())
    };
    in_time(within, peer, writing).await
}

/// A write, for as long as it may take and as the connection is wanted: what waits for a reader who is stuck is given up at once when
/// its queue is full, not only when the write's time is over.
async fn in_time(within: Duration, peer: &Peer, writing: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    tokio::select! {
        biased;
        written = timeout(within, writing) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                hot().slow_writes.increment(1);
                Err(End::Close(close::RESYNC))
            }
        },
        code = peer.closed() => Err(End::Close(code)),
    }
}

/// A read error: either the frame was too big, or the connection is of no more use.
fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast::<tungstenite::Error>().map(|error| *error) {
        Ok(tungstenite::Error::Capacity(_)) => {
            End::Refuse(Refusal::new(close::TOO_BIG, ErrorCode::BadFrame, "the frame is larger than this relay takes"))
        }
        _ => End::Gone,
    }
}

async fn say_goodbye<W: Socket>(mut socket: Box<W>, end: End) {
    let code = match end {
        End::Gone => return,
        End::Close(code) => code,
        End::Refuse(refusal) => {
            refusal.count();
            let error = shared::visitor::FromRelay::Error(refusal.error).encode();
            if socket.send(Message::Text(error.into())).await.is_err() {
                return;
            }
            refusal.close
        }
    };
    metrics::counter!(crate::metrics::CLOSES, "code" => code.to_string()).increment(1);
    if socket.send(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() }))).await.is_ok() {
        // Until the client has answered, closing the TCP connection could destroy the code on its way (RFC 6455 §7.1.1).
        while let Some(Ok(_)) = socket.next().await {}
        // What is left of a frame that is too big stays unread, so the end of the connection resets it, and a reset destroys what the
        // client has not read yet. It gets the time to.
        if code == close::TOO_BIG {
            tokio::time::sleep(LINGER).await;
        }
    }
}

/// ±20 %, so that connections made together do not ping together.
fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.8 + 0.4 * crate::clock::random_fraction())
}

#[cfg(test)]
mod tests {
    use axum::extract::ws::WebSocket;
    use shared::ids::{ConversationId, MessageId};

    use super::*;
    use crate::session::greeting::VisitorGreeter;

    /// Size of the future that a function returns.
    fn size<F: Future>(_: impl Fn(Box<WebSocket>, VisitorGreeter, Arc<Limits>, CancellationToken) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn acks_are_known_by_how_they_begin() {
        let id = |number| uuid::Uuid::from_u128(number);
        let ack = shared::frame::Ack { id: MessageId(id(1)), conversation: ConversationId(id(2)), seq: 3, prev: 2, at: 4 };
        assert!(shared::visitor::FromRelay::Ack(ack).encode().starts_with(ACK));
        assert!(shared::agent::FromRelay::Ack(ack).encode().starts_with(ACK));
    }

    #[test]
    fn an_idle_connection_is_a_small_task() {
        // 1,392 bytes when this was written; ten thousand of them are what the memory budget is about.
        assert!(size(serve::<WebSocket, VisitorGreeter>) <= 1_500);
    }
}
