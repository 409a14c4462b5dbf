//! Who gets which waiting conversation: a pure decision, made in one place for every path that hands chats out.
//!
//! The queue is served strictly in its order. A conversation that no free agent may have now (a running preference, everybody
//! excluded) is passed over; it keeps its place.

use shared::ids::{AgentId, ConversationId, Millis};

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
}

/// One agent who is online: connected, not away, not disabled.
#[derive(Clone, Debug, PartialEq)]
pub struct Available {
    /// Who.
    pub agent: AgentId,
    /// Free slots; may be 0, which matters for preferences.
    pub free: u32,
    /// When they last gave up a slot.
    pub idle_since: Millis,
}

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assignment {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whom.
    pub agent: AgentId,
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

/// Whether the agent may be given this conversation, free slots aside. (Teams and languages will decide here, too.)
pub fn eligible(waiting: &Waiting, agent: AgentId, agents: &[Available], now: Millis) -> bool {
    if waiting.excluded.contains(&agent) {
        return false;
    }
    match waiting.prefer {
        Some((preferred, until)) => {
            let waits =
                until > now && !waiting.excluded.contains(&preferred) && agents.iter().any(|other| other.agent == preferred);
            !waits || agent == preferred
        }
        None => true,
    }
}

fn choose<'a>(waiting: &Waiting, agents: &'a mut [Available], now: Millis) -> Option<&'a mut Available> {
    let best = agents
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.free > 0 && eligible(waiting, candidate.agent, agents, now))
        .min_by_key(|(_, candidate)| {
            let knows_it = waiting.last_agent == Some(candidate.agent) && !waiting.excluded.contains(&candidate.agent);
            (!knows_it, std::cmp::Reverse(candidate.free), candidate.idle_since, candidate.agent)
        })
        .map(|(place, _)| place);
    best.and_then(|place| agents.get_mut(place))
}
