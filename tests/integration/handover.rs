//! Chats change hands: offered, accepted, declined, lapsed, given back. Until the other one has accepted, nothing changes.

use serde_json::{Value, json};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::model::{Presence, State};
use tests::agent::Agent;
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::visitor::Visitor;

/// Ada with a chat, and Grace who is online.
async fn ada_with_a_chat(relay: &Relay) -> (Agent, Agent, Visitor, ConversationId) {
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("bonjour").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "I ask somebody who speaks French").await;
    grace.comes_online().await;
    (ada, grace, visitor, chat)
}

#[tokio::test]
async fn an_accepted_chat_moves_with_its_history() {
    let relay = Relay::start().await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    let offered = grace.is_offered(chat).await;
    assert_eq!(offered.offer.map(|offer| offer.from.name).as_deref(), Some("Ada"));
    ada.has(chat).await;
    ada.says(chat, "one moment").await;
    visitor.sees("one moment").await;

    assert_eq!(grace.accepts(chat).await, Ok(()));
    grace.has(chat).await;
    grace.sees("bonjour").await;
    grace.sees("one moment").await;
    ada.has_lost(chat).await;
    visitor.is_with("Grace").await;
    grace.says(chat, "Bonjour, c'est Grace").await;
    visitor.sees("Bonjour, c'est Grace").await;
    assert_eq!(ada.says_in_vain(chat, "me again").await, ErrorCode::NotYours);
    assert_eq!(grace.accepts(chat).await, Err(ErrorCode::OfferGone));
    grace.sees_colleague(ada.id(), |ada| ada.slots_used == 0).await;
    relay.stop().await;
}

/// An ack that was cut off comes after a gap: without the entries before it, the message would wait in the console for ever.
#[tokio::test]
async fn who_gave_a_chat_away_reads_it_up_to_their_own_last_words() {
    let relay = Relay::start().await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    let last = ada.says(chat, "one moment").await.seq;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    assert_eq!(grace.accepts(chat).await, Ok(()));
    grace.has(chat).await;
    grace.says(chat, "not for Ada").await;
    visitor.says("nor this").await;

    let asks = json!({"t": "backfill", "conversation": chat, "after": 1}).to_string();
    let door = Door::agent(relay.address(), ada.account.cookie.clone());
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    raw.sends(&asks).await;
    let page = raw.hears("entries").await;
    let seqs: Vec<u64> = page["entries"].as_array().unwrap().iter().filter_map(|entry| entry["seq"].as_u64()).collect();
    assert_eq!(seqs, (2..=last).collect::<Vec<u64>>());
    assert_ne!(page["more"], Value::Bool(true));
    raw.sends(&json!({"t": "backfill", "conversation": chat, "after": last}).to_string()).await;
    assert_eq!(raw.hears_error().await, "not_found");

    // A note is no way in for those who never had it.
    let eve = relay.agent("Eve").await;
    let (mut raw, _) = Raw::greeted(&Door::agent(relay.address(), eve.account.cookie.clone()), json!({"t": "hello"})).await;
    raw.sends(&json!({"t": "say", "id": tests::new_id(), "conversation": chat, "text": "hm", "note": true}).to_string()).await;
    raw.hears("ack").await;
    raw.sends(&asks).await;
    assert_eq!(raw.hears_error().await, "not_found");
    relay.stop().await;
}

#[tokio::test]
async fn a_declined_chat_stays_where_it_was() {
    let relay = Relay::start().await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    ada.sees_colleague(grace.id(), |grace| grace.slots_used == 1).await;
    assert_eq!(grace.declines(chat).await, Ok(()));
    ada.until_console("the offer is gone", |console| console.chats.get(&chat).filter(|chat| chat.offer.is_none()).map(drop))
        .await;
    ada.sees_colleague(grace.id(), |grace| grace.slots_used == 0).await;
    ada.has(chat).await;
    visitor.is_with("Ada").await;
    assert_eq!(grace.accepts(chat).await, Err(ErrorCode::OfferGone));
    relay.stop().await;
}

