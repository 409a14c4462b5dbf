//! One test per row of DESIGN §6's table, in its order, each to the millisecond of its timeout.

use shared::api::AgentPatch;
use shared::close::ErrorCode;
use shared::model::{AssignedHow, Body, CloseReason, Contact, Event, ParkReason, Presence, RequeueReason, Role, State};

use super::{NOW, Scene, say};
use crate::desk::{DeskError, Outcome, Rules};

fn events(outcome: &Outcome) -> Vec<Event> {
    let entries = outcome.changes.iter().flat_map(|change| &change.entries);
    entries.filter_map(|new| if let Body::Event(event) = &new.entry.body { Some(event.clone()) } else { None }).collect()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, DeskError>) -> ErrorCode {
    result.expect_err("refused").code()
}

async fn why(scene: &Scene, chat: shared::ids::ConversationId, now: i64) -> String {
    scene.store.why(chat, now).await.expect("read").expect("it waits")
}

fn rules() -> Rules {
    Rules::default()
}

#[tokio::test]
async fn the_first_message_is_queued_and_handed_out_when_somebody_may_answer() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let outcome = scene.say(&scene.visitor(1), say(None, 1, "hello")).await;
    assert_eq!(outcome.changes.last().map(|change| change.conversation.state), Some(State::Active));
    assert!(matches!(&events(&outcome)[..], [Event::Assigned(one)] if one.how == AssignedHow::Dispatched && one.agent.id == ada));
    let said = outcome.said.expect("an answer");
    assert_eq!((said.route.agent, said.ack.seq, said.ack.prev), (Some(ada), 1, 0));
    assert_eq!(outcome.agents[0].slots_used, 1);
    assert_eq!(outcome.sites.len(), 1);
    scene.is_sound().await;
}

#[tokio::test]
async fn the_first_message_is_parked_when_nobody_is_there_or_the_offline_form_was_used() {
    let scene = Scene::new().await;
    let outcome = scene.say(&scene.visitor(1), say(None, 1, "hello")).await;
    assert_eq!(events(&outcome), [Event::Parked(ParkReason::NobodyThere)]);
    let message = outcome.changes[0].conversation.id;
    let ada = scene.agent("ada").await;
    let contact = Contact { name: Some("Eve".into()), email: "eve@example.org".into() };
    let mut form = say(None, 2, "call me");
    form.contact = Some(contact.clone());
    let outcome = scene.say(&scene.visitor(2), form).await;
    assert_eq!(events(&outcome), [Event::Contact(contact), Event::Parked(ParkReason::NobodyThere)]);
    assert_eq!(outcome.changes[0].conversation.visitor.name.as_deref(), Some("Eve"));
    // Answerable without a slot, by anybody.
    scene.answers_at(NOW, ada, message).await;
    assert_eq!(scene.is(message).await, (State::Parked, None));
    assert_eq!(scene.store.agent_by_id(ada).await.expect("read").expect("there").slots_used, 0);
}

#[tokio::test]
async fn queued_ones_become_active_by_dispatch_pick_or_transfer() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let mut chats = Vec::new();
    for number in 1..=5 {
        chats.push(scene.says_at(NOW + i64::from(number), &scene.visitor(number), "hello").await);
    }
    assert_eq!(scene.is(chats[3]).await, (State::Queued, None));
    assert_eq!(refusal(scene.desk.take(NOW, ada, chats[4], false).await), ErrorCode::NoFreeSlot);
    // A freed slot pulls the next one in the same transaction.
    let outcome = scene.desk.close_by_agent(NOW + 9, ada, chats[0]).await.expect("closed");
    assert_eq!(outcome.changes.iter().map(|change| change.conversation.id).collect::<Vec<_>>(), [chats[0], chats[3]]);
    assert_eq!(scene.is(chats[3]).await, (State::Active, Some(ada)));
    let bob = scene.agent("bob").await;
    assert_eq!(scene.is(chats[4]).await, (State::Active, Some(bob)), "an agent who comes online gets what waits");
    scene.desk.set_presence(NOW, bob, Presence::Away).await.expect("away");
    let waiting = scene.says(&scene.visitor(6), "hello").await;
    assert_eq!(scene.is(waiting).await, (State::Queued, None), "none are given to those who are away");
    assert_eq!(refusal(scene.desk.take(NOW, bob, waiting, false).await), ErrorCode::AgentUnavailable);
    assert!(why(&scene, waiting, NOW).await.contains("slots"));
    scene.is_sound().await;
}

