//! What was committed becomes news: each outcome of the desk, and what an admin did over REST, goes to the bus as the notices by which others
//! learn of it, and into the metrics. Called by the hub's verbs and clocks, and by REST; commits nothing.

use shared::frame::Ack;
use shared::ids::{AgentId, SecretId, SiteId, VisitorId};
use shared::model::{AssignedHow, Body, Event};

use super::Hub;
use super::notice::Notice;
use super::registry::Peer;
use crate::clock::Tick;
use crate::desk::{DeskError, Outcome};
use crate::edge::auth;
use crate::metrics::{Who, hot};

/// What was committed over REST and others have to learn.
pub enum News {
    /// An administrator changed it.
    Changed {
        /// Whose.
        agent: AgentId,
        /// They may not sign in any more.
        disabled: bool,
        /// They may do more or less than before.
        role: bool,
        /// What the desk made of it.
        outcome: Box<Outcome>,
    },
    /// The desk did something.
    Done(Box<Outcome>),
    /// A visitor was erased.
    Erased {
        /// Who.
        visitor: VisitorId,
        /// What the desk made of it.
        outcome: Box<Outcome>,
    },
    /// A visitor was found to be another one.
    Merged {
        /// Who they were.
        from: VisitorId,
        /// Who they are.
        into: VisitorId,
        /// What the desk made of it.
        outcome: Box<Outcome>,
    },
    /// A site's secret was retired.
    SecretRetired(SecretId),
    /// A site's name, origins, settings or wish for identity was changed.
    SiteChanged(SiteId),
    /// One of its sessions ended.
    SignedOut {
        /// Whose.
        agent: AgentId,
        /// SHA-256 of the session's token.
        session: [u8; 32],
    },
}

impl Hub {
    /// Something was committed over REST; now everybody is told.
    pub fn announce(&self, news: News) {
        match news {
            News::Changed { agent, disabled, role, outcome } => {
                self.publish(*outcome);
                if role {
                    self.bus.publish(Notice::RoleChanged(agent));
                }
                if disabled {
                    self.bus.publish(Notice::SignedOut { agent, session: None });
                }
            }
            News::Done(outcome) => self.publish(*outcome),
            News::Erased { visitor, outcome } => {
                self.publish(*outcome);
                self.bus.publish(Notice::Erased(visitor));
            }
            News::Merged { from, into, outcome } => {
                self.publish(*outcome);
                self.bus.publish(Notice::Merged { from, into, moved: true, signed_in: false });
            }
            News::SecretRetired(secret) => self.bus.publish(Notice::Retired(auth::hash(&secret.to_string()))),
            News::SiteChanged(site) => self.bus.publish(Notice::SiteChanged(site)),
            News::SignedOut { agent, session } => self.bus.publish(Notice::SignedOut { agent, session: Some(session) }),
        }
    }

    /// Tells everybody what was committed, in the order in which it happened.
    pub fn publish(&self, outcome: Outcome) {
        let quiet = outcome.changes.is_empty();
        for change in outcome.changes {
            for entry in &change.entries {
                if let Body::Event(Event::Assigned(assigned)) = &entry.entry.body {
                    metrics::counter!(crate::metrics::ASSIGNMENTS, "how" => how(assigned.how)).increment(1);
                }
            }
            self.bus.publish(Notice::Changed(Box::new(change)));
        }
        if !outcome.reminded.is_empty() {
            self.bus.publish(Notice::Reminded(outcome.reminded));
        }
        if !outcome.agents.is_empty() {
            self.bus.publish(Notice::Agents(outcome.agents.iter().map(|agent| agent.id).collect()));
        }
        for (site, _) in outcome.sites {
            self.bus.publish(Notice::Site(site));
        }
        if outcome.teams {
            self.bus.publish(Notice::Teams);
        }
        if !quiet {
            self.committed.notify_one();
        }
    }

    /// Publishes what somebody said; their ack.
    pub(super) fn said(&self, author: Who, mut outcome: Outcome, by: &Peer) -> Result<Ack, DeskError> {
        let Some(said) = outcome.said.take() else { return Err(DeskError::Internal) };
        if let Some(entry) = said.entry {
            hot().of(author).messages.increment(1);
            self.bus.publish(Notice::Said { route: said.route, entry, origin: (self.node, by.id), committed: Some(Tick::now()) });
        }
        self.publish(outcome);
        Ok(said.ack)
    }

    /// Publishes what the desk did.
    pub(super) fn done(&self, outcome: Outcome) -> Result<(), DeskError> {
        self.publish(outcome);
        Ok(())
    }
}

fn how(how: AssignedHow) -> &'static str {
    match how {
        AssignedHow::Dispatched => "dispatched",
        AssignedHow::Taken => "taken",
        AssignedHow::Stretched => "stretched",
        AssignedHow::Transferred => "transferred",
        AssignedHow::TakenOver => "taken_over",
    }
}
