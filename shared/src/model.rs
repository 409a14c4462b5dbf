//! The nouns of the protocol: what a conversation, an entry, a visitor and an agent look like on the wire.
//! Frames (`visitor.rs`, `agent.rs`) and REST bodies (`api.rs`) are made of these.

mod away;
mod desk;
mod entry;
mod settings;

use serde::{Deserialize, Serialize};

pub use away::*;
pub use desk::*;
pub use entry::*;
pub use settings::*;

use crate::ids::{AgentId, ConversationId, Millis, Seq, SiteId, TeamId, VisitorId};

/// Longest text of a message, in Unicode scalar values. Long enough for a pasted log or letter, short enough for one frame.
pub const MAX_TEXT: usize = 8_000;
/// Longest name, email, title or time zone that a peer may send, in Unicode scalar values; longer ones are cut.
pub const MAX_FIELD: usize = 256;
/// Longest URL that a peer may send, in Unicode scalar values; longer ones are cut.
pub const MAX_URL: usize = 2_048;
/// Longest draft that is passed on as a live preview, in Unicode scalar values; longer ones are cut.
pub const MAX_DRAFT: usize = 500;
/// Longest preview of a message in a row of the inbox, in Unicode scalar values.
pub const MAX_PREVIEW: usize = 140;
/// Most rows of a queue that one console is sent.
pub const MAX_ROWS: usize = 50;
/// Most entries in one `entries` frame; `more` says that there are further ones.
pub const MAX_PAGE: usize = 100;

macro_rules! wire {
    ($($(#[$meta:meta])* pub $kind:tt $name:ident $body:tt)+) => {$(
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        $(#[$meta])*
        pub $kind $name $body
    )+};
}
pub(crate) use wire;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a free slot of an eligible agent.
    Queued,
    /// Occupies a slot of its assigned agent.
    Active,
    /// Open without a slot: the visitor is gone or silent, or nobody was there to answer.
    Parked,
    /// Ended. The visitor may still write again.
    Closed,
}

/// What an agent chose for themselves; `offline` follows from having no live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Takes new chats.
    Online,
    /// Connected, keeps the chats at hand, gets no new ones.
    Away,
    /// Not connected.
    Offline,
}

/// What a team member may do; each role may do all that the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chats.
    Agent,
    /// Also sees and moves the chats of others.
    Supervisor,
    /// Also changes sites, settings and people.
    Admin,
}

/// Who may read an entry or a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The visitor: never sees internal entries.
    Visitor,
    /// The team: sees all.
    Agents,
}

