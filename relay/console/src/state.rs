//! Everything real-time the console knows, as signals, and the ONE function that changes it: [`Desk::apply`].
//! `socket.rs` feeds it what the link emits and carries out the [`Order`]s that come back; views only read, and write what the
//! agent is about to say. No I/O: tests drive it natively.

mod handed;
mod lists;
mod others;
mod requests;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use shared::agent::{FromRelay, Mention, Pong, Show, ToRelay};
use shared::close::ErrorCode;
use shared::frame::Read;
use shared::ids::{AgentId, ConversationId, FileId, MessageId, Millis, Seq, SiteId};
use shared::link::{Emit, Status};
use shared::model::{Agent, Board, Entry, File, MAX_ROWS, Presence, Role, Say, Site, Team};

use crate::notices::{Cause, Notice, cause_of};
use crate::row::{Company, DRAFT_LAPSES, Row, Typed};
use crate::verbs::Problem;
pub use handed::Handed;
use requests::Request;

/// How many of the chats that are set aside are followed.
const MOST_FOLLOWED: usize = 50;

/// What the driver has to do after an event.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "an order is moved once and never stored in bulk")]
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
    /// Chats that others have, for supervisors who list them: active ones first, then those whose visitors have waited longest.
    pub others: RwSignal<Vec<ConversationId>>,
    /// How many there are.
    pub others_total: RwSignal<u32>,
    /// Whether they are listed.
    pub overseeing: RwSignal<bool>,
    /// Notes that name me, and whispers to me, that I have not read.
    pub mentions: RwSignal<Vec<Mention>>,
    /// How often the whole inbox came: what is not in it is to be asked for anew.
    pub reloads: RwSignal<u32>,
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
    /// What has happened that the agent may want to be told of, until somebody takes it.
    pub notices: RwSignal<Vec<Notice>>,
    /// The relay's clock when this console was first greeted: what is older was there already.
    since: StoredValue<Option<Millis>>,
    /// The relay's clock minus this browser's.
    skew: StoredValue<Millis>,
    rows: StoredValue<HashMap<ConversationId, Row>>,
    boards: StoredValue<HashMap<SiteId, Board>>,
    requests: StoredValue<HashMap<MessageId, Request>>,
    followed: StoredValue<HashSet<ConversationId>>,
    /// Messages of an earlier life whose conversation has not been heard of yet.
    unplaced: StoredValue<Vec<Say>>,
    /// What was uploaded here: a message on its way names it by id alone.
    files: StoredValue<HashMap<FileId, File>>,
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
            others: RwSignal::default(),
            others_total: RwSignal::default(),
            overseeing: RwSignal::default(),
            mentions: RwSignal::default(),
            reloads: RwSignal::default(),
            open: RwSignal::default(),
            clock: RwSignal::default(),
            wanted: RwSignal::default(),
            undelivered: RwSignal::default(),
            presence_problem: RwSignal::default(),
            notices: RwSignal::default(),
            since: StoredValue::default(),
            skew: StoredValue::default(),
            rows: StoredValue::default(),
            boards: StoredValue::default(),
            requests: StoredValue::default(),
            followed: StoredValue::default(),
            unplaced: StoredValue::default(),
            files: StoredValue::default(),
        }
    }

    /// A conversation that is at hand.
    pub fn row(&self, id: ConversationId) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&id).cloned())
    }

    /// The same for a timer that may outlive the desk.
    pub fn try_row(&self, id: ConversationId) -> Option<Row> {
        self.rows.try_with_value(|rows| rows.get(&id).cloned()).flatten()
    }

    /// Conversations in which a message is held back.
    pub fn holding(&self) -> Vec<ConversationId> {
        let holds = |row: &&Row| row.held.with_untracked(Option::is_some);
        self.rows.with_value(|rows| rows.values().filter(holds).map(|row| row.id).collect())
    }

    /// Myself, as the team sees me. Tracks the team.
    pub fn myself(&self) -> Option<Agent> {
        let me = self.me.get()?;
        self.agents.with(|agents| agents.iter().find(|agent| agent.id == me).cloned())
    }

    /// Whether I may see and take what others have. Tracks the team.
    pub fn supervises(&self) -> bool {
        self.myself().is_some_and(|me| me.role >= Role::Supervisor)
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
                    let text = self.body(&say).preview().map_or(say.text, str::to_owned);
                    self.undelivered.update(|list| list.push(Undelivered { id: say.id, text, code: error.code }));
                }
            }
            Emit::Entry(conversation, entry) => {
                self.happened(conversation, &entry);
                self.with_row(conversation, |row| row.entry(entry));
            }
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
                self.since.update_value(|since| *since = since.or(Some(welcome.now)));
                return std::iter::once(self.show()).chain(self.sync_follows()).collect();
            }
            FromRelay::Inbox(inbox) => {
                self.inbox(inbox, now);
                self.reloads.update(|reloads| *reloads += 1);
            }
            FromRelay::Others(others) => self.hear_others(others, now),
            FromRelay::Mentions(news) => self.hear_mentions(news.mentions, now),
            FromRelay::Viewers(viewers) => self.viewers(viewers, now),
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
        let before = self.open.get_untracked();
        if before != id {
            if let Some(before) = before {
                self.with_row(before, |row| row.company.set(Company::default()));
            }
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

    /// The open conversation is being looked at: if it is mine and has something new, or I am named in it, that is read now.
    pub fn look(&self) -> Option<Order> {
        let conversation = self.open.get_untracked()?;
        let row = self.row(conversation)?;
        let mine = self.at_hand().any(|id| id == conversation);
        let seq = untrack(|| row.last_seq());
        let reminded = self.is_reminded(conversation, seq);
        if !reminded && (!mine || seq <= row.read_to.get_untracked()) {
            return None;
        }
        if reminded {
            self.mentions.update(|mentions| mentions.retain(|one| one.conversation.id != conversation || one.seq > seq));
        }
        if mine {
            row.read_to.set(seq);
        }
        Some(Order::Send(ToRelay::Read(Read { conversation, seq })))
    }

    /// Another tab of this agent has read a conversation up to there.
    pub fn read_elsewhere(&self, conversation: ConversationId, seq: Seq) {
        self.with_row(conversation, |row| {
            if row.read_to.get_untracked() < seq {
                row.read_to.set(seq);
            }
        });
    }

    /// An entry of a chat of mine may be something to tell of.
    fn happened(&self, conversation: ConversationId, entry: &Entry) {
        let is_new = self.since.get_value().is_some_and(|since| entry.at >= since);
        let mine = [self.mine, self.parked].iter().any(|list| list.with_untracked(|list| list.contains(&conversation)));
        if is_new
            && mine
            && let Some(cause) = cause_of(entry, self.me.get_untracked())
        {
            self.notice(conversation, cause, entry.seq);
        }
    }

    /// Something to tell of; nothing is before the first greeting.
    fn notice(&self, conversation: ConversationId, cause: Cause, seq: Seq) {
        if self.since.get_value().is_some() {
            self.notices.update(|notices| notices.push(Notice { conversation, cause, seq }));
        }
    }

    /// A second has passed: clocks move, drafts lapse.
    pub fn tick(&self, now: Millis) {
        self.clock.set(now + self.skew.get_value());
        self.rows.with_value(|rows| {
            for row in rows.values() {
                if row.typed.with_untracked(|typed| typed.as_ref().is_some_and(|typed| typed.until <= now)) {
                    row.typed.set(None);
                }
                if row.company.with_untracked(|company| !company.typing.is_empty() && company.until <= now) {
                    row.company.update(|company| company.typing.clear());
                }
            }
        });
    }

    /// Mine, set aside and offered.
    fn at_hand(&self) -> impl Iterator<Item = ConversationId> {
        [self.mine, self.parked, self.offers].into_iter().flat_map(|list| list.get_untracked())
    }

    /// Follows what is at hand or in view, and nothing else. Of many that are set aside only the latest: each is fetched from its beginning,
    /// and of the others the relay tells what changes.
    fn sync_follows(&self) -> Vec<Order> {
        let mut parked = self.parked.get_untracked();
        if parked.len() > MOST_FOLLOWED {
            self.rows.with_value(|rows| {
                parked.sort_by_cached_key(|id| rows.get(id).map(|row| Reverse(row.talk.with_untracked(|talk| talk.last_at))));
            });
            parked.truncate(MOST_FOLLOWED);
        }
        let mine = self.mine.get_untracked().into_iter().chain(self.offers.get_untracked()).chain(parked);
        let wanted: HashSet<ConversationId> = mine.chain(self.open.get_untracked()).collect();
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