#[tokio::test]
async fn an_offer_that_nobody_answers_lapses() {
    let relay = Relay::with(|config| config.desk.offer_for = 400).await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    ada.until_console("the offer is gone", |console| console.chats.get(&chat).filter(|chat| chat.offer.is_none()).map(drop))
        .await;
    assert_eq!(grace.accepts(chat).await, Err(ErrorCode::OfferGone));
    ada.has(chat).await;
    visitor.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn the_slot_of_whoever_is_offered_a_chat_is_reserved() {
    let relay = Relay::start().await;
    let (ada, grace, _visitor, chat) = ada_with_a_chat(&relay).await;
    relay.gives_slots(&ada, 1).await;
    relay.gives_slots(&grace, 1).await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    let newcomer = relay.visitor("demo");
    newcomer.opens_chat().await;
    let waiting = newcomer.says("me too").await.conversation;
    newcomer.waits_at(1).await;
    assert_eq!(grace.log().view.active(), []);

    assert_eq!(grace.accepts(chat).await, Ok(()));
    grace.has(chat).await;
    ada.has(waiting).await;
    relay.stop().await;
}

#[tokio::test]
async fn nobody_can_be_offered_what_they_cannot_take() {
    let relay = Relay::start().await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    relay.gives_slots(&grace, 1).await;
    relay.gives_slots(&ada, 1).await;
    let other = relay.visitor("demo");
    other.opens_chat().await;
    let hers = other.says("hi").await.conversation;
    grace.has(hers).await;
    assert_eq!(ada.offers(chat, &grace).await, Err(ErrorCode::NoFreeSlot));
    grace.sets(Presence::Away).await;
    assert_eq!(ada.offers(chat, &grace).await, Err(ErrorCode::AgentUnavailable));
    assert_eq!(grace.offers(chat, &ada).await, Err(ErrorCode::NotYours));
    visitor.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn a_chat_given_back_waits_first_in_line_for_somebody_else() {
    let relay = Relay::start().await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    relay.gives_slots(&ada, 1).await;
    relay.gives_slots(&grace, 1).await;
    let (second, third) = (relay.visitor("demo"), relay.visitor("demo"));
    second.opens_chat().await;
    let hers = second.says("hi").await.conversation;
    grace.has(hers).await;
    third.opens_chat().await;
    let waiting = third.says("and me").await.conversation;
    third.waits_at(1).await;

    assert_eq!(ada.gives_back(chat).await, Ok(()));
    ada.has(waiting).await;
    visitor.waits_at(1).await;
    assert_eq!(ada.closes(waiting).await, Ok(()));
    ada.sees_colleague(ada.id(), |ada| ada.slots_used == 0).await;
    visitor.stands(State::Queued).await;
    assert_eq!(grace.closes(hers).await, Ok(()));
    grace.has(chat).await;
    visitor.is_with("Grace").await;
    assert_eq!(ada.log().view.active(), [], "who gave it up is not given it again");
    relay.stop().await;
}

#[tokio::test]
async fn an_offer_dies_with_the_chat_and_with_the_presence_of_its_receiver() {
    let relay = Relay::with(|config| config.desk.agent_gone = 300).await;
    let (ada, grace, visitor, chat) = ada_with_a_chat(&relay).await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    grace.leaves().await;
    ada.until_console("the offer is gone", |console| console.chats.get(&chat).filter(|chat| chat.offer.is_none()).map(drop))
        .await;
    visitor.is_with("Ada").await;

    grace.comes_online().await;
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    assert_eq!(ada.closes(chat).await, Ok(()));
    visitor.stands(State::Closed).await;
    assert_eq!(grace.accepts(chat).await, Err(ErrorCode::OfferGone));
    ada.sees_colleague(grace.id(), |grace| grace.slots_used == 0).await;
    relay.stop().await;
}
