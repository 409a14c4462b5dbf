//! The simulation: clients, wires and the model relay in virtual time, moved by one queue of events.

mod session;

use std::collections::BTreeMap;

use shared::frame::Backfill;
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::link::{Action, Status};
use shared::model::Say;
use shared::visitor;

use crate::client::Client;
use crate::network::{Break, Chance, Passage, Wire};
use crate::relay::{Author, DOOMED, Relay, conversation};

/// Everybody in the simulation; the first two are two tabs of one visitor.
pub const CAST: [Author; 5] = [Author::Visitor(0), Author::Visitor(0), Author::Visitor(1), Author::Agent(0), Author::Agent(1)];
/// Where the world's clock begins.
const DAWN: Millis = 1_700_000_000_000;
/// How often one timer may fire without time passing: a reconnect delay may be 0.
const TICKS_AT_ONCE: u32 = 4;

#[allow(clippy::large_enum_variant, reason = "events are few, and none is kept")]
enum Event {
    OpenDone(usize, bool),
    Up(usize, String),
    Down(usize, String),
    /// The relay's end learns that the connection is over.
    RelayEnd(usize),
    /// The client's end does.
    ClientEnd(usize, Option<u16>),
    /// The relay reads a page for a wire.
    ReadPage(usize, Backfill, u32),
    /// The relay sends what it has made for a wire.
    Send(usize, String, u32),
    Commit(usize, Say, u32),
    Live(usize, ConversationId, Seq),
}

/// What the script does to the world.
#[derive(Clone, Debug)]
pub enum Deed {
    Say { client: usize, conversation: usize, kind: Kind },
    Happen { conversation: usize, internal: bool },
    Follow { client: usize, conversation: usize },
    Unfollow { client: usize, conversation: usize },
    Wake { client: usize },
    Pause { client: usize },
    Reload { client: usize, after_actions: usize },
    Break { client: usize, silently: bool },
    RestartRelay,
    Clock { client: usize, by: Millis },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Plain,
    Note,
    Refused,
}

pub struct World {
    pub now: Millis,
    chance: Chance,
    /// Whether faults still happen.
    foul: bool,
    /// Percentage of live entries that the bus loses, also in fair weather.
    bus_loss: u64,
    pub relay: Relay,
    /// Counts the relay's restarts: what it had not committed is gone.
    relay_life: u32,
    wires: Vec<Wire>,
    pub clients: Vec<Client>,
    events: BTreeMap<(Millis, u64), Event>,
    made: u64,
    ticks: [(Millis, u32); CAST.len()],
}

impl World {
    pub fn new(seed: u64, bus_loss: u64) -> Self {
        let mut chance = Chance(seed);
        let clients = CAST.iter().map(|&author| Client::new(author, chance.next())).collect();
        let mut world = Self {
            now: DAWN,
            chance,
            foul: true,
            bus_loss,
            relay: Relay::default(),
            relay_life: 0,
            wires: Vec::new(),
            clients,
            events: BTreeMap::new(),
            made: 0,
            ticks: [(0, 0); CAST.len()],
        };
        for client in 0..CAST.len() {
            world.clients[client].link.restart(DAWN);
            world.settle(client);
        }
        world
    }

