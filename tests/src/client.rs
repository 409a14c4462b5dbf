//! Drives the protocol's [`Link`] over a native socket: carries out its actions, reports what happens, hands out what it emits.
//! There is no task inside: whoever owns a [`Client`] awaits [`Client::next`], which may be dropped at any await without loss.
//! People wrap one in a task; the load generator awaits thousands of them directly.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use futures_util::{Sink, Stream};
use shared::close;
use shared::frame::DecodeError;
use shared::ids::{ConversationId, Millis, Seq};
use shared::link::{Action, Dialect, Emit, Link, Status};
use shared::model::Say;
use shared::{agent, visitor};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::door::{Door, Socket};
use crate::now;

/// A dialect together with its codec.
pub trait Spoken: Dialect<ToRelay: Send, FromRelay: Send + Clone> + Send + Unpin {
    /// Writes a frame.
    fn encode(frame: &Self::ToRelay) -> String;
    /// Reads a frame.
    fn decode(text: &str) -> Result<Self::FromRelay, DecodeError>;
}

impl Spoken for visitor::Dialect {
    fn encode(frame: &visitor::ToRelay) -> String {
        frame.encode()
    }
    fn decode(text: &str) -> Result<visitor::FromRelay, DecodeError> {
        visitor::FromRelay::decode(text)
    }
}

