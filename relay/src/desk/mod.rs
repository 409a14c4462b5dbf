//! The desk: who talks to whom, and what happens when nobody does (DESIGN §6). Every verb is one transaction of the store: it loads,
//! decides, writes, hands out what the queue can be given, and returns what others must be told. Time comes in as an argument.
//!
//! - [`record`]: a conversation and its timeouts · [`plan`]: who gets which, [`route`]: for whom it is, [`hours`]: when somebody is
//!   there, [`why`]: why one waits; all pure
//! - [`work`]: the transitions · [`dispatch`]: plan and commit
//! - [`speak`], [`amend`], [`hand`], [`presence`], [`nodes`], [`profile`], [`merge`], [`block`], [`tag`], [`teams`], [`sweep`]: the verbs

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shared::api::Visit;
use shared::close::ErrorCode;
use shared::frame::Ack;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId, VisitorId};
use shared::model::{Agent, Conversation, Entry, Page, State, Thread};

use crate::clock;
use crate::store::{Asked, Store, StoreError};

mod amend;
mod block;
mod dispatch;
mod hand;
pub mod hours;
mod merge;
mod nodes;
pub mod plan;
mod presence;
mod profile;
pub mod record;
pub mod route;
mod speak;
mod sweep;
mod tag;
mod teams;
#[cfg(test)]
mod tests;
pub mod why;
mod work;

pub use amend::Speaker;
pub use block::Keep;
pub use merge::Identified;
pub use profile::Correction;
pub use record::Rules;

/// Why the desk did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeskError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such conversation or agent.
    #[error("there is no such conversation or agent")]
    NotFound,
    /// It belongs to somebody else.
    #[error("another agent has this conversation")]
    NotYours,
    /// Not in this state.
    #[error("{0}")]
    WrongState(&'static str),
    /// No such team.
    #[error("team: there is none of this id (any more): choose another one")]
    NoTeam,
    /// Somebody else wrote it, or nobody.
    #[error("seq: you did not write this message")]
    NotAuthor,
    /// Not the author's last one.
    #[error("seq: you have written another message since")]
    NotLast,
    /// Its minute is over.
    #[error("a message can be changed for a minute")]
    TooLate,
    /// Whoever says it has become somebody else meanwhile.
    #[error("you have signed in meanwhile: greet again")]
    Merged,
    /// A field that cannot be; names it.
    #[error("{0}")]
    Invalid(&'static str),
    /// All slots are taken.
    #[error("all slots are taken; end a chat or set one aside first")]
    NoFreeSlot,
    /// The agent is not online.
    #[error("the agent is not online")]
    AgentUnavailable,
    /// The transfer is over.
    #[error("this transfer was answered, withdrawn or has lapsed")]
    OfferGone,
    /// The id was used for something else.
    #[error("this id was used before, for another request")]
    IdReused,
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Forbidden,
    /// A fault of the relay.
    #[error("a fault of the relay; try again")]
    Internal,
}

impl DeskError {
    /// Whether the store is out of reach, which it logs itself.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_outage())
    }

    /// The code that a peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Store(error) => error.code(),
            Self::NotFound | Self::NoTeam => ErrorCode::NotFound,
            Self::NotYours | Self::NotAuthor => ErrorCode::NotYours,
            Self::NotLast => ErrorCode::NotLast,
            Self::TooLate => ErrorCode::TooLate,
            Self::Invalid(_) => ErrorCode::InvalidField,
            Self::WrongState(_) => ErrorCode::WrongState,
            Self::NoFreeSlot => ErrorCode::NoFreeSlot,
            Self::AgentUnavailable => ErrorCode::AgentUnavailable,
            Self::OfferGone => ErrorCode::OfferGone,
            Self::IdReused => ErrorCode::IdReused,
            Self::Forbidden => ErrorCode::Forbidden,
            // Its connection is being closed, and the client says it again under the new name.
            Self::Merged | Self::Internal => ErrorCode::Internal,
        }
    }
}

/// The desk's verbs.
#[derive(Clone)]
pub struct Desk {
    store: Arc<Store>,
    rules: Arc<Rules>,
    /// How long an answer to somebody who is gone waits for more before it is sent by email; `None`: this relay sends none.
    mail_after: Option<Millis>,
}

impl Desk {
    /// A desk that works on this store by these rules.
    pub fn new(store: Arc<Store>, rules: Rules) -> Self {
        Self { store, rules: Arc::new(rules), mail_after: None }
    }

    /// One that has answers sent by email, that much later.
    pub fn with_mail(self, after: Millis) -> Self {
        Self { mail_after: Some(after), ..self }
    }

