//! A conversation as the desk works on it: one row of the store, plus the timeouts that follow from it.

use serde::{Deserialize, Serialize};
use shared::ids::{AgentId, ConversationId, Millis, Seq, SiteId, TeamId, VisitorId};
use shared::model::{Page, State};

use crate::store::log::Trail;

/// The timeouts of the desk, in ms. The defaults are DESIGN §6's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// How long a visitor may be gone before a queued or active conversation is parked.
    pub grace: Millis,
    /// How long a visitor may be silent after an agent's message before an active conversation is parked.
    pub park_after: Millis,
    /// How long an agent's last connection may be gone before their chats are queued again.
    pub agent_gone: Millis,
    /// How long an agent may leave a chat unanswered that the desk gave them.
    pub answer_timeout: Millis,
    /// How long a woken conversation waits for the agent it had.
    pub prefer_for: Millis,
    /// How long a reopened conversation waits for its last agent.
    pub reopen_wait: Millis,
    /// How long after the end a visitor's message goes into the same conversation.
    pub reopen_within: Millis,
    /// How long after an agent's message a parked conversation is closed.
    pub close_after: Millis,
    /// How long the other agent may take to answer a transfer.
    pub offer_for: Millis,
    /// How long an agent who is online may not use their console before they are away; 0: however long.
    pub away_after: Millis,
    /// Whether agents may take one chat beyond their capacity, deliberately and on record.
    pub stretch: bool,
}

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const DAY: Millis = 24 * 60 * MINUTE;

impl Default for Rules {
    fn default() -> Self {
        Self {
            grace: 2 * MINUTE,
            park_after: 10 * MINUTE,
            agent_gone: 30 * SECOND,
            answer_timeout: 60 * SECOND,
            prefer_for: 60 * SECOND,
            reopen_wait: 30 * SECOND,
            reopen_within: 7 * DAY,
            close_after: DAY,
            offer_for: 30 * SECOND,
            away_after: 0,
            stretch: false,
        }
    }
}

/// One conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: ConversationId,
    /// Its site.
    pub site: SiteId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// Where it stands.
    pub state: State,
    /// Assigned; closed: who had it last.
    pub agent: Option<AgentId>,
    /// Who had it before it was queued again.
    pub last_agent: Option<AgentId>,
    /// Number of its last entry.
    pub head: Seq,
    /// Last seq that the visitor may see.
    pub visitor_head: Seq,
    /// Where its entries stand in the store.
    pub entries: Trail,
    /// When it began.
    pub opened_at: Millis,
    /// When it came into its state. An active one also begins anew when the relay starts: nobody can be silent while nobody can speak.
    pub state_at: Millis,
    /// When an agent first had it.
    pub assigned_at: Option<Millis>,
    /// Original time of queueing; going "to the front" keeps it.
    pub queue_time: Option<Millis>,
    /// Greater goes first.
    pub priority: i32,
    /// The team that it is for.
    pub team: Option<TeamId>,
    /// The visitor's language.
    pub language: Option<String>,
    /// Nobody else is given it before that time.
    pub prefer: Option<(AgentId, Millis)>,
    /// Agents who gave it up since it was last answered, and have not taken it back.
    pub excluded: Vec<AgentId>,
    /// Handed out by the desk and not answered yet: until when.
    pub answer_due: Option<Millis>,
    /// Since when no connection of the visitor lives.
    pub visitor_gone_at: Option<Millis>,
    /// The visitor's last message.
    pub visitor_at: Millis,
    /// An agent's last message.
    pub agent_at: Option<Millis>,
    /// Whether the visitor wrote last.
    pub unanswered: bool,
    /// A transfer that waits: to whom, until when.
    pub offer: Option<(AgentId, Millis)>,
    /// Whether it is one beyond its agent's capacity.
    pub stretched: bool,
    /// Up to where the visitor has read.
    pub visitor_read: Seq,
    /// Up to where its agents have read.
    pub agent_read: Seq,
    /// The conversation that this one continues.
    pub previous: Option<ConversationId>,
    /// Beginning of the last message.
    pub preview: String,
    /// Where the visitor is.
    pub page: Option<Page>,
    /// The due time that the store holds: never later than [`Record::due`], maybe earlier. A sweep that comes too early writes the one
    /// that holds then, so that not every message has to move its conversation in the index of timeouts.
    pub stored_due: Option<Millis>,
}

impl Record {
    /// A conversation that begins with the visitor's message.
    pub fn new(id: ConversationId, site: SiteId, visitor: VisitorId, now: Millis) -> Self {
        Self {
            id,
            site,
            visitor,
            state: State::Parked,
            agent: None,
            last_agent: None,
            head: 0,
            visitor_head: 0,
            entries: Trail::default(),
            opened_at: now,
            state_at: now,
            assigned_at: None,
            queue_time: None,
            priority: 0,
            team: None,
            language: None,
            prefer: None,
            excluded: Vec::new(),
            answer_due: None,
            visitor_gone_at: None,
            visitor_at: now,
            agent_at: None,
            unanswered: true,
            offer: None,
            stretched: false,
            visitor_read: 0,
            agent_read: 0,
            previous: None,
            preview: String::new(),
            page: None,
            stored_due: None,
        }
    }

    /// The earliest time at which something must happen to it by itself.
    pub fn due(&self, rules: &Rules) -> Option<Millis> {
        let gone = self.visitor_gone_at.map(|at| at.saturating_add(rules.grace));
        let candidates = match self.state {
            State::Queued => [gone, self.prefer.map(|(_, until)| until), None, None],
            State::Active => [gone, self.answer_due, self.silent_due(rules), self.offer.map(|(_, until)| until)],
            State::Parked => [self.close_due(rules), None, None, None],
            State::Closed => [None; 4],
        };
        candidates.into_iter().flatten().min()
    }

    /// When a visitor who does not answer is no longer waited for. Somebody who takes a chat up again has the whole time, too:
    /// otherwise it would be set aside under their hands.
    pub fn silent_due(&self, rules: &Rules) -> Option<Millis> {
        self.agent_at.filter(|_| !self.unanswered).map(|at| at.max(self.state_at).saturating_add(rules.park_after))
    }

    /// When a parked conversation ends by itself. Unanswered ones never do.
    pub fn close_due(&self, rules: &Rules) -> Option<Millis> {
        self.agent_at.filter(|_| !self.unanswered).map(|at| at.saturating_add(rules.close_after))
    }
}
