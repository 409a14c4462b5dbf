//! Supervisors see what others have, watch it, whisper, and take it over; agents do not.

use serde_json::json;
use shared::agent::{About, Oversee, ToRelay};
use shared::api::{AgentPatch, AuditPage, Deed};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::model::{AssignedHow, Author, Body, Event, Presence, Role, State};
use tests::agent::Agent;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::visitor::Visitor;

/// Ada, who has one slot and a chat in it; and Sue, who supervises and is connected but takes no chats.
async fn ada_and_sue(relay: &Relay) -> (Agent, Agent, Visitor, ConversationId) {
    let (ada, sue) = (relay.agent("Ada").await, relay.supervisor("Sue").await);
    relay.gives_slots(&ada, 1).await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("my parcel is late").await.conversation;
    ada.has(chat).await;
    sue.connects().await;
    (ada, sue, visitor, chat)
}

#[tokio::test]
async fn a_supervisor_sees_what_others_have_as_it_changes() {
    let relay = Relay::start().await;
    let (ada, sue, visitor, chat) = ada_and_sue(&relay).await;
    assert_eq!(sue.oversees(true).await, Ok(()));
    let listed = sue.until_console("the list", |console| console.others.first().copied()).await;
    assert_eq!(listed, chat);
    let with_ada = |console: &tests::agent::Console| {
        console.chats.get(&chat).filter(|chat| chat.agent.as_ref().is_some_and(|agent| agent.name == "Ada")).cloned()
    };
    assert!(sue.until_console("Ada's chat", with_ada).await.unanswered);

    ada.says(chat, "let me see").await;
    let answered = |console: &tests::agent::Console| console.chats.get(&chat).filter(|chat| !chat.unanswered).cloned();
    assert_eq!(sue.until_console("answered", answered).await.preview, "let me see");
    visitor.says("any news?").await;
    let waits = |console: &tests::agent::Console| console.chats.get(&chat).filter(|chat| chat.unanswered).cloned();
    assert_eq!(sue.until_console("unanswered", waits).await.preview, "any news?");
    assert_eq!(ada.closes(chat).await, Ok(()));
    sue.sees_state(chat, State::Closed).await;

    let other = relay.visitor("demo");
    other.opens_chat().await;
    let second = other.says("me too").await.conversation;
    sue.sees_state(second, State::Active).await;
    let tom = relay.supervisor("Tom").await;
    tom.connects().await;
    assert_eq!(tom.oversees(true).await, Ok(()));
    assert_eq!(sue.oversees(false).await, Ok(()));
    assert_eq!(ada.closes(second).await, Ok(()));
    tom.sees_state(second, State::Closed).await;
    assert_eq!(sue.oversees(false).await, Ok(()));
    let seen = sue.log().view.chats.get(&second).map(|chat| chat.state);
    assert_eq!(seen, Some(State::Active), "who lists no more is told no more");
    relay.stop().await;
}

#[tokio::test]
async fn a_whisper_reaches_the_team_and_never_the_visitor() {
    let relay = Relay::start().await;
    let door = Door::visitor(relay.address(), "demo");
    let (ada, sue) = (relay.agent("Ada").await, relay.supervisor("Sue").await);
    ada.comes_online().await;
    sue.connects().await;
    let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello"})).await;
    raw.sends(&json!({"t": "say", "id": new_id(), "text": "hello"}).to_string()).await;
    let chat: ConversationId = serde_json::from_value(raw.hears("ack").await["conversation"].clone()).unwrap();
    ada.has(chat).await;
    sue.opens(chat).await;
    sue.sees("hello").await;

    let id = sue.starts_to_whisper(chat, "SECRET: offer ten per cent").await;
    let ack = sue.is_acked(id).await;
    let heard = ada.sees("SECRET: offer ten per cent").await;
    assert!(matches!(&heard.by, Author::Agent(by) if by.name == "Sue"));
    assert!(matches!(&heard.body, Body::Whisper(whisper) if whisper.to.name == "Ada"), "{:?}", heard.body);
    let edit = json!({"t": "edit", "id": new_id(), "conversation": chat, "seq": ack.seq, "text": "SECRET: twenty"}).to_string();
    let (mut sue_raw, _) = Raw::greeted(&Door::agent(relay.address(), sue.account.cookie.clone()), json!({"t": "hello"})).await;
    sue_raw.sends(&edit).await;
    sue_raw.hears("done").await;
    sue.types_note(chat, true).await;
    ada.says(chat, "how about ten per cent?").await;
    let said = loop {
        let entry = raw.hears("entry").await;
        if let Some(text) = entry["entry"]["body"]["text"].as_str() {
            break text.to_owned();
        }
    };
    assert_eq!(said, "how about ten per cent?");

    raw.sends(&json!({"t": "backfill", "conversation": chat, "after": 0}).to_string()).await;
    raw.hears("entries").await;
    let (mut again, _) = Raw::greeted(&door, json!({"t": "hello", "token": welcome["token"]})).await;
    again.hears("entries").await;
    let mut wire = raw.wire.iter().chain(&again.wire);
    assert!(!wire.any(|text| text.contains("SECRET") || text.contains("whisper") || text.contains("Sue")), "{:?}", raw.wire);
    relay.stop().await;
}

