//! Who gets which waiting conversation: a pure decision, made in one place for every path that hands chats out.
//!
//! The queue is served strictly in its order. A conversation that no free agent may have now (a running preference, a team or
//! language whose people are busy, everybody excluded) is passed over; it keeps its place.
//!
//! A team or a language holds as long as somebody online can keep it. When the last member has gone, or nobody online speaks the
//! language, the conversation is for everybody: a visitor who waits for people who are not there would wait without a word.

use shared::ids::{AgentId, ConversationId, Millis, TeamId};

/// One conversation of the queue, in queue order.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Which one.
    pub conversation: ConversationId,
    /// Who had it before.
    pub last_agent: Option<AgentId>,
    /// Nobody else is given it before that time, as long as they are online.
    pub prefer: Option<(AgentId, Millis)>,
    /// Who gave it up.
    pub excluded: Vec<AgentId>,
    /// The team that it is for.
    pub team: Option<TeamId>,
    /// The visitor's language.
    pub language: Option<String>,
    /// Agents pick it themselves: it is only handed to whom it waits for in particular.
    pub picked: bool,
}

/// One agent who is online: connected, not away, not disabled.
#[derive(Clone, Debug, PartialEq)]
pub struct Available {
    /// Who.
    pub agent: AgentId,
    /// Free slots; may be 0, which matters for preferences, teams and languages.
    pub free: u32,
    /// When they last gave up a slot.
    pub idle_since: Millis,
    /// Teams that they are in.
    pub teams: Vec<TeamId>,
    /// Languages that they take chats in; empty: all.
    pub languages: Vec<String>,
}

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assignment {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whom.
    pub agent: AgentId,
}

/// Who may be given a conversation as things are now, free slots aside.
#[derive(Clone, Copy, Debug)]
pub struct Eligible<'a> {
    waiting: &'a Waiting,
    /// Nobody but them.
    pub reserved: Option<AgentId>,
    /// Members only.
    pub team: Option<TeamId>,
    /// Speakers only.
    pub language: Option<&'a str>,
}

impl<'a> Eligible<'a> {
    /// Looks at everybody online.
    pub fn of(waiting: &'a Waiting, agents: &[Available], now: Millis) -> Self {
        let mut found = Self { waiting, reserved: None, team: None, language: None };
        let stays = |who: AgentId| !waiting.excluded.contains(&who);
        found.reserved = waiting
            .prefer
            .filter(|(who, until)| *until > now && stays(*who) && agents.iter().any(|other| other.agent == *who))
            .map(|(who, _)| who);
        // Each holds only where somebody is left by it.
        let somebody = |found: &Self| agents.iter().any(|candidate| stays(candidate.agent) && found.fits(candidate));
        found.team = waiting.team.filter(|team| somebody(&Self { team: Some(*team), ..found }));
        found.language = waiting.language.as_deref().filter(|language| somebody(&Self { language: Some(*language), ..found }));
        found
    }

    /// Whether they may have it.
    pub fn includes(&self, candidate: &Available) -> bool {
        if self.waiting.excluded.contains(&candidate.agent) {
            return false;
        }
        match self.reserved {
            Some(reserved) => candidate.agent == reserved,
            None => !self.waiting.picked && self.fits(candidate),
        }
    }

    /// Team and language.
    pub(super) fn fits(&self, candidate: &Available) -> bool {
        self.team.is_none_or(|team| candidate.teams.contains(&team))
            && self.language.is_none_or(|language| {
                candidate.languages.is_empty() || candidate.languages.iter().any(|spoken| spoken == language)
            })
    }
}

/// Hands out as much of the queue as there are free slots for.
pub fn plan(queue: &[Waiting], agents: &[Available], now: Millis) -> Vec<Assignment> {
    let mut agents = agents.to_vec();
    let mut free: u32 = agents.iter().map(|agent| agent.free).sum();
    let mut assignments = Vec::new();
    for waiting in queue {
        if free == 0 {
            break;
        }
        if let Some(chosen) = choose(waiting, &mut agents, now) {
            chosen.free -= 1;
            free -= 1;
            assignments.push(Assignment { conversation: waiting.conversation, agent: chosen.agent });
        }
    }
    assignments
}

fn choose<'a>(waiting: &Waiting, agents: &'a mut [Available], now: Millis) -> Option<&'a mut Available> {
    let eligible = Eligible::of(waiting, agents, now);
    let best = agents
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.free > 0 && eligible.includes(candidate))
        .min_by_key(|(_, candidate)| {
            let knows_it = waiting.last_agent == Some(candidate.agent);
            (!knows_it, std::cmp::Reverse(candidate.free), candidate.idle_since, candidate.agent)
        })
        .map(|(place, _)| place);
    best.and_then(|place| agents.get_mut(place))
}
