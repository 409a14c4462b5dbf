//! Fan-out: which of this relay's connections learn of a notice, and in which words. Each frame is serialized once per audience.
//! What a whole site sees (rows of the queue, positions, the team) is only marked here and sent by `board`, once a second at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shared::agent::{self, VisitorTyping};
use shared::close;
use shared::frame::{Delivery, ReadMark};
use shared::ids::{AgentId, Millis, NodeId};
use shared::model::State;
use shared::visitor::{self, AgentTyping, ThreadUpdate};

use super::board::Dirty;
use super::notice::Notice;
use super::registry::{ConnectionId, Recipients, Registry};
use crate::clock::Tick;
use crate::desk::{Change, NewEntry, Reminded, Route};

/// Delivers notices to the connections of one relay.
pub struct Fanout {
    node: NodeId,
    registry: Arc<Registry>,
    dirty: Arc<Dirty>,
    /// [`Tick`] when everybody was last sent to greet anew; 0: never.
    sent_anew: AtomicU64,
}

impl Fanout {
    /// A fan-out for the connections in `registry`.
    pub fn new(node: NodeId, registry: Arc<Registry>, dirty: Arc<Dirty>) -> Self {
        Self { node, registry, dirty, sent_anew: AtomicU64::new(0) }
    }

    /// Tells everybody here whom the notice concerns.
    pub fn deliver(&self, notice: Notice) {
        match notice {
            Notice::Said { route, entry, origin, committed } => {
                self.entry(&route, &entry, self.own(origin), committed, None);
                if route.shows_on_board() {
                    self.dirty.site(route.site);
                } else {
                    self.overseen(&route);
                }
            }
            Notice::Changed(change) => self.changed(&change),
            Notice::VisitorTyping { route, draft } => self.visitor_typing(&route, draft),
            Notice::AgentTyping { route, agent, on } => {
                let mut visitors = Recipients::default();
                self.registry.visitors().collect(route.visitor, &mut visitors);
                let typing = AgentTyping { conversation: route.conversation, agent, on };
                visitors.send(|| visitor::FromRelay::Typing(typing).encode());
            }
            Notice::VisitorRead { route, seq } => {
                let mark = ReadMark { conversation: route.conversation, seq };
                self.attending(&route, None).send(|| agent::FromRelay::Read(mark).encode());
            }
            Notice::AgentRead { route, seq } => {
                let mut visitors = Recipients::default();
                self.registry.visitors().collect(route.visitor, &mut visitors);
                let mark = ReadMark { conversation: route.conversation, seq };
                visitors.send(|| visitor::FromRelay::Read(mark).encode());
            }
            Notice::Reminded(all) => {
                for Reminded { agent, named_in } in all {
                    if let Some(conversation) = named_in {
                        self.registry.agents().for_each_of(agent, |peer| peer.admit(conversation));
                        // Who has it open already is there from now on.
                        self.dirty.viewers(conversation);
                    }
                    self.dirty.reminded(agent);
                }
            }
            Notice::Viewing { conversation, at, lookers, news } => {
                let elsewhere = at != self.node && self.registry.viewers().hears(conversation, at, lookers, Tick::now());
                if elsewhere || (at == self.node && news) {
                    self.dirty.viewers(conversation);
                }
            }
            // The greeting knows what they may do now.
            Notice::RoleChanged(agent) => self.registry.agents().for_each_of(agent, |peer| peer.close(close::RESYNC)),
            Notice::Agents(agents) => self.dirty.agents(agents),
            Notice::Teams => self.dirty.teams(),
            Notice::Site(site) => self.dirty.site(site),
            Notice::Merged { from, into, moved, signed_in } => {
                let visitors = self.registry.visitors();
                let code = if signed_in { close::BAD_TOKEN } else { close::RESYNC };
                visitors.for_each_of(from, |peer| peer.close(code));
                if moved {
                    visitors.for_each_of(into, |peer| peer.close(close::RESYNC));
                }
            }
            Notice::Erased(visitor) => self.registry.visitors().for_each_of(visitor, |peer| peer.close(close::BAD_TOKEN)),
            // They greet anew, and the greeting says why they may not.
            Notice::Blocked { site, visitor, networks } => self.registry.visitors().for_each(|id, peer| {
                let from_there =
                    || peer.site() == Some(site) && peer.network().is_some_and(|network| networks.contains(&network));
                if id == visitor || from_there() {
                    peer.close(close::RESYNC);
                }
            }),
            Notice::Retired(secret) => self.registry.visitors().for_each(|_, peer| {
                if peer.session() == Some(secret) {
                    peer.close(close::BAD_TOKEN);
                }
            }),
            // The greeting checks everything anyway: origin, identity, form, files. One way to learn of settings is enough.
            Notice::SiteChanged(site) => self.registry.visitors().for_each(|_, peer| {
                if peer.site() == Some(site) {
                    peer.close(close::RESYNC);
                }
            }),
            Notice::SignedOut { agent, session } => self.registry.agents().for_each_of(agent, |peer| {
                if session.is_none() || peer.session() == session {
                    peer.close(close::BAD_TOKEN);
                }
            }),
            Notice::Missed(ago) => self.greet_anew(ago),
        }
    }

