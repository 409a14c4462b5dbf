//! Two relays are one desk: whoever is at either sees what happens at both.

use reqwest::Method;
use shared::api::SitePatch;
use shared::close::ErrorCode;
use shared::model::{Presence, Role, State};
use tests::agent::{Agent, Console};
use tests::visitor::Visitor;

use crate::balancer::Balancer;
use crate::stage::{Stage, straight};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_are_one_desk() {
    let stage = Stage::build(2, &[], straight).await;
    let (a, b) = (0, 1);
    let (ada, grace) = (stage.agent(b, "Ada", Role::Agent).await, stage.agent(a, "Grace", Role::Agent).await);
    let sue = stage.agent(a, "Sue", Role::Supervisor).await;
    sue.connects().await;
    assert_eq!(sue.oversees(true).await, Ok(()));

    // A conversation from one to the other, with all that goes along.
    ada.comes_online().await;
    let visitor = stage.visitor(a).await;
    let chat = visitor.says("bonjour").await.conversation;
    ada.has(chat).await;
    ada.sees("bonjour").await;
    visitor.types("I have a quest").await;
    ada.until_console("the draft", |console| (console.drafts.get(&chat)? == "I have a quest").then_some(())).await;
    ada.types(chat, true).await;
    visitor.until_true("the agent writes", |log| log.view.agent_writes).await;
    let answer = ada.says(chat, "bonjour!").await.seq;
    visitor.sees("bonjour!").await;
    visitor.reads(answer).await;
    ada.until_console("it was read", |console| (*console.read.get(&chat)? >= answer).then_some(())).await;
    ada.reads(chat, answer).await;
    sue.until_console("a colleague's chat", |console| {
        console.chats.get(&chat).filter(|chat| chat.state == State::Active).cloned()
    })
    .await;
    sue.opens(chat).await;
    ada.opens(chat).await;
    let together = |console: &Console| console.viewers.get(&chat).filter(|viewers| viewers.agents.len() == 2).map(drop);
    ada.until_console("Sue looks on", together).await;
    sue.until_console("so does Ada", together).await;
    visitor.says("a question, then").await;
    sue.sees("a question, then").await;

    // Who is there, and what waits.
    grace.connects().await;
    ada.sees_colleague(grace.id(), |grace| grace.presence == Presence::Away).await;
    let mut more = Vec::new();
    for number in 0..2 {
        let next = stage.visitor(number).await;
        ada.has(next.says("me too").await.conversation).await;
        more.push(next);
    }
    let waits = stage.visitor(b).await;
    let waiting = waits.says("and me").await.conversation;
    waits.waits_at(1).await;
    ada.sees_in_queue(waiting).await;
    grace.sees_in_queue(waiting).await;
    let behind = stage.visitor(a).await;
    let last = behind.says("and me, too").await.conversation;
    behind.waits_at(2).await;

    // It is taken once, wherever; and the queue moves on for everybody.
    grace.sets(Presence::Online).await;
    grace.has(waiting).await;
    grace.has(last).await;
    assert_eq!(ada.takes(waiting).await, Err(ErrorCode::NotYours));
    waits.is_with("Grace").await;
    behind.is_with("Grace").await;

    // A transfer between them.
    assert_eq!(ada.offers(chat, &grace).await, Ok(()));
    grace.is_offered(chat).await;
    assert_eq!(grace.accepts(chat).await, Ok(()));
    grace.has(chat).await;
    ada.has_lost(chat).await;
    visitor.is_with("Grace").await;
    grace.says(chat, "Grace here").await;
    visitor.sees("Grace here").await;

    // A slot that is freed here is filled from there.
    let again = stage.visitor(b).await;
    let next = again.says("is anybody there?").await.conversation;
    ada.has(next).await;

    // What an admin changes at one relay reaches visitors of the other.
    let greetings = again.log().greetings;
    let patch = SitePatch { name: Some("Shop two".to_owned()), ..SitePatch::default() };
    let path = format!("/api/sites/{}", stage.site);
    let changed = stage.office(a).request(Method::PATCH, &path).by(&stage.admin).json(&patch).unwrap().send().await.unwrap();
    changed.accepted().unwrap();
    again.until_greeted(greetings).await;
    let metrics = reqwest::get(stage.relays[a].metrics()).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("bulle_bus_connected 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bus_they_serve_and_make_up_for_it_when_it_is_back() {
    let mut stage = Stage::build(2, &[], straight).await;
    let ada = stage.agent(1, "Ada", Role::Agent).await;
    ada.comes_online().await;
    let visitor = stage.visitor(0).await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    let greetings = (visitor.log().greetings, ada.log().greetings);
    stage.bus.kill();
    // What is said is on disk, whoever hears of it.
    visitor.says("are you there?").await;
    ada.says(chat, "I am").await;
    // Somebody who comes meanwhile is served as well.
    let other = stage.visitor(1).await;
    let next = other.says("me too").await.conversation;
    ada.has(next).await;
    stage.bus.restart();
    visitor.until_greeted(greetings.0).await;
    ada.until_greeted(greetings.1).await;
    ada.sees("are you there?").await;
    visitor.sees("I am").await;
    ada.says(chat, "and again").await;
    visitor.sees("and again").await;
    for text in ["hello", "are you there?", "I am", "and again"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_up_by_post_reaches_its_stream_at_whatever_relay() {
    let mut stage = Stage::build(2, &[], straight).await;
    let addresses: Vec<_> = stage.relays.iter().map(|relay| relay.address()).collect();
    // Each POST is a connection, and goes to the next relay.
    let balancer = Balancer::start(&addresses).await;
    let ada = stage.agent(1, "Ada", Role::Agent).await;
    ada.comes_online().await;
    let visitor = Visitor::by_events(balancer.address, &stage.site);
    visitor.opens_chat().await;
    let chat = visitor.says("one").await.conversation;
    ada.has(chat).await;
    for text in ["two", "three", "four"] {
        visitor.says(text).await;
        ada.sees(text).await;
        ada.says(chat, &format!("{text}, too")).await;
        visitor.sees(&format!("{text}, too")).await;
    }
    assert_eq!(visitor.log().greetings, 1, "by one stream, all the time");

    // Without the bus there is no way between them. One of these comes to the other relay; it waits until there is one.
    stage.bus.kill();
    visitor.starts_to_say("five").await;
    visitor.starts_to_say("six").await;
    stage.bus.restart();
    for text in ["five", "six"] {
        ada.sees(text).await;
    }
    for text in ["one", "two", "three", "four", "five", "six"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looked_on_at_a_killed_relay_is_forgotten_and_who_looks_on_elsewhere_is_not() {
    let mut stage = Stage::build(3, &[], straight).await;
    let ada = stage.agent(0, "Ada", Role::Agent).await;
    ada.comes_online().await;
    let visitor = stage.visitor(0).await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    ada.opens(chat).await;
    let sees = async |there: &[&Agent]| {
        let shown = |console: &Console| {
            let seen = &console.viewers.get(&chat)?.agents;
            (seen.len() == there.len() && there.iter().all(|agent| seen.contains(&agent.id()))).then_some(())
        };
        ada.until_console(&format!("they see {} at the chat", there.len()), shown).await;
    };
    let (grace, sue) = (stage.agent(1, "Grace", Role::Supervisor).await, stage.agent(2, "Sue", Role::Supervisor).await);
    for (one, there) in [(&grace, &[&ada, &grace][..]), (&sue, &[&ada, &grace, &sue])] {
        one.connects().await;
        assert_eq!(one.oversees(true).await, Ok(()));
        one.opens(chat).await;
        sees(there).await;
    }
    stage.relays[2].kill();
    sees(&[&ada, &grace]).await;
}
