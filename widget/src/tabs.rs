//! One socket for all tabs of a browser: who has it, and what the tabs say to each other. Pure: `socket.rs` brings the time and
//! carries out the [`Step`]s with a WebSocket, a Web Lock and a BroadcastChannel.
//!
//! The tab with the lock leads: its link has the real socket. Every other tab runs a link too, whose socket is the channel: what it
//! writes the leader passes on to the relay, and what the relay says the leader passes on to all. So a channel that loses words, a
//! leader that dies or wakes up late, and two leaders at a time are to each link what a bad network is, and it loses nothing.
//!
//! Words on the channel are texts, told apart by their first letter: `a` is the leader there? · `s` yes, under this name of the
//! connection · `x` yes, but its connection has ended · `u` a frame up · `d` a frame down · `r` this tab shall ring · `l` this tab
//! leaves · `i` the visitor is whom this token names · `z` forget the visitor.

use std::collections::VecDeque;

use shared::close;
use shared::ids::Millis;
use shared::link::Status;

#[cfg(test)]
mod tests;

/// A visible tab asks for the leader after this much silence, and waits as long for the answer (DESIGN §8: 3 s in all).
const PATIENCE: Millis = 1_500;
/// A timer that comes later than this tells that this tab stood still itself: what was said meanwhile may not be read yet.
const LATE: Millis = 1_000;
/// How long a follower stays with a connection, should there be two.
const SETTLED: Millis = 1_000;
/// What was told of a tab's being seen is believed this long; visible tabs ask twice in that time.
const BELIEVED: Millis = 2 * PATIENCE + LATE;

/// How much of the chat a visitor sees in a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing: the tab is in the background.
    Hidden,
    /// The page, with the panel closed.
    Page,
    /// The conversation.
    Panel,
}

/// What the driver must do, in this order.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Say something to all other tabs.
    Post(String),
    /// Take the lock from whoever has it.
    Steal,
    /// Open the real socket for the link's number.
    Open(u32),
    /// Close the real socket.
    Shut,
    /// Write to the real socket.
    Send(String),
    /// Tell the link that its socket is open.
    Opened(u32),
    /// Tell the link that its socket has closed.
    Closed(u32, Option<u16>),
    /// Give the link this frame.
    Frame(u32, String),
    /// Stop the link and restart it: it belongs to another socket now.
    Anew,
    /// Wake the link: the leader is connected, or somebody has come to look.
    Wake,
    /// Say what stands in storage and was never acknowledged: whoever said it may be gone.
    Adopt,
    /// Greet anew with this identity token, which another tab's page has.
    Identify(String),
    /// The visitor has logged out in another tab: forget them here, too.
    Forget,
    /// Ring.
    Ring,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Not among the tabs.
    Away,
    Follower,
    Leader,
}

/// Another tab that somebody sees.
#[derive(Debug)]
struct Other {
    name: String,
    sight: Sight,
    /// Until when that is believed.
    until: Millis,
}

/// One tab among the others. See the module.
#[derive(Debug)]
pub struct Tabs {
    /// This tab's name, of hexadecimal digits.
    name: String,
    role: Role,
    /// How the link stands; the leader tells the others.
    status: Status,
    /// The number of the link's socket.
    socket: Option<u32>,
    /// A follower's link was told that its socket is open.
    opened: bool,
    /// The leader's connection, if it has one.
    connection: Option<String>,
    /// Until when no other connection is believed: of two leaders at a time, each would send the link back to the other.
    settled: Millis,
    sight: Sight,
    /// When a follower looks after the leader, and whether it has asked by then.
    next: Millis,
    asked: bool,
    /// Another tab was heard of: without any, frames need not be passed on.
    shared: bool,
    /// Those that the leader knows to be seen.
    others: Vec<Other>,
    /// The other tab that was seen last, since this one was: where the visitor has clicked, browsers allow a sound.
    last: Option<String>,
    steps: VecDeque<Step>,
}

impl Tabs {
    /// A tab that has not joined the others yet.
    pub fn new(name: String, sight: Sight) -> Self {
        Self {
            name,
            role: Role::Away,
            status: Status::Stopped,
            socket: None,
            opened: false,
            connection: None,
            settled: 0,
            sight,
            next: 0,
            asked: false,
            shared: false,
            others: Vec::new(),
            last: None,
            steps: VecDeque::new(),
        }
    }

