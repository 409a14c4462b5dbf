//! What an agent can do to a conversation, as requests that wait for their answer: only `done` makes them true.
//! Pure; `socket.rs` sends what this builds.

use shared::agent::{About, Block, Prioritize, Take, ToRelay, Transfer};
use shared::close::ErrorCode;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, TeamId};
use shared::model::{AssignedHow, CloseReason, Conversation, Event, PRIORITIES, ParkReason, RequeueReason, State};

use crate::text::{Texts, fill};
use crate::urgency;

/// A request about one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Pick it.
    Take,
    /// Pick it beyond capacity.
    TakeAnyway,
    /// Offer it to another agent.
    Transfer(AgentId),
    /// Hand it to a team.
    ToTeam(TeamId),
    /// Give it back to the queue.
    GiveBack,
    /// Make it as urgent as this.
    Prioritize(i32),
    /// Accept what was offered.
    Accept,
    /// Decline it.
    Decline,
    /// Take it from the colleague who has it.
    TakeOver,
    /// End it.
    Close,
    /// End a reopened one that needs no answer.
    Dismiss,
    /// Keep its visitor out, and end it.
    Block {
        /// Everybody from their network, too.
        network: bool,
        /// For how long, in ms; `None`: for good.
        for_ms: Option<Millis>,
    },
}

/// Why a request did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The relay refused.
    Refused(Verb, ErrorCode),
    /// The relay refused to change or take back a message.
    Unchanged(ErrorCode),
    /// There is no connection to send it over.
    Offline,
}

impl Verb {
    /// The frame that asks for it.
    pub fn frame(self, id: MessageId, conversation: ConversationId) -> ToRelay {
        let about = About { id, conversation };
        match self {
            Self::Take => ToRelay::Take(Take { id, conversation, stretch: false }),
            Self::TakeAnyway => ToRelay::Take(Take { id, conversation, stretch: true }),
            Self::Transfer(to) => ToRelay::Transfer(Transfer { id, conversation, to: Some(to), team: None }),
            Self::ToTeam(team) => ToRelay::Transfer(Transfer { id, conversation, to: None, team: Some(team) }),
            Self::GiveBack => ToRelay::Transfer(Transfer { id, conversation, to: None, team: None }),
            Self::Prioritize(priority) => ToRelay::Prioritize(Prioritize { id, conversation, priority }),
            Self::Accept => ToRelay::Accept(about),
            Self::Decline => ToRelay::Decline(about),
            Self::TakeOver => ToRelay::TakeOver(about),
            Self::Close => ToRelay::Close(about),
            Self::Dismiss => ToRelay::Dismiss(about),
            Self::Block { network, for_ms } => ToRelay::Block(Block { id, conversation, network, for_ms, reason: String::new() }),
        }
    }

    /// Whether it makes sense for a conversation in this state, asked by this agent.
    pub fn fits(self, talk: &Conversation, me: AgentId) -> bool {
        let mine = talk.agent.as_ref().is_some_and(|agent| agent.id == me);
        let offered = talk.offer.as_ref().is_some_and(|offer| offer.to == me);
        match self {
            Self::Take | Self::TakeAnyway => !offered && matches!(talk.state, State::Queued | State::Parked),
            // Another offer replaces the one that waits.
            Self::Transfer(_) | Self::ToTeam(_) | Self::GiveBack => mine && talk.state == State::Active,
            Self::Prioritize(priority) => talk.state == State::Queued && PRIORITIES.contains(&priority),
            Self::Accept | Self::Decline => offered,
            Self::TakeOver => is_held_by_other(talk, me) && talk.state == State::Active,
            Self::Close => talk.state != State::Closed && (mine || talk.agent.is_none()),
            Self::Dismiss => talk.state != State::Closed && (mine || talk.state == State::Queued),
            Self::Block { .. } => mine || talk.agent.is_none(),
        }
    }
}

impl Problem {
    /// What it means to an agent.
    pub fn words(self, texts: &Texts) -> &'static str {
        match self {
            Self::Offline => texts.offline_action,
            Self::Refused(Verb::Take | Verb::TakeAnyway | Verb::TakeOver | Verb::Accept, ErrorCode::AgentUnavailable) => {
                texts.refusal_self
            }
            Self::Refused(_, code) | Self::Unchanged(code) => texts.refusal(code),
        }
    }

    /// Whether "take anyway" is worth offering.
    pub fn invites_stretch(self) -> bool {
        matches!(self, Self::Refused(Verb::Take, ErrorCode::NoFreeSlot))
    }
}

/// Whether an agent may write to the visitor: the chat is theirs, or a message that anybody may answer.
pub fn may_write(talk: &Conversation, me: AgentId) -> bool {
    let mine = talk.agent.as_ref().is_some_and(|agent| agent.id == me);
    mine && matches!(talk.state, State::Active | State::Parked) || is_unassigned_message(talk)
}

/// Whether a colleague has it in hand.
pub fn is_held_by_other(talk: &Conversation, me: AgentId) -> bool {
    matches!(talk.state, State::Active | State::Parked) && talk.agent.as_ref().is_some_and(|agent| agent.id != me)
}

fn is_unassigned_message(talk: &Conversation) -> bool {
    talk.state == State::Parked && talk.agent.is_none()
}

