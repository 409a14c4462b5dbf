//! Handles of the metrics that move with every message or connection, and of those that must be there before they first move. The macros
//! of `metrics` hash name and labels at each call, which busy places cannot afford; here it is done once, when the recorder is installed.
//! Before that, and in a relay without `metrics_listen`, the handles do nothing.

use std::sync::OnceLock;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{
    ACK_SECONDS, BUS_CONNECTED, BUS_MESSAGES, BUS_NOTICES, COMMIT_JOBS, COMMIT_SECONDS, COMMITS, CONNECTIONS, DELIVERY_SECONDS,
    FRAMES_IN, GREETED, MAILS, MESSAGES, PUSHES, RESYNCS, STORE_ERRORS,
};

/// Whose connection, whose message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A visitor's.
    Visitor,
    /// An agent's.
    Agent,
}

/// What there is of visitors and agents each.
pub struct PerWho {
    /// Live connections.
    pub connections: Gauge,
    /// Greeted ever.
    pub greeted: Counter,
    /// Frames received.
    pub frames: Counter,
    /// Messages committed.
    pub messages: Counter,
}

/// The bus's notices, by kind.
pub struct Notices {
    /// A message.
    pub said: Counter,
    /// A conversation's change.
    pub changed: Counter,
    /// Somebody writes.
    pub typing: Counter,
    /// Somebody has read.
    pub read: Counter,
    /// Agents or a site's desk changed.
    pub desk: Counter,
    /// A session ended.
    pub signed_out: Counter,
}

/// The bus of several relays.
pub struct Bus {
    /// Whether it is there.
    pub connected: Gauge,
    /// Handed to it.
    pub published: Counter,
    /// Come from it.
    pub received: Counter,
    /// Lost here.
    pub dropped: Counter,
}

/// What became of emails. They are few, but an alert on failures needs the zero before the first.
pub struct Mails {
    /// Taken by the mail server.
    pub sent: Counter,
    /// Put off to another try.
    pub deferred: Counter,
    /// Given up.
    pub failed: Counter,
}

/// What became of notifications; the same.
pub struct Pushes {
    /// Taken by the push service.
    pub sent: Counter,
    /// Put off to another try.
    pub deferred: Counter,
    /// Given up.
    pub failed: Counter,
    /// Not wanted any more by their browser, which is forgotten.
    pub gone: Counter,
}

/// All of them.
pub struct Handles {
    visitor: PerWho,
    agent: PerWho,
    /// What is told.
    pub notices: Notices,
    /// The bus of several relays.
    pub bus: Bus,
    /// Emails.
    pub mails: Mails,
    /// Notifications.
    pub pushes: Pushes,
    /// Transactions.
    pub commits: Counter,
    /// Jobs per transaction.
    pub commit_jobs: Histogram,
    /// Seconds per transaction.
    pub commit_seconds: Histogram,
    /// Transactions that failed.
    pub failed_commits: Counter,
    /// Reads that failed.
    pub failed_reads: Counter,
    /// Frame read to ack written.
    pub ack_seconds: Histogram,
    /// Commit to the receiver's socket.
    pub delivery_seconds: Histogram,
    /// Told to resync: the queue was full.
    pub full_queues: Counter,
    /// Told to resync: a write took too long.
    pub slow_writes: Counter,
}

impl Handles {
    /// Those of visitors, or of agents.
    pub fn of(&self, who: Who) -> &PerWho {
        match who {
            Who::Visitor => &self.visitor,
            Who::Agent => &self.agent,
        }
    }
}

static NONE: Handles = {
    const NONE: PerWho =
        PerWho { connections: Gauge::noop(), greeted: Counter::noop(), frames: Counter::noop(), messages: Counter::noop() };
    Handles {
        visitor: NONE,
        agent: NONE,
        notices: Notices {
            said: Counter::noop(),
            changed: Counter::noop(),
            typing: Counter::noop(),
            read: Counter::noop(),
            desk: Counter::noop(),
            signed_out: Counter::noop(),
        },
        bus: Bus { connected: Gauge::noop(), published: Counter::noop(), received: Counter::noop(), dropped: Counter::noop() },
        mails: Mails { sent: Counter::noop(), deferred: Counter::noop(), failed: Counter::noop() },
        pushes: Pushes { sent: Counter::noop(), deferred: Counter::noop(), failed: Counter::noop(), gone: Counter::noop() },
        commits: Counter::noop(),
        commit_jobs: Histogram::noop(),
        commit_seconds: Histogram::noop(),
        failed_commits: Counter::noop(),
        failed_reads: Counter::noop(),
        ack_seconds: Histogram::noop(),
        delivery_seconds: Histogram::noop(),
        full_queues: Counter::noop(),
        slow_writes: Counter::noop(),
    }
};

static REGISTERED: OnceLock<Handles> = OnceLock::new();

/// The handles: an atomic load away.
pub fn hot() -> &'static Handles {
    REGISTERED.get().unwrap_or(&NONE)
}

/// Looks the handles up in the recorder, which must have been installed before.
pub fn register() {
    let per_who = |kind: &'static str| PerWho {
        connections: gauge!(CONNECTIONS, "kind" => kind),
        greeted: counter!(GREETED, "kind" => kind),
        frames: counter!(FRAMES_IN, "kind" => kind),
        messages: counter!(MESSAGES, "author" => kind),
    };
    let notice = |kind: &'static str| counter!(BUS_NOTICES, "notice" => kind);
    let bus = |what: &'static str| counter!(BUS_MESSAGES, "what" => what);
    let mails = |outcome: &'static str| counter!(MAILS, "outcome" => outcome);
    let pushes = |outcome: &'static str| counter!(PUSHES, "outcome" => outcome);
    REGISTERED.get_or_init(|| Handles {
        visitor: per_who("visitor"),
        agent: per_who("agent"),
        notices: Notices {
            said: notice("said"),
            changed: notice("changed"),
            typing: notice("typing"),
            read: notice("read"),
            desk: notice("desk"),
            signed_out: notice("signed_out"),
        },
        bus: Bus {
            connected: gauge!(BUS_CONNECTED),
            published: bus("published"),
            received: bus("received"),
            dropped: bus("dropped"),
        },
        mails: Mails { sent: mails("sent"), deferred: mails("deferred"), failed: mails("failed") },
        pushes: Pushes { sent: pushes("sent"), deferred: pushes("deferred"), failed: pushes("failed"), gone: pushes("gone") },
        commits: counter!(COMMITS),
        commit_jobs: histogram!(COMMIT_JOBS),
        commit_seconds: histogram!(COMMIT_SECONDS),
        failed_commits: counter!(STORE_ERRORS, "operation" => "commit"),
        failed_reads: counter!(STORE_ERRORS, "operation" => "read"),
        ack_seconds: histogram!(ACK_SECONDS),
        delivery_seconds: histogram!(DELIVERY_SECONDS),
        full_queues: counter!(RESYNCS, "cause" => "queue"),
        slow_writes: counter!(RESYNCS, "cause" => "write"),
    });
}
