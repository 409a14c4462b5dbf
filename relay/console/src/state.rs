//! Everything real-time the console knows, as signals, and the ONE function that changes it: [`Desk::apply`].
//! `socket.rs` feeds it what the link emits and carries out the [`Order`]s that come back; views only read, and write what the
//! agent is about to say. No I/O: tests drive it natively.

mod lists;
mod requests;

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use shared::agent::{FromRelay, Pong, Show, ToRelay};
use shared::close::ErrorCode;
use shared::frame::Read;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId};
use shared::link::{Emit, Status};
use shared::model::{Agent, Board, MAX_ROWS, Presence, Say, Site, Team};

use crate::row::{DRAFT_LAPSES, Row, Typed};
use crate::verbs::Problem;
use requests::Request;

/// What the driver has to do after an event.
#[derive(Debug, PartialEq)]
pub enum Order {
    /// Keep this conversation complete, from its beginning to this head.
    Follow(ConversationId, Seq),
    /// It is of no interest any more.
    Unfollow(ConversationId),
    /// Send a frame.
    Send(ToRelay),
}

/// A message that the relay refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Its id.
    pub id: MessageId,
    /// What it said.
    pub text: String,
    /// Why it was refused.
    pub code: ErrorCode,
}

/// The state. `Copy`: every copy is the same desk, owned by the reactive owner that made it.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Who is signed in here, once greeted.
    pub me: RwSignal<Option<AgentId>>,
    /// How the connection stands.
    pub status: RwSignal<Status>,
    /// The team.
    pub agents: RwSignal<Vec<Agent>>,
    /// The teams that conversations can be for.
    pub teams: RwSignal<Vec<Team>>,
    /// The sites.
    pub sites: RwSignal<Vec<Site>>,
    /// The sites whose chats agents pick themselves.
    pub picked: RwSignal<Vec<SiteId>>,
    /// Queued conversations of all sites, next first.
    pub queue: RwSignal<Vec<ConversationId>>,
    /// How many are queued, those past the rows among them.
    pub waiting: RwSignal<u32>,
    /// Parked conversations without an agent.
    pub messages: RwSignal<Vec<ConversationId>>,
    /// How many there are in all.
    pub unassigned: RwSignal<u32>,
    /// My active chats, one a slot.
    pub mine: RwSignal<Vec<ConversationId>>,
    /// My parked ones.
    pub parked: RwSignal<Vec<ConversationId>>,
    /// Transfers that wait for my answer.
    pub offers: RwSignal<Vec<ConversationId>>,
    /// The conversation in view.
    pub open: RwSignal<Option<ConversationId>>,
    /// The relay's clock, moved on once a second.
    pub clock: RwSignal<Millis>,
    /// The presence that was asked for and is not confirmed yet.
    pub wanted: RwSignal<Option<Presence>>,
    /// Messages refused for good while their thread was not in view; they wait here until the agent has seen them.
    pub undelivered: RwSignal<Vec<Undelivered>>,
    /// Why the presence did not change.
    pub presence_problem: RwSignal<Option<Problem>>,
    /// The relay's clock minus this browser's.
    skew: StoredValue<Millis>,
    rows: StoredValue<HashMap<ConversationId, Row>>,
    boards: StoredValue<HashMap<SiteId, Board>>,
    requests: StoredValue<HashMap<MessageId, Request>>,
    followed: StoredValue<HashSet<ConversationId>>,
    /// Messages of an earlier life whose conversation has not been heard of yet.
    unplaced: StoredValue<Vec<Say>>,
}

impl Desk {
    /// An empty desk, in the current owner.
    pub fn new() -> Self {
        Self {
            me: RwSignal::default(),
            status: RwSignal::new(Status::Stopped),
            agents: RwSignal::default(),
            teams: RwSignal::default(),
            sites: RwSignal::default(),
            picked: RwSignal::default(),
            queue: RwSignal::default(),
            waiting: RwSignal::default(),
            messages: RwSignal::default(),
            unassigned: RwSignal::default(),
            mine: RwSignal::default(),
            parked: RwSignal::default(),
            offers: RwSignal::default(),
            open: RwSignal::default(),
            clock: RwSignal::default(),
            wanted: RwSignal::default(),
            undelivered: RwSignal::default(),
            presence_problem: RwSignal::default(),
            skew: StoredValue::default(),
            rows: StoredValue::default(),
            boards: StoredValue::default(),
            requests: StoredValue::default(),
            followed: StoredValue::default(),
            unplaced: StoredValue::default(),
        }
    }

