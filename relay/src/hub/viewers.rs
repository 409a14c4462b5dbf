//! Which agents have which conversation in view, and who of them is writing in it: told to each other while it is true, and stored
//! nowhere. Each relay knows those who are connected to it, and tells the others, now and then again: so they learn what they have missed,
//! and forget who was at a relay that tells nothing any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::ids::{AgentId, ConversationId, NodeId};
use shared::model::State;

use super::registry::{ConnectionId, Peer};
use crate::clock::Tick;
use crate::desk::Route;

/// How long somebody counts as writing without saying so again (protocol: lapses by itself after 6 s).
const TYPING_LAPSES: Duration = Duration::from_secs(6);

/// How often relays tell each other again.
pub const TOLD_EVERY: Duration = Duration::from_secs(5);
/// How long what another relay told holds: it may be missed once or twice.
const HOLDS: Duration = Duration::from_secs(14);

/// See the module.
#[derive(Debug, Default)]
pub struct Viewers(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    here: HashMap<ConversationId, Vec<Viewer>>,
    /// What other relays told, and when.
    elsewhere: HashMap<ConversationId, HashMap<NodeId, (Tick, Vec<Looker>)>>,
}

/// Somebody who looks at a conversation, as one relay tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looker {
    /// Who.
    pub agent: AgentId,
    /// They may read it, although somebody else has it in hand.
    pub follows: bool,
    /// They write in it.
    pub types: bool,
}

#[derive(Debug)]
struct Viewer {
    agent: AgentId,
    peer: Arc<Peer>,
    /// When they last said that they write.
    types: Option<Tick>,
}

/// Who looks at a conversation.
#[derive(Debug, Default)]
pub struct Seen {
    /// Connections of those who may read it.
    pub peers: Vec<Arc<Peer>>,
    /// Of those who may not any more.
    pub past: Vec<Arc<Peer>>,
    /// Who the former are, each once.
    pub agents: Vec<AgentId>,
    /// Who of them writes.
    pub typing: Vec<AgentId>,
}

impl Seen {
    fn add(&mut self, agent: AgentId, types: bool) {
        if !self.agents.contains(&agent) {
            self.agents.push(agent);
        }
        if types && !self.typing.contains(&agent) {
            self.typing.push(agent);
        }
    }
}

/// Whether somebody who said so then still counts as writing.
fn is_recent(types: Option<Tick>, now: Tick) -> bool {
    types.is_some_and(|since| now.since(since) < TYPING_LAPSES)
}

impl Viewers {
    /// A console has a conversation in view.
    pub fn comes(&self, conversation: ConversationId, agent: AgentId, peer: Arc<Peer>) {
        self.with(|all| all.here.entry(conversation).or_default().push(Viewer { agent, peer, types: None }));
    }

    /// It has it in view no more.
    pub fn leaves(&self, conversation: ConversationId, connection: ConnectionId) {
        self.with(|all| {
            if let Some(viewers) = all.here.get_mut(&conversation) {
                viewers.retain(|viewer| viewer.peer.id != connection);
                if viewers.is_empty() {
                    all.here.remove(&conversation);
                }
            }
        });
    }

    /// Somebody writes in it since then, or has stopped; whether they look at it, and others are to be told.
    pub fn types(&self, conversation: ConversationId, connection: ConnectionId, since: Option<Tick>) -> bool {
        self.with(|all| {
            let viewers = all.here.get_mut(&conversation);
            let viewer = viewers.and_then(|viewers| viewers.iter_mut().find(|viewer| viewer.peer.id == connection));
            viewer.map(|viewer| viewer.types = since).is_some()
        })
    }

    /// Who looks at a conversation here, for the other relays.
    pub fn told(&self, conversation: ConversationId, now: Tick) -> Vec<Looker> {
        self.with(|all| {
            let here = all.here.get(&conversation).into_iter().flatten();
            here.map(|Viewer { agent, peer, types }| Looker {
                agent: *agent,
                follows: peer.may_follow(conversation),
                types: is_recent(*types, now),
            })
            .collect()
        })
    }

    /// Another relay told who looks at a conversation there; whether that is news.
    pub fn hears(&self, conversation: ConversationId, node: NodeId, lookers: Vec<Looker>, now: Tick) -> bool {
        self.with(|all| {
            let known = all.elsewhere.entry(conversation).or_default();
            let before = known.insert(node, (now, lookers.clone())).map(|(_, lookers)| lookers).unwrap_or_default();
            if lookers.is_empty() {
                known.remove(&node);
                if known.is_empty() {
                    all.elsewhere.remove(&conversation);
                }
            }
            before != lookers
        })
    }

    /// What is to be told again: who looks at these here, and, where it was forgotten because another relay did not tell it again, with news.
    pub fn again(&self, now: Tick) -> Vec<(ConversationId, bool)> {
        self.with(|all| {
            let mut again: HashMap<_, _> = all.here.keys().map(|conversation| (*conversation, false)).collect();
            for (conversation, known) in &mut all.elsewhere {
                let before = known.len();
                known.retain(|_, (told, _)| now.since(*told) < HOLDS);
                if known.len() < before {
                    again.insert(*conversation, true);
                }
            }
            all.elsewhere.retain(|_, known| !known.is_empty());
            again.into_iter().collect()
        })
    }