#[tokio::test]
async fn a_queued_one_is_parked_when_its_visitor_is_gone_and_queued_again_when_they_return() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    for number in 1..=3 {
        let busy = scene.says(&scene.visitor(number), "hello").await;
        scene.answers_at(NOW, ada, busy).await;
    }
    let eve = scene.visitor(4);
    let chat = scene.says(&eve, "hello").await;
    scene.desk.visitor_left(NOW, scene.node, eve.id).await.expect("left");
    scene.sweep(NOW + rules().grace - 1).await;
    assert_eq!(scene.is(chat).await.0, State::Queued);
    scene.sweep(NOW + rules().grace).await;
    assert_eq!(scene.is(chat).await, (State::Parked, None));
    scene.says_at(NOW + 1, &scene.visitor(5), "later").await;
    let back = scene.desk.visitor_arrived(NOW + 300_000, scene.node, eve.id).await.expect("back");
    assert_eq!(events(&back), [Event::Requeued(RequeueReason::VisitorReturned)]);
    let board = scene.store.board(scene.site).await.expect("read");
    assert_eq!((board.queue[0].id, board.queue[0].queued_at), (chat, Some(NOW)), "with its original time");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_transfer_changes_hands_only_when_it_is_accepted() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    let bob = scene.agent("bob").await;
    let slots = async |agent| scene.store.agent_by_id(agent).await.expect("read").expect("there").slots_used;
    scene.desk.transfer(NOW, ada, chat, Some(bob)).await.expect("offered");
    assert_eq!((slots(ada).await, slots(bob).await), (1, 1), "kept by one, reserved for the other");
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)));
    let lapsed = scene.sweep(NOW + rules().offer_for).await;
    assert_eq!(lapsed[0].changes[0].was_offered, Some(bob));
    assert_eq!((slots(bob).await, refusal(scene.desk.accept(NOW + 30_000, bob, chat).await)), (0, ErrorCode::OfferGone));
    let now = NOW + 31_000;
    scene.desk.transfer(now, ada, chat, Some(bob)).await.expect("offered");
    scene.desk.decline(now, bob, chat).await.expect("declined");
    assert_eq!((scene.is(chat).await.1, slots(bob).await), (Some(ada), 0));
    scene.desk.transfer(now, ada, chat, Some(bob)).await.expect("offered");
    scene.desk.agent_left(now, scene.node, bob).await.expect("gone");
    assert_eq!(refusal(scene.desk.transfer(now, ada, chat, Some(bob)).await), ErrorCode::AgentUnavailable);
    scene.desk.agent_arrived(now, scene.node, bob).await.expect("back");
    assert_eq!(refusal(scene.desk.accept(now, bob, chat).await), ErrorCode::OfferGone, "an offer ends with its receiver");
    scene.desk.transfer(now, ada, chat, Some(bob)).await.expect("offered");
    let outcome = scene.desk.accept(now, bob, chat).await.expect("accepted");
    assert!(matches!(&events(&outcome)[..], [Event::Assigned(one)] if one.how == AssignedHow::Transferred));
    assert_eq!((outcome.changes[0].was_agent, slots(ada).await, slots(bob).await), (Some(ada), 0, 1));
    assert_eq!(refusal(scene.desk.agent_say(now, ada, say(Some(chat), 7, "still me")).await), ErrorCode::NotYours);
    // A reserved slot is one that nobody else gets.
    for number in 2..=6 {
        scene.says_at(now, &scene.visitor(number), "hello").await;
    }
    assert_eq!((slots(ada).await, slots(bob).await), (3, 3));
    assert_eq!(refusal(scene.desk.transfer(now, bob, chat, Some(ada)).await), ErrorCode::NoFreeSlot);
    scene.is_sound().await;
}

