//! The desk's rules over real sockets, with short timeouts: who gets chats, who does not, and what happens when people vanish.

use futures_util::future::join_all;
use shared::api::{AgentPatch, Why};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::model::{Body, Event, Presence, State};
use tests::agent::Agent;
use tests::relay::Relay;
use tests::visitor::Visitor;

/// A visitor who has said something.
async fn asks(relay: &Relay, text: &str) -> (Visitor, ConversationId) {
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says(text).await.conversation;
    (visitor, chat)
}

#[tokio::test]
async fn away_agents_keep_their_chats_and_get_no_new_ones() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    grace.connects().await;
    grace.sets(Presence::Away).await;

    let (first, chat) = asks(&relay, "first").await;
    first.is_with("Ada").await;
    let (second, waiting) = asks(&relay, "second").await;
    second.waits_at(1).await;
    grace.sees_in_queue(waiting).await;
    assert_eq!(grace.log().view.active(), [], "she is away");

    ada.sets(Presence::Away).await;
    ada.says(chat, "I finish this one").await;
    first.sees("I finish this one").await;
    grace.sets(Presence::Online).await;
    grace.has(waiting).await;
    second.is_with("Grace").await;
    relay.stop().await;
}

#[tokio::test]
async fn when_an_agent_vanishes_another_takes_over_with_the_history() {
    let relay = Relay::with(|config| config.desk.agent_gone = 300).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "my parcel is lost").await;
    ada.has(chat).await;
    ada.says(chat, "let me look").await;
    grace.comes_online().await;

    ada.leaves().await;
    grace.has(chat).await;
    grace.sees("my parcel is lost").await;
    grace.sees("let me look").await;
    visitor.is_with("Grace").await;
    ada.connects().await;
    ada.sees_colleague(grace.id(), |grace| grace.slots_used == 1).await;
    assert_eq!(ada.log().view.active(), [], "it is no longer hers");
    assert_eq!(ada.says_in_vain(chat, "hello?").await, ErrorCode::NotYours);
    relay.stop().await;
}

#[tokio::test]
async fn an_agent_who_only_stumbles_keeps_the_chat() {
    let relay = Relay::with(|config| config.desk.agent_gone = 5_000).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    grace.comes_online().await;
    for _ in 0..3 {
        ada.stumbles().await;
    }
    ada.says(chat, "back").await;
    visitor.sees("back").await;
    assert_eq!(grace.log().view.active(), []);
    relay.stop().await;
}

#[tokio::test]
async fn when_the_visitor_leaves_the_slot_is_freed_and_they_find_their_agent_again() {
    let relay = Relay::with(|config| config.desk.grace = 300).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let (first, chat) = asks(&relay, "first").await;
    ada.has(chat).await;
    ada.says(chat, "one moment").await;
    first.sees("one moment").await;
    let (second, waiting) = asks(&relay, "second").await;
    second.waits_at(1).await;

    first.leaves().await;
    ada.sees_state(chat, State::Parked).await;
    ada.has(waiting).await;
    ada.says(chat, "found it").await;
    assert_eq!(ada.sees_state(chat, State::Parked).await.agent.map(|agent| agent.id), Some(ada.id()));
    assert_eq!(ada.closes(waiting).await, Ok(()));

    first.connects().await;
    first.sees("found it").await;
    first.says("great, and the invoice?").await;
    ada.has(chat).await;
    first.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn who_leaves_the_queue_and_returns_stands_where_they_stood() {
    let relay = Relay::with(|config| config.desk.grace = 300).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let (_busy, current) = asks(&relay, "busy").await;
    ada.has(current).await;
    let (first, chat) = asks(&relay, "first").await;
    first.waits_at(1).await;
    let (second, other) = asks(&relay, "second").await;
    second.waits_at(2).await;

    first.leaves().await;
    second.waits_at(1).await;
    ada.until_console("it is among the messages", |console| console.message(chat).map(drop)).await;
    first.connects().await;
    first.waits_at(1).await;
    second.waits_at(2).await;
    assert_eq!(ada.closes(current).await, Ok(()));
    ada.has(chat).await;
    assert!(!ada.log().view.active().contains(&other));
    relay.stop().await;
}

#[tokio::test]
async fn a_silent_visitor_is_parked_and_wakes_the_chat_by_speaking() {
    let relay = Relay::with(|config| config.desk.park_after = 400).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "what is your order number?").await;
    visitor.stands(State::Parked).await;
    ada.sees_colleague(ada.id(), |ada| ada.slots_used == 0).await;

    ada.says(chat, "take your time").await;
    visitor.sees("take your time").await;
    assert_eq!(ada.log().view.active(), [], "an answer to a parked chat takes no slot");
    visitor.says("found it: 4711").await;
    ada.has(chat).await;
    visitor.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn who_wakes_up_while_their_agent_is_full_waits_for_them_a_while_and_then_for_anyone() {
    let relay = Relay::with(|config| (config.desk.park_after, config.desk.prefer_for) = (300, 3_000)).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "your number?").await;
    visitor.stands(State::Parked).await;
    let (_other, current) = asks(&relay, "another one").await;
    ada.has(current).await;
    grace.comes_online().await;

    visitor.says("here it is").await;
    let row = grace.sees_in_queue(chat).await;
    assert_eq!(row.preferred.map(|preferred| preferred.agent), Some(ada.id()));
    assert_eq!(grace.log().view.active(), [], "it waits for Ada first");
    grace.has(chat).await;
    visitor.is_with("Grace").await;
    relay.stop().await;
}

