//! The bus of several relays, by NATS: a notice is delivered here at once, and published on the subjects of those whom it concerns, which
//! the other relays subscribe to while such people are connected to them.
//!
//! What was lost is made up for: a client that misses an entry sees a gap, or a higher head in the next `pong`; and after this relay was
//! cut off from the bus, or could not keep up with it, everybody connected to any relay greets anew ([`Notice::Missed`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, Subscriber};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{SelectAll, StreamExt, TakeUntil};
use shared::ids::{Millis, NodeId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::interests::{Interests, NOT_THERE, Topic};
use super::{Bus, Posts};
use crate::config::{BusUrl, Config};
use crate::hub::fanout::Fanout;
use crate::hub::notice::Notice;
use crate::metrics::hot;

/// Notices that wait to be published; while the bus is away they fill up, and more are dropped.
const MOST_WAITING: usize = 4_096;
/// Notices that wait on one subject before this relay counts as too slow.
const MOST_UNREAD: usize = 1_024;
/// Turns of the connection that wait to be seen to.
const MOST_TURNS: usize = 64;
/// How often the bus is asked whether it is there; twice without an answer, it is not.
const PING_EVERY: Duration = Duration::from_secs(4);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Pause before another try to connect: a little longer each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The same, for the first.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes before a notice: which node published it, and its number there, by which doubles are known.
const HEAD: usize = 24;
/// How long it may take until subscriptions and last words are on their way.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);
/// Nodes whose numbers are remembered: more than ever run at a time, so what is forgotten are past lives.
const MOST_NODES: usize = 1_000;

/// Why there is no bus.
#[derive(Debug, thiserror::Error)]
#[error("the bus cannot be used: {0}; check `bus` and `bus_ca`")]
pub struct BusError(#[from] async_nats::ConnectError);

/// The relay's end of the bus.
pub struct Nats {
    fanout: Arc<Fanout>,
    interests: Arc<Interests>,
    outgoing: mpsc::Sender<(Vec<Topic>, Notice)>,
    /// A notice was dropped, of which others know nothing.
    dropped: Arc<AtomicBool>,
    posts: Posts,
}

impl Bus for Nats {
    fn publish(&self, notice: Notice) {
        notice.counter(&hot().notices).increment(1);
        let topics = notice.topics();
        if !topics.is_empty() && self.outgoing.try_send((topics, notice.clone())).is_err() {
            hot().bus.dropped.increment(1);
            self.dropped.store(true, Ordering::Relaxed);
        }
        self.fanout.deliver(notice);
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        self.interests.ready().boxed()
    }
}

/// What is between a relay's end and the bus itself; [`Wire::run`] it.
pub struct Wire {
    client: Client,
    prefix: String,
    node: NodeId,
    /// Number of the last notice that was published.
    number: u64,
    fanout: Arc<Fanout>,
    interests: Arc<Interests>,
    outgoing: mpsc::Receiver<(Vec<Topic>, Notice)>,
    dropped: Arc<AtomicBool>,
    turns: mpsc::Receiver<Event>,
    incoming: SelectAll<TakeUntil<Subscriber, oneshot::Receiver<()>>>,
    /// What ends each subscription, by being dropped.
    subscribed: HashMap<Topic, oneshot::Sender<()>>,
    seen: HashMap<Uuid, Seen>,
    /// Whether the bus is there; while it is not, nothing is handed to it.
    connected: bool,
    /// When it last went.
    away_since: Instant,
    /// Whether it was ever there.
    was_there: bool,
    /// What was in the way when it was tried last.
    trouble: Option<String>,
}

impl Nats {
    /// What comes up for streams of events goes by it, too.
    pub fn posts(&self) -> Posts {
        self.posts.clone()
    }

    /// The way to the bus, which is connected to in the background: a relay starts without it, and serves.
    ///
    /// # Errors
    /// The settings are of no use.
    pub async fn connect(
        config: &Config,
        url: &BusUrl,
        node: NodeId,
        fanout: Arc<Fanout>,
        interests: Arc<Interests>,
    ) -> Result<(Self, Wire), BusError> {
        let (tell, turns) = mpsc::channel(MOST_TURNS);
        let told = move |event| {
            let tell = tell.clone();
            async move {
                // In vain once the relay stops.
                let _ = tell.send(event).await;
            }
        };
        let mut options = ConnectOptions::new()
            .name("bulle")
            .no_echo()
            .retry_on_initial_connect()
            .ping_interval(PING_EVERY)
            .connection_timeout(CONNECT_WITHIN)
            .subscription_capacity(MOST_UNREAD)
            .reconnect_delay_callback(|tries| {
                LONGEST_PAUSE.min(PAUSE * u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(100))
            })
            .event_callback(told);
        if let Some(name) = url.name() {
            options = match url.password() {
                Some(password) => options.user_and_password(name, password),
                None => options.token(name),
            };
        }
        if let Some(authority) = &config.bus_ca {
            options = options.add_root_certificates(authority.clone());
        }
        let client = options.connect(url.servers()).await?;
        let posts = Posts::new(client.clone(), url.prefix().to_owned());
        let (outgoing, waiting) = mpsc::channel(MOST_WAITING);
        let dropped = Arc::<AtomicBool>::default();
        interests.add([Topic::All]);
        let wire = Wire {
            client,
            prefix: url.prefix().to_owned(),
            node,
            number: 0,
            fanout: fanout.clone(),
            interests: interests.clone(),
            outgoing: waiting,
            dropped: dropped.clone(),
            turns,
            incoming: SelectAll::new(),
            subscribed: HashMap::new(),
            seen: HashMap::new(),
            connected: false,
            away_since: Instant::now(),
            was_there: false,
            trouble: None,
        };
        Ok((Self { fanout, interests, outgoing, dropped, posts }, wire))
    }
}

impl Wire {
    /// Carries notices to and fro until the relay stops.
    pub async fn run(mut self, stop: CancellationToken) {
        let carry = async {
            loop {
                self.step().await;
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = carry => {} }
        // Who has left this relay in its last moments.
        let connected = self.connected;
        let last_words = async {
            while let Ok((topics, notice)) = self.outgoing.try_recv() {
                self.send(&topics, &notice).await;
            }
            let _ = self.client.flush().await;
        };
        if connected && timeout(WRITTEN_WITHIN, last_words).await.is_err() {
            tracing::debug!("the bus does not take the last notices");
        }
    }

    async fn step(&mut self) {
        // First what the connection does, then who needs what: whoever greets waits for it. Then the rest, as it comes.
        tokio::select! {
            biased;
            Some(turn) = self.turns.recv() => self.turn(turn).await,
            () = self.interests.changed(), if self.connected => self.subscribe().await,
            Some((topics, notice)) = self.outgoing.recv(), if self.connected => {
                self.send(&topics, &notice).await;
                if self.dropped.swap(false, Ordering::Relaxed) {
                    self.admits_loss(Duration::ZERO).await;
                }
            }
            Some(message) = self.incoming.next() => self.receive(&message.payload),
        }
    }

    async fn turn(&mut self, turn: Event) {
        match turn {
            Event::Connected => {
                tracing::info!("the bus is there");
                hot().bus.connected.set(1);
                self.connected = true;
                self.trouble = None;
                // The subscriptions go first on the new connection; then everybody looks again: here for what others have said until now,
                // there for what was on its way when the bus went. What was to be said since then waits in the queue.
                self.subscribe().await;
                if std::mem::replace(&mut self.was_there, true) {
                    self.admits_loss(self.away_since.elapsed()).await;
                }
                self.fanout.deliver(Notice::Missed(0));
            }
            Event::Disconnected => {
                tracing::warn!("the bus is away; what other relays' people say comes late until it is back");
                hot().bus.connected.set(0);
                self.connected = false;
                self.away_since = Instant::now();
                self.interests.done(NOT_THERE);
            }
            Event::SlowConsumer(_) => {
                hot().bus.dropped.increment(1);
                self.fanout.deliver(Notice::Missed(0));
            }
            Event::ServerError(error) => tracing::warn!(%error, "the bus refuses something"),
            // Every try in vain says so: told is what is news.
            Event::ClientError(error) => {
                let trouble = error.to_string();
                if self.trouble.as_ref() != Some(&trouble) {
                    tracing::warn!(error = %trouble, "the bus is not to be had: check address, name and password in `bus`, and the authority in `bus_ca`");
                    self.trouble = Some(trouble);
                }
            }
            Event::LameDuckMode | Event::Draining | Event::Closed => {}
        }
    }

    /// Tells the other relays that notices of this one may have been lost, the last of them so long ago.
    async fn admits_loss(&mut self, ended: Duration) {
        let notice = Notice::Missed(Millis::try_from(ended.as_millis()).unwrap_or(Millis::MAX));
        self.send(&notice.topics(), &notice).await;
    }

    async fn subscribe(&mut self) {
        let (changed, version) = self.interests.take();
        for (topic, needed) in changed {
            if !needed {
                self.subscribed.remove(&topic);
            } else if !self.subscribed.contains_key(&topic) {
                match self.client.subscribe(topic.subject(&self.prefix)).await {
                    Ok(subscriber) => {
                        let (end, ends) = oneshot::channel();
                        self.incoming.push(subscriber.take_until(ends));
                        self.subscribed.insert(topic, end);
                    }
                    Err(error) => tracing::warn!(%error, "a subject of the bus cannot be subscribed to"),
                }
            }
        }
        // In vain where the bus has just gone.
        let _ = timeout(WRITTEN_WITHIN, self.client.flush()).await;
        self.interests.done(version);
    }

    async fn send(&mut self, topics: &[Topic], notice: &Notice) {
        let mut payload = Vec::with_capacity(512);
        self.number += 1;
        payload.extend_from_slice(self.node.0.as_bytes());
        payload.extend_from_slice(&self.number.to_be_bytes());
        if let Err(error) = serde_json::to_writer(&mut payload, notice) {
            tracing::error!(%error, "a notice cannot be written");
            return;
        }
        let payload = Bytes::from(payload);
        for topic in topics {
            match self.client.publish(topic.subject(&self.prefix), payload.clone()).await {
                Ok(()) => hot().bus.published.increment(1),
                Err(error) => {
                    tracing::debug!(%error, "a notice cannot be published");
                    hot().bus.dropped.increment(1);
                }
            }
        }
    }

    fn receive(&mut self, payload: &[u8]) {
        hot().bus.received.increment(1);
        let read = payload.split_at_checked(HEAD).and_then(|(head, notice)| {
            let (node, number) = head.split_at_checked(16)?;
            Some((Uuid::from_slice(node).ok()?, u64::from_be_bytes(number.try_into().ok()?), notice))
        });
        let Some((node, number, notice)) = read else {
            hot().bus.dropped.increment(1);
            return;
        };
        if self.seen.len() > MOST_NODES {
            self.seen.clear();
        }
        if !self.seen.entry(node).or_default().is_new(number) {
            return;
        }
        match serde_json::from_slice(notice) {
            Ok(notice) => self.fanout.deliver(notice),
            Err(error) => {
                // Of another version, perhaps.
                tracing::debug!(%error, "a notice cannot be read");
                hot().bus.dropped.increment(1);
            }
        }
    }
}

/// Numbers that were seen of a node: one notice comes on as many subjects as it concerns people here.
#[derive(Debug, Default)]
struct Seen {
    highest: u64,
    /// Bit 0 is the highest, bit 1 the one before it …
    before: u128,
}

impl Seen {
    /// Whether a number was not seen before; what is very old counts as seen.
    fn is_new(&mut self, number: u64) -> bool {
        if number > self.highest {
            let step = u32::try_from(number - self.highest).unwrap_or(u32::MAX);
            self.before = self.before.checked_shl(step).unwrap_or(0) | 1;
            self.highest = number;
            return true;
        }
        let bit = u32::try_from(self.highest - number).ok().and_then(|place| 1_u128.checked_shl(place));
        let Some(bit) = bit else { return false };
        let is_new = self.before & bit == 0;
        self.before |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_known_in_any_order() {
        let mut seen = Seen::default();
        let mut is_new = |number| seen.is_new(number);
        assert!([1, 2, 5, 4, 3].into_iter().all(&mut is_new));
        assert!(![1, 2, 3, 4, 5].into_iter().any(&mut is_new));
        assert!([100, 6, 99].into_iter().all(&mut is_new));
        assert!(![100, 6, 99].into_iter().any(&mut is_new));
        assert!(is_new(1_000) && !is_new(6) && is_new(999) && is_new(u64::MAX) && !is_new(u64::MAX));
    }
}
