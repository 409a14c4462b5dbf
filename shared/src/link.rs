//! The link: one pure machine that keeps a client connected, resumes after every break and empties the outbox.
//! Widget, console, bots, tests and the load generator all run it; each brings a small driver that owns the socket, carries out
//! the [`Action`]s and reports what happens. The link does no I/O and reads no clock: time comes in with every call, randomness
//! with [`Link::new`].
//!
//! What it guarantees, as long as the driver persists what it is told to: every message that [`Link::say`] accepted reaches the
//! relay once and in order per conversation, and every entry of a followed conversation is emitted once and in order.

use std::collections::{HashMap, VecDeque};

use crate::close;
use crate::frame::{Ack, Backfill, Delivery, Entries, ErrorFrame};
use crate::ids::{ConversationId, Millis, Seq};
use crate::model::{Entry, Say, Seen};

/// Pause between pings, before jitter (DESIGN: half-open connections are found from both ends).
pub const PING_EVERY: Millis = 25_000;
/// How long a `pong`, a `welcome` or a `backfill` may take.
pub const ANSWER_WITHIN: Millis = 10_000;
/// Upper bound of the first reconnect delay.
pub const BACKOFF_FIRST: Millis = 500;
/// Upper bound of every later one.
pub const BACKOFF_MOST: Millis = 30_000;
/// Pause before a temporarily refused message is sent again when the relay names none.
pub const RETRY_AFTER: Millis = 1_000;

/// What tells the visitors' frames from the agents'. The value holds what `hello` says (token, page …).
pub trait Dialect {
    /// Frames that the client sends.
    type ToRelay;
    /// Frames that it receives.
    type FromRelay;
    /// Whether every conversation heard of is followed (visitors), or only those asked for with [`Link::follow`] (agents).
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
    /// A message is on disk at the relay.
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
    /// The relay refused with this close code: nothing happens until [`Link::restart`].
    Refused(u16),
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Link<D: Dialect> {
    dialect: D,
    dice: u64,
    status: Status,
    /// Number of the current (or last) socket; reports about others are stale.
    socket: u32,
    failures: u32,
    /// When the current attempt is given up, the pong is overdue, or the next ping is due.
    patience: Option<Millis>,
    ping_at: Option<Millis>,
    followed: HashMap<ConversationId, Followed>,
    outbox: VecDeque<Pending>,
    actions: VecDeque<Action<D::ToRelay, D::FromRelay>>,
}

#[derive(Debug, Default)]
struct Followed {
    /// The last entry that was emitted.
    seen: Seq,
    /// The greatest seq heard of.
    heard: Seq,
    /// Until when an answer to a backfill is awaited.
    asked: Option<Millis>,
}

#[derive(Debug)]
struct Pending {
    say: Say,
    /// Written to the current socket and not answered yet.
    sent: bool,
    /// Not to be written before this time.
    not_before: Millis,
}

impl<D: Dialect> Link<D> {
    /// A stopped link with the outbox of an earlier life. `seed` feeds the jitter; any value will do, the same for no two clients.
    pub fn new(dialect: D, seed: u64, outbox: Vec<Say>) -> Self {
        let outbox = outbox.into_iter().map(|say| Pending { say, sent: false, not_before: 0 }).collect();
        Self {
            dialect,
            dice: seed,
            status: Status::Stopped,
            socket: 0,
            failures: 0,
            patience: None,
            ping_at: None,
            followed: HashMap::new(),
            outbox,
            actions: VecDeque::new(),
        }
    }

    /// What `hello` will say next time.
    pub fn dialect_mut(&mut self) -> &mut D {
        &mut self.dialect
    }

    /// How the connection stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Messages that are not acknowledged yet, oldest first.
    pub fn outbox(&self) -> impl Iterator<Item = &Say> {
        self.outbox.iter().map(|pending| &pending.say)
    }

