//! The desk on a real store: a scene with a site, agents and visitors whose helpers read like what people do.

use std::sync::Arc;

use shared::ids::{AgentId, ConversationId, MessageId, Millis, NodeId, SiteId, SiteKey, VisitorId};
use shared::model::{Presence, Role, Say, State};

use super::{Desk, Outcome, Rules, VisitorCard};
use crate::store::{InvitationRecord, NewAgent, SiteRecord, SiteSettings, Store};

mod atomic;
mod nodes;
mod planning;
mod transitions;

/// When every test begins.
pub(super) const NOW: Millis = 1_800_000_000_000;

pub(super) fn say(conversation: Option<ConversationId>, number: u32, text: &str) -> Say {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    Say { id: MessageId::v7(NOW, random), conversation, text: text.into(), note: false, contact: None }
}

pub(super) struct Scene {
    pub store: Arc<Store>,
    pub desk: Desk,
    pub site: SiteId,
    pub node: NodeId,
    pub folder: tempfile::TempDir,
}

impl Scene {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(Store::open(&folder.path().join("bulle.db")).expect("a new database"));
        let site = SiteId::v7(NOW, [0; 10]);
        let settings = SiteSettings { color: "#2456e6".into(), side: "right".into(), locale: None };
        let record = SiteRecord {
            id: site,
            key: SiteKey("demo".into()),
            name: "Demo".into(),
            origins: Vec::new(),
            settings,
            settings_rev: 1,
        };
        store.upsert_site(record).await.expect("a site");
        let desk = Desk::new(store.clone(), Rules { stretch: true, ..Rules::default() });
        let node = desk.node_start(NOW).await.expect("a node");
        Self { store, desk, site, node, folder }
    }

    /// Somebody of the team, online.
    pub async fn agent(&self, name: &str) -> AgentId {
        self.agent_as(name, Role::Agent).await
    }

    pub async fn agent_as(&self, name: &str, role: Role) -> AgentId {
        let mut random = [0; 10];
        random[..name.len()].copy_from_slice(name.as_bytes());
        let id = AgentId::v7(NOW, random);
        let mut hash = [0; 32];
        hash[..10].copy_from_slice(&random);
        let invitation = InvitationRecord { email: String::new(), role, expires_at: NOW + 1 };
        self.store.create_invitation(hash, invitation).await.expect("invited");
        let new = NewAgent { id, email: format!("{name}@example.org"), name: name.into(), password_hash: "hash".into() };
        let account = self.store.use_invitation(hash, new, hash, NOW, NOW + 1).await.expect("joined");
        assert!(account.is_some());
        self.desk.agent_arrived(NOW, self.node, id).await.expect("arrived");
        self.desk.set_presence(NOW, id, Presence::Online).await.expect("online");
        id
    }

    pub fn visitor(&self, number: u8) -> VisitorCard {
        VisitorCard {
            id: VisitorId::v7(NOW, [number; 10]),
            token_hash: [number; 32],
            locale: Some("fr".into()),
            time_zone: None,
            page: None,
            is_new: true,
        }
    }

    pub async fn say(&self, visitor: &VisitorCard, say: Say) -> Outcome {
        self.say_at(NOW, visitor, say).await
    }

    pub async fn say_at(&self, now: Millis, visitor: &VisitorCard, say: Say) -> Outcome {
        self.desk.visitor_say(now, self.node, self.site, visitor.clone(), say).await.expect("said")
    }

    /// A message under an id of its own.
    pub async fn says(&self, visitor: &VisitorCard, text: &str) -> ConversationId {
        self.says_at(NOW, visitor, text).await
    }

    pub async fn says_at(&self, now: Millis, visitor: &VisitorCard, text: &str) -> ConversationId {
        let number = u32::from_be_bytes(rand());
        self.say_at(now, visitor, say(None, number, text)).await.said.expect("an answer").ack.conversation
    }

    pub async fn answers_at(&self, now: Millis, agent: AgentId, chat: ConversationId) {
        let number = u32::from_be_bytes(rand());
        self.desk.agent_say(now, agent, say(Some(chat), number, "answer")).await.expect("answered");
    }

    pub async fn is(&self, chat: ConversationId) -> (State, Option<AgentId>) {
        let route = self.store.route(chat).await.expect("read").expect("there");
        (route.state, route.agent)
    }

    pub async fn presence(&self, agent: AgentId) -> Presence {
        self.store.agent_by_id(agent).await.expect("read").expect("there").presence
    }

    /// Sweeps until nothing is due.
    pub async fn sweep(&self, now: Millis) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while self.desk.next_due().await.expect("read").is_some_and(|due| due <= now) {
            outcomes.push(self.desk.sweep(now).await.expect("swept"));
        }
        outcomes
    }

    /// Every invariant that must hold after whatever happened.
    pub async fn is_sound(&self) {
        let agents = self.store.agents().await.expect("read");
        let board = self.store.board(self.site).await.expect("read");
        for agent in &agents {
            let chats = self.store.inbox(agent.id).await.expect("read").chats;
            let active = chats.iter().filter(|chat| chat.state == State::Active && chat.offer.is_none()).count();
            assert!(active <= agent.capacity as usize, "{} has {active} chats", agent.name);
            let free = agent.presence == Presence::Online && agent.slots_used < agent.capacity;
            let waits = board.queue.iter().any(|row| row.preferred.as_ref().is_none_or(|preferred| preferred.agent == agent.id));
            assert!(!(free && waits), "{} has a free slot while somebody waits", agent.name);
        }
    }
}

fn rand() -> [u8; 4] {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("random numbers");
    bytes
}
