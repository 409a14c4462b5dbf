//! The main job: a visitor writes, gets an agent, they talk; and the one who comes too late waits and is told so.

use std::time::{Duration, Instant};

use shared::close::ErrorCode;
use shared::model::{Author, Body, Event, State};
use tests::agent::Console;
use tests::relay::Relay;

#[tokio::test]
async fn a_visitor_and_an_agent_chat_until_the_end() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    assert!(visitor.log().view.answering, "an agent is online, so somebody may answer");

    let chat = visitor.says("hi").await.conversation;
    let row = ada.has(chat).await;
    visitor.is_with("Ada").await;
    ada.sees("hi").await;
    assert_eq!(row.visitor.locale.as_deref(), Some("fr-FR"));
    assert_eq!(row.visitor.time_zone.as_deref(), Some("Europe/Paris"));
    assert_eq!(row.page.map(|page| page.url).as_deref(), Some("http://shop.example/shoes"));

    let answer = ada.says(chat, "Bonjour !").await;
    let shown = visitor.sees("Bonjour !").await;
    assert!(matches!(&shown.by, Author::Agent(person) if person.name == "Ada"), "{:?}", shown.by);
    visitor.says("do you ship to Lyon?").await;
    ada.sees("do you ship to Lyon?").await;

    visitor.reads(answer.seq).await;
    ada.until_console("the visitor has read the answer", |console| (console.read.get(&chat) >= Some(&answer.seq)).then_some(()))
        .await;
    ada.reads(chat, answer.seq + 1).await;
    visitor.until_true("the agent has read the question", |log| log.view.read > answer.seq).await;

    assert_eq!(ada.closes(chat).await, Ok(()));
    visitor.stands(State::Closed).await;
    visitor.sees_end().await;

    let (seen_by_visitor, seen_by_ada) = (visitor.transcript(chat), ada.transcript(chat));
    let numbers: Vec<u64> = seen_by_ada.iter().map(|entry| entry.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "agents see every number");
    let texts = |entries: &[shared::model::Entry]| -> Vec<Body> {
        entries.iter().map(|entry| entry.body.clone()).filter(|body| !body.is_internal()).collect()
    };
    assert_eq!(texts(&seen_by_visitor), texts(&seen_by_ada), "both see the same conversation");
    relay.stop().await;
}

#[tokio::test]
async fn each_sees_that_the_other_writes() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;

    visitor.types("one more que").await;
    ada.until_console("the draft", |console| console.drafts.get(&chat).filter(|draft| *draft == "one more que").map(drop)).await;
    ada.types(chat, true).await;
    visitor.until_true("the agent writes", |log| log.view.agent_writes).await;
    ada.types(chat, false).await;
    visitor.until_true("the agent has stopped", |log| !log.view.agent_writes).await;
    relay.stop().await;
}

