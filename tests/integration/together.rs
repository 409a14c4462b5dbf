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
    ada.types(chat, false).await;
    shows(&sue, chat, &[&ada, &sue], &[]).await;

    // A lost socket is no longer there, and neither is who turned to another thread.
    tom.opens(chat).await;
    shows(&sue, chat, &[&ada, &sue, &tom], &[]).await;
    tom.leaves().await;
    shows(&sue, chat, &[&ada, &sue], &[]).await;
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

/// The seqs of what somebody is reminded of.
fn reminded(console: &Console) -> Vec<u64> {
    console.mentions.iter().map(|mention| mention.seq).collect()
}

async fn is_reminded(who: &Agent, seqs: &[u64]) {
    who.until_console("reminded", |console| (reminded(console) == seqs).then_some(())).await;
}

#[tokio::test]
async fn a_note_names_a_colleague_who_may_read_it_and_is_reminded_until_they_have() {
    let mut relay = Relay::start().await;
    let (ada, eve) = (relay.agent("Ada").await, relay.agent("Eve").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    eve.connects().await;
    let door = Door::agent(relay.address(), eve.account.cookie.clone());
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    let asks = json!({"t": "backfill", "conversation": chat, "after": 0}).to_string();
    raw.sends(&json!({"t": "show", "open": chat}).to_string()).await;
    raw.sends(&asks).await;
    assert_eq!(raw.hears_error().await, "not_found", "it is Ada's");

    let id = ada.starts_to_name(chat, "@Eve which glaze?", vec![eve.id(), eve.id(), ada.id()]).await;
    let note = ada.is_acked(id).await.seq;
    is_reminded(&eve, &[note]).await;
    assert_eq!(reminded(&ada.log().view), Vec::<u64>::new(), "nobody is reminded of their own words");
    let mention = &raw.hears("mentions").await["mentions"][0];
    assert_eq!((&mention["by"]["name"], &mention["conversation"]["id"]), (&json!("Ada"), &json!(chat)));
    // She reads it and what comes after it, over REST, too; who was not named does not.
    raw.sends(&asks).await;
    assert_eq!(raw.hears("entries").await["entries"].as_array().unwrap().len() as u64, note);
    visitor.says("the blue one").await;
    assert_eq!(raw.hears("entry").await["entry"]["body"]["text"], "the blue one");
    let bob = relay.hires("Bob").await;
    for (account, status) in [(&eve.account, 200), (&bob, 404)] {
        let path = format!("/api/conversations/{chat}/entries");
        let answer = relay.office().request(reqwest::Method::GET, &path).by(account).send().await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
    }
    assert_eq!(eve.says_in_vain(chat, "hi").await, shared::close::ErrorCode::NotYours, "reading is not writing");

    // It outlives her absence and the relay's.
    eve.leaves().await;
    relay.restarts().await;
    eve.connects().await;
    is_reminded(&eve, &[note]).await;
    eve.reads(chat, note - 1).await;
    eve.reloads().await;
    assert_eq!(reminded(&eve.log().view), [note], "not read yet");
    eve.reads(chat, note).await;
    is_reminded(&eve, &[]).await;
    eve.reloads().await;
    assert_eq!(reminded(&eve.log().view), Vec::<u64>::new());
    relay.stop().await;
}

#[tokio::test]
async fn nobody_lets_others_read_what_they_may_not_and_what_is_taken_back_reminds_nobody() {
    let relay = Relay::start().await;
    let (ada, eve, bob) = (relay.agent("Ada").await, relay.agent("Eve").await, relay.agent("Bob").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    eve.connects().await;
    bob.connects().await;
    let id = eve.starts_to_name(chat, "@Bob look", vec![bob.id()]).await;
    assert_eq!(eve.is_told_off(id).await, shared::close::ErrorCode::NotYours);
    let id = ada.starts_to_name(chat, "@Nobody", vec![shared::ids::AgentId::v7(1, [7; 10])]).await;
    assert_eq!(ada.is_told_off(id).await, shared::close::ErrorCode::InvalidField);

    let id = ada.starts_to_name(chat, "@Bob look", vec![bob.id()]).await;
    let note = ada.is_acked(id).await.seq;
    is_reminded(&bob, &[note]).await;
    let door = Door::agent(relay.address(), ada.account.cookie.clone());
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    raw.sends(&json!({"t": "delete", "id": tests::new_id(), "conversation": chat, "seq": note}).to_string()).await;
    raw.hears("done").await;
    is_reminded(&bob, &[]).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_whisper_reminds_while_one_has_the_chat() {
    let relay = Relay::start().await;
    let (ada, sue) = (relay.agent("Ada").await, relay.supervisor("Sue").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hello").await.conversation;
    ada.has(chat).await;
    sue.comes_online().await;
    let id = sue.starts_to_whisper(chat, "psst").await;
    let whisper = sue.is_acked(id).await.seq;
    is_reminded(&ada, &[whisper]).await;
    assert!(ada.log().view.mentions[0].whisper);
    assert_eq!(sue.takes_over(chat).await, Ok(()));
    is_reminded(&ada, &[]).await;
    let path = format!("/api/conversations/{chat}/entries");
    let answer = relay.office().request(reqwest::Method::GET, &path).by(&ada.account).send().await.unwrap();
    assert_eq!(answer.status.as_u16(), 404, "a whisper lets nobody read on who has lost the chat");
    relay.stop().await;
}