    /// The next thing to do. Call until `None` after every other call.
    pub fn poll(&mut self) -> Option<Action<D::ToRelay, D::FromRelay>> {
        self.actions.pop_front()
    }

    /// When [`Link::tick`] wants to be called; `None`: not before something else happens.
    pub fn deadline(&self) -> Option<Millis> {
        let reconnect = match self.status {
            Status::Waiting(at) => Some(at),
            _ => None,
        };
        let online = self.status == Status::Online;
        let asked = self.followed.values().filter_map(|followed| followed.asked).filter(|_| online).min();
        let held_back = self.held_back().filter(|_| online);
        [reconnect, self.patience, self.ping_at, asked, held_back].into_iter().flatten().min()
    }

    /// Connects: at the start, and after a refusal once there are new credentials. Without effect on a living connection.
    pub fn restart(&mut self, now: Millis) {
        if matches!(self.status, Status::Stopped | Status::Refused(_) | Status::Waiting(_)) {
            self.failures = 0;
            self.open(now);
        }
    }

    /// Disconnects until [`Link::restart`]; the outbox stays.
    pub fn stop(&mut self) {
        if matches!(self.status, Status::Connecting | Status::Online) {
            self.actions.push_back(Action::Shut(self.socket));
        }
        self.rest(Status::Stopped);
    }

    /// The network came back or the page became visible: a waiting link tries at once, a living one is tested.
    pub fn wake(&mut self, now: Millis) {
        match self.status {
            Status::Waiting(_) => self.open(now),
            Status::Online if self.patience.is_none() => self.ping(now),
            _ => {}
        }
    }

    /// A socket is open.
    pub fn opened(&mut self, now: Millis, socket: u32) {
        if socket != self.socket || self.status != Status::Connecting {
            return;
        }
        self.patience = Some(now + ANSWER_WITHIN);
        let mut seen: Vec<Seen> =
            self.followed.iter().map(|(&conversation, followed)| Seen { conversation, seq: followed.seen }).collect();
        seen.sort_unstable_by_key(|seen| seen.conversation);
        let hello = self.dialect.hello(seen);
        self.actions.push_back(Action::Write(socket, hello));
    }

    /// A socket has closed or could not be opened; `code` is the close code if one came.
    pub fn closed(&mut self, now: Millis, socket: u32, code: Option<u16>) {
        if socket != self.socket || !matches!(self.status, Status::Connecting | Status::Online) {
            return;
        }
        match code {
            Some(code) if close::is_refusal(code) => self.rest(Status::Refused(code)),
            _ => self.back_off(now),
        }
    }

    /// A frame has come.
    pub fn received(&mut self, now: Millis, socket: u32, frame: D::FromRelay) {
        if socket != self.socket || !matches!(self.status, Status::Connecting | Status::Online) {
            return;
        }
        match D::sort(frame) {
            Heard::Welcome(frame, heads) => {
                self.failures = 0;
                self.patience = None;
                self.ping_at = Some(now + self.jittered(PING_EVERY));
                self.set_status(Status::Online);
                self.emit(Emit::Frame(frame));
                self.note_heads(heads);
                // The relay sends what follows `hello.seen` unasked; a head noted here is that answer's to deliver.
                for followed in self.followed.values_mut() {
                    followed.asked = (followed.heard > followed.seen).then_some(now + ANSWER_WITHIN);
                }
            }
            Heard::Entry(delivery) => self.entry(now, delivery),
            Heard::Entries(entries) => self.entries(now, entries),
            Heard::Ack(ack) => self.ack(now, ack),
            Heard::Error(error) => self.refused(now, error),
            Heard::Pong(frame, heads) => {
                self.patience = None;
                self.ping_at = Some(now + self.jittered(PING_EVERY));
                self.note_heads(heads);
                self.emit(Emit::Frame(frame));
            }
            Heard::Other(frame) => self.emit(Emit::Frame(frame)),
        }
        self.fetch(now);
        self.flush(now);
    }