#[tokio::test]
async fn an_agent_who_does_not_answer_loses_the_chat_and_is_set_away() {
    let relay = Relay::with(|config| config.desk.answer_timeout = 2_000).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "anybody?").await;
    ada.has(chat).await;
    ada.has_lost(chat).await;
    ada.sees_colleague(ada.id(), |ada| ada.presence == Presence::Away).await;
    visitor.stands(State::Queued).await;
    grace.comes_online().await;
    grace.has(chat).await;
    grace.says(chat, "here I am").await;
    visitor.sees("here I am").await;
    grace.has(chat).await;
    relay.stop().await;
}

#[tokio::test]
async fn who_answers_in_time_keeps_the_chat() {
    let relay = Relay::with(|config| config.desk.answer_timeout = 1_500).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "hello").await;
    // A second chat that she lets go shows that the first one's time has passed, too.
    let (_other, unanswered) = asks(&relay, "me too").await;
    ada.has(unanswered).await;
    ada.has_lost(unanswered).await;
    ada.has(chat).await;
    visitor.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn a_visitor_who_writes_after_the_end_gets_the_same_thread_and_agent() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "bye").await;
    grace.comes_online().await;
    assert_eq!(ada.closes(chat).await, Ok(()));
    visitor.stands(State::Closed).await;

    let again = visitor.says("one more thing").await;
    assert_eq!(again.conversation, chat);
    ada.has(chat).await;
    visitor.is_with("Ada").await;
    assert_eq!(grace.log().view.active(), []);
    relay.stop().await;
}

#[tokio::test]
async fn a_mere_thanks_is_dismissed_by_the_last_agent() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "bye").await;
    let (_other, current) = asks(&relay, "next, please").await;
    assert_eq!(ada.closes(chat).await, Ok(()));
    ada.has(current).await;

    visitor.says("thanks!").await;
    let row = ada.sees_in_queue(chat).await;
    assert_eq!(row.preferred.map(|preferred| preferred.agent), Some(ada.id()));
    assert_eq!(ada.dismisses(chat).await, Ok(()));
    visitor.stands(State::Closed).await;
    ada.sees_colleague(ada.id(), |ada| ada.slots_used == 1).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_reopened_chat_that_its_agent_leaves_alone_goes_to_anyone() {
    let relay = Relay::with(|config| config.desk.reopen_wait = 600).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "bye").await;
    let (_other, current) = asks(&relay, "next, please").await;
    assert_eq!(ada.closes(chat).await, Ok(()));
    ada.has(current).await;
    grace.comes_online().await;

    visitor.says("no, wait").await;
    grace.has(chat).await;
    let said = grace.sees("no, wait").await;
    let got = grace
        .until("given the chat", |log| {
            let entries = log.entries.iter().map(|(_, entry)| entry);
            entries
                .filter(|entry| entry.seq > said.seq)
                .find(|entry| matches!(entry.body, Body::Event(Event::Assigned(_))))
                .cloned()
        })
        .await;
    assert!(got.at - said.at >= 600, "it waited {} ms for Ada", got.at - said.at);
    relay.stop().await;
}

#[tokio::test]
async fn a_parked_chat_ends_by_itself_but_never_an_unanswered_one() {
    let relay = Relay::with(|config| (config.desk.park_after, config.desk.close_after) = (200, 500)).await;
    let (unanswered_visitor, unanswered) = asks(&relay, "is anybody there?").await;
    unanswered_visitor.stands(State::Parked).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    ada.says(chat, "your number?").await;
    visitor.stands(State::Closed).await;
    visitor.sees_end().await;
    ada.reloads().await;
    ada.until_console("the unanswered one is still there", |console| console.message(unanswered).map(drop)).await;
    relay.stop().await;
}

