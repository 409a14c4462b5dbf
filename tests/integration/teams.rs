//! Teams, routing, picking and opening hours, over real sockets and REST.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};
use shared::api::Cause;
use shared::close::ErrorCode;
use shared::ids::{ConversationId, TeamId};
use shared::model::{SiteDesk, State, Team};
use shared::visitor::Hello;
use tests::accounts::{Account, Answer};
use tests::agent::Agent;
use tests::door::Door;
use tests::new_id;
use tests::relay::Relay;
use tests::visitor::Visitor;

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

async fn ask(relay: &Relay, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

async fn makes_team(relay: &Relay, name: &str, members: &[&Agent]) -> Team {
    let members: Vec<_> = members.iter().map(|agent| agent.id()).collect();
    let draft = json!({"name": name, "members": members});
    ask(relay, relay.admin(), Method::POST, "/teams", draft).await.value().unwrap()
}

async fn works_by(relay: &Relay, desk: Value) {
    ask(relay, relay.admin(), Method::PUT, "/sites/demo/desk", desk).await.accepted().unwrap();
}

/// A visitor who has said something.
async fn asks(relay: &Relay, locale: &str, text: &str) -> (Visitor, ConversationId) {
    let hello = Hello { locale: Some(locale.to_owned()), ..Hello::default() };
    let visitor = Visitor::with_outbox(Door::visitor(relay.address(), "demo"), hello, Vec::new());
    visitor.opens_chat().await;
    let chat = visitor.says(text).await.conversation;
    (visitor, chat)
}

#[tokio::test]
async fn a_chat_goes_to_the_team_that_it_is_handed_to() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    grace.comes_online().await;
    relay.gives_slots(&ada, 1).await;
    relay.gives_slots(&grace, 1).await;
    let billing = makes_team(&relay, "Billing", &[&grace]).await;
    ada.until_console("the team", |console| (console.teams == [billing.clone()]).then_some(())).await;

    let (visitor, chat) = asks(&relay, "en", "my invoice is wrong").await;
    let (holder, other) = match visitor.until_thread("somebody", |thread| thread.agent.is_some()).await.agent {
        Some(agent) if agent.id == ada.id() => (&ada, &grace),
        _ => (&grace, &ada),
    };
    let team = makes_team(&relay, "Others", &[other]).await;
    assert_eq!(holder.hands_to(chat, TeamId(new_id().0)).await, Err(ErrorCode::NotFound), "no such team");
    assert_eq!(holder.hands_to(chat, team.id).await, Ok(()));
    other.has(chat).await;
    holder.has_lost(chat).await;
    assert_eq!(other.hands_to(chat, billing.id).await, Ok(()));
    assert_eq!(holder.hands_to(chat, team.id).await, Err(ErrorCode::WrongState), "it is not active");
    relay.stop().await;
}

#[tokio::test]
async fn rules_and_languages_choose_and_the_reason_is_told() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    grace.comes_online().await;
    relay.gives_slots(&grace, 1).await;
    let french = makes_team(&relay, "Français", &[&grace]).await;
    works_by(&relay, json!({"routes": [{"language": "fr", "team": french.id, "priority": 1}]})).await;
    let (first, _) = asks(&relay, "fr-CA", "bonjour").await;
    first.is_with("Grace").await;
    let (second, waits) = asks(&relay, "fr", "il y a quelqu’un ?").await;
    second.waits_at(1).await;
    let row = ada.sees_in_queue(waits).await;
    assert_eq!((row.team, row.priority), (Some(french.id), 1));
    let why = relay.why(waits).await;
    assert_eq!((why.cause, why.name.as_deref(), why.agents), (Cause::TeamBusy, Some("Français"), Some(1)));
    assert_eq!(why.reason, "It is for the team Français. All slots of the only member online are taken.");
    let routed = ask(&relay, relay.admin(), Method::DELETE, &format!("/teams/{}", french.id), json!({})).await;
    assert_eq!(routed.refusal(), Some((409, ErrorCode::WrongState)), "a rule sends chats to it");
    works_by(&relay, json!({})).await;
    ask(&relay, relay.admin(), Method::DELETE, &format!("/teams/{}", french.id), json!({})).await.accepted().unwrap();
    second.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn where_agents_pick_the_first_claim_wins() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    grace.comes_online().await;
    works_by(&relay, json!({"assigning": "pick"})).await;
    let (visitor, chat) = asks(&relay, "en", "hello?").await;
    visitor.waits_at(1).await;
    ada.sees_in_queue(chat).await;
    assert_eq!(relay.why(chat).await.cause, Cause::Picked);
    assert_eq!(ada.prioritizes(chat, 3).await, Err(ErrorCode::InvalidField));
    assert_eq!(ada.prioritizes(chat, 2).await, Ok(()));
    let (hers, others) = tokio::join!(ada.takes(chat), grace.takes(chat));
    let one_of_them = matches!((hers, others), (Ok(()), Err(ErrorCode::NotYours)) | (Err(ErrorCode::NotYours), Ok(())));
    assert!(one_of_them, "{hers:?} {others:?}");
    visitor.stands(State::Active).await;
    assert_eq!(ada.prioritizes(chat, 0).await, Err(ErrorCode::WrongState), "it does not wait any more");
    let (late, _) = asks(&relay, "en", "me too").await;
    late.waits_at(1).await;
    works_by(&relay, json!({})).await;
    late.stands(State::Active).await;
    relay.stop().await;
}

