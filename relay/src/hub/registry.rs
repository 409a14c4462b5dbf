//! Who is connected to this relay right now. Sessions register themselves after `hello` and leave when their socket ends;
//! the hub looks up whom a frame goes to. Nothing here is durable and nothing here awaits.
//!
//! Every connection has its own id, so that a slow goodbye of an old connection cannot remove its successor.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::ws::Utf8Bytes;
use dashmap::DashMap;
use ipnet::IpNet;
use shared::close;
use shared::ids::{AgentId, ConversationId, SiteId, VisitorId};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use crate::bus::interests::{Interests, Topic};
use crate::clock::Tick;
use crate::metrics::hot;

use super::backlog::Backlog;
use super::viewers::Viewers;

/// Number of a connection, unique in one life of a relay.
pub type ConnectionId = u64;

/// The sending half of a connection: a bounded queue of serialized frames, and a way to end it.
#[derive(Debug)]
pub struct Peer {
    /// Its number.
    pub id: ConnectionId,
    queue: mpsc::Sender<Utf8Bytes>,
    /// Bytes that were queued and not written yet.
    waiting: AtomicUsize,
    backlog: Arc<Backlog>,
    /// Belongs to somebody who may read what others have in hand.
    oversees: AtomicBool,
    /// Conversations that others have in hand and may be read here all the same: a colleague named this agent in them.
    admitted: OnceLock<Box<Mutex<HashSet<ConversationId>>>>,
    /// What it ends with: SHA-256 of the token of an agent's session, or of the id of the secret that vouched for a visitor.
    session: OnceLock<Box<[u8; 32]>>,
    /// Which site's visitor it belongs to.
    site: OnceLock<SiteId>,
    /// Where that visitor comes from, unless from this very machine.
    network: OnceLock<Box<IpNet>>,
    close_code: AtomicU16,
    /// [`Tick`] of the commit of the oldest message that waits in the queue; 0: none. For the metric alone.
    oldest: AtomicU64,
    closing: Notify,
}

