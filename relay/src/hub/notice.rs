//! What travels on the bus: a committed change or a passing signal, with all that a relay needs to know whom to tell.
//! Losing one is harmless (clients notice by seq, head or revision and fetch), so nothing here is ever retried.

use ipnet::IpNet;
use metrics::Counter;
use serde::{Deserialize, Serialize};
use shared::ids::{AgentId, ConversationId, Millis, NodeId, Seq, SiteId, VisitorId};
use shared::model::Person;

use crate::bus::interests::Topic;
use crate::clock::Tick;
use crate::desk::{Change, NewEntry, Reminded, Route};
use crate::hub::registry::ConnectionId;
use crate::hub::viewers::Looker;
use crate::metrics::Notices;

/// One nudge.
#[allow(clippy::large_enum_variant, reason = "a notice is shared, never stored in bulk")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Notice {
    /// A message was committed. The connection that said it has its ack instead.
    Said {
        /// Where it belongs and whose it is.
        route: Route,
        /// The entry.
        entry: NewEntry,
        /// Who said it, on which relay.
        origin: (NodeId, ConnectionId),
        /// When its commit was known on that relay; means nothing on others, and does not get there.
        #[serde(skip)]
        committed: Option<Tick>,
    },
    /// A conversation changed its state, its agent, or what is known of it.
    Changed(Box<Change>),
    /// The visitor is writing this (empty: stopped).
    VisitorTyping {
        /// In which conversation.
        route: Route,
        /// What stands in the composer.
        draft: String,
    },
    /// An agent is writing, or has stopped.
    AgentTyping {
        /// In which conversation.
        route: Route,
        /// Who.
        agent: Person,
        /// Writing, or stopped.
        on: bool,
    },
    /// The visitor has read up to here.
    VisitorRead {
        /// In which conversation.
        route: Route,
        /// Up to where.
        seq: Seq,
    },
    /// The assigned agent has read up to here.
    AgentRead {
        /// In which conversation.
        route: Route,
        /// Up to where.
        seq: Seq,
    },
    /// What these agents are reminded of is different now.
    Reminded(Vec<Reminded>),
    /// Who has this conversation in view at one relay, or is writing in it.
    Viewing {
        /// Which conversation.
        conversation: ConversationId,
        /// Which relay.
        at: NodeId,
        /// All who do.
        lookers: Vec<Looker>,
        /// That has changed; else it is told again, for relays that do not know it yet.
        news: bool,
    },
    /// An agent may do more or less than before: their sockets must go and greet anew.
    RoleChanged(AgentId),
    /// Presence, capacity or slots of these agents changed.
    Agents(Vec<AgentId>),
    /// The teams that conversations can be for have changed.
    Teams,
    /// The desk of this site changed: its board and its visitors' positions are to be looked at again.
    Site(SiteId),
    /// A visitor has become another one, by signing in or because the team found that they are one: the sockets of the first must go, those of the other look again if they have
    /// got conversations by it.
    Merged {
        /// Who they were.
        from: VisitorId,
        /// Who they are.
        into: VisitorId,
        /// Whether conversations came along.
        moved: bool,
        /// Whether they signed in, and hold a token of the new one; otherwise the team found it, and the token that they have leads there.
        signed_in: bool,
    },
    /// A visitor was erased: their sockets must go, and their tokens open nothing any more.
    Erased(VisitorId),
    /// A visitor, and with them perhaps networks, is kept out of a site: their sockets must go, and are not let in again.
    Blocked {
        /// Where.
        site: SiteId,
        /// Who.
        visitor: VisitorId,
        /// Everybody from there.
        networks: Vec<IpNet>,
    },
    /// A site's secret was retired: the sockets of those whom it vouched for must go. Holds what their peers know it by.
    Retired([u8; 32]),
    /// What visitors of this site are told, or who may be one, is different now: their sockets must go and greet anew.
    SiteChanged(SiteId),
    /// An agent's session has ended, or all of them: its sockets must go.
    SignedOut {
        /// Whose.
        agent: AgentId,
        /// SHA-256 of the session's token; `None`: all.
        session: Option<[u8; 32]>,
    },
    /// Notices of some relay may have been lost, the last of them so many ms ago: everybody who has not greeted since greets anew, and is told
    /// how things stand.
    Missed(Millis),
}

impl Notice {
    /// Whom it concerns: relays with such people connected get it. An agent anywhere brings their relay into every lobby.
    pub fn topics(&self) -> Vec<Topic> {
        let attending = |route: &Route| route.agent.map(Topic::Agent).into_iter().chain([Topic::Thread(route.conversation)]);
        match self {
            Self::Said { route, entry, .. } => {
                let visitor = entry.visitor_prev.map(|_| Topic::Visitor(route.visitor));
                match route.shows_on_board() {
                    true => visitor.into_iter().chain([Topic::Lobby(route.site)]).collect(),
                    false => visitor.into_iter().chain(attending(route)).collect(),
                }
            }
            Self::Changed(change) => vec![Topic::Visitor(change.conversation.visitor.id), Topic::Lobby(change.conversation.site)],
            Self::VisitorTyping { route, .. } | Self::VisitorRead { route, .. } => attending(route).collect(),
            Self::AgentTyping { route, .. } | Self::AgentRead { route, .. } => vec![Topic::Visitor(route.visitor)],
            Self::Reminded(all) => all.iter().map(|reminded| Topic::Agent(reminded.agent)).collect(),
            Self::Viewing { conversation, .. } => vec![Topic::Thread(*conversation)],
            Self::RoleChanged(agent) | Self::SignedOut { agent, .. } => vec![Topic::Agent(*agent)],
            Self::Site(site) | Self::SiteChanged(site) | Self::Blocked { site, .. } => vec![Topic::Lobby(*site)],
            Self::Merged { from, into, .. } => vec![Topic::Visitor(*from), Topic::Visitor(*into)],
            Self::Erased(visitor) => vec![Topic::Visitor(*visitor)],
            Self::Agents(_) | Self::Teams | Self::Retired(_) | Self::Missed(_) => vec![Topic::All],
        }
    }

    /// Which counter it belongs to.
    pub fn counter<'a>(&self, of: &'a Notices) -> &'a Counter {
        match self {
            Self::Said { .. } => &of.said,
            Self::Changed(_) => &of.changed,
            Self::VisitorTyping { .. } | Self::AgentTyping { .. } | Self::Viewing { .. } => &of.typing,
            Self::VisitorRead { .. } | Self::AgentRead { .. } | Self::Reminded(_) => &of.read,
            Self::Agents(_) | Self::Teams | Self::Site(_) | Self::SiteChanged(_) | Self::Missed(_) => &of.desk,
            Self::SignedOut { .. }
            | Self::RoleChanged(_)
            | Self::Merged { .. }
            | Self::Erased(_)
            | Self::Blocked { .. }
            | Self::Retired(_) => &of.signed_out,
        }
    }
}
