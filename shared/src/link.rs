//! The link: one pure machine that keeps a client connected, resumes after every break and empties the outbox.
//! Widget, console, bots, tests and the load generator all run it; each brings a small driver that owns the socket, carries out
//! the [`Action`]s and reports what happens. The link does no I/O and reads no clock: time comes in with every call, randomness
//! with [`Link::new`].
//!
//! What it guarantees, as long as the driver persists what it is told to: every message that [`Link::say`] accepted reaches the
//! relay once and in order per conversation, and every entry of a followed conversation is emitted once and in order.

mod dice;
mod outbox;
mod place;
mod talk;
mod traffic;

use std::collections::{HashMap, VecDeque};

use self::dice::Dice;
use self::outbox::Outbox;
use self::place::Place;
pub use self::talk::{Action, Dialect, Emit, Heard, Status};
use crate::close::{self, ErrorCode};
use crate::frame::ErrorFrame;
use crate::ids::{ConversationId, Millis, Seq};
use crate::model::{MAX_TEXT, Say, Seen};

/// Pause between pings, before jitter (DESIGN: half-open connections are found from both ends).
pub const PING_EVERY: Millis = 25_000;
/// How long a `pong`, a `welcome`, an `ack` or an `entries` may take.
pub const ANSWER_WITHIN: Millis = 10_000;
/// Upper bound of the first reconnect delay.
pub const BACKOFF_FIRST: Millis = 500;
/// Upper bound of every later one, and of the pause before a temporarily refused message is tried again.
pub const BACKOFF_MOST: Millis = 30_000;
/// Failures that being closed for sending too much counts for: the pause is the longest one although the greeting had gone well.
const FLOODED_FAILURES: u32 = 6;
/// Pause before a temporarily refused message is sent again when the relay names none.
pub const RETRY_AFTER: Millis = 1_000;

/// The machine. See the module.
#[derive(Debug)]
pub struct Link<D: Dialect> {
    dialect: D,
    dice: Dice,
    /// The time of the latest call.
    now: Millis,
    status: Status,
    /// Number of the current (or last) socket; reports about others are stale.
    socket: u32,
    failures: u32,
    /// When the current attempt is given up or the pong is overdue.
    patience: Option<Millis>,
    ping_at: Option<Millis>,
    followed: HashMap<ConversationId, Place>,
    outbox: Outbox,
    actions: VecDeque<Action<D::ToRelay, D::FromRelay>>,
}