    /// Accepts a message: it is stored first, then shown as pending, then sent.
    pub fn say(&mut self, now: Millis, say: Say) {
        self.outbox.push_back(Pending { say: say.clone(), sent: false, not_before: 0 });
        self.persist();
        self.emit(Emit::Pending(say));
        self.flush(now);
    }

    /// Sends any other frame now, if the link is online; whether it was. Such frames are not repeated.
    pub fn send(&mut self, frame: D::ToRelay) -> bool {
        let online = self.status == Status::Online;
        if online {
            self.actions.push_back(Action::Write(self.socket, frame));
        }
        online
    }

    /// Follows a conversation from its beginning, or from where it was left.
    pub fn follow(&mut self, now: Millis, conversation: ConversationId, head: Seq) {
        let followed = self.followed.entry(conversation).or_default();
        followed.heard = followed.heard.max(head);
        self.fetch(now);
    }

    /// Stops following a conversation; its place is forgotten.
    pub fn unfollow(&mut self, conversation: ConversationId) {
        self.followed.remove(&conversation);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        if let Status::Waiting(at) = self.status
            && at <= now
        {
            self.open(now);
        }
        if self.patience.is_some_and(|at| at <= now) {
            self.actions.push_back(Action::Shut(self.socket));
            self.back_off(now);
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping(now);
        }
        self.fetch(now);
        self.flush(now);
    }

    fn open(&mut self, now: Millis) {
        self.socket += 1;
        self.patience = Some(now + ANSWER_WITHIN);
        self.set_status(Status::Connecting);
        self.actions.push_back(Action::Open(self.socket));
    }

    fn ping(&mut self, now: Millis) {
        self.ping_at = None;
        self.patience = Some(now + ANSWER_WITHIN);
        self.actions.push_back(Action::Write(self.socket, D::ping()));
    }

    /// Exponential back-off with full jitter.
    fn back_off(&mut self, now: Millis) {
        let most = BACKOFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MOST);
        self.failures = self.failures.saturating_add(1);
        let delay = (self.random() * most as f64) as Millis;
        self.rest(Status::Waiting(now + delay));
    }

    /// Leaves the connection in every respect but the outbox and what was seen.
    fn rest(&mut self, status: Status) {
        self.patience = None;
        self.ping_at = None;
        for pending in &mut self.outbox {
            pending.sent = false;
            pending.not_before = 0;
        }
        for followed in self.followed.values_mut() {
            followed.asked = None;
        }
        self.set_status(status);
    }

    fn note_heads(&mut self, heads: Vec<Seen>) {
        for Seen { conversation, seq } in heads {
            if D::FOLLOW_ALL {
                self.followed.entry(conversation).or_default();
            }
            if let Some(followed) = self.followed.get_mut(&conversation) {
                followed.heard = followed.heard.max(seq);
            }
        }
    }

    fn entry(&mut self, _now: Millis, delivery: Delivery) {
        let Delivery { conversation, entry } = delivery;
        if D::FOLLOW_ALL {
            self.followed.entry(conversation).or_default();
        }
        let Some(followed) = self.followed.get_mut(&conversation) else {
            self.emit(Emit::Glimpse(Delivery { conversation, entry }));
            return;
        };
        followed.heard = followed.heard.max(entry.seq);
        if entry.seq > followed.seen && entry.prev <= followed.seen {
            followed.seen = entry.seq;
            self.emit(Emit::Entry(conversation, entry));
        }
    }

    fn entries(&mut self, now: Millis, page: Entries) {
        let conversation = page.conversation;
        if D::FOLLOW_ALL {
            self.followed.entry(conversation).or_default();
        }
        if let Some(followed) = self.followed.get_mut(&conversation) {
            followed.asked = None;
            if page.entries.is_empty() && !page.more {
                // What was heard of beyond is not for this receiver, or not there.
                followed.heard = followed.seen;
            } else if page.more {
                let last = page.entries.last().map_or(0, |entry| entry.seq);
                followed.heard = followed.heard.max(last + 1);
            }
        }
        for entry in page.entries {
            self.entry(now, Delivery { conversation, entry });
        }
    }