    /// Something that was said so many ms ago, or before, may not have come here. Whoever has greeted since then has been told of it.
    fn greet_anew(&self, ago: Millis) {
        let now = Tick::now();
        let ago = Duration::from_millis(u64::try_from(ago).unwrap_or(0));
        let last = Tick::of(self.sent_anew.load(Ordering::Relaxed));
        if last.is_none_or(|last| now.since(last) >= ago) {
            self.sent_anew.store(now.number(), Ordering::Relaxed);
            self.registry.close_all(close::RESYNC);
        }
    }

    /// The connection that caused a notice, if it is one of ours.
    fn own(&self, (node, connection): (NodeId, ConnectionId)) -> Option<ConnectionId> {
        (node == self.node).then_some(connection)
    }

    fn entry(
        &self,
        route: &Route,
        new: &NewEntry,
        except: Option<ConnectionId>,
        committed: Option<Tick>,
        before: Option<AgentId>,
    ) {
        if let Some(prev) = new.visitor_prev {
            let mut visitors = Recipients::except(except);
            self.registry.visitors().collect(route.visitor, &mut visitors);
            visitors.committed(committed).send(|| {
                let entry = shared::model::Entry { prev, ..new.entry.clone() };
                visitor::FromRelay::Entry(Delivery { conversation: route.conversation, entry }).encode()
            });
        }
        let mut agents = self.attending(route, except);
        if route.state == State::Queued {
            self.registry.agents().collect_all(&mut agents);
        }
        if let Some(before) = before {
            self.registry.agents().collect(before, &mut agents);
        }
        agents
            .committed(committed)
            .send(|| agent::FromRelay::Entry(Delivery { conversation: route.conversation, entry: new.entry.clone() }).encode());
    }

    fn changed(&self, change: &Change) {
        let conversation = &change.conversation;
        let route = Route::of(conversation);
        // Whoever had it until now learns in the thread what became of it.
        let before = change.was_agent.filter(|before| route.agent != Some(*before));
        for entry in &change.entries {
            self.entry(&route, entry, None, None, before);
        }
        // A queued visitor is told by the board, which knows the position.
        if conversation.state != State::Queued {
            let mut visitors = Recipients::default();
            self.registry.visitors().collect(route.visitor, &mut visitors);
            visitors.send(|| visitor::FromRelay::Thread(ThreadUpdate { thread: change.thread() }).encode());
        }
        let mut agents = self.attending(&route, None);
        for concerned in
            change.was_agent.into_iter().chain(change.was_offered).chain(conversation.offer.iter().map(|offer| offer.to))
        {
            self.registry.agents().collect(concerned, &mut agents);
        }
        // Who looked at it while it waited learns that it is taken, whoever they are.
        self.registry.open().collect(route.conversation, &mut agents);
        agents.send(|| agent::FromRelay::Chat(agent::Chat { conversation: conversation.clone() }).encode());
        if conversation.state == State::Queued {
            self.dirty.queued(route.site, route.conversation);
        } else {
            self.dirty.site(route.site);
        }
        self.overseen(&route);
        // Who may read it, and so who sees whom, may be others now.
        if self.registry.open().has(route.conversation) {
            self.dirty.viewers(route.conversation);
        }
    }

    /// Supervisors who list what others have are told of it with the boards.
    fn overseen(&self, route: &Route) {
        if self.registry.is_overseen() {
            self.dirty.overseen(route.conversation);
        }
    }

    fn visitor_typing(&self, route: &Route, draft: String) {
        let mut agents = self.attending(route, None);
        self.registry.rows().collect(route.conversation, &mut agents);
        let typing = VisitorTyping { conversation: route.conversation, draft };
        agents.send(|| agent::FromRelay::Typing(typing).encode());
    }

    /// All tabs of the assigned agent, and whoever has the thread open: what somebody else has in hand, only those who may read it.
    fn attending(&self, route: &Route, except: Option<ConnectionId>) -> Recipients {
        let mut agents = Recipients::except(except);
        if let Some(agent) = route.agent {
            self.registry.agents().collect(agent, &mut agents);
        }
        let in_hand = matches!(route.state, State::Active | State::Parked) && route.agent.is_some();
        self.registry.open().collect_if(route.conversation, &mut agents, |peer| !in_hand || peer.may_follow(route.conversation));
        agents
    }
}