#[tokio::test]
async fn an_active_one_is_parked_when_its_visitor_is_gone_or_silent() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let (eve, sam) = (scene.visitor(1), scene.visitor(2));
    let (gone, silent) = (scene.says(&eve, "hello").await, scene.says(&sam, "hello").await);
    scene.answers_at(NOW, ada, gone).await;
    scene.answers_at(NOW, ada, silent).await;
    scene.desk.visitor_left(NOW, scene.node, eve.id).await.expect("left");
    scene.sweep(NOW + rules().grace).await;
    assert_eq!(scene.is(gone).await, (State::Parked, Some(ada)), "the agent stays assigned");
    // A word of the visitor's starts the silence anew: only after an agent's message does it count.
    scene.says_at(NOW + 300_000, &sam, "wait").await;
    scene.sweep(NOW + rules().park_after).await;
    assert_eq!(scene.is(silent).await.0, State::Active);
    scene.answers_at(NOW + 400_000, ada, silent).await;
    scene.sweep(NOW + 400_000 + rules().park_after - 1).await;
    assert_eq!(scene.is(silent).await.0, State::Active);
    let parked = scene.sweep(NOW + 400_000 + rules().park_after).await;
    assert_eq!(events(&parked[0]), [Event::Parked(ParkReason::VisitorSilent)]);
    assert_eq!(scene.store.agent_by_id(ada).await.expect("read").expect("there").slots_used, 0);
    scene.answers_at(NOW + 2_000_000, ada, silent).await;
    assert_eq!(scene.is(silent).await, (State::Parked, Some(ada)), "an agent's message leaves it parked");
}

#[tokio::test]
async fn a_parked_one_goes_on_when_its_visitor_speaks() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "hello").await;
    scene.answers_at(NOW, ada, chat).await;
    let parked = NOW + rules().park_after;
    scene.sweep(parked).await;
    let outcome = scene.say_at(parked + 1, &eve, say(None, 50, "me again")).await;
    assert_eq!(events(&outcome), [Event::Resumed]);
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)));

    // With all slots taken it waits for its agent for a minute, in front of those who came later, and then for anyone.
    scene.answers_at(parked + 2, ada, chat).await;
    let now = parked + 2 + rules().park_after;
    scene.sweep(now).await;
    for number in 2..=5 {
        scene.says_at(now, &scene.visitor(number), "hello").await;
    }
    let outcome = scene.say_at(now + 1, &eve, say(None, 51, "and again")).await;
    assert_eq!(events(&outcome), [Event::Requeued(RequeueReason::VisitorSpoke)]);
    let board = scene.store.board(scene.site).await.expect("read");
    assert_eq!((board.queue[0].id, board.queue.len()), (chat, 2));
    assert_eq!(board.queue[0].preferred.as_ref().map(|one| (one.agent, one.until)), Some((ada, now + 1 + rules().prefer_for)));
    let bob = scene.agent("bob").await;
    assert_eq!(scene.is(chat).await.0, State::Queued, "the next one may be handed out before it, to somebody else");
    assert_eq!(scene.store.inbox(bob).await.expect("read").chats.len(), 1);
    assert!(why(&scene, chat, NOW).await.contains("ada"));
    scene.desk.set_presence(now + 2, ada, Presence::Away).await.expect("away");
    assert_eq!(scene.is(chat).await, (State::Active, Some(bob)), "nobody waits for somebody who is away");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_preference_runs_out() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "hello").await;
    scene.answers_at(NOW, ada, chat).await;
    let now = NOW + rules().park_after;
    scene.sweep(now).await;
    for number in 2..=4 {
        let busy = scene.says_at(now, &scene.visitor(number), "hello").await;
        scene.answers_at(now, ada, busy).await;
    }
    scene.says_at(now, &eve, "again").await;
    let bob = scene.agent("bob").await;
    assert_eq!(scene.is(chat).await.0, State::Queued);
    scene.sweep(now + rules().prefer_for - 1).await;
    assert_eq!(scene.is(chat).await.0, State::Queued);
    scene.sweep(now + rules().prefer_for).await;
    assert_eq!(scene.is(chat).await, (State::Active, Some(bob)));
}

