//! What many see, coalesced: the board (rows of the queue), visitors' positions, whether somebody answers, the team; for supervisors
//! what others have in hand; and who looks at which conversation.
//! Notices only mark what changed; one task looks it up and sends it, at once when it was quiet and else once a second, so that
//! 2,000 waiting visitors and 200 agents cost the same as a few.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use shared::agent::{self, AgentUpdate, Chat, Mentions};
use shared::ids::{AgentId, ConversationId, Millis, SiteId};
use shared::visitor::{self, Answering, ThreadUpdate};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::registry::Registry;
use crate::clock::{self, Tick};
use crate::desk::hours;
use crate::store::{Place, Store, StoreError};

/// Least time between two updates (DESIGN §4).
const PACE: Duration = Duration::from_secs(1);

/// Most conversations whose changes supervisors are told of at once; the others come with the next update.
const MOST_OVERSEEN: usize = 200;

/// Longest time between two looks at opening hours.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What changed since the last update. Shared by everybody who delivers notices.
#[derive(Debug, Default)]
pub struct Dirty {
    marks: Mutex<Marks>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Marks {
    sites: HashSet<SiteId>,
    agents: HashSet<AgentId>,
    teams: bool,
    /// Queued anew: their visitors are told even if the position is the one they were told last.
    queued: HashSet<ConversationId>,
    /// Open conversations that supervisors' lists show.
    overseen: HashSet<ConversationId>,
    /// Agents who are reminded of something else now.
    reminded: HashSet<AgentId>,
    /// Conversations that others look at now, or no more, or write in.
    viewers: HashSet<ConversationId>,
    /// What greetings told visitors of a site.
    greeted: HashSet<(SiteId, Answering)>,
}

impl Dirty {
    /// A site's board changed.
    pub fn site(&self, site: SiteId) {
        self.mark(|marks| marks.sites.insert(site));
    }

    /// A conversation was queued.
    pub fn queued(&self, site: SiteId, conversation: ConversationId) {
        self.mark(|marks| {
            marks.queued.insert(conversation);
            marks.sites.insert(site)
        });
    }

    /// Agents' presence, capacity or slots changed.
    pub fn agents(&self, agents: Vec<AgentId>) {
        self.mark(|marks| marks.agents.extend(agents));
    }

    /// A conversation that supervisors' lists show has changed.
    pub fn overseen(&self, conversation: ConversationId) {
        self.mark(|marks| marks.overseen.insert(conversation));
    }

    /// An agent is reminded of something, or no more.
    pub fn reminded(&self, agent: AgentId) {
        self.mark(|marks| marks.reminded.insert(agent));
    }

    /// Others look at a conversation, or write in it.
    pub fn viewers(&self, conversation: ConversationId) {
        self.mark(|marks| marks.viewers.insert(conversation));
    }

    /// A greeting told a visitor, who is connected already, whether somebody may answer.
    pub fn greeted(&self, site: SiteId, told: Answering) {
        self.mark(|marks| marks.greeted.insert((site, told)));
    }

    /// The teams that conversations can be for changed.
    pub fn teams(&self) {
        self.mark(|marks| marks.teams = true);
    }

    fn mark<T>(&self, mark: impl FnOnce(&mut Marks) -> T) {
        mark(&mut self.marks.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self) -> Marks {
        std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be looked up.
    fn put_back(&self, marks: Marks) {
        self.mark(|now| {
            now.sites.extend(marks.sites);
            now.agents.extend(marks.agents);
            now.queued.extend(marks.queued);
            now.overseen.extend(marks.overseen);
            now.viewers.extend(marks.viewers);
            now.reminded.extend(marks.reminded);
            now.greeted.extend(marks.greeted);
            now.teams |= marks.teams;
        });
    }
}

/// The task that sends the updates.
pub struct Boards {
    store: Arc<Store>,
    registry: Arc<Registry>,
    dirty: Arc<Dirty>,
    /// Position that each queued visitor was told last.
    told: HashMap<SiteId, HashMap<ConversationId, u32>>,
    /// What the visitors of each site were told last.
    answering: HashMap<SiteId, Answering>,
    /// When a site opens or closes next.
    turns_at: Option<Millis>,
}

impl Boards {
    /// A task for the connections in `registry`; [`Boards::run`] it.
    pub fn new(store: Arc<Store>, registry: Arc<Registry>, dirty: Arc<Dirty>) -> Self {
        Self { store, registry, dirty, told: HashMap::new(), answering: HashMap::new(), turns_at: None }
    }

    /// Sends updates until the relay stops.
    pub async fn run(mut self, stop: CancellationToken) {
        let pace = async |stop: &CancellationToken| {
            tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(PACE) => {} }
        };
        loop {
            let turn = self.turns_at.map(|at| Duration::from_millis(u64::try_from(at - clock::now()).unwrap_or(0)));
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.dirty.wake.notified() => {}
                // Clocks are put right: what is far away is looked at again before.
                () = tokio::time::sleep(turn.map_or(LOOK_AGAIN, |turn| turn.min(LOOK_AGAIN))) => {}
            }
            let marks = self.dirty.take();
            let updated = match self.update(&marks).await {
                Ok(()) => self.hours().await,
                failed => failed,
            };
            if let Err(error) = updated {
                tracing::warn!(%error, "boards wait for the store");
                self.dirty.put_back(marks);
            }
            pace(&stop).await;
        }
    }