    /// A conversation that is at hand.
    pub fn row(&self, id: ConversationId) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&id).cloned())
    }

    /// Myself, as the team sees me. Tracks the team.
    pub fn myself(&self) -> Option<Agent> {
        let me = self.me.get()?;
        self.agents.with(|agents| agents.iter().find(|agent| agent.id == me).cloned())
    }

    /// Takes in what the link emits; `now` is this browser's clock. The only place that changes what the relay decides.
    pub fn apply(&self, event: Emit<FromRelay>, now: Millis) -> Vec<Order> {
        match event {
            Emit::Status(status) => self.status(status),
            Emit::Pending(say) => self.place(say, now),
            Emit::Sent(say, ack) => self.with_row(ack.conversation, |row| {
                row.acked(say.id, ack.seq, ack.at);
                row.read_to.update(|read| *read = (*read).max(ack.seq));
            }),
            Emit::Failed(say, error) => {
                let conversation = say.conversation;
                if let Some(row) = conversation.and_then(|id| self.row(id)) {
                    row.failed(say.id, error.code);
                }
                if conversation.is_none() || conversation != self.open.get_untracked() {
                    self.undelivered.update(|list| list.push(Undelivered { id: say.id, text: say.text, code: error.code }));
                }
            }
            Emit::Entry(conversation, entry) => self.with_row(conversation, |row| row.entry(entry)),
            Emit::Glimpse(delivery) => {
                let entry = &delivery.entry;
                self.with_row(delivery.conversation, |row| row.spoken(&entry.by, &entry.body, entry.seq, entry.at));
            }
            Emit::Refused(error) => self.refused(&error),
            Emit::Frame(frame) => return self.frame(frame, now),
        }
        Vec::new()
    }

    fn frame(&self, frame: FromRelay, now: Millis) -> Vec<Order> {
        match frame {
            FromRelay::Welcome(welcome) => {
                self.skew.set_value(welcome.now - now);
                self.clock.set(welcome.now);
                self.me.set(Some(welcome.me));
                self.inbox(welcome.inbox, now);
                return std::iter::once(self.show()).chain(self.sync_follows()).collect();
            }
            FromRelay::Inbox(inbox) => self.inbox(inbox, now),
            FromRelay::Board(board) => self.board(board, now),
            FromRelay::Chat(chat) => self.chat(chat.conversation, now),
            FromRelay::Agent(update) => {
                self.agents.update(|agents| match agents.iter_mut().find(|agent| agent.id == update.agent.id) {
                    Some(agent) => *agent = update.agent,
                    None => agents.push(update.agent),
                })
            }
            FromRelay::Teams(news) => self.teams.set(news.teams),
            FromRelay::Typing(typing) => self.with_row(typing.conversation, |row| {
                let typed = Typed { draft: typing.draft, until: now + DRAFT_LAPSES };
                row.typed.set((!typed.draft.is_empty()).then_some(typed));
            }),
            FromRelay::Read(mark) => self.with_row(mark.conversation, |row| {
                if row.talk.with_untracked(|talk| talk.visitor_read < mark.seq) {
                    row.talk.update(|talk| talk.visitor_read = mark.seq);
                }
            }),
            FromRelay::Done(done) => self.done(done.id),
            FromRelay::Pong(pong) => return self.pong(&pong, now),
            // The link consumes these; it emits what they mean.
            FromRelay::Entry(_) | FromRelay::Entries(_) | FromRelay::Ack(_) | FromRelay::Error(_) => {}
        }
        self.sync_follows()
    }

    fn status(&self, status: Status) {
        self.status.set(status);
        if status != Status::Online {
            self.forget_requests();
        }
    }

    fn pong(&self, pong: &Pong, now: Millis) -> Vec<Order> {
        self.skew.set_value(pong.now - now);
        let current = self
            .boards
            .with_value(|boards| pong.revs.iter().all(|rev| boards.get(&rev.site).is_some_and(|board| board.rev >= rev.rev)));
        if current { Vec::new() } else { vec![Order::Send(ToRelay::GetInbox(shared::agent::GetInbox {}))] }
    }

    /// Puts a conversation into view, or none.
    pub fn show_thread(&self, id: Option<ConversationId>) -> Vec<Order> {
        if self.open.get_untracked() != id {
            self.open.set(id);
            self.prune();
        }
        self.sync_follows()
    }

    /// What this console shows now, for the relay.
    pub fn show(&self) -> Order {
        let rows = self.queue.with_untracked(|queue| queue.iter().take(MAX_ROWS).copied().collect());
        Order::Send(ToRelay::Show(Show { rows, open: self.open.get_untracked() }))
    }

    /// The open conversation is being looked at: if it is mine and has something new, that is read now.
    pub fn look(&self) -> Option<Order> {
        let conversation = self.open.get_untracked()?;
        let row = self.row(conversation)?;
        let mine = self.at_hand().any(|id| id == conversation);
        let seq = untrack(|| row.last_seq());
        if !mine || seq <= row.read_to.get_untracked() {
            return None;
        }
        row.read_to.set(seq);
        Some(Order::Send(ToRelay::Read(Read { conversation, seq })))
    }

    /// A second has passed: clocks move, drafts lapse.
    pub fn tick(&self, now: Millis) {
        self.clock.set(now + self.skew.get_value());
        self.rows.with_value(|rows| {
            for row in rows.values() {
                if row.typed.with_untracked(|typed| typed.as_ref().is_some_and(|typed| typed.until <= now)) {
                    row.typed.set(None);
                }
            }
        });
    }

    /// Mine, set aside and offered.
    fn at_hand(&self) -> impl Iterator<Item = ConversationId> {
        [self.mine, self.parked, self.offers].into_iter().flat_map(|list| list.get_untracked())
    }

    /// Follows what is at hand or in view, and nothing else.
    fn sync_follows(&self) -> Vec<Order> {
        let wanted: HashSet<ConversationId> = self.at_hand().chain(self.open.get_untracked()).collect();
        let known = self.followed.get_value();
        let mut orders = Vec::new();
        for &id in known.difference(&wanted) {
            self.with_row(id, |row| row.forget());
            orders.push(Order::Unfollow(id));
        }
        for &id in wanted.difference(&known) {
            if let Some(row) = self.row(id) {
                orders.push(Order::Follow(id, row.talk.with_untracked(|talk| talk.head)));
            }
        }
        let followed = wanted.into_iter().filter(|id| self.row(*id).is_some()).collect();
        self.followed.set_value(followed);
        orders
    }

    fn with_row(&self, id: ConversationId, act: impl FnOnce(&Row)) {
        if let Some(row) = self.row(id) {
            act(&row);
        }
    }
}

#[cfg(test)]
mod tests;
