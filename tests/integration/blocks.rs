//! Visitors whom the team keeps out: at once, on every way in, for as long as was said, and nobody else.

use reqwest::Method;
use serde_json::json;
use shared::agent::{Block, MAX_BLOCK, ToRelay};
use shared::api;
use shared::close::{self, ErrorCode};
use shared::ids::{ConversationId, Millis};
use shared::model::Role;
use shared::visitor::Hello;
use tests::accounts::Account;
use tests::agent::Agent;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::visitor::Visitor;

async fn blocks(agent: &Agent, conversation: ConversationId, network: bool, for_ms: Option<Millis>) -> Result<(), ErrorCode> {
    let id = new_id();
    agent.requests(id, ToRelay::Block(Block { id, conversation, network, for_ms, reason: "spam".into() })).await
}

async fn listed(relay: &Relay, by: &Account) -> Vec<api::Block> {
    relay.office().request(Method::GET, "/api/blocks").by(by).send().await.unwrap().value().unwrap()
}

fn from(relay: &Relay, address: &str) -> Door {
    Door { forwarded_for: Some(address.into()), ..Door::visitor(relay.address(), "demo") }
}

/// Somebody from there, without an earlier visit.
fn somebody(relay: &Relay, address: &str) -> Visitor {
    Visitor::with_outbox(from(relay, address), Hello::default(), Vec::new())
}

#[tokio::test]
async fn a_blocked_visitor_is_out_at_once_and_comes_back_when_it_is_lifted() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let agent = relay.console_of(&ada);
    agent.comes_online().await;
    let (rude, kind) = (relay.visitor("demo"), relay.visitor("demo"));
    for visitor in [&rude, &kind] {
        visitor.opens_chat().await;
    }
    let chat = rude.says("Buy my pills").await.conversation;
    let token = rude.log().view.token.clone().unwrap();
    kind.says("Hello").await;
    agent.until_true("both chats", |log| log.view.active().len() == 2).await;

    blocks(&agent, chat, false, Some(60_000)).await.unwrap();
    assert_eq!(rude.until_refused(0).await, close::BLOCKED);
    agent.until_true("the slot is free", |log| log.view.active().len() == 1 && !log.view.active().contains(&chat)).await;
    // Not by a new connection, not by an upload, not from elsewhere.
    let mut raw = Raw::open(&from(&relay, "198.51.100.7")).await;
    raw.sends(&json!({"t": "hello", "token": token}).to_string()).await;
    assert_eq!(raw.is_closed().await, (Some("blocked".into()), Some(close::BLOCKED)));
    let upload = relay
        .office()
        .request(Method::POST, "/api/files?site=demo&name=a.txt")
        .header("authorization", &format!("Bearer {token}"));
    let refused = upload.send().await.unwrap();
    assert!(refused.status == 403 && refused.body.contains("blocked"), "{refused:?}");
    // Who did nothing stays.
    kind.says("Still here").await;

    let shown = listed(&relay, &ada).await;
    let [block] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!((block.reason.as_str(), block.by.name.as_str(), &block.network), ("spam", "Ada", &None));
    assert_eq!(block.expires_at.map(|until| until - block.created_at), Some(60_000));
    let path = format!("/api/conversations/{chat}/block");
    let of: Option<api::Block> = relay.office().request(Method::GET, &path).by(&ada).send().await.unwrap().value().unwrap();
    assert_eq!(of.as_ref(), Some(block));
    let lift = format!("/api/blocks/{}", block.id);
    relay.office().request(Method::DELETE, &lift).by(&ada).send().await.unwrap().accepted().unwrap();
    assert_eq!(relay.office().request(Method::DELETE, &lift).by(&ada).send().await.unwrap().status, 404);
    let back = relay.returning_visitor("demo", &token);
    back.connects().await;
    back.says("Sorry").await;
    relay.stop().await;
}

#[tokio::test]
async fn a_block_ends_by_itself_and_a_new_one_replaces_it() {
    let relay = Relay::start().await;
    let agent = relay.agent("Ada").await;
    agent.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("Buy my pills").await.conversation;
    let token = visitor.log().view.token.clone().unwrap();
    blocks(&agent, chat, false, None).await.unwrap();
    assert_eq!(visitor.until_refused(0).await, close::BLOCKED);
    // It has ended by now, so it may still be changed, and nobody is asked twice whether they are sure.
    blocks(&agent, chat, false, Some(1)).await.unwrap();
    let back = relay.returning_visitor("demo", &token);
    back.connects().await;
    assert_eq!(listed(&relay, relay.admin()).await, []);
    for wrong in [0, -1, MAX_BLOCK + 1] {
        assert_eq!(blocks(&agent, chat, false, Some(wrong)).await, Err(ErrorCode::InvalidField), "{wrong}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_network_is_blocked_by_supervisors_for_the_site_and_nowhere_else() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (rude, neighbour, far) =
        (somebody(&relay, "203.0.113.9"), somebody(&relay, "203.0.113.200"), somebody(&relay, "198.51.100.7"));
    for visitor in [&rude, &neighbour, &far] {
        visitor.opens_chat().await;
    }
    let chat = rude.says("Buy my pills").await.conversation;
    ada.until_true("the chat", |log| log.view.active().contains(&chat)).await;
    assert_eq!(blocks(&ada, chat, true, None).await, Err(ErrorCode::Forbidden), "an agent");
    let grace = relay.office().hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap();
    let grace_console = relay.console_of(&grace);
    grace_console.comes_online().await;
    // Another agent's visitor is none of an agent's business, and a supervisor's.
    let other = relay.agent("Otto").await;
    other.comes_online().await;
    assert_eq!(blocks(&other, chat, false, None).await, Err(ErrorCode::NotYours));
    blocks(&grace_console, chat, true, None).await.unwrap();
    assert_eq!(rude.until_refused(0).await, close::BLOCKED);
    assert_eq!(neighbour.until_refused(0).await, close::BLOCKED);
    let anew = somebody(&relay, "203.0.113.1");
    assert_eq!(anew.is_refused().await, close::BLOCKED);
    far.says("Hello").await;
    let networks: Vec<_> = listed(&relay, &grace).await.into_iter().filter_map(|block| block.network).collect();
    assert_eq!(networks, ["203.0.113.0/24"]);
    // Whoever is not connected, or from this very machine, comes from no network that could be told.
    assert_eq!(blocks(&grace_console, chat, true, None).await, Err(ErrorCode::InvalidField));
    relay.stop().await;
}