    async fn update(&mut self, marks: &Marks) -> Result<(), StoreError> {
        // Between two looks it may have changed and changed back; who greeted meanwhile was told something else than the others.
        for &(site, told) in &marks.greeted {
            if self.answering.get(&site) != Some(&told) {
                self.answering.remove(&site);
                self.answering(site).await?;
            }
        }
        if !marks.agents.is_empty() {
            self.team(&marks.agents).await?;
        }
        for &site in &marks.sites {
            self.board(site).await?;
            self.positions(site, &marks.queued).await?;
            self.answering(site).await?;
        }
        if marks.teams {
            let teams = self.store.teams().await?;
            self.to_all_agents(agent::FromRelay::Teams(agent::Teams { teams }).encode());
        }
        self.overseen(&marks.overseen).await?;
        self.mentions(&marks.reminded).await?;
        self.viewers(&marks.viewers).await
    }

    /// Looks at the sites that have opened or closed, and when the next one does.
    async fn hours(&mut self) -> Result<(), StoreError> {
        let now = clock::now();
        let hours: Vec<_> =
            self.store.site_desks().await?.into_iter().filter_map(|(site, desk)| Some((site, desk.hours?))).collect();
        if self.turns_at.is_some_and(|at| at <= now) {
            for (site, _) in &hours {
                self.answering(*site).await?;
            }
        }
        self.turns_at = hours.iter().filter_map(|(_, hours)| hours::changes_at(hours, now)).min();
        Ok(())
    }

    /// Tells the visitors of a site whether somebody may answer, where that is news.
    async fn answering(&mut self, site: SiteId) -> Result<(), StoreError> {
        let (answering, back_at) = self.store.answering(site, clock::now()).await?;
        let news = Answering { answering, back_at };
        if self.answering.insert(site, news) != Some(news) {
            let frame = Utf8Bytes::from(visitor::FromRelay::Answering(news).encode());
            self.registry.visitors().for_each(|_, peer| {
                if peer.site() == Some(site) {
                    peer.send(frame.clone());
                }
            });
        }
        Ok(())
    }

    async fn overseen(&self, changed: &HashSet<ConversationId>) -> Result<(), StoreError> {
        let (now, later) = changed.iter().copied().partition::<Vec<_>, _>({
            let mut room = MOST_OVERSEEN;
            move |_| {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            }
        });
        later.into_iter().for_each(|conversation| self.dirty.overseen(conversation));
        for conversation in now {
            let Some(conversation) = self.store.conversation(conversation).await? else { continue };
            let frame = Utf8Bytes::from(agent::FromRelay::Chat(Chat { conversation }).encode());
            self.registry.overseers().for_each(|_, peer| peer.send(frame.clone()));
        }
        Ok(())
    }

    async fn mentions(&self, changed: &HashSet<AgentId>) -> Result<(), StoreError> {
        for &agent in changed {
            if self.registry.agents().has(agent) {
                let mentions = self.store.mentions(agent).await?;
                let frame = Utf8Bytes::from(agent::FromRelay::Mentions(Mentions { mentions }).encode());
                self.registry.agents().for_each_of(agent, |peer| peer.send(frame.clone()));
            }
        }
        Ok(())
    }

    /// Tells each who looks at a conversation, who may read it, who else does.
    async fn viewers(&self, changed: &HashSet<ConversationId>) -> Result<(), StoreError> {
        for &conversation in changed {
            let Some(route) = self.store.route(conversation).await? else { continue };
            let viewers = self.registry.viewers().of(&route, Tick::now());
            let (agents, typing) = (viewers.agents, viewers.typing);
            let frame = Utf8Bytes::from(agent::FromRelay::Viewers(agent::Viewers { conversation, agents, typing }).encode());
            viewers.peers.iter().for_each(|peer| peer.send(frame.clone()));
            let nobody = agent::Viewers { conversation, agents: Vec::new(), typing: Vec::new() };
            let frame = Utf8Bytes::from(agent::FromRelay::Viewers(nobody).encode());
            viewers.past.iter().for_each(|peer| peer.send(frame.clone()));
        }
        Ok(())
    }

    async fn team(&mut self, changed: &HashSet<AgentId>) -> Result<(), StoreError> {
        let agents = self.store.agents().await?;
        for agent in agents.into_iter().filter(|agent| changed.contains(&agent.id)) {
            self.to_all_agents(agent::FromRelay::Agent(AgentUpdate { agent }).encode());
        }
        for (site, _) in self.store.revs().await? {
            self.answering(site).await?;
        }
        Ok(())
    }

    async fn board(&self, site: SiteId) -> Result<(), StoreError> {
        if self.registry.agents().is_empty() {
            return Ok(());
        }
        let board = self.store.board(site).await?;
        self.to_all_agents(agent::FromRelay::Board(board).encode());
        Ok(())
    }

    async fn positions(&mut self, site: SiteId, queued: &HashSet<ConversationId>) -> Result<(), StoreError> {
        let places = self.store.places(site).await?;
        let before = self.told.remove(&site).unwrap_or_default();
        let mut told = HashMap::with_capacity(places.len());
        for Place { visitor, thread } in places {
            let news = queued.contains(&thread.id) || before.get(&thread.id).copied() != thread.position;
            told.insert(thread.id, thread.position.unwrap_or_default());
            if news && self.registry.visitors().has(visitor) {
                let frame = Utf8Bytes::from(visitor::FromRelay::Thread(ThreadUpdate { thread }).encode());
                self.registry.visitors().for_each_of(visitor, |peer| peer.send(frame.clone()));
            }
        }
        self.told.insert(site, told);
        Ok(())
    }

    fn to_all_agents(&self, frame: String) {
        let frame = Utf8Bytes::from(frame);
        self.registry.agents().for_each(|_, peer| peer.send(frame.clone()));
    }
}