/// An event of the thread in words.
pub fn event_words(event: &Event, texts: &Texts) -> String {
    let plain = match event {
        Event::Assigned(assigned) => {
            let template = match assigned.how {
                AssignedHow::Dispatched => texts.event_dispatched,
                AssignedHow::Taken => texts.event_taken,
                AssignedHow::Stretched => texts.event_stretched,
                AssignedHow::Transferred => texts.event_transferred,
                AssignedHow::TakenOver => texts.together.event_taken_over,
            };
            return fill(template, &[("agent", &assigned.agent.name)]);
        }
        Event::Answered(answers) => {
            return answers.iter().map(|answer| [&answer.label, ": ", &answer.value].concat()).collect::<Vec<_>>().join(" · ");
        }
        Event::Tagged(tagged) => {
            let line = |template, tags: &Vec<String>| (!tags.is_empty()).then(|| fill(template, &[("tags", &tags.join(", "))]));
            let lines = [line(texts.history.event_tagged, &tagged.added), line(texts.history.event_untagged, &tagged.removed)];
            return lines.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        }
        Event::Routed(routed) => return fill(texts.desk.event_routed, &[("name", &routed.name)]),
        Event::Prioritized(urgency) => {
            return fill(texts.desk.event_prioritized, &[("word", urgency::word(urgency.priority, texts))]);
        }
        Event::Greeted(text) => return fill(texts.event_greeted, &[("text", text)]),
        Event::Rated(rating) => {
            let stars = fill(texts.event_rated, &[("score", &rating.score.to_string())]);
            return rating.comment.iter().fold(stars, |stars, comment| [&stars, ": ", comment].concat());
        }
        Event::Contact(contact) => return fill(texts.event_contact, &[("email", &contact.email)]),
        Event::Requeued(reason) => match reason {
            RequeueReason::AgentGone => texts.event_agent_gone,
            RequeueReason::Unanswered => texts.event_unanswered,
            RequeueReason::HandedOver => texts.event_handed_over,
            RequeueReason::AgentInactive => texts.desk.event_requeued_inactive,
            RequeueReason::AgentDisabled => texts.event_disabled,
            RequeueReason::VisitorSpoke => texts.event_spoke,
            RequeueReason::VisitorReturned => texts.event_returned,
        },
        Event::Parked(reason) => match reason {
            ParkReason::VisitorGone => texts.event_visitor_gone,
            ParkReason::VisitorSilent => texts.event_visitor_silent,
            ParkReason::NobodyThere => texts.event_nobody,
            ParkReason::AgentInactive => texts.desk.event_parked_inactive,
            ParkReason::OutsideHours => texts.desk.event_outside,
        },
        Event::Edited(_) => texts.edited,
        Event::Deleted(_) => texts.deleted,
        Event::Merged(_) => texts.event_merged,
        Event::Unknown(_) => texts.unknown_entry,
        Event::Resumed => texts.event_resumed,
        Event::Closed(reason) => match reason {
            CloseReason::Agent => texts.event_closed_agent,
            CloseReason::Visitor => texts.event_closed_visitor,
            CloseReason::Expired => texts.event_expired,
            CloseReason::Dismissed => texts.event_dismissed,
            CloseReason::Merged => texts.event_merged,
        },
        Event::Reopened => texts.event_reopened,
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{agent_id, conversation, person};
    use shared::model::Offer;

    #[test]
    fn only_what_the_state_allows_is_offered() {
        let me = agent_id(9);
        let queued = conversation(1);
        assert!(Verb::Take.fits(&queued, me));
        assert!(
            Verb::Close.fits(&queued, me) && !may_write(&queued, me),
            "nobody's: anybody may end it, nobody may answer it yet"
        );

        assert!(Verb::Prioritize(2).fits(&queued, me) && !Verb::Prioritize(3).fits(&queued, me), "within bounds");
        let active = Conversation { state: State::Active, agent: Some(person(9)), ..queued.clone() };
        assert!(!Verb::Take.fits(&active, me));
        assert!(Verb::Close.fits(&active, me) && Verb::GiveBack.fits(&active, me) && may_write(&active, me));
        assert!(!Verb::Close.fits(&active, agent_id(8)) && !may_write(&active, agent_id(8)));
        assert!(Verb::TakeOver.fits(&active, agent_id(8)) && !Verb::TakeOver.fits(&active, me));
        let aside = Conversation { state: State::Parked, ..active.clone() };
        assert!(!Verb::TakeOver.fits(&aside, agent_id(8)) && is_held_by_other(&aside, agent_id(8)), "it is taken");

        let message = Conversation { state: State::Parked, ..queued.clone() };
        assert!(Verb::Take.fits(&message, me) && may_write(&message, me));
        let closed = Conversation { state: State::Closed, agent: Some(person(9)), ..queued };
        assert!(!Verb::Take.fits(&closed, me) && !may_write(&closed, me) && !Verb::Close.fits(&closed, me));
    }

    #[test]
    fn an_offer_is_answered_by_its_receiver_only() {
        let offer = Some(Offer { to: agent_id(8), from: person(9), until: 0 });
        let offered = Conversation { state: State::Active, agent: Some(person(9)), offer, ..conversation(1) };
        assert!(Verb::Accept.fits(&offered, agent_id(8)) && !Verb::Accept.fits(&offered, agent_id(9)));
    }
}