    /// The next thing to do. Call until `None` after every other call.
    pub fn poll(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// Whether this tab has the real socket.
    pub fn leads(&self) -> bool {
        self.role == Role::Leader
    }

    /// When [`Tabs::tick`] wants to be called.
    pub fn deadline(&self) -> Option<Millis> {
        (self.role == Role::Follower && self.sight > Sight::Hidden).then_some(self.next)
    }

    /// The tab joins the others; it has asked for the lock, and restarts its link.
    pub fn join(&mut self) {
        self.role = Role::Follower;
    }

    /// Whether the tab is among the others.
    pub fn has_joined(&self) -> bool {
        self.role != Role::Away
    }

    /// The tab has the lock, or is alone: it leads.
    pub fn lead(&mut self) {
        if self.role == Role::Follower {
            self.role = Role::Leader;
            self.connection = None;
            self.steps.push_back(Step::Anew);
            self.steps.push_back(Step::Adopt);
        }
    }

    /// The lock was taken away.
    pub fn lose(&mut self) {
        if self.role == Role::Leader {
            self.role = Role::Follower;
            self.steps.push_back(Step::Shut);
            self.steps.push_back(Step::Anew);
        }
    }

    /// The tab leaves the others; its link was stopped before.
    pub fn leave(&mut self) {
        let name = self.name.clone();
        self.post('l', &name);
        self.role = Role::Away;
        self.connection = None;
        self.others.clear();
    }

    /// What the visitor sees here; whether that is news.
    pub fn see(&mut self, now: Millis, sight: Sight) -> bool {
        let news = self.sight != sight;
        if news {
            self.sight = sight;
            self.last = None;
            if self.role == Role::Follower {
                self.ask(now);
            }
        }
        news
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        // A clock that was set back must not make the wait longer.
        self.next = self.next.min(now.saturating_add(PATIENCE));
        if self.deadline().is_none_or(|next| next > now) {
            return;
        }
        let late = now.saturating_sub(self.next) > LATE;
        if self.asked && !late {
            self.steps.push_back(Step::Steal);
        }
        self.ask(now);
    }

    /// How the link stands now.
    pub fn stands(&mut self, status: Status) {
        let before = std::mem::replace(&mut self.status, status);
        if self.role == Role::Leader && before != status {
            match status {
                Status::Online | Status::Refused(_) => self.answer(),
                Status::Waiting(_) if !matches!(before, Status::Waiting(_)) => self.answer(),
                _ => {}
            }
            if status == Status::Online {
                self.steps.push_back(Step::Adopt);
            }
        }
    }

    /// The relay has answered a ping: time to look after what tabs have left behind that crashed without a word.
    pub fn beat(&mut self) {
        if self.leads() {
            self.steps.push_back(Step::Adopt);
        }
    }

    /// The link opens a socket.
    pub fn open(&mut self, now: Millis, socket: u32) {
        self.socket = Some(socket);
        self.opened = false;
        match self.role {
            Role::Leader => self.steps.push_back(Step::Open(socket)),
            Role::Follower if self.connection.is_some() => self.reached(),
            Role::Follower => self.ask(now),
            Role::Away => {}
        }
    }

    /// The link has done with its socket.
    pub fn shut(&mut self) {
        self.socket = None;
        self.opened = false;
        if self.leads() {
            self.steps.push_back(Step::Shut);
        }
        // A follower's link found out that nothing comes through; what was believed of the leader is not believed any more.
        self.connection = None;
    }

    /// The link writes a frame.
    pub fn write(&mut self, socket: u32, text: String) {
        if self.socket != Some(socket) {
            return;
        }
        match self.role {
            Role::Leader => self.steps.push_back(Step::Send(text)),
            Role::Follower => self.post('u', &text),
            Role::Away => {}
        }
    }

    /// The real socket has brought a frame for the leader's link: the others get it, too.
    pub fn frame(&mut self, text: &str) {
        if self.leads() && self.shared {
            self.post('d', text);
        }
    }

    /// The page of this tab, which does not lead, knows who the visitor is.
    pub fn identify(&mut self, token: &str) {
        self.post('i', token);
    }

    /// The visitor logs out.
    pub fn forget(&mut self) {
        self.post('z', "");
    }

    /// A message has come that the visitor has not read: one of the tabs rings, unless it is seen already. Only the leader decides.
    pub fn ring(&mut self, now: Millis) {
        if !self.leads() {
            return;
        }
        self.others.retain(|other| other.until > now);
        if self.sight == Sight::Panel || self.others.iter().any(|other| other.sight == Sight::Panel) {
            return;
        }
        let seen = self.others.last().map(|other| &other.name).filter(|_| self.sight == Sight::Hidden);
        match seen.or(self.last.as_ref()).cloned() {
            Some(name) => self.post('r', &name),
            None => self.steps.push_back(Step::Ring),
        }
    }

    /// Another tab says something.
    pub fn heard(&mut self, now: Millis, text: &str) {
        let mut letters = text.chars();
        let kind = letters.next();
        let rest = letters.as_str();
        self.shared = true;
        match (self.role, kind) {
            (Role::Leader, Some('a')) => self.asked_by(now, rest),
            (Role::Leader, Some('l')) => {
                self.others.retain(|other| other.name != rest);
                self.last = self.last.take().filter(|last| last != rest);
                self.steps.push_back(Step::Adopt);
            }
            (Role::Leader, Some('u')) if self.status == Status::Online => self.steps.push_back(Step::Send(rest.to_owned())),
            (Role::Follower, Some('s')) => {
                self.calm(now);
                self.connected(now, rest);
            }
            (Role::Follower, Some('x')) => {
                self.calm(now);
                self.connection = None;
                let code = rest.parse().ok();
                if let Some(socket) = self.socket
                    && (self.opened || code.is_some_and(close::is_refusal))
                {
                    self.socket = None;
                    self.steps.push_back(Step::Closed(socket, code));
                }
            }
            (Role::Follower, Some('d')) => {
                self.calm(now);
                if let Some(socket) = self.socket.filter(|_| self.opened) {
                    self.steps.push_back(Step::Frame(socket, rest.to_owned()));
                }
            }
            (Role::Leader, Some('i')) => self.steps.push_back(Step::Identify(rest.to_owned())),
            (Role::Follower | Role::Leader, Some('z')) => self.steps.push_back(Step::Forget),
            (Role::Follower | Role::Leader, Some('r')) if rest == self.name => self.steps.push_back(Step::Ring),
            _ => {}
        }
    }

    /// The leader, who still connects, has no news yet but is there.
    fn calm(&mut self, now: Millis) {
        self.asked = false;
        self.next = now.saturating_add(PATIENCE);
    }

    /// The leader is connected: under a new name, all that went through the connection before is in doubt.
    fn connected(&mut self, now: Millis, connection: &str) {
        let same = self.connection.as_deref() == Some(connection);
        // A clock that was set back must not make the wait longer.
        let settled = (1..=SETTLED).contains(&self.settled.saturating_sub(now));
        if connection.is_empty() || (self.opened && (same || settled)) {
            return;
        }
        self.connection = Some(connection.to_owned());
        match self.socket {
            Some(_) if self.opened => {
                self.settled = now.saturating_add(SETTLED);
                self.steps.push_back(Step::Anew);
            }
            Some(_) => self.reached(),
            None => self.steps.push_back(Step::Wake),
        }
    }

    fn reached(&mut self) {
        if let Some(socket) = self.socket {
            self.opened = true;
            self.steps.push_back(Step::Opened(socket));
        }
    }

    fn ask(&mut self, now: Millis) {
        self.asked = true;
        self.next = now.saturating_add(PATIENCE);
        let sight = match self.sight {
            Sight::Hidden => '0',
            Sight::Page => '1',
            Sight::Panel => '2',
        };
        let rest = [sight.encode_utf8(&mut [0; 1]), self.name.as_str()].concat();
        self.post('a', &rest);
    }

    fn asked_by(&mut self, now: Millis, rest: &str) {
        let sight = match rest.as_bytes().first() {
            Some(b'2') => Sight::Panel,
            Some(b'1') => Sight::Page,
            _ => Sight::Hidden,
        };
        let name = rest.get(1..).unwrap_or_default();
        let before = self.others.iter().position(|other| other.name == name).map(|place| self.others.swap_remove(place));
        if sight > Sight::Hidden {
            self.others.push(Other { name: name.to_owned(), sight, until: now.saturating_add(BELIEVED) });
            if self.sight == Sight::Hidden {
                self.last = Some(name.to_owned());
            }
            if before.is_none() {
                // Somebody has come to look: a connection that died while all tabs slept is found out now.
                self.steps.push_back(Step::Wake);
            }
        }
        self.answer();
    }

    fn answer(&mut self) {
        match (self.status, self.socket) {
            (Status::Online, Some(socket)) => {
                let connection = [&self.name, "-", &socket.to_string()].concat();
                self.post('s', &connection);
            }
            (Status::Refused(code), _) => self.post('x', &code.to_string()),
            (Status::Waiting(_), _) => self.post('x', ""),
            _ => self.post('s', ""),
        }
    }

    fn post(&mut self, kind: char, rest: &str) {
        self.steps.push_back(Step::Post([kind.encode_utf8(&mut [0; 4]), rest].concat()));
    }
}