wire! {
    /// An agent as others see them.
    pub struct Person {
        /// Their id.
        pub id: AgentId,
        /// Their display name.
        pub name: String,
    }

    /// A page of the site, as the visitor's browser tells it. Untrusted text.
    #[derive(Default)]
    pub struct Page {
        /// Address of the page, cut at [`MAX_URL`] characters.
        pub url: String,
        /// Title of the page, cut at [`MAX_FIELD`] characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub title: String,
        /// Where the visitor came from, cut at [`MAX_URL`] characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub referrer: String,
    }

    /// A conversation as its visitor sees it.
    pub struct Thread {
        /// Its id.
        pub id: ConversationId,
        /// Where it stands.
        pub state: State,
        /// Number of the last entry that the visitor may see.
        pub head: Seq,
        /// Who answers, once somebody does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub agent: Option<Person>,
        /// Place in the queue while queued, 1 is next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub position: Option<u32>,
        /// Expected wait in ms, from recent handling times; left out while unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub estimate_ms: Option<Millis>,
        /// Up to which seq an agent has read.
        pub read: Seq,
    }

    /// What agents know of a visitor: the visitor's own, untrusted word, but for `id` and `verified`, and for name and email of a
    /// verified one, which are the site owner's.
    pub struct Visitor {
        /// Their id.
        pub id: VisitorId,
        /// Their name, if they gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Their email address, if they gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// Language tag of their browser (BCP 47).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<String>,
        /// IANA time zone of their browser.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub time_zone: Option<String>,
        /// Whether a signed identity token vouched for them.
        #[serde(default, skip_serializing_if = "is_false")]
        pub verified: bool,
        /// Grows with each change of what else is known of them (`GET /api/visitors/{id}`).
        #[serde(default, skip_serializing_if = "is_never")]
        pub rev: u64,
    }

    /// A conversation as agents see it: one row of the inbox.
    pub struct Conversation {
        /// Its id.
        pub id: ConversationId,
        /// Its site.
        pub site: SiteId,
        /// Its visitor.
        pub visitor: Visitor,
        /// Where it stands.
        pub state: State,
        /// The assigned agent. A parked one keeps its agent; a closed one tells who had it last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub agent: Option<Person>,
        /// Number of its last entry.
        pub head: Seq,
        /// When it began.
        pub opened_at: Millis,
        /// When it was queued, while queued. Going "to the front" keeps the original time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub queued_at: Option<Millis>,
        /// How urgent it is, within [`PRIORITIES`]: greater goes first.
        #[serde(default, skip_serializing_if = "is_zero")]
        pub priority: i32,
        /// Beginning of the last message, at most [`MAX_PREVIEW`] characters.
        pub preview: String,
        /// When the last message was committed.
        pub last_at: Millis,
        /// Whether the visitor wrote last, so that an answer is due.
        pub unanswered: bool,
        /// Page the visitor was on when last heard of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub page: Option<Page>,
        /// Whether the visitor is connected now.
        pub visitor_online: bool,
        /// While open: since when they are not connected. What agents said before that has been delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub visitor_gone_at: Option<Millis>,
        /// Up to which seq the visitor has read.
        pub visitor_read: Seq,
        /// Up to which seq the assigned agent has read.
        pub agent_read: Seq,
        /// The conversation before this one with the same visitor, when this one continues a closed one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub previous: Option<ConversationId>,
        /// The team that it is for; left out: anybody's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub team: Option<TeamId>,
        /// Queued: the agent it waits for in particular, and until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub preferred: Option<Preferred>,
        /// Active: a transfer that waits for the other agent's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub offer: Option<Offer>,
        /// Labels that agents put on it, in alphabetical order; at most [`MAX_TAGS`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub tags: Vec<String>,
    }

    /// A preference that runs out.
    pub struct Preferred {
        /// Who is preferred.
        pub agent: AgentId,
        /// Until when nobody else is given the chat.
        pub until: Millis,
    }

    /// A transfer that waits for an answer.
    pub struct Offer {
        /// Who should take the chat; a slot of theirs is reserved.
        pub to: AgentId,
        /// Who has it until then.
        pub from: Person,
        /// When the offer lapses.
        pub until: Millis,
    }

    /// A team member as the team sees them.
    pub struct Agent {
        /// Their id.
        pub id: AgentId,
        /// Their display name.
        pub name: String,
        /// What they may do.
        pub role: Role,
        /// Whether they take chats now.
        pub presence: Presence,
        /// Away: why, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub away: Option<Away>,
        /// How many live chats they hold at most.
        pub capacity: u32,
        /// How many they hold now, transfers reserved for them among them.
        pub slots_used: u32,
        /// A program that works with a token.
        #[serde(default, skip_serializing_if = "is_false")]
        pub bot: bool,
        /// Languages that they take chats in, such as `fr`; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub languages: Vec<String>,
    }

    /// A site as agents see it.
    pub struct Site {
        /// Its id.
        pub id: SiteId,
        /// Its public key.
        pub key: crate::ids::SiteKey,
        /// Its display name.
        pub name: String,
    }

    /// The open work of one site, whole. Sent at most once a second per site; the newest `rev` wins.
    pub struct Board {
        /// The site.
        pub site: SiteId,
        /// Revision of the site's desk: grows with every change of state.
        pub rev: u64,
        /// Whether agents pick this site's chats themselves.
        #[serde(default, skip_serializing_if = "is_false")]
        pub picked: bool,
        /// How many conversations are queued in all.
        pub waiting: u32,
        /// The first [`MAX_ROWS`] of them, in queue order.
        pub queue: Vec<Conversation>,
        /// How many are parked without an agent in all ("messages").
        pub unassigned: u32,
        /// The first [`MAX_ROWS`] of those, oldest first.
        pub messages: Vec<Conversation>,
    }
}

/// The text cut to at most `limit` Unicode scalar values.
pub fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

fn is_never(count: &u64) -> bool {
    *count == 0
}

fn is_zero(value: &i32) -> bool {
    *value == 0
}