#[tokio::test]
async fn lowering_a_capacity_takes_no_chat_away_and_raising_it_pulls_the_queue() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (_one, first) = asks(&relay, "one").await;
    let (_two, second) = asks(&relay, "two").await;
    ada.has(first).await;
    ada.has(second).await;
    relay.gives_slots(&ada, 1).await;
    let (third_visitor, third) = asks(&relay, "three").await;
    third_visitor.waits_at(1).await;
    assert_eq!(ada.closes(first).await, Ok(()));
    ada.sees_colleague(ada.id(), |ada| ada.slots_used == 1).await;
    third_visitor.waits_at(1).await;
    ada.has(second).await;
    let why: Why = relay.why(third).await;
    assert!(!why.reason.is_empty());
    relay.gives_slots(&ada, 2).await;
    ada.has(third).await;
    relay.stop().await;
}

#[tokio::test]
async fn one_message_that_two_agents_take_at_once_goes_to_one_of_them() {
    let relay = Relay::start().await;
    let (visitor, chat) = asks(&relay, "is anybody there?").await;
    visitor.stands(State::Parked).await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    grace.comes_online().await;
    let (hers, others) = tokio::join!(ada.takes(chat), grace.takes(chat));
    assert!(
        matches!((hers, others), (Ok(()), Err(ErrorCode::NotYours)) | (Err(ErrorCode::NotYours), Ok(()))),
        "{hers:?} {others:?}"
    );
    let winner = if hers.is_ok() { &ada } else { &grace };
    winner.has(chat).await;
    assert_eq!(ada.log().view.active().len() + grace.log().view.active().len(), 1);
    relay.stop().await;
}

#[tokio::test]
async fn forty_visitors_at_once_never_fill_anybody_beyond_their_capacity_and_all_get_their_turn() {
    let relay = Relay::start().await;
    let team = [relay.agent("Ada").await, relay.agent("Grace").await, relay.agent("Edsger").await];
    for agent in &team {
        agent.comes_online().await;
    }
    let visitors = join_all((0..40).map(|number| {
        let relay = &relay;
        async move { asks(relay, &format!("guest {number}")).await }
    }))
    .await;
    let full = |agent: &shared::model::Agent| agent.slots_used == 3;
    for agent in &team {
        for colleague in &team {
            agent.sees_colleague(colleague.id(), full).await;
        }
    }
    let served = join_all(team.iter().map(serve_until_idle)).await;
    let mut all: Vec<ConversationId> = served.into_iter().flatten().collect();
    assert_eq!(all.len(), 40, "each got their turn, once");
    all.sort();
    let mut asked: Vec<ConversationId> = visitors.iter().map(|(_, chat)| *chat).collect();
    asked.sort();
    assert_eq!(all, asked);
    for (visitor, _) in &visitors {
        visitor.stands(State::Closed).await;
    }
    relay.stop().await;
}

/// Closes one chat after the other until none is left, never holding more than three.
async fn serve_until_idle(agent: &Agent) -> Vec<ConversationId> {
    let mut served = Vec::new();
    loop {
        let next = agent
            .until_console("a chat, or an empty queue", |console| {
                let active = console.active();
                assert!(active.len() <= 3, "more than three: {active:?}");
                let idle = console.agents.values().all(|agent| agent.slots_used == 0);
                active.first().copied().map(Some).or(idle.then_some(None))
            })
            .await;
        let Some(chat) = next else { return served };
        assert_eq!(agent.closes(chat).await, Ok(()));
        agent.has_lost(chat).await;
        served.push(chat);
    }
}

#[tokio::test]
async fn the_queue_is_served_in_the_order_in_which_visitors_came() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let mut order = Vec::new();
    for number in 0..8 {
        let (visitor, chat) = asks(&relay, &format!("guest {number}")).await;
        order.push(chat);
        relay.keeps(visitor);
    }
    for chat in order {
        ada.has(chat).await;
        assert_eq!(ada.log().view.active(), [chat]);
        assert_eq!(ada.closes(chat).await, Ok(()));
    }
    relay.stop().await;
}

#[tokio::test]
async fn an_agent_with_a_role_too_low_changes_nothing() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let (visitor, chat) = asks(&relay, "hi").await;
    ada.has(chat).await;
    grace.comes_online().await;
    assert_eq!(grace.takes(chat).await, Err(ErrorCode::NotYours));
    assert_eq!(grace.closes(chat).await, Err(ErrorCode::NotYours));
    assert_eq!(grace.gives_back(chat).await, Err(ErrorCode::NotYours));
    assert_eq!(grace.says_in_vain(chat, "let me").await, ErrorCode::NotYours);
    grace.notes(chat, "he called yesterday").await;
    ada.sees("he called yesterday").await;
    visitor.is_with("Ada").await;
    let answer =
        relay.office().change(&grace.account, ada.id(), &AgentPatch { capacity: Some(20), ..AgentPatch::default() }).await;
    assert!(answer.is_err());
    relay.stop().await;
}
