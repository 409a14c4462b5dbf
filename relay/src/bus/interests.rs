//! What the connections of this relay are to hear of: topics of the bus, counted by `hub::registry` as people come and go, subscribed to
//! by the bus while anybody here needs them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::{AgentId, ConversationId, SiteId, VisitorId};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How long whoever has come waits for the bus; without it they greet all the same, and hear late of what others say.
const READY_WITHIN: Duration = Duration::from_millis(500);

/// The version that is done while there is no bus: nobody waits for it.
pub(super) const NOT_THERE: u64 = u64::MAX;

/// What a notice is about, and what can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A visitor, on all pages of theirs.
    Visitor(VisitorId),
    /// An agent, at all consoles of theirs.
    Agent(AgentId),
    /// A conversation, for consoles that have it in view.
    Thread(ConversationId),
    /// All conversations, for supervisors who list what others have. Nothing is published on it alone.
    Threads,
    /// What everybody at a site's desk sees: the queue, the team, who is there.
    Lobby(SiteId),
    /// All of them, for agents. Nothing is published on it alone.
    Lobbies,
    /// Every relay.
    All,
}

impl Topic {
    /// What subscribes to it, below the bus's prefix.
    pub fn subject(self, prefix: &str) -> String {
        match self {
            Self::Visitor(id) => format!("{prefix}.visitor.{id}"),
            Self::Agent(id) => format!("{prefix}.agent.{id}"),
            Self::Thread(id) => format!("{prefix}.thread.{id}"),
            Self::Threads => format!("{prefix}.thread.*"),
            Self::Lobby(id) => format!("{prefix}.lobby.{id}"),
            Self::Lobbies => format!("{prefix}.lobby.*"),
            Self::All => format!("{prefix}.all"),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Interests {
    state: Mutex<State>,
    changed: Notify,
    /// The version that the bus has carried out.
    done: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<Topic, usize>,
    /// Topics that are needed now and were not, or the other way round.
    changed: HashSet<Topic>,
    /// Grows with every change.
    version: u64,
}

impl State {
    fn turns(&mut self, topic: Topic) {
        self.changed.insert(topic);
        self.version += 1;
    }
}

impl Interests {
    /// A connection needs these.
    pub fn add(&self, topics: impl IntoIterator<Item = Topic>) {
        let mut state = self.state();
        let before = state.version;
        for topic in topics {
            let count = state.counts.entry(topic).or_default();
            *count += 1;
            if *count == 1 {
                state.turns(topic);
            }
        }
        if state.version != before {
            self.changed.notify_one();
        }
    }

    /// It needs them no more.
    pub fn remove(&self, topics: impl IntoIterator<Item = Topic>) {
        let mut state = self.state();
        let before = state.version;
        for topic in topics {
            let Some(count) = state.counts.get_mut(&topic) else { continue };
            *count -= 1;
            if *count == 0 {
                state.counts.remove(&topic);
                state.turns(topic);
            }
        }
        if state.version != before {
            self.changed.notify_one();
        }
    }

    /// Waits until something is needed, or no more; may wake for nothing.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What has changed since it was last asked, with whether it is needed now; and the version for [`Interests::done`].
    pub(super) fn take(&self) -> (Vec<(Topic, bool)>, u64) {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        (changed.into_iter().map(|topic| (topic, state.counts.contains_key(&topic))).collect(), state.version)
    }

    /// The bus has carried out all changes up to this version.
    pub(super) fn done(&self, version: u64) {
        self.done.send_replace(version);
    }

    /// Waits until the bus has carried out all that was asked for before, so that nothing published from now on is missed.
    pub(super) async fn ready(&self) {
        let version = self.state().version;
        if timeout(READY_WITHIN, self.done.subscribe().wait_for(|done| *done >= version)).await.is_err() {
            // The others need not wait in vain as well. It lets everybody look again when it is back.
            self.done(NOT_THERE);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: u8) -> Topic {
        Topic::Agent(AgentId::v7(1, [number; 10]))
    }

    #[tokio::test]
    async fn a_topic_is_needed_from_the_first_who_comes_to_the_last_who_goes() {
        let interests = Interests::default();
        interests.add([agent(1), Topic::Lobbies]);
        interests.add([agent(2), Topic::Lobbies]);
        let (mut changed, version) = interests.take();
        changed.sort_by_key(|(topic, _)| topic.subject("bulle"));
        assert_eq!(changed, [(agent(1), true), (agent(2), true), (Topic::Lobbies, true)]);
        interests.done(version);
        interests.ready().await;
        interests.remove([agent(1), Topic::Lobbies]);
        assert_eq!(interests.take().0, [(agent(1), false)]);
        // Who goes and comes again in between is as if they had stayed.
        interests.remove([agent(2), Topic::Lobbies]);
        interests.add([agent(2), Topic::Lobbies]);
        assert!(interests.take().0.iter().all(|(_, needed)| *needed));
        interests.remove([agent(9)]);
        assert_eq!(interests.take().0, []);
    }
}
