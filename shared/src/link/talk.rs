//! The words between a [`Link`](super::Link) and what surrounds it: what it hears from the relay, what it asks of its driver,
//! and what it tells the application.

use crate::frame::{Ack, Backfill, Delivery, Entries, ErrorFrame};
use crate::ids::{ConversationId, Millis};
use crate::model::{Entry, Say, Seen};

/// What tells the visitors' frames from the agents'. The value holds what `hello` says (token, page …).
pub trait Dialect {
    /// Frames that the client sends.
    type ToRelay;
    /// Frames that it receives.
    type FromRelay;
    /// Whether every conversation heard of is followed (visitors), or only those asked for with
    /// [`Link::follow`](super::Link::follow) (agents).
    const FOLLOW_ALL: bool;

    /// The first frame.
    fn hello(&self, seen: Vec<Seen>) -> Self::ToRelay;
    /// A message.
    fn say(say: Say) -> Self::ToRelay;
    /// The application ping.
    fn ping() -> Self::ToRelay;
    /// A request for missed entries.
    fn backfill(backfill: Backfill) -> Self::ToRelay;
    /// What the link needs to know of a received frame.
    fn sort(frame: Self::FromRelay) -> Heard<Self::FromRelay>;
}

/// A received frame, as the link sees it. Those with a frame inside are passed on to the application.
#[derive(Debug)]
pub enum Heard<F> {
    /// The connection is ready; heads that are already known to be ahead are fetched.
    Welcome(F, Vec<Seen>),
    /// One entry.
    Entry(Delivery),
    /// Several entries.
    Entries(Entries),
    /// A message is on disk.
    Ack(Ack),
    /// A request was refused.
    Error(ErrorFrame),
    /// The connection lives, and this is how far the store has come.
    Pong(F, Vec<Seen>),
    /// Nothing for the link.
    Other(F),
}

/// What the driver must do, in this order.
#[allow(clippy::large_enum_variant, reason = "actions are carried out one by one, as they come")]
#[derive(Debug, PartialEq)]
pub enum Action<O, F> {
    /// Open a socket; report its fate with this number.
    Open(u32),
    /// Close the socket of this number; nothing needs to be reported.
    Shut(u32),
    /// Write a frame to the socket of this number.
    Write(u32, O),
    /// Put the whole outbox into storage, before anything that follows.
    Persist(Vec<Say>),
    /// Tell the application.
    Emit(Emit<F>),
}

/// What the application learns.
#[derive(Clone, Debug, PartialEq)]
pub enum Emit<F> {
    /// The connection's state changed.
    Status(Status),
    /// A message was accepted and stored, and is on its way.
    Pending(Say),
    /// A message is on disk at the relay. In a followed conversation this stands in for its [`Emit::Entry`] and comes in its
    /// place in the order of entries.
    Sent(Say, Ack),
    /// A message was refused for good and has left the outbox.
    Failed(Say, ErrorFrame),
    /// The next entry of a followed conversation; in order, once.
    Entry(ConversationId, Entry),
    /// A live entry of a conversation that is not followed: good for a preview, may have gaps.
    Glimpse(Delivery),
    /// Another request than a message was refused.
    Refused(ErrorFrame),
    /// Any other frame.
    Frame(F),
}

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not started, or stopped by the application.
    Stopped,
    /// A socket is being opened or greeted.
    Connecting,
    /// Greeted.
    Online,
    /// Broken; the next attempt comes at the given time.
    Waiting(Millis),
    /// The relay refused with this close code: nothing happens until [`Link::restart`](super::Link::restart).
    Refused(u16),
}
