//! What time does to a chat by itself, and what it never does (DESIGN §6).

use shared::model::{Presence, State};

use super::{DAY, HOUR, MINUTE, Office};

#[tokio::test]
async fn an_active_visitor_who_leaves_or_is_silent_frees_the_slot_and_keeps_the_agent() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let (gone, left) = office.chat().await;
    let (_, silent) = office.chat().await;
    let (_, waits) = office.chat().await;
    office.answers(agent, left).await;
    office.answers(agent, silent).await;

    office.visitor_leaves(&gone).await;
    office.pass(2 * MINUTE).await;
    assert_eq!(office.stands(left).await, (State::Parked, Some(agent)));
    assert_eq!(office.stands(waits).await, (State::Active, Some(agent)), "the freed slot pulls the next one in");
    office.answers(agent, waits).await;

    office.pass(8 * MINUTE - 1).await;
    assert_eq!(office.stands(silent).await, (State::Active, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(silent).await, (State::Parked, Some(agent)));
}

#[tokio::test]
async fn an_unanswered_chat_goes_to_the_front_and_its_agent_is_set_away() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let queued_at = office.now();
    office.pass(MINUTE - 1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Queued, None));
    assert_eq!(office.presence(agent).await, Presence::Away);
    let record = office.record(chat).await;
    assert_eq!((record.queue_time, record.excluded), (Some(queued_at), vec![agent]));

    let second = office.agent(1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
    office.answers(second, chat).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)), "answered");
    assert_eq!(office.record(chat).await.excluded, []);
}

#[tokio::test]
async fn only_what_the_desk_handed_out_must_be_answered_in_time() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, busy) = office.chat().await;
    office.answers(agent, busy).await;
    let (_, picked) = office.chat().await;
    office.away(agent).await;
    office.closes(agent, busy).await;
    office.online(agent).await;
    office.desk.transfer(office.now(), agent, picked, None).await.unwrap();
    office.desk.take(office.now(), agent, picked, false).await.unwrap();
    office.pass(5 * MINUTE).await;
    assert_eq!(office.stands(picked).await, (State::Active, Some(agent)));
    assert_eq!(office.presence(agent).await, Presence::Online);
}

#[tokio::test]
async fn a_parked_chat_ends_a_day_after_the_answer_and_never_without_one() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let (answered_visitor, answered) = office.chat().await;
    let (unanswered_visitor, unanswered) = office.chat().await;
    office.answers(agent, answered).await;
    office.answers(agent, unanswered).await;
    office.says(&unanswered_visitor).await;
    office.visitor_leaves(&answered_visitor).await;
    office.visitor_leaves(&unanswered_visitor).await;
    office.pass(DAY - 1).await;
    assert_eq!(office.stands(answered).await, (State::Parked, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(answered).await, (State::Closed, Some(agent)));
    office.pass(365 * DAY).await;
    assert_eq!(office.stands(unanswered).await, (State::Parked, Some(agent)));
    assert!(office.record(unanswered).await.unanswered, "it stays marked");
}

#[tokio::test]
async fn a_chat_taken_up_again_is_not_set_aside_under_their_hands() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.pass(HOUR).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)));
    office.desk.take(office.now(), agent, chat, false).await.unwrap();
    office.pass(10 * MINUTE - 1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)));
}