    /// From now on the network carries everything and the relay refuses nothing without reason. What broke stays broken.
    pub fn clear_up(&mut self) {
        self.foul = false;
        for wire in &mut self.wires {
            wire.up.clear_up();
            wire.down.clear_up();
        }
        for client in 0..CAST.len() {
            self.clients[client].crash_in = None;
            if self.clients[client].link.status() == Status::Stopped {
                self.with_link(client, |link, now| link.link.restart(now));
            }
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Millis) {
        let end = self.now + span;
        loop {
            let event = self.events.first_key_value().map(|(&(at, _), _)| at);
            let alarm = (0..CAST.len()).filter_map(|client| Some((self.clients[client].alarm?, client))).min();
            match (event, alarm) {
                (event, Some((at, client))) if at <= end && event.is_none_or(|event| at < event) => {
                    self.now = self.now.max(at);
                    self.tick(client);
                }
                (Some(at), _) if at <= end => {
                    self.now = self.now.max(at);
                    if let Some((_, event)) = self.events.pop_first() {
                        self.carry_out(event);
                    }
                }
                _ => break,
            }
        }
        self.now = end;
    }

    pub fn everyone_is_up_to_date(&self) -> bool {
        self.clients.iter().all(|client| client.is_up_to_date(&self.relay))
    }

    pub fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Say { client, conversation: place, kind } => {
                let agent = matches!(CAST[client], Author::Agent(_));
                let id = self.id();
                let text = format!("{} {}", if kind == Kind::Refused { DOOMED } else { "text" }, self.made);
                let conversation = agent.then(|| conversation(place));
                let say = Say { note: agent && kind == Kind::Note, ..Say::text(id, conversation, text) };
                let now = self.now;
                self.with_client(client, |client| client.say(now, say));
            }
            Deed::Happen { conversation: place, internal } => {
                let id = self.id();
                let seq = self.relay.happen(conversation(place), id, internal);
                self.publish(conversation(place), seq, None);
            }
            Deed::Follow { client, conversation: place } => {
                if matches!(CAST[client], Author::Agent(_)) {
                    let (now, head) = (self.now, self.relay.head(conversation(place), CAST[client]));
                    self.with_client(client, |client| client.follow(now, conversation(place), head));
                }
            }
            Deed::Unfollow { client, conversation: place } => {
                if matches!(CAST[client], Author::Agent(_)) {
                    // Without the tick, the timer would be set by a clock that may have been set back since the link's latest call.
                    self.with_link(client, |client, now| {
                        client.unfollow(conversation(place));
                        client.link.tick(now);
                    });
                }
            }
            Deed::Wake { client } => self.with_link(client, |client, now| client.link.wake(now)),
            Deed::Pause { client } => match self.clients[client].link.status() {
                Status::Stopped => self.with_link(client, |client, now| client.link.restart(now)),
                _ => self.with_link(client, |client, _| client.link.stop()),
            },
            Deed::Reload { client, after_actions } => self.clients[client].crash_in = Some(after_actions),
            Deed::Break { client, silently } => {
                if let Some(wire) = self.wires.iter().rposition(|wire| wire.client == client && wire.at_relay) {
                    self.wires[wire].on_break = if silently { Break::Void } else { Break::Cut };
                    self.break_wire(wire);
                }
            }
            Deed::RestartRelay => {
                self.relay_life += 1;
                for wire in 0..self.wires.len() {
                    if std::mem::take(&mut self.wires[wire].at_relay) && self.chance.percent(80) {
                        let at = self.wires[wire].down.end(self.now);
                        self.plan(at, Event::ClientEnd(wire, Some(1012)));
                    }
                }
            }
            Deed::Clock { client, by } => self.clients[client].clock_error += by,
        }
    }

    fn id(&mut self) -> MessageId {
        self.made += 1;
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.made.to_be_bytes());
        MessageId::v7(self.now, random)
    }

    fn plan(&mut self, at: Millis, event: Event) {
        self.made += 1;
        self.events.insert((at, self.made), event);
    }

    fn tick(&mut self, client: usize) {
        let (at, times) = &mut self.ticks[client];
        *times = if *at == self.now { *times + 1 } else { 0 };
        *at = self.now;
        assert!(*times < TICKS_AT_ONCE, "the link wants to be called for ever");
        self.with_link(client, |client, now| client.link.tick(now));
    }

    /// Calls a client's link with what its clock shows, then does what it says.
    fn with_link(&mut self, client: usize, call: impl FnOnce(&mut Client, Millis)) {
        let now = self.now + self.clients[client].clock_error;
        self.with_client(client, |client| call(client, now));
    }

    fn with_client(&mut self, client: usize, call: impl FnOnce(&mut Client)) {
        call(&mut self.clients[client]);
        self.settle(client);
    }

    /// The driver: carries out the actions and sets the timer.
    fn settle(&mut self, index: usize) {
        while let Some(action) = self.clients[index].link.poll() {
            match action {
                Action::Open(socket) => self.open(index, socket),
                Action::Shut(socket) => {
                    if let Some(wire) = self.wire(index, socket) {
                        self.wires[wire].at_client = false;
                        let at = self.wires[wire].up.end(self.now);
                        self.plan(at, Event::RelayEnd(wire));
                        let at = self.wires[wire].down.end(self.now);
                        self.plan(at, Event::ClientEnd(wire, None));
                    }
                }
                Action::Write(socket, text) => {
                    self.clients[index].written += 1;
                    let wire = self.wire(index, socket).expect("only opened sockets are written to");
                    self.send_up(wire, text);
                }
                Action::Persist(outbox) => self.clients[index].persist(outbox),
                Action::Emit(emit) => self.clients[index].hear(&self.relay, emit),
            }
            let client = &mut self.clients[index];
            if let Some(left) = &mut client.crash_in {
                match left.checked_sub(1) {
                    Some(rest) => *left = rest,
                    None => client.reload(self.now, self.chance.next()),
                }
            }
        }
        let client = &mut self.clients[index];
        let clock = self.now + client.clock_error;
        client.alarm = client.link.deadline().map(|at| self.now + (at - clock).max(0));
    }

    fn wire(&self, client: usize, socket: u32) -> Option<usize> {
        let life = self.clients[client].life;
        self.wires.iter().rposition(|wire| (wire.client, wire.life, wire.socket) == (client, life, socket))
    }

    fn open(&mut self, client: usize, socket: u32) {
        let life = self.clients[client].life;
        let held = self.wires.iter().any(|wire| (wire.client, wire.life, wire.at_client) == (client, life, true));
        assert!(!held, "a second socket beside one that was neither shut nor closed");
        self.wires.push(Wire::new(client, life, socket, CAST[client], &mut self.chance, self.foul));
        let wire = self.wires.len() - 1;
        let fate = if self.foul { self.chance.below(100) } else { 100 };
        let at = self.now + 1 + self.chance.below(300) as Millis;
        match fate {
            0..8 => {} // neither opens nor fails
            8..30 => self.plan(at, Event::OpenDone(wire, false)),
            _ => self.plan(at, Event::OpenDone(wire, true)),
        }
    }

    fn send_up(&mut self, wire: usize, text: String) {
        match self.wires[wire].up.carry(self.now, &text) {
            Passage::At(at) => self.plan(at, Event::Up(wire, text)),
            Passage::Broken => self.break_wire(wire),
        }
    }

    fn send_down(&mut self, wire: usize, text: String) {
        if !self.wires[wire].at_relay {
            return;
        }
        match self.wires[wire].down.carry(self.now, &text) {
            Passage::At(at) => self.plan(at, Event::Down(wire, text)),
            Passage::Broken => self.break_wire(wire),
        }
    }

    /// What was sent whole still arrives; then the connection ends, or seems to live on.
    fn break_wire(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        wire.up.dry_up();
        if wire.on_break == Break::Void && self.chance.percent(50) {
            return;
        }
        wire.down.dry_up();
        if wire.on_break == Break::Void {
            return;
        }
        let (up, down) = (wire.up.end(self.now), wire.down.end(self.now));
        let code = [None, Some(1001), Some(1006), Some(4008)][self.chance.below(4) as usize];
        self.plan(up, Event::RelayEnd(index));
        self.plan(down, Event::ClientEnd(index, code));
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::OpenDone(wire, true) => self.at_client(wire, |client, now, socket| client.link.opened(now, socket)),
            Event::OpenDone(wire, false) => self.close(wire, None),
            Event::Down(wire, text) => self.at_client(wire, |client, now, socket| client.link.received(now, socket, &text)),
            Event::ClientEnd(wire, code) => self.close(wire, code),
            Event::RelayEnd(wire) => self.wires[wire].at_relay = false,
            Event::Up(wire, text) if self.wires[wire].at_relay => self.answer(wire, &text),
            Event::Up(..) => {}
            Event::ReadPage(wire, backfill, life) if life == self.relay_life => {
                let page = self.relay.page(backfill.conversation, backfill.after, self.wires[wire].author);
                let at = self.now + self.slowness();
                self.plan(at, Event::Send(wire, visitor::FromRelay::Entries(page).encode(), life));
            }
            Event::Send(wire, text, life) if life == self.relay_life => self.send_down(wire, text),
            Event::Commit(wire, say, life) if life == self.relay_life => self.commit(wire, &say),
            Event::ReadPage(..) | Event::Send(..) | Event::Commit(..) => {}
            Event::Live(wire, conversation, seq) => {
                let delivery = self.relay.delivery(conversation, seq, self.wires[wire].author);
                self.send_down(wire, visitor::FromRelay::Entry(delivery).encode());
            }
        }
    }

    /// Reports something to the driver that opened a wire; also about sockets that its link has given up, but not to later lives.
    fn at_client(&mut self, wire: usize, call: impl FnOnce(&mut Client, Millis, u32)) {
        let Wire { client, life, socket, .. } = self.wires[wire];
        if self.clients[client].life == life {
            self.with_link(client, |client, now| call(client, now, socket));
        }
    }

    fn close(&mut self, wire: usize, code: Option<u16>) {
        self.wires[wire].at_client = false;
        self.at_client(wire, |client, now, socket| client.link.closed(now, socket, code));
    }

    /// How long the relay takes to read a page, or to send it.
    fn slowness(&mut self) -> Millis {
        let most = if self.foul && self.chance.percent(20) { 8_000 } else { 20 };
        self.chance.below(most) as Millis
    }
}
