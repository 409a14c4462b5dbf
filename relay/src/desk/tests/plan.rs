//! The pure decision: whatever the queue and the agents are, its promises hold.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use shared::ids::{AgentId, ConversationId, Millis};

use super::id;
use crate::desk::plan::{Assignment, Available, Waiting, eligible, plan};

const NOW: Millis = 1_000;

fn agent(number: u8) -> AgentId {
    AgentId(id(u128::from(number)))
}

/// The last agent, the preference and the excluded of one that waits.
type Drawn = (Option<u8>, Option<(u8, Millis)>, Vec<u8>);

fn waiting() -> impl Strategy<Value = Drawn> {
    (option::of(0..8_u8), option::of((0..8_u8, NOW - 2..NOW + 3)), vec(0..8_u8, 0..4))
}

fn queue() -> impl Strategy<Value = Vec<Waiting>> {
    vec(waiting(), 0..20).prop_map(|all| {
        let make = |(number, (last, prefer, excluded)): (usize, Drawn)| Waiting {
            conversation: ConversationId(id(100 + number as u128)),
            last_agent: last.map(agent),
            prefer: prefer.map(|(who, until)| (agent(who), until)),
            excluded: excluded.into_iter().map(agent).collect(),
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

fn agents() -> impl Strategy<Value = Vec<Available>> {
    vec(option::of((0..4_u32, 0..4_i64)), 6).prop_map(|all| {
        let make = |(number, found): (usize, Option<(u32, Millis)>)| {
            found.map(|(free, idle_since)| Available { agent: agent(number as u8), free, idle_since })
        };
        all.into_iter().enumerate().filter_map(make).collect()
    })
}

/// The rule, said a second time and in other words.
fn may_have(waiting: &Waiting, candidate: AgentId, agents: &[Available]) -> bool {
    let online = |who: AgentId| agents.iter().any(|other| other.agent == who);
    let reserved = waiting.prefer.filter(|(who, until)| *until > NOW && online(*who) && !waiting.excluded.contains(who));
    !waiting.excluded.contains(&candidate) && reserved.is_none_or(|(who, _)| who == candidate)
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
                let (found, expected) = (eligible(waiting, candidate.agent, &agents, NOW), may_have(waiting, candidate.agent, &agents));
                prop_assert_eq!(found, expected);
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
    }
}

fn given(waiting: Waiting, agents: &[(u8, u32, Millis)]) -> Option<AgentId> {
    let make = |(number, free, idle_since): &(u8, u32, Millis)| Available {
        agent: agent(*number),
        free: *free,
        idle_since: *idle_since,
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