    /// An ack stands for the author's own entry: the relay does not send it to the connection that said it.
    fn ack(&mut self, _now: Millis, ack: Ack) {
        let Some(place) = self.outbox.iter().position(|pending| pending.say.id == ack.id) else { return };
        let Some(pending) = self.outbox.remove(place) else { return };
        self.persist();
        if D::FOLLOW_ALL {
            self.followed.entry(ack.conversation).or_default();
        }
        if let Some(followed) = self.followed.get_mut(&ack.conversation) {
            followed.heard = followed.heard.max(ack.seq);
            if ack.seq > followed.seen && ack.prev <= followed.seen {
                followed.seen = ack.seq;
            }
        }
        self.emit(Emit::Sent(pending.say, ack));
    }

    fn refused(&mut self, now: Millis, error: ErrorFrame) {
        let place = error.id.and_then(|id| self.outbox.iter().position(|pending| pending.say.id == id));
        let Some(place) = place else {
            self.emit(Emit::Refused(error));
            return;
        };
        if error.code.is_temporary() {
            let pause = error.retry_after_ms.unwrap_or(RETRY_AFTER).clamp(0, BACKOFF_MOST);
            if let Some(pending) = self.outbox.get_mut(place) {
                pending.sent = false;
                pending.not_before = now + pause;
            }
        } else if let Some(pending) = self.outbox.remove(place) {
            self.persist();
            self.emit(Emit::Failed(pending.say, error));
        }
    }

    /// Asks for what is missing in the followed conversations, once at a time for each.
    fn fetch(&mut self, now: Millis) {
        if self.status != Status::Online {
            return;
        }
        let mut behind: Vec<Backfill> = Vec::new();
        for (&conversation, followed) in &mut self.followed {
            let waits = followed.asked.is_some_and(|until| until > now);
            if followed.heard > followed.seen && !waits {
                followed.asked = Some(now + ANSWER_WITHIN);
                behind.push(Backfill { conversation, after: followed.seen });
            } else if followed.heard <= followed.seen {
                followed.asked = None;
            }
        }
        behind.sort_unstable_by_key(|backfill| backfill.conversation);
        for backfill in behind {
            self.actions.push_back(Action::Write(self.socket, D::backfill(backfill)));
        }
    }

    /// Writes the oldest message of every conversation that has none on its way.
    fn flush(&mut self, now: Millis) {
        if self.status != Status::Online {
            return;
        }
        let mut busy: Vec<Option<ConversationId>> = Vec::new();
        for pending in &mut self.outbox {
            let lane = pending.say.conversation;
            if busy.contains(&lane) {
                continue;
            }
            busy.push(lane);
            if !pending.sent && pending.not_before <= now {
                pending.sent = true;
                self.actions.push_back(Action::Write(self.socket, D::say(pending.say.clone())));
            }
        }
    }

    /// When the first message that was told to wait may go.
    fn held_back(&self) -> Option<Millis> {
        self.outbox.iter().filter(|pending| !pending.sent && pending.not_before > 0).map(|pending| pending.not_before).min()
    }

    fn persist(&mut self) {
        let outbox = self.outbox.iter().map(|pending| pending.say.clone()).collect();
        self.actions.push_back(Action::Persist(outbox));
    }

    fn set_status(&mut self, status: Status) {
        if self.status != status {
            self.status = status;
            self.emit(Emit::Status(status));
        }
    }

    fn emit(&mut self, emit: Emit<D::FromRelay>) {
        self.actions.push_back(Action::Emit(emit));
    }

    fn jittered(&mut self, span: Millis) -> Millis {
        (span as f64 * (0.8 + 0.4 * self.random())) as Millis
    }

    /// SplitMix64, reduced to [0, 1).
    fn random(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}
