//! `plan` against its rules, and the rules against plans that break them: a checker that finds nothing proves nothing.

use proptest::prelude::*;
use shared::ids::{AgentId, ConversationId, Millis};

use super::NOW;
use crate::desk::plan::{Assignment, Available, Waiting, eligible, plan};

/// What is wrong with a plan, if anything.
fn fault(queue: &[Waiting], agents: &[Available], now: Millis, plan: &[Assignment]) -> Option<&'static str> {
    let given = |id| plan.iter().filter(|one| one.conversation == id).count();
    let held = |id| plan.iter().filter(|one| one.agent == id).count();
    let to = |id| plan.iter().find(|one| one.conversation == id).map(|one| one.agent);
    if plan.iter().any(|one| !queue.iter().any(|waiting| waiting.conversation == one.conversation)) {
        return Some("invented a conversation");
    }
    if queue.iter().any(|waiting| given(waiting.conversation) > 1) {
        return Some("gave one conversation twice");
    }
    if plan
        .iter()
        .any(|one| agents.iter().find(|agent| agent.agent == one.agent).is_none_or(|agent| held(one.agent) > agent.free as usize))
    {
        return Some("went above capacity");
    }
    if queue.iter().any(|waiting| to(waiting.conversation).is_some_and(|agent| !eligible(waiting, agent, agents, now))) {
        return Some("gave to somebody who is not eligible");
    }
    for (place, waiting) in queue.iter().enumerate().filter(|(_, waiting)| to(waiting.conversation).is_none()) {
        for agent in agents.iter().filter(|agent| eligible(waiting, agent.agent, agents, now)) {
            if held(agent.agent) < agent.free as usize {
                return Some("left a slot free while somebody waits");
            }
            if queue[place + 1..].iter().any(|later| to(later.conversation) == Some(agent.agent)) {
                return Some("overtook somebody");
            }
        }
    }
    None
}

fn agent(number: u8) -> AgentId {
    AgentId::v7(NOW, [number; 10])
}

fn waiting(number: u8) -> Waiting {
    Waiting { conversation: ConversationId::v7(NOW, [number; 10]), prefer: None, last_agent: None, excluded: Vec::new() }
}

fn free(number: u8, slots: u32) -> Available {
    Available { agent: agent(number), free: slots, idle_since: NOW }
}

prop_compose! {
    fn queues()(rows in prop::collection::vec((prop::option::of((0..5u8, -2..3i64)), prop::option::of(0..5u8), prop::collection::vec(0..5u8, 0..3)), 0..30))
        -> Vec<Waiting>
    {
        rows.into_iter().enumerate().map(|(number, (prefer, last, excluded))| Waiting {
            prefer: prefer.map(|(id, until)| (agent(id), NOW + until)),
            last_agent: last.map(agent),
            excluded: excluded.into_iter().map(agent).collect(),
            ..waiting(u8::try_from(number).expect("few"))
        }).collect()
    }
}

prop_compose! {
    fn teams()(team in prop::collection::vec((0..4u32, 0..5i64), 0..5)) -> Vec<Available> {
        team.into_iter().zip(0..).map(|((slots, idle), id)| Available { agent: agent(id), free: slots, idle_since: NOW - idle }).collect()
    }
}

proptest! {
    #[test]
    fn every_plan_keeps_the_rules(queue in queues(), team in teams()) {
        let decided = plan(&queue, &team, NOW);
        prop_assert_eq!(fault(&queue, &team, NOW, &decided), None);
        prop_assert_eq!(plan(&queue, &team, NOW), decided, "equal inputs, equal answers");
    }

    /// Nobody is forgotten: with the exclusions of others out of the way, enough slots empty the queue.
    #[test]
    fn enough_slots_empty_the_queue(queue in queues()) {
        let after = NOW + 1_000;
        let team = [Available { free: 30, ..free(9, 30) }];
        prop_assert_eq!(plan(&queue, &team, after).len(), queue.len());
    }

    /// Planning page by page, as dispatch does, decides like planning at once.
    #[test]
    fn pages_change_nothing(queue in queues(), team in teams(), at in 0..30usize) {
        let (head, tail) = queue.split_at(at.min(queue.len()));
        let mut paged = plan(head, &team, NOW);
        let mut left = team.clone();
        for one in &paged {
            let agent = left.iter_mut().find(|agent| agent.agent == one.agent).expect("known");
            agent.free -= 1;
        }
        paged.extend(plan(tail, &left, NOW));
        prop_assert_eq!(paged, plan(&queue, &team, NOW));
    }
}

#[test]
fn the_checker_sees_each_broken_rule() {
    let queue = [waiting(1), waiting(2), waiting(3)];
    let team = [free(1, 1), free(2, 1)];
    let one = |conversation: &Waiting, number| Assignment { conversation: conversation.conversation, agent: agent(number) };
    let cases = [
        (vec![one(&queue[0], 1), one(&queue[1], 1)], "went above capacity"),
        (vec![one(&queue[0], 1), one(&queue[0], 2)], "gave one conversation twice"),
        (vec![one(&queue[0], 1)], "left a slot free while somebody waits"),
        (vec![one(&queue[0], 1), one(&queue[2], 2)], "overtook somebody"),
        (vec![one(&waiting(9), 1)], "invented a conversation"),
        (vec![one(&queue[0], 3)], "went above capacity"),
    ];
    for (broken, expected) in cases {
        assert_eq!(fault(&queue, &team, NOW, &broken), Some(expected));
    }
    let mut kept = queue.to_vec();
    kept[0].excluded.push(agent(1));
    assert_eq!(fault(&kept, &team, NOW, &[one(&kept[0], 1), one(&kept[1], 2)]), Some("gave to somebody who is not eligible"));
}

#[test]
fn most_free_slots_then_longest_idle_then_the_previous_agent_before_both() {
    let mut row = waiting(1);
    assert_eq!(plan(&[row.clone()], &[free(1, 1), free(2, 2)], NOW)[0].agent, agent(2));
    let idle = Available { idle_since: NOW - 5, ..free(2, 1) };
    assert_eq!(plan(&[row.clone()], &[free(1, 1), idle], NOW)[0].agent, agent(2));
    row.last_agent = Some(agent(1));
    assert_eq!(plan(&[row.clone()], &[free(1, 1), free(2, 3)], NOW)[0].agent, agent(1));
    row.prefer = Some((agent(3), NOW + 1));
    let team = [free(1, 1), free(2, 3), free(3, 0)];
    assert_eq!(plan(&[row.clone()], &team, NOW), []);
    assert_eq!(plan(&[row.clone()], &team, NOW + 1).len(), 1, "the window is over at its end");
    assert_eq!(plan(&[row], &team[..2], NOW).len(), 1, "nobody waits for somebody who is not there");
}