    /// Who looks at a conversation: whoever has it, and whoever else may read it.
    pub fn of(&self, route: &Route, now: Tick) -> Seen {
        let in_hand = matches!(route.state, State::Active | State::Parked) && route.agent.is_some();
        self.with(|all| {
            let mut seen = Seen::default();
            for Viewer { agent, peer, types } in all.here.get(&route.conversation).into_iter().flatten() {
                if in_hand && route.agent != Some(*agent) && !peer.may_follow(route.conversation) {
                    seen.past.push(peer.clone());
                    continue;
                }
                seen.peers.push(peer.clone());
                seen.add(*agent, is_recent(*types, now));
            }
            for (told, lookers) in all.elsewhere.get(&route.conversation).into_iter().flat_map(HashMap::values) {
                for Looker { agent, follows, types } in lookers {
                    if !in_hand || route.agent == Some(*agent) || *follows {
                        seen.add(*agent, *types && is_recent(Some(*told), now));
                    }
                }
            }
            seen
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Looks) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{SiteId, VisitorId};

    use super::*;
    use crate::hub::backlog::Backlog;

    const ADA: u8 = 1;
    const EVE: u8 = 2;
    const SUE: u8 = 3;

    fn agent(number: u8) -> AgentId {
        AgentId::v7(1, [number; 10])
    }

    fn peer() -> Arc<Peer> {
        Peer::new(Arc::new(Backlog::new(4, 1_000, 1_000))).0
    }

    /// Ada's chat.
    fn route(state: State) -> Route {
        Route {
            conversation: ConversationId::v7(1, [7; 10]),
            site: SiteId::v7(1, [8; 10]),
            visitor: VisitorId::v7(1, [9; 10]),
            agent: Some(agent(ADA)),
            state,
        }
    }

    fn at(seconds: u64) -> Tick {
        Tick::of(1 + Duration::from_secs(seconds).as_nanos() as u64).unwrap()
    }

    #[test]
    fn who_may_not_read_it_neither_sees_nor_is_seen() {
        let (viewers, chat) = (Viewers::default(), route(State::Active));
        let (ada, eve, sue) = (peer(), peer(), peer());
        sue.set_oversees();
        for (number, peer) in [(ADA, &ada), (EVE, &eve), (SUE, &sue)] {
            viewers.comes(chat.conversation, agent(number), peer.clone());
        }
        let seen = viewers.of(&chat, at(0));
        assert_eq!(seen.agents, [agent(ADA), agent(SUE)]);
        assert_eq!(seen.past.iter().map(|peer| peer.id).collect::<Vec<_>>(), [eve.id]);
        assert_eq!(viewers.of(&route(State::Closed), at(0)).agents.len(), 3, "what is over is everybody's");
        viewers.leaves(chat.conversation, ada.id);
        viewers.leaves(chat.conversation, sue.id);
        assert_eq!(viewers.of(&chat, at(0)).agents, []);
    }

    #[test]
    fn who_looks_at_another_relay_is_told_until_that_tells_nothing_any_more() {
        let (here, there, chat) = (Viewers::default(), Viewers::default(), route(State::Active));
        let node = NodeId::v7(1, [3; 10]);
        let (ada, eve, sue) = (peer(), peer(), peer());
        sue.set_oversees();
        here.comes(chat.conversation, agent(ADA), ada);
        for (number, peer) in [(EVE, &eve), (SUE, &sue)] {
            there.comes(chat.conversation, agent(number), peer.clone());
        }
        there.types(chat.conversation, sue.id, Some(at(0)));
        let told = there.told(chat.conversation, at(0));
        assert!(here.hears(chat.conversation, node, told.clone(), at(0)));
        assert!(!here.hears(chat.conversation, node, told, at(0)), "no news");
        let seen = here.of(&chat, at(1));
        assert_eq!((seen.agents, seen.typing), (vec![agent(ADA), agent(SUE)], vec![agent(SUE)]));
        assert_eq!(here.of(&chat, at(7)).typing, []);
        assert_eq!(here.again(at(7)), [(chat.conversation, false)]);
        there.leaves(chat.conversation, eve.id);
        assert!(here.hears(chat.conversation, node, there.told(chat.conversation, at(8)), at(8)));
        assert_eq!(here.again(at(30)), [(chat.conversation, true)]);
        assert_eq!(here.of(&chat, at(30)).agents, [agent(ADA)]);
        assert!(!here.hears(chat.conversation, node, Vec::new(), at(31)));
    }

    #[test]
    fn writing_lapses_and_two_tabs_are_one_agent() {
        let (viewers, chat) = (Viewers::default(), route(State::Active));
        let (one, two) = (peer(), peer());
        assert!(!viewers.types(chat.conversation, one.id, Some(at(0))), "who does not look tells nobody");
        viewers.comes(chat.conversation, agent(ADA), one.clone());
        viewers.comes(chat.conversation, agent(ADA), two.clone());
        assert!(viewers.types(chat.conversation, one.id, Some(at(0))));
        let seen = viewers.of(&chat, at(5));
        assert_eq!((seen.agents, seen.typing, seen.peers.len()), (vec![agent(ADA)], vec![agent(ADA)], 2));
        assert_eq!(viewers.of(&chat, at(6)).typing, []);
        assert!(viewers.types(chat.conversation, one.id, Some(at(7))));
        assert!(viewers.types(chat.conversation, one.id, None));
        assert_eq!(viewers.of(&chat, at(7)).typing, []);
    }
}
