//! Comings and goings, of visitors, agents and the relay itself, and what administrators change (DESIGN §6).

use shared::api::AgentPatch;
use shared::model::{Presence, RequeueReason, State};

use super::{HOUR, MINUTE, Office, SECOND};

#[tokio::test]
async fn a_queued_visitor_who_leaves_for_long_is_set_aside_and_returns_to_their_place() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, busy) = office.chat().await;
    office.answers(agent, busy).await;
    office.wait(SECOND);
    let (visitor, first) = office.chat().await;
    let queued_at = office.now();
    office.wait(SECOND);
    let (_, second) = office.chat().await;

    office.visitor_leaves(&visitor).await;
    office.pass(2 * MINUTE - 1).await;
    assert_eq!(office.stands(first).await.0, State::Queued);
    office.pass(1).await;
    assert_eq!(office.stands(first).await, (State::Parked, None));

    office.visitor_returns(&visitor).await;
    assert_eq!(office.stands(first).await.0, State::Queued);
    assert_eq!(office.record(first).await.queue_time, Some(queued_at), "the original time");
    office.closes(agent, busy).await;
    assert_eq!(office.stands(first).await, (State::Active, Some(agent)));
    assert_eq!(office.stands(second).await.0, State::Queued);
}

#[tokio::test]
async fn a_short_absence_changes_nothing() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.visitor_leaves(&visitor).await;
    office.pass(2 * MINUTE - 1).await;
    office.visitor_returns(&visitor).await;
    office.pass(2 * MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
}

#[tokio::test]
async fn a_preferred_agent_who_goes_away_is_waited_for_no_longer() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.pass(10 * MINUTE).await;
    let (_, other) = office.chat().await;
    office.answers(agent, other).await;
    let second = office.agent(1).await;
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await.0, State::Queued);
    office.away(agent).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
}

#[tokio::test]
async fn who_becomes_available_anew_may_be_given_what_they_gave_up() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await.0, State::Queued);
    office.online(agent).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
}

#[tokio::test]
async fn an_agent_who_vanishes_keeps_their_chats_for_half_a_minute() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let (_, chat) = office.chat().await;
    office.answers(agent, chat).await;
    let queued_at = office.record(chat).await.queue_time;
    office.wait(SECOND);

    office.leaves(agent).await;
    office.pass(30 * SECOND - 1).await;
    office.arrives(agent).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)), "back in time");

    office.leaves(agent).await;
    office.pass(30 * SECOND).await;
    let record = office.record(chat).await;
    assert_eq!((record.state, record.queue_time, record.last_agent), (State::Queued, queued_at, Some(agent)));
    assert!(matches!(record.excluded.as_slice(), []), "vanishing is not giving up");
    assert_eq!(office.requeued(chat).await, Some(RequeueReason::AgentGone));
    assert_eq!(office.desk.next_due().await.unwrap(), None, "and nothing is due for ever after");
}

#[tokio::test]
async fn an_offer_to_somebody_who_vanishes_lapses() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    office.answers(agent, chat).await;
    let second = office.agent(1).await;
    office.leaves(second).await;
    office.arrives(second).await;
    office.desk.transfer(office.now(), agent, chat, Some(second)).await.unwrap();
    office.leaves(second).await;
    office.pass(30 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    assert_eq!(office.record(chat).await.offer, None);
}

#[tokio::test]
async fn a_restart_begins_all_absences_anew() {
    let mut office = Office::open().await;
    let agent = office.agent(3).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    let (_, unanswered) = office.chat().await;
    office.wait(5 * MINUTE);
    office = office.reopen().await;
    assert_eq!(office.presence(agent).await, Presence::Offline);
    office.pass(30 * SECOND - 1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)), "down for minutes, and nobody is judged by it");
    assert_eq!(office.stands(unanswered).await, (State::Active, Some(agent)));
    office.arrives(agent).await;
    assert_eq!(office.presence(agent).await, Presence::Online);
    office.answers(agent, unanswered).await;
    office.answers(agent, chat).await;
    office.pass(90 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)), "the visitor has not come back");
    office.visitor_returns(&visitor).await;
}

#[tokio::test]
async fn a_disabled_agent_loses_everything_at_once() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    office.answers(agent, chat).await;
    let second = office.agent(1).await;
    let (_, offered) = office.chat().await;
    office.closes(agent, chat).await;
    office.desk.transfer(office.now(), second, offered, Some(agent)).await.unwrap();
    office.patch(agent, AgentPatch { disabled: Some(true), ..AgentPatch::default() }).await;
    assert_eq!(office.record(offered).await.offer, None);

    office.patch(second, AgentPatch { disabled: Some(true), ..AgentPatch::default() }).await;
    assert_eq!(office.stands(offered).await, (State::Queued, None));
    assert_eq!(office.requeued(offered).await, Some(RequeueReason::AgentDisabled));
    assert_eq!(office.count("SELECT count(*) FROM agent_session").await, 0);
    assert_eq!(office.presence(second).await, Presence::Offline);
}

#[tokio::test]
async fn a_lower_capacity_takes_no_chat_away() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let ((_, first), (_, second), (_, third)) = (office.chat().await, office.chat().await, office.chat().await);
    office.patch(agent, AgentPatch { capacity: Some(1), ..AgentPatch::default() }).await;
    assert_eq!(office.stands(first).await, (State::Active, Some(agent)));
    assert_eq!(office.stands(second).await, (State::Active, Some(agent)));
    office.closes(agent, first).await;
    assert_eq!(office.stands(third).await.0, State::Queued, "but gives none either");
    office.closes(agent, second).await;
    assert_eq!(office.stands(third).await, (State::Active, Some(agent)));
}

#[tokio::test]
async fn leaving_twice_is_one_absence() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.visitor_leaves(&visitor).await;
    office.pass(MINUTE).await;
    office.visitor_leaves(&visitor).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)), "two tabs that close one after the other");

    office.visitor_returns(&visitor).await;
    office.says(&visitor).await;
    office.leaves(agent).await;
    office.pass(20 * SECOND).await;
    office.leaves(agent).await;
    office.pass(10 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Queued, None));
}

#[tokio::test]
async fn who_becomes_available_anew_may_be_given_what_somebody_else_gives_up_after_them() {
    let office = Office::open().await;
    let first = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let second = office.agent(1).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)), "the first one left it unanswered");
    office.online(first).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(first)), "they are back, nobody else is there");
}

#[tokio::test]
async fn nobody_is_silent_while_the_relay_is_down() {
    let mut office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.wait(HOUR);
    office = office.reopen().await;
    office.arrives(agent).await;
    office.visitor_returns(&visitor).await;
    office.pass(10 * MINUTE - 1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)));
}
