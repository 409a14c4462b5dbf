//! Every row of the table in DESIGN §6, with time as it pleases the test.

use shared::api::AgentPatch;
use shared::model::{AssignedHow, Audience, Body, Contact, Event, Presence, RequeueReason, Role, Say, State};

use super::{DAY, HOUR, MINUTE, Office, SECOND, words};
use crate::desk::DeskError;
use crate::desk::record::Record;

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
async fn a_transfer_reserves_a_slot_until_it_is_accepted() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    let second = office.agent(1).await;
    office.desk.transfer(office.now(), agent, chat, Some(second)).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)), "the first one keeps it until then");
    assert_eq!(office.slots_used(second).await, 1);
    let (_, next) = office.chat().await;
    assert_eq!(office.stands(next).await.0, State::Queued, "the reserved slot is nobody else's");

    office.desk.accept(office.now(), second, chat).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(second)));
    assert_eq!(office.stands(next).await, (State::Active, Some(agent)), "the first one's slot is free");
    assert!(matches!(office.desk.accept(office.now(), second, chat).await, Err(DeskError::OfferGone)));
}

#[tokio::test]
async fn a_transfer_that_is_declined_or_lapses_changes_nothing_else() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    office.answers(agent, chat).await;
    let second = office.agent(1).await;
    // When the store looks at it next may change; a look that comes too early changes nothing.
    let record = async || Record { stored_due: None, ..office.record(chat).await };
    let before = record().await;

    office.desk.transfer(office.now(), agent, chat, Some(second)).await.unwrap();
    office.desk.decline(office.now(), second, chat).await.unwrap();
    assert_eq!(record().await, before);
    assert_eq!(office.slots_used(second).await, 0);

    office.desk.transfer(office.now(), agent, chat, Some(second)).await.unwrap();
    let (_, next) = office.chat().await;
    office.pass(30 * SECOND - 1).await;
    assert_eq!(office.stands(next).await.0, State::Queued);
    office.wait(1);
    assert!(matches!(office.desk.accept(office.now(), second, chat).await, Err(DeskError::OfferGone)), "also before the sweep");
    office.pass(0).await;
    assert_eq!(record().await, before);
    assert_eq!(office.stands(next).await, (State::Active, Some(second)), "the reserved slot is free again");
}

#[tokio::test]
async fn only_somebody_available_is_offered_a_chat_and_only_by_whoever_has_it() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    let away = office.hire(Role::Agent).await;
    let now = office.now();
    assert!(matches!(office.desk.transfer(now, agent, chat, Some(away)).await, Err(DeskError::AgentUnavailable)));
    assert!(matches!(office.desk.transfer(now, away, chat, Some(agent)).await, Err(DeskError::NotYours)));
    assert!(matches!(office.desk.transfer(now, agent, chat, Some(agent)).await, Err(DeskError::WrongState(_))));
    let full = office.agent(1).await;
    office.chat().await;
    assert!(matches!(office.desk.transfer(now, agent, chat, Some(full)).await, Err(DeskError::NoFreeSlot)));
}

#[tokio::test]
async fn a_chat_handed_over_goes_to_the_front_and_not_back() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let queued_at = office.now();
    office.wait(SECOND);
    let (_, later) = office.chat().await;

    office.desk.transfer(office.now(), agent, chat, None).await.unwrap();
    let record = office.record(chat).await;
    assert_eq!((record.state, record.queue_time), (State::Queued, Some(queued_at)), "the original time");
    assert_eq!(office.stands(later).await, (State::Active, Some(agent)), "excluded from what they gave up");
    office.closes(agent, later).await;
    assert_eq!(office.stands(chat).await.0, State::Queued, "still excluded");

    office.desk.take(office.now(), agent, chat, false).await.unwrap();
    assert_eq!(office.record(chat).await.excluded, [], "unless they take it back");
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
    assert_eq!(requeued(&office, chat).await, Some(RequeueReason::AgentGone));
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
async fn a_mere_thanks_can_be_dismissed_by_the_last_agent_alone() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.closes(agent, chat).await;
    office.chat().await;
    let second = office.agent(1).await;
    office.says(&visitor).await;
    let now = office.now();
    assert!(matches!(office.desk.dismiss(now, second, chat).await, Err(DeskError::WrongState(_))));
    office.desk.dismiss(now, agent, chat).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Closed, Some(agent)));
    office.desk.dismiss(now, agent, chat).await.unwrap();
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
    assert_eq!(requeued(&office, offered).await, Some(RequeueReason::AgentDisabled));
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

/// Why a conversation was queued again last.
async fn requeued(office: &Office, chat: shared::ids::ConversationId) -> Option<RequeueReason> {
    let (entries, _) = office.store.entries(chat, 0, 100, Audience::Agents).await.unwrap();
    entries.into_iter().rev().find_map(|entry| match entry.body {
        Body::Event(Event::Requeued(reason)) => Some(reason),
        _ => None,
    })
}