#[tokio::test]
async fn outside_hours_visitors_are_told_when_somebody_is_back() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    visitor.until_true("somebody is there", |log| log.view.answering).await;
    let closed = json!({"time_zone": "UTC", "week": vec![json!([]); 7], "holidays": []});
    works_by(&relay, json!({"hours": closed})).await;
    visitor.until_true("nobody is there now", |log| !log.view.answering).await;
    let chat = visitor.says("anybody?").await.conversation;
    visitor.stands(State::Parked).await;
    ada.until_console("it is a message", |console| console.message(chat).map(drop)).await;
    let late = relay.visitor("demo");
    late.opens_chat().await;
    assert!(!late.log().view.answering && late.log().view.back_at.is_none(), "and nobody comes");

    // Open on one day of the week, which is neither today nor tomorrow.
    let today = (now() / DAY + 3) % 7;
    let week: Vec<Value> =
        (0..7).map(|day| if day == (today + 3) % 7 { json!([{"from": "09:00", "to": "24:00"}]) } else { json!([]) }).collect();
    works_by(&relay, json!({"hours": {"time_zone": "UTC", "week": week}})).await;
    let back_at = late.until("they are told when", |log| log.view.back_at).await;
    assert_eq!(back_at, (now() / DAY + 3) * DAY + 9 * DAY / 24);
    works_by(&relay, json!({})).await;
    visitor.until_true("somebody is there again", |log| log.view.answering && log.view.back_at.is_none()).await;
    visitor.says("hello again").await;
    visitor.is_with("Ada").await;
    relay.stop().await;
}

#[tokio::test]
async fn teams_and_desks_are_kept_by_admins_and_nothing_impossible_is() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let team = json!({"name": " Sales ", "members": [ada.me.id, ada.me.id]});
    assert_eq!(ask(&relay, &ada, Method::POST, "/teams", team.clone()).await.refusal(), Some((403, ErrorCode::Forbidden)));
    let sales: Team = ask(&relay, relay.admin(), Method::POST, "/teams", team).await.value().unwrap();
    assert_eq!((sales.name.as_str(), sales.members.as_slice()), ("Sales", [ada.me.id].as_slice()));
    let seen: Vec<Team> = ask(&relay, &ada, Method::GET, "/teams", json!({})).await.value().unwrap();
    assert_eq!(seen, [sales]);
    let invalid = Some((422, ErrorCode::InvalidField));
    for wrong in [
        json!({"name": "sales"}),
        json!({"name": " "}),
        json!({"name": "x".repeat(81)}),
        json!({"name": "New", "members": [new_id()]}),
        json!({"name": "New", "sites": [new_id()]}),
    ] {
        let answer = ask(&relay, relay.admin(), Method::POST, "/teams", wrong.clone()).await;
        assert_eq!(answer.refusal(), invalid, "{wrong}: {answer:?}");
    }
    let path = format!("/teams/{}", new_id());
    for method in [Method::PUT, Method::DELETE] {
        let nobody = ask(&relay, relay.admin(), method, &path, json!({"name": "Nobody"})).await;
        assert_eq!(nobody.refusal(), Some((404, ErrorCode::NotFound)));
    }
    let unknown = json!({"routes": [{"team": new_id()}]});
    let answer = ask(&relay, relay.admin(), Method::PUT, "/sites/demo/desk", unknown).await;
    assert_eq!(answer.refusal(), invalid, "{answer:?}");
    let path = format!("/agents/{}", ada.me.id);
    let speaks = ask(&relay, relay.admin(), Method::PATCH, &path, json!({"languages": ["FR-ch", "fr", "en"]})).await;
    assert_eq!(speaks.value::<Value>().unwrap()["languages"], json!(["fr", "en"]));
    let no = ask(&relay, relay.admin(), Method::PATCH, &path, json!({"languages": ["?"]})).await;
    assert_eq!(no.refusal(), invalid);
    let desk: SiteDesk = ask(&relay, &ada, Method::GET, "/sites/demo/desk", json!({})).await.value().unwrap();
    assert_eq!(desk, SiteDesk::default());
    relay.stop().await;
}
