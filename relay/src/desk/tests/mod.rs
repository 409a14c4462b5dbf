//! The desk over a real store in a throwaway folder, with time as an argument. [`Office`] is a site with agents and visitors; its
//! methods read like what a person does.

use std::cell::Cell;
use std::sync::Arc;

use shared::api::{AgentPatch, VisitorRules};
use shared::frame::Ack;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, NodeId, SessionId, SiteId, SiteKey, VisitorId};
use shared::model::{Audience, Body, Event, Presence, RequeueReason, Role, Say, SiteSettings, State};
use tempfile::TempDir;

use super::record::Record;
use super::{Desk, DeskError, Outcome, Rules, VisitorCard};
use crate::store::tests::url;
use crate::store::{InvitationRecord, NewAgent, NewSession, SiteRecord, Store, rows};

mod amend;
mod away;
mod capacity;
mod erasure;
mod hand;
mod hours;
mod merge;
mod model;
mod nodes;
mod outage;
mod plan;
mod presence;
mod route;
mod search;
mod speak;
mod statements;
mod sweep;
mod teams;
mod together;
mod utter;

/// When every test begins.
pub(super) const START: Millis = 1_800_000_000_000;
pub(super) const SECOND: Millis = 1_000;
pub(super) const MINUTE: Millis = 60 * SECOND;
pub(super) const HOUR: Millis = 60 * MINUTE;
pub(super) const DAY: Millis = 24 * HOUR;