impl Spoken for agent::Dialect {
    fn encode(frame: &agent::ToRelay) -> String {
        frame.encode()
    }
    fn decode(text: &str) -> Result<agent::FromRelay, DecodeError> {
        agent::FromRelay::decode(text)
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<Socket>> + Send>>;

/// One client of the relay. See the module.
pub struct Client<D: Spoken> {
    link: Link<D>,
    door: Door,
    opening: Option<(u32, Opening)>,
    socket: Option<(u32, Socket)>,
    /// Frames for the current socket that have not been handed to it.
    unwritten: VecDeque<String>,
    unflushed: bool,
    emitted: VecDeque<Emit<D::FromRelay>>,
    /// What a browser would have in storage.
    stored: Vec<Say>,
    alarm: Option<(Millis, Pin<Box<Sleep>>)>,
}

impl<D: Spoken> Client<D> {
    /// A client with the outbox of an earlier life, which connects after [`Client::restart`].
    pub fn new(dialect: D, door: Door, outbox: Vec<Say>) -> Self {
        let seed = uuid::Uuid::now_v7().as_u64_pair().1;
        Self {
            link: Link::new(dialect, seed, outbox.clone()),
            door,
            opening: None,
            socket: None,
            unwritten: VecDeque::new(),
            unflushed: false,
            emitted: VecDeque::new(),
            stored: outbox,
            alarm: None,
        }
    }

    /// What the link emits next. Safe to drop.
    pub async fn next(&mut self) -> Emit<D::FromRelay> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Waits until the link is online, and returns the frame that greeted it.
    pub async fn greeted(&mut self) -> Result<D::FromRelay> {
        loop {
            match self.next().await {
                Emit::Frame(frame) if self.link.status() == Status::Online => return Ok(frame),
                Emit::Status(Status::Refused(code)) => anyhow::bail!("refused with {code}"),
                _ => {}
            }
        }
    }

    /// Accepts a message.
    pub fn say(&mut self, say: Say) {
        self.link.say(now(), say);
    }

    /// Sends any other frame if the link is online; whether it was.
    pub fn send(&mut self, frame: D::ToRelay) -> bool {
        self.link.send(frame)
    }

    /// Follows a conversation.
    pub fn follow(&mut self, conversation: ConversationId, head: Seq) {
        self.link.follow(now(), conversation, head);
    }

    /// What `hello` will say next time.
    pub fn dialect_mut(&mut self) -> &mut D {
        self.link.dialect_mut()
    }

    /// Connects for the first time, after a stop or a refusal, or sooner than planned.
    pub fn restart(&mut self) {
        self.link.restart(now());
    }

    /// Disconnects until [`Client::restart`].
    pub fn stop(&mut self) {
        self.link.stop();
    }

    /// Cuts the connection off without a goodbye, as a lost network would; the link notices and retries.
    pub fn cut(&mut self) {
        if let Some((number, socket)) = self.socket.take() {
            drop(socket);
            self.lost(number, None);
        }
    }

    /// The outbox as a browser would have stored it.
    pub fn stored(&self) -> &[Say] {
        &self.stored
    }

    /// One round: carry out, write, hand out, open, read, wait.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Emit<D::FromRelay>> {
        loop {
            self.carry_out();
            if let Poll::Ready(Err(error)) = self.poll_write(context) {
                self.broken(&error);
                continue;
            }
            if let Some(emit) = self.emitted.pop_front() {
                return Poll::Ready(emit);
            }
            if self.poll_open(context).is_ready() || self.poll_read(context).is_ready() {
                continue;
            }
            ready!(self.poll_alarm(context));
        }
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.link.poll() {
            match action {
                Action::Open(number) => {
                    self.socket = None;
                    let door = self.door.clone();
                    self.opening = Some((number, Box::pin(async move { door.open().await })));
                }
                Action::Shut(number) => {
                    self.socket.take_if(|(current, _)| *current == number);
                    self.opening.take_if(|(current, _)| *current == number);
                    self.unwritten.clear();
                }
                Action::Write(number, frame) => {
                    if self.socket.as_ref().is_some_and(|(current, _)| *current == number) {
                        self.unwritten.push_back(D::encode(&frame));
                    }
                }
                Action::Persist(outbox) => self.stored = outbox,
                Action::Emit(emit) => self.emitted.push_back(emit),
            }
        }
    }

    /// Hands frames to the socket as long as it takes them.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some((_, socket)) = &mut self.socket else { return Poll::Ready(Ok(())) };
        let mut socket = Pin::new(socket);
        while !self.unwritten.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            if let Some(text) = self.unwritten.pop_front() {
                socket.as_mut().start_send(Message::text(text))?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(socket.poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some((number, opening)) = &mut self.opening else { return Poll::Pending };
        let number = *number;
        let opened = ready!(opening.as_mut().poll(context));
        self.opening = None;
        match opened {
            Ok(socket) => {
                self.socket = Some((number, socket));
                self.link.opened(now(), number);
            }
            Err(_) => self.lost(number, None),
        }
        Poll::Ready(())
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some((number, socket)) = &mut self.socket else { return Poll::Pending };
        let number = *number;
        match ready!(Pin::new(&mut *socket).poll_next(context)) {
            Some(Ok(Message::Text(text))) => match D::decode(text.as_str()) {
                Ok(frame) => self.link.received(now(), number, frame),
                Err(error) => panic!("the relay sent what is no frame: {error}: {text}"),
            },
            Some(Ok(Message::Close(frame))) => {
                // Hands the answer to the goodbye to the kernel; whether it arrives does not matter any more.
                let _ = Pin::new(socket).poll_flush(context);
                self.lost(number, frame.map(|frame| frame.code.into()));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => self.broken(&error),
            None => self.lost(number, None),
        }
        Poll::Ready(())
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.link.deadline() else {
            self.alarm = None;
            return Poll::Pending;
        };
        if self.alarm.as_ref().is_none_or(|(at, _)| *at != deadline) {
            let wait = Duration::from_millis(u64::try_from(deadline - now()).unwrap_or(0));
            self.alarm = Some((deadline, Box::pin(tokio::time::sleep_until(Instant::now() + wait))));
        }
        if let Some((_, sleep)) = &mut self.alarm {
            ready!(sleep.as_mut().poll(context));
        }
        self.alarm = None;
        self.link.tick(now());
        Poll::Ready(())
    }

    fn broken(&mut self, error: &Error) {
        let code = matches!(error, Error::Capacity(_)).then_some(close::TOO_BIG);
        if let Some((number, _)) = self.socket {
            self.lost(number, code);
        }
    }

    fn lost(&mut self, number: u32, code: Option<u16>) {
        self.socket = None;
        self.unwritten.clear();
        self.unflushed = false;
        self.link.closed(now(), number, code);
    }
}
