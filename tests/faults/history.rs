//! What was recorded of a run: what every client did and saw, what stands in the store, which faults there were. The checker's only
//! input; it holds no handles and does nothing.

use std::collections::BTreeMap;

use shared::ids::{Millis, Seq};
use shared::model::{Body, State};
use uuid::Uuid;

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every client.
    pub clients: Vec<Diary>,
    /// Every entry of the store, in the order in which they were committed.
    pub entries: Vec<Stored>,
    /// Every conversation, as the store has it at the end.
    pub standings: BTreeMap<Uuid, Standing>,
    /// Capacity of every agent.
    pub capacities: BTreeMap<Uuid, u32>,
    /// Faults, in the order in which they ended.
    pub faults: Vec<Fault>,
    /// Rules of the desk that the queue's order depends on, in ms: how long a woken and a reopened conversation wait for one agent.
    pub prefer_for: Millis,
    /// See `prefer_for`.
    pub reopen_wait: Millis,
    /// All that was committed until then had the time to reach everybody.
    pub settled: Millis,
    /// When the recording ended.
    pub ended: Millis,
}

/// One client's record.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// As it signs its texts.
    pub name: String,
    /// An agent; else a visitor.
    pub is_agent: bool,
    /// As the relay knows it.
    pub id: Option<Uuid>,
    /// What it did and saw, and when.
    pub events: Vec<(Millis, Did)>,
    /// Messages in its outbox at the end.
    pub unsent: usize,
}

/// Something that a client did or saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Did {
    /// Wrote a message, which is in its outbox from now on.
    Said {
        /// Its id.
        id: Uuid,
        /// Its text.
        text: String,
    },
    /// Learned that its message is on disk.
    Acked(Place),
    /// Learned that its message was refused for good.
    Refused(Uuid),
    /// Was shown an entry.
    Saw(Place),
    /// Heard anything else from the relay.
    Heard,
}

/// Where an entry stands, as somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entry.
    pub id: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Its number.
    pub seq: Seq,
    /// The number before it that they may see.
    pub prev: Seq,
}

/// An entry of the store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its conversation.
    pub conversation: Uuid,
    /// Its number.
    pub seq: Seq,
    /// Its id.
    pub id: Uuid,
    /// The time of the transaction that wrote it.
    pub at: Millis,
    /// Who wrote it; none: the relay.
    pub author: Option<Uuid>,
    /// Kept from visitors.
    pub internal: bool,
    /// What it says.
    pub body: Body,
}

/// A conversation at the end.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whose.
    pub visitor: Uuid,
    /// Where it stands.
    pub state: State,
    /// Who has it, or had it last.
    pub agent: Option<Uuid>,
    /// Number of its last entry.
    pub head: Seq,
}

/// A fault that was injected.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What it was.
    pub kind: &'static str,
    /// When it began.
    pub began: Millis,
    /// When all was in order again, but for what clients had to find out.
    pub ended: Millis,
    /// The client whose network it was; none: everybody's relay.
    pub client: Option<String>,
}
