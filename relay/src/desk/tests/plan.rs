//! The pure decision: whatever the queue and the agents are, its promises hold.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use shared::ids::{AgentId, ConversationId, Millis, TeamId};

use super::id;
use crate::desk::plan::{Assignment, Available, Eligible, Waiting, plan};

const NOW: Millis = 1_000;

fn agent(number: u8) -> AgentId {
    AgentId(id(u128::from(number)))
}

/// The last agent, the preference and the excluded of one that waits; team, language, and whether it is picked.
type Drawn = (Option<u8>, Option<(u8, Millis)>, Vec<u8>, (Option<u8>, Option<u8>, bool));

fn waiting() -> impl Strategy<Value = Drawn> {
    let whose = (option::of(0..3_u8), option::of(0..3_u8), prop::bool::weighted(0.1));
    (option::of(0..8_u8), option::of((0..8_u8, NOW - 2..NOW + 3)), vec(0..8_u8, 0..4), whose)
}

fn team(number: u8) -> TeamId {
    TeamId(id(200 + u128::from(number)))
}

fn language(number: u8) -> String {
    ["fr", "de", "pt"][usize::from(number)].to_owned()
}

fn queue() -> impl Strategy<Value = Vec<Waiting>> {
    vec(waiting(), 0..20).prop_map(|all| {
        let make = |(number, (last, prefer, excluded, (whose, spoken, picked))): (usize, Drawn)| Waiting {
            team: whose.map(team),
            language: spoken.map(language),
            picked,
            conversation: ConversationId(id(100 + number as u128)),
            last_agent: last.map(agent),
            prefer: prefer.map(|(who, until)| (agent(who), until)),
            excluded: excluded.into_iter().map(agent).collect(),
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

fn agents() -> impl Strategy<Value = Vec<Available>> {
    let joined = (vec(0..3_u8, 0..3), vec(0..3_u8, 0..3));
    vec(option::of((0..4_u32, 0..4_i64, joined)), 6).prop_map(|all| {
        type Found = (u32, Millis, (Vec<u8>, Vec<u8>));
        let make = |(number, found): (usize, Option<Found>)| {
            found.map(|(free, idle_since, (teams, languages))| Available {
                agent: agent(number as u8),
                free,
                idle_since,
                teams: teams.into_iter().map(team).collect(),
                languages: languages.into_iter().map(language).collect(),
            })
        };
        all.into_iter().enumerate().filter_map(make).collect()
    })
}

/// The rule, said a second time and in other words.
fn may_have(waiting: &Waiting, candidate: AgentId, agents: &[Available]) -> bool {
    let mut left: Vec<&Available> = agents.iter().filter(|other| !waiting.excluded.contains(&other.agent)).collect();
    let preferred = waiting.prefer.filter(|(who, until)| *until > NOW && left.iter().any(|other| other.agent == *who));
    if let Some((who, _)) = preferred {
        return who == candidate;
    }
    if waiting.picked {
        return false;
    }
    let team: Vec<&Available> =
        left.iter().copied().filter(|other| waiting.team.is_some_and(|team| other.teams.contains(&team))).collect();
    left = if team.is_empty() { left } else { team };
    let speaks = |other: &&Available| {
        let language = waiting.language.clone().unwrap_or_default();
        other.languages.is_empty() || language.is_empty() || other.languages.contains(&language)
    };
    let speakers: Vec<&Available> = left.iter().copied().filter(speaks).collect();
    left = if speakers.is_empty() { left } else { speakers };
    left.iter().any(|other| other.agent == candidate)
}

/// Free slots of each agent at the time when each conversation had its turn.
fn replay(
    queue: &[Waiting],
    agents: &[Available],
    planned: &[Assignment],
    mut look: impl FnMut(&Waiting, &[Available], Option<AgentId>),
) {
    let mut left = agents.to_vec();
    for waiting in queue {
        let given = planned.iter().find(|assignment| assignment.conversation == waiting.conversation).map(|given| given.agent);
        look(waiting, &left, given);
        if let Some(given) = given {
            left.iter_mut().find(|candidate| candidate.agent == given).unwrap().free -= 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn each_conversation_and_slot_is_given_once(queue in queue(), agents in agents()) {
        let planned = plan(&queue, &agents, NOW);
        for (place, assignment) in planned.iter().enumerate() {
            prop_assert!(queue.iter().any(|waiting| waiting.conversation == assignment.conversation));
            prop_assert!(planned[..place].iter().all(|other| other.conversation != assignment.conversation));
        }
        for candidate in &agents {
            let given = planned.iter().filter(|assignment| assignment.agent == candidate.agent).count();
            prop_assert!(given <= candidate.free as usize, "{given} chats for {} slots", candidate.free);
        }
    }

    /// In queue order each gets an agent if one who may have it is free at its turn: nobody is overtaken by somebody later, nobody
    /// waits without a reason, no slot stays free beside somebody who could have it.
    #[test]
    fn strict_order_and_nobody_forgotten(queue in queue(), agents in agents()) {
        let planned = plan(&queue, &agents, NOW);
        let mut wrong = None;
        replay(&queue, &agents, &planned, |waiting, left, given| {
            let could = left.iter().any(|candidate| candidate.free > 0 && may_have(waiting, candidate.agent, left));
            let allowed = given.is_none_or(|given| may_have(waiting, given, left));
            if could != given.is_some() || !allowed {
                wrong = Some((waiting.clone(), given));
            }
        });
        prop_assert_eq!(wrong, None);
    }

    #[test]
    fn whoever_knows_it_then_most_free_then_longest_idle(queue in queue(), agents in agents()) {
        let planned = plan(&queue, &agents, NOW);
        let mut wrong = None;
        replay(&queue, &agents, &planned, |waiting, left, given| {
            let Some(given) = given else { return };
            let rank = |candidate: &Available| {
                (waiting.last_agent != Some(candidate.agent), u32::MAX - candidate.free, candidate.idle_since)
            };
            let chosen = left.iter().find(|candidate| candidate.agent == given).unwrap();
            let others = left.iter().filter(|other| other.free > 0 && may_have(waiting, other.agent, left));
            if let Some(better) = others.min_by_key(|other| rank(other)).filter(|better| rank(better) < rank(chosen)) {
                wrong = Some((waiting.clone(), given, better.clone()));
            }
        });
        prop_assert_eq!(wrong, None);
    }

    #[test]
    fn eligibility_is_as_the_desk_promises(queue in queue(), agents in agents()) {
        for waiting in &queue {
            for candidate in &agents {
                let found = Eligible::of(waiting, &agents, NOW).includes(candidate);
                prop_assert_eq!(found, may_have(waiting, candidate.agent, &agents));
            }
        }
    }
}

fn one(last: Option<u8>, prefer: Option<(u8, Millis)>, excluded: &[u8]) -> Waiting {
    Waiting {
        conversation: ConversationId(id(100)),
        last_agent: last.map(agent),
        prefer: prefer.map(|(who, until)| (agent(who), until)),
        excluded: excluded.iter().copied().map(agent).collect(),
        team: None,
        language: None,
        picked: false,
    }
}

fn given(waiting: Waiting, agents: &[(u8, u32, Millis)]) -> Option<AgentId> {
    let make = |(number, free, idle_since): &(u8, u32, Millis)| Available {
        agent: agent(*number),
        free: *free,
        idle_since: *idle_since,
        teams: Vec::new(),
        languages: Vec::new(),
    };
    plan(&[waiting], &agents.iter().map(make).collect::<Vec<_>>(), NOW).first().map(|assignment| assignment.agent)
}

#[test]
fn a_preference_holds_until_its_time_and_only_for_somebody_who_is_there() {
    let busy_and_free = [(1, 0, 0), (2, 3, 0)];
    assert_eq!(given(one(None, Some((1, NOW + 1)), &[]), &busy_and_free), None, "it waits for its agent");
    assert_eq!(given(one(None, Some((1, NOW)), &[]), &busy_and_free), Some(agent(2)), "its time is over");
    assert_eq!(given(one(None, Some((1, NOW + 1)), &[]), &[(2, 3, 0)]), Some(agent(2)), "its agent is not there");
    assert_eq!(given(one(None, Some((1, NOW + 1)), &[1]), &busy_and_free), Some(agent(2)), "its agent gave it up");
}

#[test]
fn the_previous_agent_goes_before_freer_ones_unless_they_gave_it_up() {
    let agents = [(1, 1, 9), (2, 3, 5), (3, 3, 4)];
    assert_eq!(given(one(Some(1), None, &[]), &agents), Some(agent(1)));
    assert_eq!(given(one(Some(1), None, &[1]), &agents), Some(agent(3)));
    assert_eq!(given(one(None, None, &[3]), &agents), Some(agent(2)));
    assert_eq!(given(one(None, None, &[1, 2, 3]), &agents), None);
}