#[tokio::test]
async fn a_chat_is_taken_over_and_the_freed_slot_pulls_the_next() {
    let relay = Relay::start().await;
    let (ada, sue, visitor, chat) = ada_and_sue(&relay).await;
    ada.says(chat, "let me see").await;
    assert_eq!(sue.takes_over(chat).await, Err(ErrorCode::AgentUnavailable), "not online");
    sue.sets(Presence::Online).await;
    sue.opens(chat).await;
    sue.sees("let me see").await;
    assert_eq!(sue.takes_over(chat).await, Ok(()));
    sue.has(chat).await;
    visitor.is_with("Sue").await;
    ada.has_lost(chat).await;
    // Ada is told in the thread.
    let how = ada
        .until("the event", |log| {
            log.entries.iter().find_map(|(_, entry)| match &entry.body {
                Body::Event(Event::Assigned(assigned)) if assigned.agent.name == "Sue" => Some(assigned.how),
                _ => None,
            })
        })
        .await;
    assert_eq!(how, AssignedHow::TakenOver);
    assert_eq!(ada.says_in_vain(chat, "still me").await, ErrorCode::NotYours);
    sue.says(chat, "Sue here").await;
    visitor.sees("Sue here").await;

    let waiting = relay.visitor("demo");
    waiting.opens_chat().await;
    let next = waiting.says("next please").await.conversation;
    waiting.stands(State::Active).await;
    assert!(ada.log().view.active() == [next] || sue.log().view.active().contains(&next));
    let page = relay.office().request(reqwest::Method::GET, "/api/audit?deed=take_over").by(relay.admin()).send().await.unwrap();
    let page: AuditPage = page.value().unwrap();
    let record = &page.entries[0];
    assert_eq!((record.deed, record.conversation), (Deed::TakeOver, Some(chat)));
    assert_eq!(record.by.as_ref().map(|by| by.name.as_str()), Some("Sue"));
    assert_eq!(page.entries.len(), 1);
    relay.stop().await;
}

/// The table of rights, on the socket, role by role; and a role that changes counts at once.
#[tokio::test]
async fn agents_neither_oversee_nor_whisper_nor_take_over() {
    let relay = Relay::start().await;
    let (ada, _sue, _visitor, chat) = ada_and_sue(&relay).await;
    for (role, may) in [(Role::Agent, false), (Role::Supervisor, true), (Role::Admin, true)] {
        let name = format!("{role:?}");
        let account = relay.office().hire(relay.admin(), &name, role).await.unwrap();
        let eve = relay.console_of(&account);
        eve.connects().await;
        let forbidden = |answer: Result<(), ErrorCode>| answer == Err(ErrorCode::Forbidden);
        assert_eq!(forbidden(eve.oversees(true).await), !may, "{name} oversees");
        assert_eq!(forbidden(eve.takes_over(chat).await), !may, "{name} takes over");
        let id = eve.starts_to_whisper(chat, &format!("psst from {name}")).await;
        if may {
            eve.is_acked(id).await;
            ada.sees(&format!("psst from {name}")).await;
        } else {
            assert_eq!(eve.is_told_off(id).await, ErrorCode::Forbidden);
        }
        eve.leaves().await;
    }
    // Whispering to oneself is a note.
    relay.changes(&ada, AgentPatch { role: Some(Role::Supervisor), ..AgentPatch::default() }).await;
    let id = ada.starts_to_whisper(chat, "to myself").await;
    assert_eq!(ada.is_told_off(id).await, ErrorCode::WrongState);
    relay.stop().await;
}

#[tokio::test]
async fn who_supervises_no_more_is_told_no_more() {
    let relay = Relay::start().await;
    let (ada, sue, visitor, chat) = ada_and_sue(&relay).await;
    let door = Door::agent(relay.address(), sue.account.cookie.clone());
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    let id = new_id();
    raw.sends(&ToRelay::Oversee(Oversee { id, on: true }).encode()).await;
    assert_eq!(raw.hears("others").await["total"], 1);
    relay.changes(&sue, AgentPatch { role: Some(Role::Agent), ..AgentPatch::default() }).await;
    assert_eq!(raw.is_closed().await.1, Some(shared::close::RESYNC));
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    raw.sends(&json!({"t": "show", "open": chat}).to_string()).await;
    for frame in [ToRelay::Oversee(Oversee { id, on: true }), ToRelay::TakeOver(About { id, conversation: chat })] {
        raw.sends(&frame.encode()).await;
        assert_eq!(raw.hears_error().await, "forbidden");
    }
    visitor.says("SECRET").await;
    ada.sees("SECRET").await;
    raw.sends(r#"{"t":"get_inbox"}"#).await;
    raw.hears("inbox").await;
    assert!(!raw.wire.iter().any(|text| text.contains("SECRET")), "{:?}", raw.wire);
    relay.stop().await;
}