    /// Whether emails are sent.
    pub fn sends_mail(&self) -> bool {
        self.mail_after.is_some()
    }

    /// A visitor wants a conversation of theirs sent to this address.
    ///
    /// # Errors
    /// [`DeskError::WrongState`] where no email is sent; the store's.
    pub async fn transcript(&self, now: Millis, visitor: VisitorId, of: ConversationId, to: String) -> Result<Asked, DeskError> {
        if !self.sends_mail() {
            return Err(DeskError::WrongState("this relay sends no email: set `smtp.host`"));
        }
        let id = MessageId::v7(now, clock::random_bytes()).0;
        Ok(self.store.ask_for_transcript(id, visitor, of, to, now).await?)
    }
}

/// A visitor at the door. Their row comes with their first message.
#[derive(Clone, Debug)]
pub struct VisitorCard {
    /// Their id.
    pub id: VisitorId,
    /// SHA-256 of their token.
    pub token_hash: [u8; 32],
    /// Language tag of their browser.
    pub locale: Option<String>,
    /// IANA time zone of their browser.
    pub time_zone: Option<String>,
    /// The page they are on.
    pub page: Option<Page>,
    /// Browser and system that they come with.
    pub device: Option<String>,
    /// The last pages that they visited before they wrote anything, where their site keeps pages.
    pub trail: Vec<Visit>,
    /// Whose invitation their message takes up.
    pub invited: Option<Invitee>,
    /// Not in the store yet.
    pub is_new: bool,
}

/// Somebody was invited to chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// By whom.
    pub by: AgentId,
    /// With which words.
    pub text: String,
}

/// Whose a conversation is: what fan-out needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Its site.
    pub site: SiteId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// Who has it.
    pub agent: Option<AgentId>,
    /// Where it stands.
    pub state: State,
}

impl Route {
    /// Of a conversation as agents see it.
    pub fn of(conversation: &Conversation) -> Self {
        Self {
            conversation: conversation.id,
            site: conversation.site,
            visitor: conversation.visitor.id,
            agent: conversation.agent.as_ref().map(|agent| agent.id),
            state: conversation.state,
        }
    }

    /// Whether a new message changes a row that the whole team sees.
    pub fn shows_on_board(&self) -> bool {
        match self.state {
            State::Queued => true,
            State::Parked => self.agent.is_none(),
            State::Active | State::Closed => false,
        }
    }

    /// Of a record.
    pub(crate) fn of_record(record: &record::Record) -> Self {
        Self { conversation: record.id, site: record.site, visitor: record.visitor, agent: record.agent, state: record.state }
    }
}

/// A committed entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEntry {
    /// As agents see it.
    pub entry: Entry,
    /// What `prev` is for the visitor; `None`: not for visitors.
    pub visitor_prev: Option<Seq>,
}

/// A committed change of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// As it is now.
    pub conversation: Conversation,
    /// Last seq that the visitor may see.
    pub visitor_head: Seq,
    /// State before.
    pub was_state: State,
    /// Agent before.
    pub was_agent: Option<AgentId>,
    /// Whom it was offered to before.
    pub was_offered: Option<AgentId>,
    /// The events that record the change.
    pub entries: Vec<NewEntry>,
}

impl Change {
    /// As the visitor sees it. Positions come with the board.
    pub fn thread(&self) -> Thread {
        let conversation = &self.conversation;
        Thread {
            id: conversation.id,
            state: conversation.state,
            head: self.visitor_head,
            agent: conversation.agent.clone(),
            position: None,
            estimate_ms: None,
            read: conversation.agent_read,
        }
    }
}

/// A committed message.
#[derive(Clone, Debug)]
pub struct Said {
    /// For its author.
    pub ack: Ack,
    /// For everybody else; `None`: it was there already.
    pub entry: Option<NewEntry>,
    /// Whose conversation.
    pub route: Route,
}

/// An agent is reminded of something else than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminded {
    /// Who.
    pub agent: AgentId,
    /// A note of this conversation names them, so that they may read it; `None`: something was read, taken back, or went with a chat.
    pub named_in: Option<ConversationId>,
}

/// What a verb has made true.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The message, if the verb was one.
    pub said: Option<Said>,
    /// Conversations that changed, in order.
    pub changes: Vec<Change>,
    /// Agents who are reminded of something else than before.
    pub reminded: Vec<Reminded>,
    /// Agents whose presence or slots changed.
    pub agents: Vec<Agent>,
    /// Sites whose desk changed, with the new revision.
    pub sites: Vec<(SiteId, u64)>,
    /// Whether teams changed.
    pub teams: bool,
}
