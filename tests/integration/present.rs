//! Who is on the sites now, where a site wants to know: told by its pages, seen by agents, who invite them to chat.

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::{BeaconAnswer, Fate, PresentList};
use shared::close::ErrorCode;
use shared::model::{Body, Event, Presence, Say};
use tests::accounts::{Account, Answer};
use tests::new_id;
use tests::relay::Relay;

const TAB: &str = "5f0c2a9d7be85a3360d1f4c8e2b7a95c";

async fn ask(relay: &Relay, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

async fn wants(relay: &Relay, present: bool) {
    let answer = ask(relay, relay.admin(), Method::PUT, "/sites/demo/visitors", json!({ "present": present })).await;
    answer.accepted().unwrap();
}

/// As `present.js` does it.
async fn beats(relay: &Relay, change: Value) -> Answer {
    let page = json!({"url": "https://kiln.example/clay", "title": "Clay"});
    let mut body = json!({"site": "demo", "id": TAB, "page": page, "locale": "en-GB"});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let request = relay.office().request(Method::POST, "/present").content_type("text/plain;charset=UTF-8");
    request.json(&body).unwrap().send().await.unwrap()
}

async fn hears(relay: &Relay) -> BeaconAnswer {
    beats(relay, json!({})).await.value().unwrap()
}

async fn list(relay: &Relay, by: &Account) -> PresentList {
    ask(relay, by, Method::GET, "/present", json!({})).await.value().unwrap()
}

async fn invites(relay: &Relay, by: &Account, text: &str) -> Answer {
    ask(relay, by, Method::POST, &format!("/present/{TAB}/invite"), json!({ "text": text })).await
}

/// What `/bulle.js` of the demo site says.
async fn script(relay: &Relay) -> String {
    relay.office().request(Method::GET, "/bulle.js?site=demo").send().await.unwrap().body
}

/// Every row of every table that a visitor could have come into.
fn stored(relay: &Relay) -> i64 {
    let db = Connection::open(relay.database()).unwrap();
    let count = |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    ["visitor", "conversation", "message", "visited_page", "presence"].into_iter().map(count).sum()
}

#[tokio::test]
async fn nobody_is_counted_unless_the_site_wants_it_and_nothing_is_stored() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let plain = script(&relay).await;
    assert!(!plain.contains("present.js"), "{plain}");
    assert_eq!(beats(&relay, json!({})).await.refusal(), Some((404, ErrorCode::NotFound)));
    assert_eq!(list(&relay, &ada).await, PresentList { sites: Vec::new(), count: 0, visitors: Vec::new() });

    wants(&relay, true).await;
    let watching = script(&relay).await;
    let (before, rest) = watching.split_once(&plain).expect("the loader is what it was");
    assert!(before.contains("present.js") && rest.is_empty(), "{watching}");
    let rows = stored(&relay);
    assert_eq!(hears(&relay).await, BeaconAnswer::default());
    let seen = list(&relay, &ada).await;
    assert_eq!((seen.sites.len(), seen.count), (1, 1));
    let tab = &seen.visitors[0];
    assert_eq!((tab.page.title.as_str(), tab.locale.as_deref(), tab.chatting), ("Clay", Some("en-GB"), false));
    assert_eq!(stored(&relay), rows);

    for (change, wanted) in [(json!({"id": "me"}), 400), (json!({"site": "no site"}), 404), (json!({"page": 1}), 400)] {
        assert_eq!(beats(&relay, change.clone()).await.status.as_u16(), wanted, "{change}");
    }
    let body = json!({"site": "demo", "id": TAB});
    let foreign = relay.office().request(Method::POST, "/present").from(Some("https://evil.example")).json(&body).unwrap();
    assert_eq!(foreign.send().await.unwrap().refusal(), Some((403, ErrorCode::ForeignOrigin)));
    beats(&relay, json!({"gone": true})).await.accepted().unwrap();
    assert_eq!(list(&relay, &ada).await.count, 0);

    hears(&relay).await;
    wants(&relay, false).await;
    assert_eq!(script(&relay).await, plain, "not a byte of it stays");
    assert_eq!(list(&relay, &ada).await.count, 0);
    relay.stop().await;
}

#[tokio::test]
async fn an_invited_visitor_gets_the_agent_who_invited_them() {
    let relay = Relay::start().await;
    let (ada_account, bob_account) = (relay.hires("Ada").await, relay.hires("Bob").await);
    let (ada, bob) = (relay.console_of(&ada_account), relay.console_of(&bob_account));
    wants(&relay, true).await;
    hears(&relay).await;
    bob.connects().await;
    bob.sets(Presence::Away).await;
    assert_eq!(invites(&relay, &bob_account, "Hello").await.refusal(), Some((409, ErrorCode::AgentUnavailable)));
    ada.comes_online().await;
    bob.sets(Presence::Online).await;
    for wrong in ["", " ", "two\nlines", &"x".repeat(257)] {
        assert_eq!(invites(&relay, &bob_account, wrong).await.refusal(), Some((422, ErrorCode::InvalidField)), "{wrong:?}");
    }
    // Ada has been idle for longer: the next one would be hers.
    let answer = invites(&relay, &bob_account, "Can I help you with the clay?").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert_eq!(invites(&relay, &ada_account, "Or I?").await.refusal(), Some((409, ErrorCode::WrongState)));
    let invite = hears(&relay).await.invite.unwrap();
    assert_eq!((invite.text.as_str(), invite.by.as_str()), ("Can I help you with the clay?", "Bob"));
    assert_eq!(list(&relay, &ada_account).await.visitors[0].invited.as_ref().unwrap().fate, Fate::Shown);

    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let id = new_id();
    visitor.mutters(Say { greeting: Some(invite.id.clone()), ..Say::text(id, None, "Yes, please") }).await;
    let chat = visitor.is_acked(id).await.conversation;
    visitor.is_with("Bob").await;
    visitor
        .until_true("the words", |log| {
            log.entries.iter().any(|(_, entry)| entry.seq == 1 && entry.body == Body::Event(Event::Greeted(invite.text.clone())))
        })
        .await;
    bob.has(chat).await;
    assert_eq!(list(&relay, &ada_account).await.visitors[0].invited.as_ref().unwrap().fate, Fate::Accepted);
    beats(&relay, json!({"chatting": true})).await.accepted().unwrap();
    assert_eq!(invites(&relay, &ada_account, "Me, too").await.refusal(), Some((409, ErrorCode::WrongState)));

    // One that is made up is nobody's.
    let stranger = relay.visitor("demo");
    stranger.opens_chat().await;
    let id = new_id();
    stranger.mutters(Say { greeting: Some("invite:00".into()), ..Say::text(id, None, "Hello") }).await;
    let ack = stranger.is_acked(id).await;
    assert_eq!((ack.seq, ack.prev), (1, 0));
    relay.stop().await;
}
