//! The hub: the verbs that sessions call. Each verb lets the desk commit, then publishes what was committed, then returns; so an
//! ack is only ever written after the commit, and the bus never delays it.
//!
//! - [`registry`]: who is connected here; [`backlog`]: how much may wait for them; [`viewers`]: who looks at what
//! - [`news`]: what was committed becomes notices; [`notice`]: what travels on the bus
//! - [`fanout`]: which connection learns of a notice
//! - [`board`]: what whole sites see, once a second
//! - [`keeper`]: timeouts, the node's lease, and what relays tell each other again

use std::collections::HashSet;
use std::sync::Arc;

use ipnet::IpNet;
use shared::agent::{Block, Typing};
use shared::frame::{Ack, Delete, Edit};
use shared::ids::{AgentId, ConversationId, MessageId, NodeId, Seq, SiteId, TeamId, VisitorId};
use shared::model::{Away, MAX_FIELD, Page, Person, Presence, Rating, Say, cut};
use shared::visitor::Answering;
use tokio::sync::Notify;

use crate::bus::Bus;
use crate::clock::{self, Tick};
use crate::desk::{Desk, DeskError, Identified, Keep, Reminded, Speaker, VisitorCard};
use crate::edge::identity::Identity;
use crate::metrics::Who;
use crate::store::{Asked, Store, StoreError};

pub mod backlog;
pub mod board;
pub mod fanout;
pub mod keeper;
pub mod news;
pub mod notice;
pub mod registry;
pub mod viewers;

pub use news::News;

use board::Dirty;
use notice::Notice;
use registry::{Peer, Registry};

/// The relay's verbs. One per relay, shared by all sessions.
pub struct Hub {
    node: NodeId,
    store: Arc<Store>,
    desk: Desk,
    bus: Arc<dyn Bus>,
    registry: Arc<Registry>,
    dirty: Arc<Dirty>,
    /// Something was committed that may have brought a timeout nearer.
    committed: Notify,
}

impl Hub {
    /// A hub for one node.
    pub fn new(
        node: NodeId,
        store: Arc<Store>,
        desk: Desk,
        bus: Arc<dyn Bus>,
        registry: Arc<Registry>,
        dirty: Arc<Dirty>,
    ) -> Self {
        Self { node, store, desk, bus, registry, dirty, committed: Notify::new() }
    }

    /// A greeting is about to tell a visitor whether somebody may answer.
    pub fn greeted(&self, site: SiteId, told: Answering) {
        self.dirty.greeted(site, told);
    }

    /// For reading; writes go through the verbs.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who is connected here.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits until whoever is registered now hears of what other relays commit from now on; not for long. Then they may be told how things
    /// stand.
    pub async fn ready(&self) {
        self.bus.ready().await;
    }

    /// A visitor says something.
    pub async fn visitor_says(&self, site: SiteId, card: &Arc<VisitorCard>, say: Say, by: &Peer) -> Result<Ack, DeskError> {
        let outcome = self.desk.visitor_say(clock::now(), self.node, site, Arc::clone(card), say).await?;
        self.said(Who::Visitor, outcome, by)
    }

    /// A visitor signs in, maybe somebody who was anonymous so far. `None`: the secret was retired in the meantime.
    pub async fn visitor_identifies(
        &self,
        site: SiteId,
        identity: Identity,
        token: [u8; 32],
        from: Option<VisitorCard>,
    ) -> Result<Option<VisitorId>, DeskError> {
        let was = from.as_ref().map(|card| card.id);
        let identified = self.desk.identify(clock::now(), self.node, site, identity, token, from).await?;
        let Some(Identified { visitor, merged, outcome }) = identified else { return Ok(None) };
        self.publish(outcome);
        if let Some(from) = was {
            self.bus.publish(Notice::Merged { from, into: visitor, moved: merged, signed_in: true });
        }
        Ok(Some(visitor))
    }

    /// An agent says or notes something.
    pub async fn agent_says(&self, agent: AgentId, say: Say, by: &Peer) -> Result<Ack, DeskError> {
        let outcome = self.desk.agent_say(clock::now(), agent, say).await?;
        self.said(Who::Agent, outcome, by)
    }