impl Peer {
    /// A peer and the queue that its socket loop empties. One that falls further behind than `backlog` allows resyncs.
    pub fn new(backlog: Arc<Backlog>) -> (Arc<Self>, mpsc::Receiver<Utf8Bytes>) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (queue, frames) = mpsc::channel(backlog.frames);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        (
            Arc::new(Self {
                id,
                queue,
                waiting: AtomicUsize::new(0),
                backlog,
                oversees: AtomicBool::new(false),
                admitted: OnceLock::new(),
                session: OnceLock::new(),
                site: OnceLock::new(),
                network: OnceLock::new(),
                close_code: AtomicU16::new(0),
                oldest: AtomicU64::new(0),
                closing: Notify::new(),
            }),
            frames,
        )
    }

    /// The connection belongs to somebody who may read what others have in hand.
    pub fn set_oversees(&self) {
        self.oversees.store(true, Ordering::Relaxed);
    }

    /// The connection belongs to this session of an agent, or to a visitor whom this secret vouched for, and ends with it.
    pub fn set_session(&self, hash: [u8; 32]) {
        self.session.get_or_init(|| Box::new(hash));
    }

    /// What it ends with.
    pub fn session(&self) -> Option<[u8; 32]> {
        self.session.get().map(|hash| **hash)
    }

    /// The connection belongs to a visitor of this site.
    pub fn set_site(&self, site: SiteId) {
        self.site.get_or_init(|| site);
    }

    /// Which site's visitor it belongs to, if to one.
    pub fn site(&self) -> Option<SiteId> {
        self.site.get().copied()
    }

    /// The visitor comes from there.
    pub fn set_network(&self, network: IpNet) {
        self.network.get_or_init(|| Box::new(network));
    }

    /// Where the visitor comes from, as far as their address may be told.
    pub fn network(&self) -> Option<IpNet> {
        self.network.get().map(|network| **network)
    }

    /// Whether it may be sent what others have in hand.
    pub fn oversees(&self) -> bool {
        self.oversees.load(Ordering::Relaxed)
    }

    /// A colleague named the agent in this conversation.
    pub fn admit(&self, conversation: ConversationId) {
        let admitted = self.admitted.get_or_init(Box::default);
        admitted.lock().unwrap_or_else(PoisonError::into_inner).insert(conversation);
    }

    /// Whether it may be sent this conversation, although others have it in hand.
    pub fn may_follow(&self, conversation: ConversationId) -> bool {
        let admitted = || self.admitted.get().map(|admitted| admitted.lock().unwrap_or_else(PoisonError::into_inner));
        self.oversees() || admitted().is_some_and(|admitted| admitted.contains(&conversation))
    }

    /// Queues a frame. A full queue is never a silent drop: the connection ends with `resync` and its client resumes.
    pub fn send(&self, frame: Utf8Bytes) {
        if self.close_code.load(Ordering::Acquire) != 0 {
            return;
        }
        let size = frame.len();
        let waiting = self.waiting.fetch_add(size, Ordering::Relaxed);
        let full = if self.backlog.add(waiting, size) {
            let refused = self.queue.try_send(frame);
            if refused.is_err() {
                self.written(size);
            }
            matches!(refused, Err(mpsc::error::TrySendError::Full(_)))
        } else {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            true
        };
        if full {
            hot().full_queues.increment(1);
            self.close(close::RESYNC);
        }
    }

    /// A message that was committed then is about to be queued.
    fn waits_since(&self, committed: Tick) {
        // The older one stays. What is lost to a race is one sample of a metric.
        let _ = self.oldest.compare_exchange(0, committed.number(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// When the oldest message was committed that waits in the queue, told once, to whoever is about to write it.
    pub fn oldest_waiting(&self) -> Option<Tick> {
        if self.oldest.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Tick::of(self.oldest.swap(0, Ordering::Relaxed))
    }

    /// That many queued bytes have left for the client.
    pub fn written(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        self.backlog.remove(bytes);
    }

    /// Ends the connection with a close code; the first code counts.
    pub fn close(&self, code: u16) {
        if self.close_code.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.closing.notify_one();
        }
    }

    /// Completes once [`Peer::close`] was called.
    pub async fn closed(&self) -> u16 {
        loop {
            match self.close_code.load(Ordering::Acquire) {
                0 => self.closing.notified().await,
                code => return code,
            }
        }
    }
}

/// What was never written waits no longer.
impl Drop for Peer {
    fn drop(&mut self) {
        self.backlog.remove(*self.waiting.get_mut());
    }
}

/// Connections by what they are looked up for.
#[derive(Debug)]
pub struct Registry {
    visitors: Group<VisitorId>,
    agents: Group<AgentId>,
    /// Consoles that have a thread open.
    open: Group<ConversationId>,
    /// Consoles that have a queue row in view.
    rows: Group<ConversationId>,
    /// Supervisors' consoles that list what others have.
    overseers: Group<AgentId>,
    /// How many of these there are: asked for every message.
    overseen: AtomicUsize,
    viewers: Viewers,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Registry {
    /// Nobody yet. `interests`: told what those who come are to hear of from other relays.
    pub fn new(interests: Option<Arc<Interests>>) -> Self {
        fn thread(conversation: ConversationId, _: &Peer) -> Topics {
            [Some(Topic::Thread(conversation)), None]
        }
        Self {
            visitors: Group::new(interests.clone(), |visitor, peer| {
                [Some(Topic::Visitor(visitor)), peer.site().map(Topic::Lobby)]
            }),
            agents: Group::new(interests.clone(), |agent, _| [Some(Topic::Agent(agent)), Some(Topic::Lobbies)]),
            open: Group::new(interests.clone(), thread),
            rows: Group::new(interests.clone(), thread),
            overseers: Group::new(interests, |_, _| [Some(Topic::Threads), None]),
            overseen: AtomicUsize::new(0),
            viewers: Viewers::default(),
        }
    }

    /// Visitors' connections.
    pub fn visitors(&self) -> &Group<VisitorId> {
        &self.visitors
    }

    /// Agents' connections.
    pub fn agents(&self) -> &Group<AgentId> {
        &self.agents
    }

    /// Consoles by the thread they have open.
    pub fn open(&self) -> &Group<ConversationId> {
        &self.open
    }

    /// Consoles by the queue rows they show.
    pub fn rows(&self) -> &Group<ConversationId> {
        &self.rows
    }

    /// Who has which conversation in view.
    pub fn viewers(&self) -> &Viewers {
        &self.viewers
    }

    /// A supervisor's console lists what others have.
    pub fn oversees(&self, agent: AgentId, peer: Arc<Peer>) {
        self.overseers.add(agent, peer);
        self.overseen.fetch_add(1, Ordering::Relaxed);
    }

    /// It does so no more.
    pub fn oversees_no_more(&self, agent: AgentId, connection: ConnectionId) {
        self.overseers.remove(agent, connection);
        self.overseen.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether any console does.
    pub fn is_overseen(&self) -> bool {
        self.overseen.load(Ordering::Relaxed) > 0
    }

    /// The consoles that do.
    pub fn overseers(&self) -> &Group<AgentId> {
        &self.overseers
    }

    /// Ends every connection, visitors' and agents'.
    pub fn close_all(&self, code: u16) {
        self.visitors.for_each(|_, peer| peer.close(code));
        self.agents.for_each(|_, peer| peer.close(code));
    }

    /// Everybody who is connected here, visitors and agents.
    pub fn here(&self) -> HashSet<Uuid> {
        let mut here = HashSet::new();
        self.visitors.for_each(|visitor, _| {
            here.insert(visitor.0);
        });
        self.agents.for_each(|agent, _| {
            here.insert(agent.0);
        });
        here
    }

    /// How many connections there are: visitors', agents'.
    pub fn count(&self) -> (usize, usize) {
        (self.visitors.count(), self.agents.count())
    }
}

/// What a connection is to hear of from other relays.
type Topics = [Option<Topic>; 2];

/// Connections under one kind of key.
#[derive(Debug)]
pub struct Group<K: Eq + Hash> {
    peers: DashMap<K, Vec<Arc<Peer>>>,
    interests: Option<Arc<Interests>>,
    topics: fn(K, &Peer) -> Topics,
}

impl<K: Eq + Hash + Copy> Group<K> {
    fn new(interests: Option<Arc<Interests>>, topics: fn(K, &Peer) -> Topics) -> Self {
        Self { peers: DashMap::new(), interests, topics }
    }

    /// Adds a connection; whether it is the first under this key.
    pub fn add(&self, key: K, peer: Arc<Peer>) -> bool {
        if let Some(interests) = &self.interests {
            interests.add((self.topics)(key, &peer).into_iter().flatten());
        }
        let mut peers = self.peers.entry(key).or_insert_with(|| Vec::with_capacity(1));
        peers.push(peer);
        peers.len() == 1
    }

    /// Removes a connection; whether it was the last under this key.
    pub fn remove(&self, key: K, connection: ConnectionId) -> bool {
        let Some(mut peers) = self.peers.get_mut(&key) else { return false };
        let Some(place) = peers.iter().position(|peer| peer.id == connection) else { return false };
        let peer = peers.remove(place);
        let last = peers.is_empty();
        drop(peers);
        if let Some(interests) = &self.interests {
            interests.remove((self.topics)(key, &peer).into_iter().flatten());
        }
        self.peers.remove_if(&key, |_, peers| peers.is_empty());
        last
    }

    /// Whether anybody is connected under this key.
    pub fn has(&self, key: K) -> bool {
        self.peers.get(&key).is_some_and(|peers| !peers.is_empty())
    }

    /// Adds the connections under a key to a fan-out.
    pub fn collect(&self, key: K, to: &mut Recipients) {
        self.collect_if(key, to, |_| true);
    }

    /// Adds those connections under a key to a fan-out that may have it.
    pub fn collect_if(&self, key: K, to: &mut Recipients, may: impl Fn(&Peer) -> bool) {
        self.for_each_of(key, |peer| {
            if may(peer) {
                to.add(peer);
            }
        });
    }

    /// Adds every connection to a fan-out.
    pub fn collect_all(&self, to: &mut Recipients) {
        self.for_each(|_, peer| to.add(peer));
    }

    /// Visits the connections under a key.
    pub fn for_each_of(&self, key: K, visit: impl FnMut(&Arc<Peer>)) {
        if let Some(peers) = self.peers.get(&key) {
            peers.iter().for_each(visit);
        }
    }

    /// Visits every connection.
    pub fn for_each(&self, mut visit: impl FnMut(K, &Arc<Peer>)) {
        for entry in &self.peers {
            for peer in entry.value() {
                visit(*entry.key(), peer);
            }
        }
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    fn count(&self) -> usize {
        self.peers.iter().map(|entry| entry.value().len()).sum()
    }
}

/// The connections that one frame goes to: each once, without the one that caused it.
#[derive(Debug, Default)]
pub struct Recipients {
    peers: Vec<Arc<Peer>>,
    known: HashSet<ConnectionId>,
    except: Option<ConnectionId>,
    committed: Option<Tick>,
}

/// Up to here, looking through the list is quicker than hashing; a conversation rarely has more receivers.
const SMALL: usize = 8;

impl Recipients {
    /// Nobody yet; never the given connection.
    pub fn except(except: Option<ConnectionId>) -> Self {
        Self { except, ..Self::default() }
    }

    /// The frame is a message that was committed then.
    pub fn committed(self, committed: Option<Tick>) -> Self {
        Self { committed, ..self }
    }

    fn add(&mut self, peer: &Arc<Peer>) {
        if self.except == Some(peer.id) || self.contains(peer.id) {
            return;
        }
        self.peers.push(peer.clone());
        if self.peers.len() == SMALL {
            self.known = self.peers.iter().map(|peer| peer.id).collect();
        } else if self.peers.len() > SMALL {
            self.known.insert(peer.id);
        }
    }

    fn contains(&self, id: ConnectionId) -> bool {
        if self.peers.len() < SMALL { self.peers.iter().any(|peer| peer.id == id) } else { self.known.contains(&id) }
    }

    /// Sends them a frame, serialized once and only if there is anybody.
    pub fn send(self, frame: impl FnOnce() -> String) {
        if self.peers.is_empty() {
            return;
        }
        let text = Utf8Bytes::from(frame());
        for peer in self.peers {
            if let Some(committed) = self.committed {
                peer.waits_since(committed);
            }
            peer.send(text.clone());
        }
    }
}
