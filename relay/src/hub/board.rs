//! What a whole site sees, coalesced: the board (rows of the queue), visitors' positions, whether somebody answers, and the team.
//! Notices only mark what changed; one task looks it up and sends it, at once when it was quiet and else once a second, so that
//! 2,000 waiting visitors and 200 agents cost the same as a few.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use shared::agent::{self, AgentUpdate};
use shared::ids::{AgentId, ConversationId, Millis, SiteId};
use shared::visitor::{self, Answering, ThreadUpdate};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::registry::Registry;
use crate::clock;
use crate::desk::hours;
use crate::store::{Place, Store, StoreError};

/// Least time between two updates (DESIGN §4).
const PACE: Duration = Duration::from_secs(1);

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
        Ok(())
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
