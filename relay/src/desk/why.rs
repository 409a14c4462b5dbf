//! Why a conversation waits: the real reason, in the words of the rules that [`plan`](super::plan) goes by. Pure.

use shared::api::{Cause, Why};
use shared::ids::{AgentId, Millis, TeamId};

use super::plan::{Available, Eligible, Waiting};

/// What holds it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody is online.
    NobodyOnline,
    /// It waits for this agent, so many ms longer.
    Preferred {
        /// Who.
        agent: AgentId,
        /// How long.
        left: Millis,
    },
    /// Agents pick it themselves.
    Picked,
    /// Whoever has a free slot has given it up before.
    GivenUp,
    /// So many members of its team are online, all of them busy.
    TeamBusy {
        /// Which.
        team: TeamId,
        /// How many.
        agents: usize,
    },
    /// So many who speak its language are online, all of them busy.
    LanguageBusy {
        /// How many.
        agents: usize,
    },
    /// So many are online, all of them busy.
    Busy {
        /// How many.
        agents: usize,
    },
    /// Somebody who may have it has a free slot: it is a matter of its place.
    Place,
}

/// The reason, by who is online.
pub fn reason(waiting: &Waiting, available: &[Available], now: Millis) -> Reason {
    if available.is_empty() {
        return Reason::NobodyOnline;
    }
    let eligible = Eligible::of(waiting, available, now);
    if let (Some(agent), Some((_, until))) = (eligible.reserved, waiting.prefer) {
        return Reason::Preferred { agent, left: until - now };
    }
    if waiting.picked {
        return Reason::Picked;
    }
    let could: Vec<&Available> = available.iter().filter(|candidate| eligible.includes(candidate)).collect();
    if could.iter().any(|candidate| candidate.free > 0) {
        return Reason::Place;
    }
    let has_room = |candidate: &Available| candidate.free > 0 && waiting.excluded.contains(&candidate.agent);
    if available.iter().any(|candidate| has_room(candidate) && eligible.fits(candidate)) {
        return Reason::GivenUp;
    }
    let agents = could.len();
    match (eligible.team, eligible.language) {
        // The narrower one, where it leaves out somebody of the team.
        (team, Some(_)) if agents < members(available, team, waiting) => Reason::LanguageBusy { agents },
        (Some(team), _) => Reason::TeamBusy { team, agents },
        (None, _) if agents > 0 => Reason::Busy { agents },
        // Everybody has given it up, and is busy besides.
        (None, _) => Reason::Busy { agents: available.len() },
    }
}

/// How many are online who have not given it up, of this team or of all.
fn members(available: &[Available], team: Option<TeamId>, waiting: &Waiting) -> usize {
    let of_it = |candidate: &&Available| {
        team.is_none_or(|team| candidate.teams.contains(&team)) && !waiting.excluded.contains(&candidate.agent)
    };
    available.iter().filter(of_it).count()
}

/// The same for people and programs. `name`: of whom the reason speaks; `ahead`: whether the first of the queue is another one, and a
/// more urgent one.
pub fn in_words(reason: Reason, name: Option<String>, ahead: Option<bool>) -> Why {
    let who = || name.clone().unwrap_or_else(|| "somebody".to_owned());
    let online = |agents: usize, one: &str, many: &str| match agents {
        1 => format!("All slots of the only {one} online are taken."),
        agents => format!("All slots of the {agents} {many} online are taken."),
    };
    let number = |number: usize| u32::try_from(number).ok();
    let (mut seconds, mut count) = (None, None);
    let (cause, reason) = match reason {
        Reason::NobodyOnline => (Cause::NobodyOnline, "Nobody is online.".to_owned()),
        Reason::Preferred { left, .. } => {
            let left = (left + 999) / 1_000;
            seconds = u32::try_from(left).ok();
            (Cause::Preferred, format!("It waits for {}, who had it before, for another {left} s.", who()))
        }
        Reason::Picked => (Cause::Picked, "Agents pick this site's chats themselves, and nobody has taken this one yet.".into()),
        Reason::GivenUp => (Cause::GivenUp, "Everybody with a free slot has handed it over or left it unanswered before.".into()),
        Reason::TeamBusy { agents, .. } => {
            count = number(agents);
            (Cause::TeamBusy, format!("It is for the team {}. {}", who(), online(agents, "member", "members")))
        }
        Reason::LanguageBusy { agents } => {
            count = number(agents);
            (
                Cause::LanguageBusy,
                format!("It is in the language {}. {}", who(), online(agents, "agent who speaks it", "agents who speak it")),
            )
        }
        Reason::Busy { agents } => {
            count = number(agents);
            (Cause::Busy, online(agents, "agent", "agents"))
        }
        Reason::Place => match ahead {
            Some(true) => (Cause::Urgent, "More urgent ones go first.".into()),
            Some(false) => (Cause::Behind, "Others have waited longer.".into()),
            None => (Cause::Next, "It is next.".into()),
        },
    };
    Why { reason, cause, name, seconds, agents: count }
}