    /// A visitor ends their conversation.
    pub async fn visitor_closes(&self, visitor: VisitorId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.close_by_visitor(clock::now(), visitor, conversation).await?)
    }

    /// Somebody changes their last message.
    pub async fn edits(&self, by: Speaker, edit: Edit) -> Result<(), DeskError> {
        self.done(self.desk.edit(clock::now(), by, edit).await?)
    }

    /// Somebody takes their last message back.
    pub async fn deletes(&self, by: Speaker, delete: Delete) -> Result<(), DeskError> {
        self.done(self.desk.delete(clock::now(), by, delete).await?)
    }

    /// A visitor rates their conversation.
    pub async fn visitor_rates(
        &self,
        visitor: VisitorId,
        id: MessageId,
        conversation: ConversationId,
        rating: Rating,
    ) -> Result<(), DeskError> {
        self.done(self.desk.rate(clock::now(), visitor, id, conversation, rating).await?)
    }

    /// A visitor wants their conversation by email.
    pub async fn visitor_asks_for_transcript(
        &self,
        visitor: VisitorId,
        conversation: ConversationId,
        email: String,
    ) -> Result<Asked, DeskError> {
        self.desk.transcript(clock::now(), visitor, conversation, email).await
    }

    /// Whether emails are sent.
    pub fn sends_mail(&self) -> bool {
        self.desk.sends_mail()
    }

    /// An agent takes a conversation.
    pub async fn agent_takes(&self, agent: AgentId, conversation: ConversationId, stretch: bool) -> Result<(), DeskError> {
        self.done(self.desk.take(clock::now(), agent, conversation, stretch).await?)
    }

    /// An agent hands a chat to a team.
    pub async fn agent_transfers_to_team(
        &self,
        agent: AgentId,
        conversation: ConversationId,
        team: TeamId,
    ) -> Result<(), DeskError> {
        self.done(self.desk.transfer_to_team(clock::now(), agent, conversation, team).await?)
    }

    /// An agent makes a queued conversation more urgent, or less.
    pub async fn agent_prioritizes(&self, agent: AgentId, conversation: ConversationId, priority: i32) -> Result<(), DeskError> {
        self.done(self.desk.prioritize(clock::now(), agent, conversation, priority).await?)
    }

    /// An agent offers a chat to another one, or gives it back.
    pub async fn agent_transfers(
        &self,
        agent: AgentId,
        conversation: ConversationId,
        to: Option<AgentId>,
    ) -> Result<(), DeskError> {
        self.done(self.desk.transfer(clock::now(), agent, conversation, to).await?)
    }

    /// An agent accepts a transfer.
    pub async fn agent_accepts(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.accept(clock::now(), agent, conversation).await?)
    }

    /// An agent declines a transfer.
    pub async fn agent_declines(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.decline(clock::now(), agent, conversation).await?)
    }

    /// A supervisor takes a colleague's chat.
    pub async fn agent_takes_over(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.take_over(clock::now(), agent, conversation).await?)
    }

    /// An agent ends a conversation.
    pub async fn agent_closes(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.close_by_agent(clock::now(), agent, conversation).await?)
    }

    /// An agent keeps the visitor of a conversation out; with `network` everybody from where they are connected now.
    pub async fn agent_blocks(&self, agent: AgentId, block: Block) -> Result<(), DeskError> {
        let Block { conversation, network, for_ms, mut reason, .. } = block;
        let route = self.store.route(conversation).await?.ok_or(DeskError::NotFound)?;
        let mut networks = HashSet::new();
        if network {
            self.registry.visitors().for_each_of(route.visitor, |peer| networks.extend(peer.network()));
            if networks.is_empty() {
                return Err(DeskError::Invalid(
                    "network: the visitor is not connected, or from this very machine: block them alone",
                ));
            }
        }
        let networks: Vec<IpNet> = networks.into_iter().collect();
        let now = clock::now();
        let until = for_ms.map(|time| now.saturating_add(time));
        reason.truncate(cut(&reason, MAX_FIELD).len());
        let keep = Keep { conversation, networks: networks.clone(), until, reason };
        self.publish(self.desk.block(now, agent, keep).await?);
        self.bus.publish(Notice::Blocked { site: route.site, visitor: route.visitor, networks });
        Ok(())
    }

    /// An agent says that a reopened conversation needs no answer.
    pub async fn agent_dismisses(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        self.done(self.desk.dismiss(clock::now(), agent, conversation).await?)
    }

    /// An agent is available, or not.
    pub async fn agent_presence(&self, agent: AgentId, presence: Presence, why: Option<Away>) -> Result<(), DeskError> {
        self.done(self.desk.set_presence(clock::now(), agent, presence, why).await?)
    }

    /// An agent uses their console.
    pub async fn agent_active(&self, agent: AgentId) -> Result<(), DeskError> {
        self.desk.agent_active(clock::now(), agent).await
    }

    /// A visitor has read up to here.
    pub async fn visitor_read(&self, conversation: ConversationId, seq: Seq) -> Result<(), DeskError> {
        if let Some((route, seq)) = self.desk.read_by_visitor(conversation, seq).await? {
            self.bus.publish(Notice::VisitorRead { route, seq });
        }
        Ok(())
    }

    /// An agent has read up to here: only the assigned one's reading counts for the visitor.
    pub async fn agent_read(&self, agent: AgentId, conversation: ConversationId, seq: Seq) -> Result<(), DeskError> {
        let (read, reminded) = self.desk.read_by_agent(agent, conversation, seq).await?;
        if let Some((route, seq)) = read {
            self.bus.publish(Notice::AgentRead { route, seq });
        }
        if reminded {
            self.bus.publish(Notice::Reminded(vec![Reminded { agent, named_in: None }]));
        }
        Ok(())
    }

    /// A visitor is writing.
    pub async fn visitor_typing(&self, conversation: ConversationId, draft: String) -> Result<(), StoreError> {
        if let Some(route) = self.store.route(conversation).await? {
            self.bus.publish(Notice::VisitorTyping { route, draft });
        }
        Ok(())
    }

    /// An agent is writing. The visitor is told of the assigned agent, and not of notes; colleagues who look on, of everybody.
    pub async fn agent_typing(&self, agent: &Person, typing: Typing, by: &Peer) -> Result<(), StoreError> {
        let Typing { conversation, on, note } = typing;
        if self.registry.viewers().types(conversation, by.id, on.then(Tick::now)) {
            self.tell_viewers(conversation, true);
        }
        if !note
            && let Some(route) = self.store.route(conversation).await?
            && route.agent == Some(agent.id)
        {
            self.bus.publish(Notice::AgentTyping { route, agent: agent.clone(), on });
        }
        Ok(())
    }

    /// A console has another conversation in view.
    pub fn agent_views(&self, agent: AgentId, by: &Arc<Peer>, before: Option<ConversationId>, now: Option<ConversationId>) {
        if before == now {
            return;
        }
        if let Some(before) = before {
            self.registry.viewers().leaves(before, by.id);
            self.tell_viewers(before, true);
        }
        if let Some(now) = now {
            self.registry.viewers().comes(now, agent, by.clone());
            self.tell_viewers(now, true);
        }
    }

    /// Tells who has a conversation in view here.
    fn tell_viewers(&self, conversation: ConversationId, news: bool) {
        let lookers = self.registry.viewers().told(conversation, Tick::now());
        self.bus.publish(Notice::Viewing { conversation, at: self.node, lookers, news });
    }

    /// A visitor is on another page, or comes with another device.
    pub async fn visitor_page(&self, visitor: VisitorId, page: Page, device: Option<String>) -> Result<(), DeskError> {
        let outcome = self.desk.page(clock::now(), visitor, page, device).await?;
        self.publish(outcome);
        Ok(())
    }

    /// Records whether a visitor is connected here, as the registry knows it now.
    pub async fn visitor_present(&self, visitor: VisitorId) -> Result<(), DeskError> {
        // Comings and goings overtake each other on their way to the store. Whoever writes last looks again, so the last word is true.
        loop {
            let here = self.registry.visitors().has(visitor);
            let now = clock::now();
            let outcome = if here {
                self.desk.visitor_arrived(now, self.node, visitor).await?
            } else {
                self.desk.visitor_left(now, self.node, visitor).await?
            };
            self.publish(outcome);
            if self.registry.visitors().has(visitor) == here {
                return Ok(());
            }
        }
    }

    /// Records whether an agent is connected here, as the registry knows it now.
    pub async fn agent_present(&self, agent: AgentId) -> Result<(), DeskError> {
        loop {
            let here = self.registry.agents().has(agent);
            let now = clock::now();
            let outcome = if here {
                self.desk.agent_arrived(now, self.node, agent).await?
            } else {
                self.desk.agent_left(now, self.node, agent).await?
            };
            self.publish(outcome);
            if self.registry.agents().has(agent) == here {
                return Ok(());
            }
        }
    }
}