#[tokio::test]
async fn an_active_one_is_queued_again_when_its_agent_is_gone() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    scene.answers_at(NOW, ada, chat).await;
    scene.desk.agent_left(NOW, scene.node, ada).await.expect("left");
    scene.sweep(NOW + rules().agent_gone - 1).await;
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)), "a reload requeues nothing");
    let swept = scene.sweep(NOW + rules().agent_gone).await;
    assert_eq!(events(&swept[0]), [Event::Requeued(RequeueReason::AgentGone)]);
    assert_eq!(scene.is(chat).await, (State::Queued, None));
    assert!(!why(&scene, chat, NOW + 40_000).await.is_empty());
    scene.desk.agent_arrived(NOW + 60_000, scene.node, ada).await.expect("back");
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)));
}

#[tokio::test]
async fn handing_over_to_the_queue_excludes_the_sender() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    let outcome = scene.desk.transfer(NOW, ada, chat, None).await.expect("handed over");
    assert_eq!(events(&outcome), [Event::Requeued(RequeueReason::HandedOver)]);
    assert_eq!(scene.is(chat).await.0, State::Queued, "not back to the sender");
    assert!(!why(&scene, chat, NOW).await.is_empty());
    let bob = scene.agent("bob").await;
    assert_eq!(scene.is(chat).await, (State::Active, Some(bob)));
}

#[tokio::test]
async fn a_chat_left_unanswered_is_queued_again_and_sets_its_agent_away() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    scene.desk.agent_say(NOW, ada, shared::model::Say { note: true, ..say(Some(chat), 5, "hm") }).await.expect("noted");
    scene.sweep(NOW + rules().answer_timeout - 1).await;
    assert_eq!(scene.presence(ada).await, Presence::Online);
    scene.sweep(NOW + rules().answer_timeout).await;
    assert_eq!((scene.is(chat).await.0, scene.presence(ada).await), (State::Queued, Presence::Away), "a note is no answer");
    scene.desk.set_presence(NOW + 90_000, ada, Presence::Online).await.expect("online");
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)), "nobody is forgotten");
    scene.answers_at(NOW + 91_000, ada, chat).await;
    scene.sweep(NOW + 200_000).await;
    assert_eq!(scene.presence(ada).await, Presence::Online, "answered is answered");
}

#[tokio::test]
async fn a_chat_that_was_taken_does_not_time_out() {
    let scene = Scene::new().await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    let ada = scene.agent("ada").await;
    scene.desk.take(NOW, ada, chat, false).await.expect("taken");
    scene.sweep(NOW + 10 * rules().answer_timeout).await;
    assert_eq!((scene.is(chat).await, scene.presence(ada).await), ((State::Active, Some(ada)), Presence::Online));
}

#[tokio::test]
async fn conversations_end_by_agent_visitor_or_a_day_of_silence() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let (eve, sam) = (scene.visitor(1), scene.visitor(2));
    let chat = scene.says(&eve, "hello").await;
    assert_eq!(refusal(scene.desk.close_by_visitor(NOW, sam.id, chat).await), ErrorCode::NotFound);
    let outcome = scene.desk.close_by_visitor(NOW, eve.id, chat).await.expect("closed");
    assert_eq!(events(&outcome), [Event::Closed(CloseReason::Visitor)]);
    assert!(scene.desk.close_by_visitor(NOW, eve.id, chat).await.expect("again").changes.is_empty());
    let parked = scene.says(&sam, "hello").await;
    scene.answers_at(NOW, ada, parked).await;
    scene.sweep(NOW + rules().close_after - 1).await;
    assert_eq!(scene.is(parked).await.0, State::Parked);
    let swept = scene.sweep(NOW + rules().close_after).await;
    assert_eq!(events(&swept[0]), [Event::Closed(CloseReason::Expired)]);
    // Unanswered ones are never closed by time.
    scene.desk.agent_left(NOW, scene.node, ada).await.expect("left");
    let open = scene.says(&scene.visitor(3), "anybody?").await;
    scene.sweep(NOW + 100 * rules().close_after).await;
    let row = scene.store.conversation(open).await.expect("read").expect("there");
    assert_eq!((row.state, row.unanswered), (State::Parked, true));
}

