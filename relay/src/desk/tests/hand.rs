//! Chats that change hands: offered, accepted, declined, given back, dismissed (DESIGN §6).

use shared::api::AgentPatch;
use shared::model::{Role, State};

use super::{Office, SECOND};
use crate::desk::DeskError;
use crate::desk::record::Record;

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
async fn only_what_was_reopened_and_not_answered_since_can_be_dismissed() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let dismissed = async || office.desk.dismiss(office.now(), agent, chat).await;
    office.desk.transfer(office.now(), agent, chat, None).await.unwrap();
    assert!(matches!(dismissed().await, Err(DeskError::WrongState(_))), "handed over, and never at an end");
    office.desk.take(office.now(), agent, chat, false).await.unwrap();
    assert!(matches!(dismissed().await, Err(DeskError::WrongState(_))));

    office.closes(agent, chat).await;
    office.says(&visitor).await;
    office.answers(agent, chat).await;
    assert!(matches!(dismissed().await, Err(DeskError::WrongState(_))), "answered");
    office.closes(agent, chat).await;
    office.away(agent).await;
    let second = office.agent(1).await;
    office.says(&visitor).await;
    assert!(matches!(dismissed().await, Err(DeskError::WrongState(_))), "somebody else has it now");
    office.desk.dismiss(office.now(), second, chat).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Closed, Some(second)));
}

#[tokio::test]
async fn a_chat_that_is_taken_over_frees_a_slot_that_pulls_the_next_and_is_on_record() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    let supervisor = office.hire(Role::Supervisor).await;
    let takes_over = |who| office.desk.take_over(office.now(), who, chat);
    assert!(matches!(takes_over(supervisor).await, Err(DeskError::AgentUnavailable)), "not connected");
    office.patch(supervisor, AgentPatch { capacity: Some(1), ..AgentPatch::default() }).await;
    office.arrives(supervisor).await;
    office.online(supervisor).await;
    let (_, own) = office.chat().await;
    assert_eq!(office.stands(own).await, (State::Active, Some(supervisor)));
    let (_, waits) = office.chat().await;
    assert!(matches!(takes_over(supervisor).await, Err(DeskError::NoFreeSlot)));
    assert_eq!(office.count("SELECT count(*) FROM audit WHERE what = 'take_over'").await, 0, "nothing was done");

    // A slot more: the one who waits has it, and then another one.
    office.patch(supervisor, AgentPatch { capacity: Some(2), ..AgentPatch::default() }).await;
    assert_eq!(office.stands(waits).await, (State::Active, Some(supervisor)));
    office.patch(supervisor, AgentPatch { capacity: Some(3), ..AgentPatch::default() }).await;
    let outcome = takes_over(supervisor).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(supervisor)));
    assert_eq!(outcome.changes[0].was_agent, Some(agent));
    assert_eq!((office.slots_used(agent).await, office.slots_used(supervisor).await), (0, 3));
    assert_eq!(office.count("SELECT count(*) FROM audit WHERE what = 'take_over'").await, 1);
    assert!(takes_over(supervisor).await.unwrap().changes.is_empty(), "it is theirs already");

    // The other way round, with somebody in the queue.
    office.patch(agent, AgentPatch { role: Some(Role::Supervisor), ..AgentPatch::default() }).await;
    let (_, last) = office.chat().await;
    assert_eq!(office.stands(last).await, (State::Active, Some(agent)));
    let (_, next) = office.chat().await;
    office.patch(agent, AgentPatch { capacity: Some(2), ..AgentPatch::default() }).await;
    assert_eq!(office.stands(next).await, (State::Active, Some(agent)));
    office.patch(agent, AgentPatch { capacity: Some(3), ..AgentPatch::default() }).await;
    office.away(agent).await;
    let (_, queued) = office.chat().await;
    assert_eq!(office.stands(queued).await.0, State::Queued);
    assert!(matches!(office.desk.take_over(office.now(), agent, own).await, Err(DeskError::AgentUnavailable)), "away");
    office.patch(agent, AgentPatch { capacity: Some(4), ..AgentPatch::default() }).await;
    office.online(agent).await;
    office.desk.take_over(office.now(), agent, own).await.unwrap();
    let (_, pulled) = office.chat().await;
    assert_eq!(office.stands(pulled).await, (State::Active, Some(supervisor)), "the freed slot pulls the next");
}

#[tokio::test]
async fn an_offered_chat_is_taken_over_into_the_slot_that_is_reserved_for_it() {
    let office = Office::open().await;
    let (agent, (_, chat)) = (office.agent(1).await, office.chat().await);
    let supervisor = office.hire(Role::Supervisor).await;
    office.patch(supervisor, AgentPatch { capacity: Some(1), ..AgentPatch::default() }).await;
    office.arrives(supervisor).await;
    office.online(supervisor).await;
    office.desk.transfer(office.now(), agent, chat, Some(supervisor)).await.unwrap();
    office.desk.take_over(office.now(), supervisor, chat).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(supervisor)));
    assert_eq!(office.slots_used(supervisor).await, 1);
    assert!(matches!(office.desk.take_over(office.now(), agent, chat).await, Err(DeskError::Forbidden)), "an agent");
    office.closes(supervisor, chat).await;
    assert!(matches!(office.desk.take_over(office.now(), supervisor, chat).await, Err(DeskError::WrongState(_))));
}