impl<D: Dialect> Link<D> {
    /// A stopped link with the outbox of an earlier life. `seed` feeds the jitter; any value will do, the same for no two clients.
    pub fn new(dialect: D, seed: u64, outbox: Vec<Say>) -> Self {
        let mut restored = Outbox::default();
        for say in outbox {
            restored.add(say);
        }
        Self {
            dialect,
            dice: Dice(seed),
            now: Millis::MIN,
            status: Status::Stopped,
            socket: 0,
            failures: 0,
            patience: None,
            ping_at: None,
            followed: HashMap::new(),
            outbox: restored,
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
        self.outbox.says()
    }

    /// The next thing to do. Call until `None` after every other call.
    pub fn poll(&mut self) -> Option<Action<D::ToRelay, D::FromRelay>> {
        self.actions.pop_front()
    }

    /// When [`Link::tick`] wants to be called, by the clock of the latest call that told the time; `None`: not before something else
    /// happens.
    pub fn deadline(&self) -> Option<Millis> {
        match self.status {
            Status::Stopped | Status::Refused(_) => None,
            Status::Waiting(at) => Some(at),
            Status::Connecting => self.patience,
            Status::Online => {
                let asked = self.followed.values().filter_map(|place| place.asked).min();
                [self.patience, self.ping_at, asked, self.outbox.next_due()].into_iter().flatten().min()
            }
        }
    }

    /// Connects: at the start, and after a refusal once there are new credentials. Without effect on a living connection.
    pub fn restart(&mut self, now: Millis) {
        self.set_clock(now);
        if matches!(self.status, Status::Stopped | Status::Refused(_) | Status::Waiting(_)) {
            self.failures = 0;
            self.open();
        }
    }

    /// Disconnects until [`Link::restart`]; the outbox stays.
    pub fn stop(&mut self) {
        if self.connected() {
            self.actions.push_back(Action::Shut(self.socket));
        }
        self.rest(Status::Stopped);
    }

    /// The network came back or the page became visible: a waiting link tries at once, and if that is too early soon again; a
    /// living one is tested.
    pub fn wake(&mut self, now: Millis) {
        self.set_clock(now);
        match self.status {
            Status::Waiting(_) => {
                self.failures = 0;
                self.open();
            }
            Status::Online if self.patience.is_none() => self.ping(),
            _ => {}
        }
    }

    /// A socket is open.
    pub fn opened(&mut self, now: Millis, socket: u32) {
        self.set_clock(now);
        if socket != self.socket || self.status != Status::Connecting {
            return;
        }
        self.patience = Some(self.after(ANSWER_WITHIN));
        for place in self.followed.values_mut() {
            // `hello` asks for what is missing in them.
            place.asked = self.patience;
        }
        let mut seen: Vec<Seen> =
            self.followed.iter().map(|(&conversation, place)| Seen { conversation, seq: place.seen }).collect();
        seen.sort_unstable_by_key(|seen| seen.conversation);
        let hello = self.dialect.hello(seen);
        self.actions.push_back(Action::Write(socket, hello));
    }

    /// A socket has closed or could not be opened; `code` is the close code if one came.
    pub fn closed(&mut self, now: Millis, socket: u32, code: Option<u16>) {
        self.set_clock(now);
        if socket != self.socket || !self.connected() {
            return;
        }
        match code {
            Some(code) if close::is_refusal(code) => self.rest(Status::Refused(code)),
            Some(close::FLOODED) => {
                self.failures = self.failures.max(FLOODED_FAILURES);
                self.back_off();
            }
            _ => self.back_off(),
        }
    }

    /// A frame has come.
    pub fn received(&mut self, now: Millis, socket: u32, frame: D::FromRelay) {
        self.set_clock(now);
        if socket != self.socket || !self.connected() {
            return;
        }
        match D::sort(frame) {
            Heard::Welcome(frame, heads) => {
                self.failures = 0;
                self.heard_alive();
                self.set_status(Status::Online);
                self.emit(Emit::Frame(frame));
                self.note_heads(heads);
                self.expect_resume();
            }
            Heard::Entry(delivery) => self.entry(delivery),
            Heard::Entries(page) => self.entries(page),
            Heard::Ack(ack) => self.ack(ack),
            Heard::Error(error) => self.refused(error),
            Heard::Pong(frame, heads) => {
                if self.status == Status::Online {
                    self.heard_alive();
                }
                self.note_heads(heads);
                self.emit(Emit::Frame(frame));
            }
            Heard::Other(frame) => self.emit(Emit::Frame(frame)),
        }
        self.fetch();
        self.flush();
    }

    /// Accepts a message: it is stored first, then shown as pending, then sent. Without effect while the same id is pending.
    pub fn say(&mut self, now: Millis, say: Say) {
        self.set_clock(now);
        if !self.outbox.add(say.clone()) {
            return;
        }
        let id = say.id;
        // A frame above the relay's limit would break every connection that it is written to.
        let too_long = say.text.chars().nth(MAX_TEXT).is_some();
        self.persist();
        self.emit(Emit::Pending(say));
        if too_long {
            let message = format!("a message has at most {MAX_TEXT} characters");
            self.refused(ErrorFrame { id: Some(id), code: ErrorCode::TextTooLong, message, retry_after_ms: None });
        }
        self.flush();
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
        self.set_clock(now);
        self.followed.entry(conversation).or_default().hear(head);
        self.fetch();
    }

    /// Stops following a conversation; its place is forgotten.
    pub fn unfollow(&mut self, conversation: ConversationId) {
        self.followed.remove(&conversation);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        self.set_clock(now);
        if let Status::Waiting(at) = self.status
            && at <= now
        {
            self.open();
        }
        if self.patience.is_some_and(|at| at <= now) {
            self.actions.push_back(Action::Shut(self.socket));
            self.back_off();
        }
        if self.ping_at.is_some_and(|at| at <= now) {
            self.ping();
        }
        self.fetch();
        self.flush();
    }

    /// Takes the time of a call. When the clock was set back, everything planned moves with it, or a pause of seconds would last
    /// as long as the step is wide.
    fn set_clock(&mut self, now: Millis) {
        let back = self.now.saturating_sub(now);
        self.now = now;
        if back <= 0 {
            return;
        }
        self.outbox.set_back(back);
        let asked = self.followed.values_mut().map(|place| &mut place.asked);
        for at in asked.chain([&mut self.patience, &mut self.ping_at]).flatten() {
            *at = at.saturating_sub(back);
        }
        if let Status::Waiting(at) = self.status {
            self.set_status(Status::Waiting(at.saturating_sub(back)));
        }
    }

    fn after(&self, span: Millis) -> Millis {
        self.now.saturating_add(span)
    }

    /// Whether there is a socket whose reports count.
    fn connected(&self) -> bool {
        matches!(self.status, Status::Connecting | Status::Online)
    }

    fn open(&mut self) {
        self.socket = self.socket.wrapping_add(1);
        self.patience = Some(self.after(ANSWER_WITHIN));
        self.set_status(Status::Connecting);
        self.actions.push_back(Action::Open(self.socket));
    }

    fn ping(&mut self) {
        self.ping_at = None;
        self.patience = Some(self.after(ANSWER_WITHIN));
        self.actions.push_back(Action::Write(self.socket, D::ping()));
    }

    fn heard_alive(&mut self) {
        self.patience = None;
        let pause = self.dice.between(PING_EVERY - PING_EVERY / 5, PING_EVERY + PING_EVERY / 5);
        self.ping_at = Some(self.after(pause));
    }

    /// Exponential back-off with full jitter.
    fn back_off(&mut self) {
        let most = BACKOFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MOST);
        self.failures = self.failures.saturating_add(1);
        let delay = self.dice.between(0, most);
        self.rest(Status::Waiting(self.after(delay)));
    }

    /// Leaves the connection in every respect but the outbox and what was seen.
    fn rest(&mut self, status: Status) {
        self.patience = None;
        self.ping_at = None;
        self.outbox.rest();
        self.set_status(status);
    }

    fn persist(&mut self) {
        let outbox = self.outbox.says().cloned().collect();
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
}