#[tokio::test]
async fn writing_again_within_a_week_reopens_the_thread_for_its_last_agent() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "hello").await;
    scene.answers_at(NOW, ada, chat).await;
    scene.desk.close_by_agent(NOW, ada, chat).await.expect("closed");
    for number in 2..=4 {
        let busy = scene.says(&scene.visitor(number), "hello").await;
        scene.answers_at(NOW, ada, busy).await;
    }
    let bob = scene.agent("bob").await;
    let outcome = scene.say_at(NOW + 10, &eve, say(None, 60, "thanks")).await;
    assert_eq!(events(&outcome), [Event::Reopened]);
    assert_eq!(outcome.said.as_ref().map(|said| said.ack.conversation), Some(chat));
    assert_eq!(scene.is(chat).await, (State::Queued, None), "not for bob, for half a minute");
    scene.desk.dismiss(NOW + 10, bob, chat).await.expect_err("not bob's to dismiss");
    let outcome = scene.desk.dismiss(NOW + 10, ada, chat).await.expect("dismissed");
    assert_eq!(events(&outcome), [Event::Closed(CloseReason::Dismissed)]);
    scene.says_at(NOW + 20, &eve, "one more thing").await;
    scene.sweep(NOW + 20 + rules().reopen_wait).await;
    assert_eq!(scene.is(chat).await, (State::Active, Some(bob)));
    scene.desk.close_by_agent(NOW + 60_000, bob, chat).await.expect("closed");
    let new = scene.says_at(NOW + 60_001 + rules().reopen_within, &eve, "a week later").await;
    assert_ne!(new, chat);
    let row = scene.store.conversation(new).await.expect("read").expect("there");
    assert_eq!(row.previous, Some(chat));
    assert_eq!(scene.store.history(new).await.expect("read")[0].id, chat);
    assert_eq!(refusal(scene.desk.take(NOW, bob, chat, false).await), ErrorCode::WrongState, "one unclosed at a time");
}

#[tokio::test]
async fn a_lower_capacity_takes_no_chat_away_and_a_disabled_account_gives_all_back() {
    let scene = Scene::new().await;
    let ada = scene.agent_as("ada", Role::Admin).await;
    let chats = [scene.says(&scene.visitor(1), "a").await, scene.says(&scene.visitor(2), "b").await];
    let patch = |capacity, disabled| AgentPatch { capacity, disabled, role: None };
    scene.desk.set_agent(NOW, ada, patch(Some(21), None)).await.expect_err("at most 20");
    scene.desk.set_agent(NOW, ada, patch(Some(1), None)).await.expect("lowered");
    assert_eq!(scene.is(chats[1]).await, (State::Active, Some(ada)), "lowering takes no chat away");
    let bob = scene.agent_as("bob", Role::Admin).await;
    scene.store.create_session([1; 32], ada, NOW, NOW + 1_000).await.expect("signed in");
    let outcome = scene.desk.set_agent(NOW, ada, patch(None, Some(true))).await.expect("disabled");
    assert!(events(&outcome).contains(&Event::Requeued(RequeueReason::AgentDisabled)));
    assert_eq!((scene.is(chats[0]).await.1, scene.is(chats[1]).await.1), (Some(bob), Some(bob)));
    assert!(scene.store.session([1; 32], NOW).await.expect("read").is_none());
}

#[tokio::test]
async fn read_marks_only_move_forward() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let chat = scene.says(&scene.visitor(1), "hello").await;
    let bob = scene.agent("bob").await;
    assert!(scene.desk.read_by_agent(ada, chat, 1).await.expect("read").is_some());
    assert!(scene.desk.read_by_agent(ada, chat, 1).await.expect("read").is_none());
    assert!(scene.desk.read_by_agent(bob, chat, 2).await.expect("read").is_none());
    assert!(scene.desk.read_by_visitor(chat, 1_000).await.expect("read").is_some());
    let row = scene.store.conversation(chat).await.expect("read").expect("there");
    assert_eq!((row.agent_read, row.visitor_read), (1, 2), "never past the head");
}