#[tokio::test]
async fn the_fourth_visitor_waits_and_is_pulled_in_when_a_chat_closes() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let mut chats = Vec::new();
    let mut guests = Vec::new();
    for number in 1..=3 {
        let guest = relay.visitor("demo");
        guest.opens_chat().await;
        chats.push(guest.says(&format!("guest {number}")).await.conversation);
        guest.is_with("Ada").await;
        guests.push(guest);
    }
    let fourth = relay.visitor("demo");
    fourth.opens_chat().await;
    let waiting = fourth.says("guest 4").await.conversation;
    fourth.waits_at(1).await;
    let fifth = relay.visitor("demo");
    fifth.opens_chat().await;
    let last = fifth.says("guest 5").await.conversation;
    fifth.waits_at(2).await;
    ada.sees_in_queue(waiting).await;
    ada.sees_in_queue(last).await;
    assert_eq!(ada.log().view.active().len(), 3, "never more than her capacity");

    let freed = Instant::now();
    assert_eq!(ada.closes(chats[0]).await, Ok(()));
    ada.has(waiting).await;
    let took = freed.elapsed();
    assert!(took < Duration::from_secs(1), "the freed slot took {took:?} to pull the next one in");
    fourth.is_with("Ada").await;
    fifth.waits_at(1).await;
    guests[0].stands(State::Closed).await;
    ada.sees("guest 4").await;

    assert_eq!(guests[1].ends_chat().await, Ok(()), "a visitor ends a chat too");
    ada.has(last).await;
    fifth.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn who_waits_is_seen_by_every_agent_with_what_they_write() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    grace.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    relay.gives_slots(&grace, 1).await;
    for guest in ["one", "two"] {
        let visitor = relay.visitor("demo");
        visitor.opens_chat().await;
        visitor.says(guest).await;
        visitor.stands(State::Active).await;
        relay.keeps(visitor);
    }
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("anybody there?").await.conversation;
    for agent in [&ada, &grace] {
        let row = agent.sees_in_queue(chat).await;
        assert_eq!(row.preview, "anybody there?");
        agent.looks_at(&[chat]).await;
        agent.reloads().await;
    }
    visitor.says("I am in a hurry").await;
    ada.sees("I am in a hurry").await;
    grace.sees("I am in a hurry").await;
    visitor.types("and my parcel").await;
    for agent in [&ada, &grace] {
        let draft = |console: &Console| console.drafts.get(&chat).filter(|draft| *draft == "and my parcel").map(drop);
        agent.until_console("the draft", draft).await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn two_tabs_that_begin_at_once_open_one_conversation_and_see_each_message_once() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let first_tab = relay.visitor("demo");
    first_tab.opens_chat().await;
    let second_tab = relay.returning_visitor("demo", &first_tab.token());
    second_tab.opens_chat().await;

    let (first, second) = tokio::join!(first_tab.says("from the first tab"), second_tab.says("from the second tab"));
    assert_eq!(first.conversation, second.conversation);
    let chat = first.conversation;
    first_tab.sees("from the second tab").await;
    second_tab.sees("from the first tab").await;
    ada.has(chat).await;
    ada.says(chat, "one answer").await;
    for tab in [&first_tab, &second_tab] {
        tab.sees("one answer").await;
        for text in ["from the first tab", "from the second tab", "one answer"] {
            assert_eq!(tab.times_seen(text), 1, "{text}");
        }
    }
    let chats = ada.log().view.chats;
    assert_eq!(chats.len(), 1, "{chats:?}");
    relay.stop().await;
}

#[tokio::test]
async fn both_consoles_of_an_agent_show_the_same_chat() {
    let relay = Relay::start().await;
    let desk = relay.agent("Ada").await;
    desk.comes_online().await;
    let phone = relay.console_of(&desk.account);
    phone.connects().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    desk.has(chat).await;
    phone.has(chat).await;
    desk.says(chat, "from the desk").await;
    phone.sees("from the desk").await;
    phone.says(chat, "from the phone").await;
    desk.sees("from the phone").await;
    visitor.sees("from the phone").await;
    for text in ["from the desk", "from the phone"] {
        assert_eq!((desk.times_seen(text), phone.times_seen(text), visitor.times_seen(text)), (1, 1, 1), "{text}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn when_nobody_is_there_a_message_is_kept_and_answered_without_a_slot() {
    let relay = Relay::start().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    assert!(!visitor.log().view.answering, "nobody is there");
    let chat = visitor.leaves_message("my order is broken", "kim@example.org").await.conversation;
    visitor.stands(State::Parked).await;

    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let row = ada.until_console("the message is listed", |console| console.message(chat).cloned()).await;
    assert_eq!(row.visitor.email.as_deref(), Some("kim@example.org"));
    assert!(row.unanswered);
    visitor.until_true("somebody is there now", |log| log.view.answering).await;
    ada.says(chat, "a new one is on its way").await;
    visitor.sees("a new one is on its way").await;
    assert_eq!(ada.sees_colleague(ada.id(), |_| true).await.slots_used, 0, "an answer to a message takes no slot");
    assert!(
        !visitor.transcript(chat).iter().any(|entry| matches!(entry.body, Body::Event(Event::Contact(_) | Event::Parked(_))))
    );
    relay.stop().await;
}

#[tokio::test]
async fn picking_does_not_get_past_the_capacity_but_take_anyway_does_once() {
    let relay = Relay::with(|config| config.desk.stretch = true).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    let mut chats = Vec::new();
    for guest in ["one", "two", "three"] {
        let visitor = relay.visitor("demo");
        visitor.opens_chat().await;
        chats.push(visitor.says(guest).await.conversation);
        relay.keeps(visitor);
    }
    ada.has(chats[0]).await;
    ada.sees_in_queue(chats[2]).await;
    assert_eq!(ada.takes(chats[1]).await, Err(ErrorCode::NoFreeSlot));
    assert_eq!(ada.stretches_for(chats[1]).await, Ok(()));
    ada.has(chats[1]).await;
    assert_eq!(ada.stretches_for(chats[2]).await, Err(ErrorCode::NoFreeSlot), "one extra chat at most");
    relay.stop().await;
}
