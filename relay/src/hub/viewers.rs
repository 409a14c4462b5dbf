//! Which agents have which conversation in view, and who of them is writing in it: told to each other while it is true, and stored
//! nowhere. Each relay knows those who are connected to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::ids::{AgentId, ConversationId};
use shared::model::State;

use super::registry::{ConnectionId, Peer};
use crate::clock::Tick;
use crate::desk::Route;

/// How long somebody counts as writing without saying so again (protocol: lapses by itself after 6 s).
const TYPING_LAPSES: Duration = Duration::from_secs(6);

/// See the module.
#[derive(Debug, Default)]
pub struct Viewers(Mutex<HashMap<ConversationId, Vec<Viewer>>>);

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

impl Viewers {
    /// A console has a conversation in view.
    pub fn comes(&self, conversation: ConversationId, agent: AgentId, peer: Arc<Peer>) {
        self.with(|all| all.entry(conversation).or_default().push(Viewer { agent, peer, types: None }));
    }

    /// It has it in view no more.
    pub fn leaves(&self, conversation: ConversationId, connection: ConnectionId) {
        self.with(|all| {
            if let Some(viewers) = all.get_mut(&conversation) {
                viewers.retain(|viewer| viewer.peer.id != connection);
                if viewers.is_empty() {
                    all.remove(&conversation);
                }
            }
        });
    }

    /// Somebody writes in it since then, or has stopped; whether they look at it, and others are to be told.
    pub fn types(&self, conversation: ConversationId, connection: ConnectionId, since: Option<Tick>) -> bool {
        self.with(|all| {
            let viewers = all.get_mut(&conversation);
            let viewer = viewers.and_then(|viewers| viewers.iter_mut().find(|viewer| viewer.peer.id == connection));
            viewer.map(|viewer| viewer.types = since).is_some()
        })
    }

    /// Who looks at a conversation: whoever has it, and whoever else may read it.
    pub fn of(&self, route: &Route, now: Tick) -> Seen {
        let in_hand = matches!(route.state, State::Active | State::Parked) && route.agent.is_some();
        self.with(|all| {
            let mut seen = Seen::default();
            for Viewer { agent, peer, types } in all.get(&route.conversation).into_iter().flatten() {
                if in_hand && route.agent != Some(*agent) && !peer.may_follow(route.conversation) {
                    seen.past.push(peer.clone());
                    continue;
                }
                seen.peers.push(peer.clone());
                if !seen.agents.contains(agent) {
                    seen.agents.push(*agent);
                }
                if types.is_some_and(|since| now.since(since) < TYPING_LAPSES) && !seen.typing.contains(agent) {
                    seen.typing.push(*agent);
                }
            }
            seen
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<ConversationId, Vec<Viewer>>) -> T) -> T {
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