pub(super) fn id(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(super) struct Office {
    folder: TempDir,
    pub(super) store: Arc<Store>,
    pub(super) desk: Desk,
    pub(super) rules: Rules,
    pub(super) node: NodeId,
    pub(super) site: SiteId,
    now: Cell<Millis>,
    made: Cell<u128>,
}

impl Office {
    pub(super) async fn open() -> Self {
        Self::with(Rules::default()).await
    }

    pub(super) async fn with(rules: Rules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::serve(&url(folder.path())).unwrap());
        let site = SiteId(id(1));
        let record = SiteRecord {
            id: site,
            key: SiteKey("demo".into()),
            name: "Demo".into(),
            origins: Vec::new(),
            settings: SiteSettings::default(),
            settings_rev: 1,
            verified_only: false,
            visitors: VisitorRules::default(),
        };
        store.upsert_site(record).await.unwrap();
        let desk = Desk::new(store.clone(), rules.clone());
        let node = desk.node_start(START).await.unwrap();
        Self { folder, store, desk, rules, node, site, now: Cell::new(START), made: Cell::new(1_000) }
    }

    /// The process ends and begins again.
    pub(super) async fn reopen(self) -> Self {
        let Self { folder, store, desk, rules, site, now, made, .. } = self;
        drop(desk);
        drop(Arc::into_inner(store).unwrap());
        let store = Arc::new(Store::serve(&url(folder.path())).unwrap());
        let desk = Desk::new(store.clone(), rules.clone());
        let node = desk.node_start(now.get()).await.unwrap();
        Self { folder, store, desk, rules, node, site, now, made }
    }

    pub(super) fn now(&self) -> Millis {
        self.now.get()
    }

    fn next(&self) -> u128 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// Time passes, unnoticed.
    pub(super) fn wait(&self, time: Millis) {
        self.now.set(self.now.get() + time);
    }

    /// Time passes, and whatever is due in it happens when it is due.
    pub(super) async fn pass(&self, time: Millis) {
        let end = self.now() + time;
        for _ in 0..1_000 {
            match self.desk.next_due().await.unwrap().filter(|due| *due <= end) {
                Some(due) => {
                    self.now.set(due.max(self.now()));
                    self.desk.sweep(self.now(), self.store.outages().count()).await.unwrap();
                }
                None => {
                    self.now.set(end);
                    return;
                }
            }
        }
        panic!("timeouts that never end");
    }

    /// A member of the team, not connected yet.
    pub(super) async fn hire(&self, role: Role) -> AgentId {
        let number = self.next();
        let agent = AgentId(id(number));
        let mut hash = [1; 32];
        hash[..16].copy_from_slice(&number.to_be_bytes());
        let far = self.now() + 365 * DAY;
        self.store
            .create_invitation(hash, InvitationRecord { email: format!("{number}@x"), role, expires_at: far })
            .await
            .unwrap();
        let new = NewAgent { id: agent, email: format!("{number}@x"), name: format!("A{number}"), password_hash: String::new() };
        let session =
            NewSession { hash, id: SessionId(id(number)), device: String::new(), network: String::new(), expires_at: far };
        self.store.use_invitation(hash, new, session, self.now()).await.unwrap().unwrap();
        agent
    }

    /// An agent who is online, with that many slots.
    pub(super) async fn agent(&self, capacity: u32) -> AgentId {
        let agent = self.hire(Role::Agent).await;
        self.patch(agent, AgentPatch { capacity: Some(capacity), ..AgentPatch::default() }).await;
        self.arrives(agent).await;
        self.online(agent).await;
        agent
    }

    pub(super) async fn patch(&self, agent: AgentId, patch: AgentPatch) -> Outcome {
        self.desk.set_agent(self.now(), agent, agent, patch).await.unwrap()
    }

    pub(super) async fn arrives(&self, agent: AgentId) {
        self.desk.agent_arrived(self.now(), self.node, agent).await.unwrap();
    }

    pub(super) async fn leaves(&self, agent: AgentId) {
        self.desk.agent_left(self.now(), self.node, agent).await.unwrap();
    }

    pub(super) async fn online(&self, agent: AgentId) {
        self.desk.set_presence(self.now(), agent, Presence::Online, None).await.unwrap();
    }

    pub(super) async fn away(&self, agent: AgentId) {
        self.desk.set_presence(self.now(), agent, Presence::Away, None).await.unwrap();
    }

    pub(super) async fn presence(&self, agent: AgentId) -> Presence {
        self.store.any_agent(agent).await.unwrap().unwrap().presence
    }

    pub(super) async fn slots_used(&self, agent: AgentId) -> u32 {
        self.store.any_agent(agent).await.unwrap().unwrap().slots_used
    }

    /// Somebody who has not said anything yet.
    pub(super) fn visitor(&self) -> VisitorCard {
        let number = self.next();
        let mut token_hash = [2; 32];
        token_hash[..16].copy_from_slice(&number.to_be_bytes());
        VisitorCard {
            id: VisitorId(id(number)),
            token_hash,
            locale: None,
            time_zone: None,
            page: None,
            device: None,
            trail: Vec::new(),
            invited: None,
            is_new: true,
        }
    }

    pub(super) fn words(&self) -> Say {
        words(id(self.next()))
    }

    pub(super) async fn says(&self, visitor: &VisitorCard) -> Ack {
        self.say(visitor, self.words()).await.unwrap()
    }

    pub(super) async fn say(&self, visitor: &VisitorCard, say: Say) -> Result<Ack, DeskError> {
        let card = visitor.clone();
        Ok(self.desk.visitor_say(self.now(), self.node, self.site, card, say).await?.said.unwrap().ack)
    }

    /// Somebody new writes; their conversation.
    pub(super) async fn chat(&self) -> (VisitorCard, ConversationId) {
        let mut visitor = self.visitor();
        let conversation = self.says(&visitor).await.conversation;
        visitor.is_new = false;
        (visitor, conversation)
    }

    pub(super) async fn answers(&self, agent: AgentId, conversation: ConversationId) {
        let say = Say { conversation: Some(conversation), ..self.words() };
        self.desk.agent_say(self.now(), agent, say).await.unwrap();
    }

    pub(super) async fn visitor_leaves(&self, visitor: &VisitorCard) {
        self.desk.visitor_left(self.now(), self.node, visitor.id).await.unwrap();
    }

    pub(super) async fn visitor_returns(&self, visitor: &VisitorCard) {
        self.desk.visitor_arrived(self.now(), self.node, visitor.id).await.unwrap();
    }

    pub(super) async fn closes(&self, agent: AgentId, conversation: ConversationId) {
        self.desk.close_by_agent(self.now(), agent, conversation).await.unwrap();
    }

    pub(super) async fn record(&self, conversation: ConversationId) -> Record {
        self.store.read(move |db| Ok(rows::load(db, conversation)?)).await.unwrap().unwrap()
    }

    pub(super) async fn stands(&self, conversation: ConversationId) -> (State, Option<AgentId>) {
        let record = self.record(conversation).await;
        (record.state, record.agent)
    }

    /// Why a conversation was queued again last.
    pub(super) async fn requeued(&self, conversation: ConversationId) -> Option<RequeueReason> {
        let (entries, _) = self.store.entries(conversation, 0, 100, Audience::Agents).await.unwrap();
        entries.into_iter().rev().find_map(|entry| match entry.body {
            Body::Event(Event::Requeued(reason)) => Some(reason),
            _ => None,
        })
    }

    /// The first column of the first row.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        self.store.read(move |db| Ok(db.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
    }
}

pub(super) fn words(id: uuid::Uuid) -> Say {
    Say::text(MessageId(id), None, "hello")
}
