//! What somebody says, and what becomes of the conversation by it: it begins, waits, wakes up, begins again (DESIGN §6).

use shared::model::{AssignedHow, Audience, Body, Contact, Event, Role, Say, State};

use super::{DAY, HOUR, MINUTE, Office, SECOND, words};
use crate::desk::DeskError;

#[tokio::test]
async fn the_first_message_waits_when_somebody_may_answer() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, first) = office.chat().await;
    let (_, second) = office.chat().await;
    assert_eq!(office.stands(first).await, (State::Active, Some(agent)));
    assert_eq!(office.stands(second).await, (State::Queued, None));
    assert_eq!(office.record(second).await.queue_time, Some(office.now()));
}

#[tokio::test]
async fn the_first_message_is_kept_when_nobody_is_there() {
    let office = Office::open().await;
    let agent = office.hire(Role::Agent).await;
    let (_, kept) = office.chat().await;
    assert_eq!(office.stands(kept).await, (State::Parked, None));

    office.arrives(agent).await;
    office.online(agent).await;
    assert_eq!(office.stands(kept).await, (State::Parked, None), "a message is nobody's live chat");
    let visitor = office.visitor();
    let contact = Contact { name: None, email: "a@b.example".into() };
    let form = office.say(&visitor, Say { contact: Some(contact), ..office.words() }).await.unwrap().conversation;
    assert_eq!(office.stands(form).await, (State::Parked, None), "the offline form is a message, too");

    office.answers(agent, kept).await;
    assert_eq!(office.stands(kept).await, (State::Parked, None), "an answer leaves it parked and takes no slot");
    assert_eq!(office.slots_used(agent).await, 0);
}

#[tokio::test]
async fn a_parked_chat_goes_on_with_its_agent_when_they_have_a_slot() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.pass(10 * MINUTE).await;
    assert_eq!(office.stands(chat).await, (State::Parked, Some(agent)));
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
}

#[tokio::test]
async fn a_parked_chat_waits_a_minute_for_its_busy_agent_then_for_anyone() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let queued_at = office.now();
    office.answers(agent, chat).await;
    office.pass(10 * MINUTE).await;
    let (_, other) = office.chat().await;
    office.answers(agent, other).await;
    let second = office.agent(1).await;

    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await, (State::Queued, None));
    assert_eq!(office.record(chat).await.queue_time, Some(queued_at), "front: the original time");
    office.pass(MINUTE - 1).await;
    assert_eq!(office.stands(chat).await, (State::Queued, None), "another free agent does not get it yet");
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
}

#[tokio::test]
async fn a_parked_chat_does_not_wait_for_an_agent_who_is_not_there() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.pass(10 * MINUTE).await;
    office.away(agent).await;
    let second = office.agent(1).await;
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
}

#[tokio::test]
async fn after_the_end_the_visitor_has_seven_days_to_go_on() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.closes(agent, chat).await;
    let (_, busy) = office.chat().await;
    office.answers(agent, busy).await;
    let second = office.agent(1).await;

    assert_eq!(office.says(&visitor).await.conversation, chat);
    assert_eq!(office.stands(chat).await, (State::Queued, None), "it waits for its last agent");
    office.pass(30 * SECOND - 1).await;
    assert_eq!(office.stands(chat).await, (State::Queued, None));
    office.pass(1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
    office.answers(second, chat).await;
    office.closes(second, chat).await;

    office.pass(7 * DAY).await;
    assert_eq!(office.says(&visitor).await.conversation, chat, "just in time");
    office.desk.close_by_visitor(office.now(), visitor.id, chat).await.unwrap();
    office.pass(7 * DAY + 1).await;
    let new = office.says(&visitor).await.conversation;
    assert_ne!(new, chat);
    assert_eq!(office.record(new).await.previous, Some(chat), "it links to the old one");
}

#[tokio::test]
async fn a_reopened_chat_forgets_the_absence_before_its_end() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.visitor_leaves(&visitor).await;
    office.closes(agent, chat).await;
    office.pass(HOUR).await;
    office.visitor_returns(&visitor).await;
    office.says(&visitor).await;
    office.pass(MINUTE - 1).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
    assert_eq!(office.record(chat).await.assigned_at, Some(office.now() - MINUTE + 1), "handling begins again");
}

#[tokio::test]
async fn what_a_visitor_sees_has_no_gaps_and_nothing_internal() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    let note = Say { conversation: Some(chat), note: true, ..office.words() };
    office.desk.agent_say(office.now(), agent, note).await.unwrap();
    office.pass(10 * MINUTE).await;
    let ack = office.says(&visitor).await;
    let (seen, _) = office.store.entries(chat, 0, 100, Audience::Visitor).await.unwrap();
    assert!(seen.iter().all(|entry| !entry.body.is_internal()));
    let mut last = 0;
    for entry in &seen {
        assert_eq!(entry.prev, last);
        last = entry.seq;
    }
    let said = seen.iter().find(|entry| entry.seq == ack.seq).unwrap();
    assert_eq!(said.prev, ack.prev, "the ack says the same");
    assert!(matches!(&seen[1].body, Body::Event(Event::Assigned(assigned)) if assigned.how == AssignedHow::Dispatched));
    assert_eq!(office.record(chat).await.preview, "hello", "a note is no preview");
}

#[tokio::test]
async fn an_agent_speaks_only_where_they_may() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let second = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let (_, other) = office.chat().await;
    let (_, queued) = office.chat().await;
    let (mine, theirs) = if office.stands(chat).await.1 == Some(agent) { (chat, other) } else { (other, chat) };
    let say = |conversation| Say { conversation: Some(conversation), ..office.words() };
    let now = office.now();
    assert!(matches!(office.desk.agent_say(now, agent, say(theirs)).await, Err(DeskError::NotYours)));
    assert!(matches!(office.desk.agent_say(now, agent, say(queued)).await, Err(DeskError::WrongState(_))));
    assert!(matches!(office.desk.agent_say(now, agent, words(super::id(9))).await, Err(DeskError::NotFound)));
    assert!(matches!(office.desk.close_by_agent(now, agent, theirs).await, Err(DeskError::NotYours)));
    assert!(matches!(office.desk.take(now, agent, theirs, false).await, Err(DeskError::NotYours)));
    office.closes(agent, mine).await;
    assert!(matches!(office.desk.agent_say(now, agent, say(mine)).await, Err(DeskError::WrongState(_))));
    assert!(matches!(office.desk.take(now, second, mine, false).await, Err(DeskError::WrongState(_))));
}
