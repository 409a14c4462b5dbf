//! Colleagues at the same conversation: who else looks at it and who writes, told while it is true; and drafts that a site keeps from agents.

use serde_json::json;
use shared::ids::{AgentId, ConversationId};
use shared::model::SiteSettings;
use tests::agent::{Agent, Console};
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::Relay;

fn at(console: &Console, chat: ConversationId) -> (Vec<AgentId>, Vec<AgentId>) {
    let sorted = |mut agents: Vec<AgentId>| {
        agents.sort_unstable();
        agents
    };
    console.viewers.get(&chat).map(|viewers| (sorted(viewers.agents.clone()), sorted(viewers.typing.clone()))).unwrap_or_default()
}

/// Waits until somebody is shown these at a conversation, and of them those who write.
async fn shows(who: &Agent, chat: ConversationId, here: &[&Agent], write: &[&Agent]) {
    let ids = |agents: &[&Agent]| {
        let mut ids: Vec<AgentId> = agents.iter().map(|agent| agent.id()).collect();
        ids.sort_unstable();
        ids
    };
    let wanted = (ids(here), ids(write));
    who.until_console("who is there", |console| (at(console, chat) == wanted).then_some(())).await;
}

#[tokio::test]
async fn colleagues_at_a_conversation_see_each_other_while_they_are_there() {
    let relay = Relay::start().await;
    let (ada, eve) = (relay.agent("Ada").await, relay.agent("Eve").await);
    let (sue, tom) = (relay.supervisor("Sue").await, relay.supervisor("Tom").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    for one in [&sue, &tom, &eve] {
        one.connects().await;
    }
    ada.opens(chat).await;
    shows(&ada, chat, &[&ada], &[]).await;
    eve.opens(chat).await;
    sue.opens(chat).await;
    shows(&ada, chat, &[&ada, &sue], &[]).await;
    shows(&sue, chat, &[&ada, &sue], &[]).await;
    assert_eq!(at(&eve.log().view, chat), (vec![], vec![]), "who may not read it sees nobody there, and is not seen");

    // A note being written is told to colleagues alone.
    sue.types_note(chat, true).await;
    shows(&ada, chat, &[&ada, &sue], &[&sue]).await;
    sue.types_note(chat, false).await;
    shows(&ada, chat, &[&ada, &sue], &[]).await;
    assert!(!visitor.log().view.agent_writes);
    ada.types_note(chat, true).await;
    shows(&sue, chat, &[&ada, &sue], &[&ada]).await;
    assert!(!visitor.log().view.agent_writes);
    ada.types(chat, true).await;
    visitor.until_true("the agent writes", |log| log.view.agent_writes).await;
    shows(&sue, chat, &[&ada, &sue], &[&ada]).await;

    // A lost socket is no longer there, and neither is who turned to another thread.
    tom.opens(chat).await;
    shows(&sue, chat, &[&ada, &sue, &tom], &[&ada]).await;
    tom.leaves().await;
    shows(&sue, chat, &[&ada, &sue], &[&ada]).await;
    ada.looks_at(&[]).await;
    shows(&sue, chat, &[&sue], &[]).await;

    // What is over is everybody's.
    assert_eq!(ada.closes(chat).await, Ok(()));
    shows(&eve, chat, &[&eve, &sue], &[]).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_site_keeps_drafts_from_agents() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;
    let door = Door::agent(relay.address(), ada.account.cookie.clone());
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    visitor.types("my secret").await;
    assert_eq!(raw.hears("typing").await["draft"], "my secret");

    let before = visitor.log().greetings;
    let settings = SiteSettings { drafts: false, ..SiteSettings::default() };
    let patch = json!({ "settings": settings });
    let request = relay.office().request(reqwest::Method::PATCH, "/api/sites/demo").by(relay.admin()).json(&patch).unwrap();
    request.send().await.unwrap().accepted().unwrap();
    visitor.until_greeted(before).await;
    visitor.types("my other secret").await;
    assert_eq!(raw.hears("typing").await["draft"], "…", "that they write is no secret");
    visitor.types("").await;
    assert_eq!(raw.hears("typing").await["draft"], "");
    assert!(!raw.wire.iter().any(|text| text.contains("other secret")));
    relay.stop().await;
}
