//! Notifications while no console is open, to a push service on this machine that decrypts them with the browsers' keys.

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::{MOST_SUBSCRIPTIONS, PushKey, PushSubscription, Quiet, Wishes};
use shared::close::ErrorCode;
use shared::visitor::Hello;
use tests::accounts::{Account, Answer, PASSWORD};
use tests::door::Door;
use tests::push::PushService;
use tests::relay::Relay;
use tests::visitor::Visitor;

const NOTHING: Wishes = Wishes { assigned: false, messages: false, queue: false, offers: false };

/// A relay that may notify browsers through this service, at once.
async fn relay_with(service: &PushService) -> Relay {
    let origin = service.origin().parse().unwrap();
    Relay::with(|config| {
        config.push.delay_ms = 0;
        config.push.own_services = vec![origin];
    })
    .await
}

async fn ask(relay: &Relay, by: &Account, method: Method, body: Value) -> Answer {
    relay.office().request(method, "/api/account/push").by(by).json(&body).unwrap().send().await.unwrap()
}

async fn key(relay: &Relay, by: &Account) -> PushKey {
    ask(relay, by, Method::GET, json!({})).await.value().unwrap()
}

async fn subscribes(relay: &Relay, account: &Account, subscription: &PushSubscription) {
    let answer = ask(relay, account, Method::PUT, json!(subscription)).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

fn count(relay: &Relay, table: &str) -> u32 {
    let db = Connection::open(relay.database()).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Waits until the store is as it should be: nobody is told when a task of the relay's is through.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = std::time::Instant::now() + tests::people::PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < end, "never: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
}

#[tokio::test]
async fn who_closed_the_console_is_notified_of_what_they_cannot_see() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let said = visitor.says("Do you repair bowls?").await;
    let chat = said.conversation;
    ada.has(chat).await;
    assert!(!key(&relay, &ada.account).await.subscribed);
    subscribes(&relay, &ada.account, &service.subscribes("adas-phone")).await;
    assert!(key(&relay, &ada.account).await.subscribed);
    ada.leaves().await;
    visitor.says("It is a blue one.").await;

    let came = service.has(1).await.remove(0);
    assert_eq!(came.browser, "adas-phone");
    // No word of what was written, unless somebody wants it.
    assert_eq!(came.says, json!({ "title": "New message from Visitor", "body": "", "open": chat }));
    let header = |name: &str| came.headers[name].to_str().unwrap().to_owned();
    assert_eq!((header("urgency"), header("ttl")), ("high".to_owned(), "3600".to_owned()));
    assert_eq!(header("topic").len(), 32);
    assert_eq!(came.sender, key(&relay, &ada.account).await.key, "browsers believe the key that they subscribed by");
    assert!(came.claims["sub"].as_str().unwrap().starts_with("https://"), "{}", came.claims);
    until("nothing waits", || count(&relay, "push") == 0).await;
    relay.stop().await;
}

#[tokio::test]
async fn who_has_a_console_open_is_told_there_and_what_is_read_is_told_nowhere() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    subscribes(&relay, &ada.account, &service.subscribes("adas-phone")).await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let said = visitor.says("Hello").await;
    ada.has(said.conversation).await;
    assert_eq!(count(&relay, "push"), 1, "kept, in case that her console is only not known to be gone");
    ada.reads(said.conversation, said.seq + 9).await;
    until("it is over", || count(&relay, "push") == 0).await;
    assert_eq!(service.count(), 0);
    relay.stop().await;
}

#[tokio::test]
async fn it_says_who_and_what_for_as_each_browser_wants() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let (ada, bea, carol) = (relay.hires("Ada").await, relay.hires("Bea").await, relay.hires("Carol").await);
    let open = PushSubscription { language: "fr-FR".into(), shows_text: true, ..service.subscribes("ada") };
    subscribes(&relay, &ada, &open).await;
    subscribes(&relay, &bea, &PushSubscription { wishes: NOTHING, ..service.subscribes("bea") }).await;
    let always = Quiet { from: 0, until: 0, days: (1..=7).collect() };
    subscribes(&relay, &carol, &PushSubscription { quiet: Some(always), ..service.subscribes("carol") }).await;

    // Nobody is there: it is left for whoever comes.
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    visitor.leaves_message("Do you repair bowls?", "kim@example.org").await;
    let came = service.has(1).await.remove(0);
    assert_eq!((came.browser.as_str(), &came.says["title"]), ("ada", &json!("kim@example.org attend")));
    assert_eq!(came.says["body"], "Do you repair bowls?");
    until("quiet hours end it", || count(&relay, "push") == 0).await;
    // One more line of the same person changes nothing about who waits.
    visitor.says("Hello?").await;
    let other = Visitor::with_outbox(Door::visitor(relay.address(), "demo"), Hello::default(), Vec::new());
    other.opens_chat().await;
    other.says("Is anybody there?").await;
    let came = service.has(2).await;
    assert_eq!(came[1].says["body"], "Is anybody there?");
    until("nothing waits", || count(&relay, "push") == 0).await;
    assert_eq!(service.count(), 2);
    relay.stop().await;
}

#[tokio::test]
async fn of_the_queue_only_those_hear_who_may_have_the_chat() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let (ada, bea) = (relay.hires("Ada").await, relay.hires("Bea").await);
    subscribes(&relay, &ada, &service.subscribes("ada")).await;
    subscribes(&relay, &bea, &service.subscribes("bea")).await;
    let admin = async |method: Method, path: &str, body: Value| {
        relay.office().request(method, path).by(relay.admin()).json(&body).unwrap().send().await.unwrap().accepted().unwrap()
    };
    let team: Value =
        admin(Method::POST, "/api/teams", json!({ "name": "French", "members": [ada.me.id] })).await.value().unwrap();
    let routes = json!([{ "team": team["id"], "language": "fr" }]);
    admin(Method::PUT, "/api/sites/demo/desk", json!({ "routes": routes })).await;
    let writes = async |locale: &str, text: &str| {
        let hello = Hello { locale: Some(locale.to_owned()), ..Hello::default() };
        let visitor = Visitor::with_outbox(Door::visitor(relay.address(), "demo"), hello, Vec::new());
        visitor.opens_chat().await;
        visitor.leaves_message(text, "kim@example.org").await;
        until("nothing waits", || count(&relay, "push") == 0).await;
    };
    let told = async |notices: usize| {
        let came = service.has(notices).await;
        let mut browsers: Vec<String> = came.iter().map(|notice| notice.browser.clone()).collect();
        browsers.sort();
        browsers
    };
    writes("fr-CA", "Bonjour").await;
    assert_eq!(told(1).await, ["ada"]);
    writes("en", "Hello").await;
    assert_eq!(told(3).await, ["ada", "ada", "bea"]);

    // Nobody who wants to hear of it is in the team any more: then it is everybody's.
    let path = format!("/api/teams/{}", team["id"].as_str().unwrap());
    admin(Method::PUT, &path, json!({ "name": "French", "members": [] })).await;
    writes("fr", "Encore").await;
    assert_eq!(told(5).await, ["ada", "ada", "ada", "bea", "bea"]);

    // Languages count as they do at the desk.
    admin(Method::PATCH, &format!("/api/agents/{}", bea.me.id), json!({ "languages": ["de"] })).await;
    writes("en", "Once more").await;
    assert_eq!(told(6).await, ["ada", "ada", "ada", "ada", "bea", "bea"]);
    assert_eq!(service.count(), 6);
    relay.stop().await;
}

#[tokio::test]
async fn what_fails_is_tried_again_and_who_is_gone_is_forgotten() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let ada = relay.hires("Ada").await;
    subscribes(&relay, &ada, &service.subscribes("ada")).await;
    service.answers(StatusCode::SERVICE_UNAVAILABLE);
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    visitor.says("Hello").await;
    service.has_turned_away(1).await;
    until("it is put off", || tries(&relay) == Some(1)).await;
    service.answers(StatusCode::CREATED);
    hurries(&relay);
    service.has(1).await;

    for status in [StatusCode::NOT_FOUND, StatusCode::GONE] {
        subscribes(&relay, &ada, &service.subscribes("ada")).await;
        service.answers(status);
        let visitor = relay.visitor("demo");
        visitor.opens_chat().await;
        visitor.says("Hello").await;
        until("forgotten", || count(&relay, "push_subscription") == 0).await;
        assert!(!key(&relay, &ada).await.subscribed);
        assert_eq!(count(&relay, "push"), 0);
    }
    relay.stop().await;
}

fn tries(relay: &Relay) -> Option<u32> {
    let db = Connection::open(relay.database()).unwrap();
    db.query_row("SELECT tries FROM push", [], |row| row.get(0)).ok()
}

/// The pause before the next try is over.
fn hurries(relay: &Relay) {
    let db = Connection::open(relay.database()).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.execute("UPDATE push SET due_at = 0", []).unwrap();
}

#[tokio::test]
async fn it_ends_with_the_session_and_moves_with_the_browser() {
    let service = PushService::opens().await;
    let relay = relay_with(&service).await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let mut everywhere = vec![ada.clone()];
    for _ in 0..MOST_SUBSCRIPTIONS {
        everywhere.push(office.sign_in(&ada.me.email, PASSWORD).await.unwrap());
    }
    for (number, session) in everywhere.iter().enumerate() {
        subscribes(&relay, session, &service.subscribes(&format!("browser-{number}"))).await;
    }
    assert_eq!(count(&relay, "push_subscription"), MOST_SUBSCRIPTIONS);
    assert!(!key(&relay, &ada).await.subscribed, "the first one had to go");

    // Somebody else signs in on a browser of hers.
    let bea = relay.hires("Bea").await;
    subscribes(&relay, &bea, &service.subscribes("browser-3")).await;
    assert!(!key(&relay, &everywhere[3]).await.subscribed && key(&relay, &bea).await.subscribed);

    // Ended by herself, by signing out, and with all others of hers.
    ask(&relay, &everywhere[4], Method::DELETE, json!({})).await.accepted().unwrap();
    assert!(!key(&relay, &everywhere[4]).await.subscribed);
    let out = office.request(Method::DELETE, "/api/session").by(&everywhere[5]).json(&json!({})).unwrap().send().await.unwrap();
    out.accepted().unwrap();
    let others = office.request(Method::DELETE, "/api/account/sessions").by(&everywhere[1]).json(&json!({})).unwrap();
    others.send().await.unwrap().accepted().unwrap();
    assert_eq!(count(&relay, "push_subscription"), 2, "the one that ended all others, and Bea's");
    relay.stop().await;
}

#[tokio::test]
async fn the_relay_goes_nowhere_that_a_browser_has_no_business_to_name() {
    let service = PushService::opens().await;
    let mut relay = relay_with(&service).await;
    let ada = relay.hires("Ada").await;
    let good = service.subscribes("ada");
    let elsewhere = |endpoint: &str| PushSubscription { endpoint: endpoint.to_owned(), ..good.clone() };
    let wrong = [
        elsewhere("http://push.example/x"),
        elsewhere("https://127.0.0.1/x"),
        elsewhere("https://[::1]:8080/api/session"),
        elsewhere("https://169.254.169.254/latest/meta-data"),
        elsewhere("https://localhost/x"),
        elsewhere("file:///etc/passwd"),
        PushSubscription { p256dh: "BAAA".into(), ..good.clone() },
        PushSubscription { p256dh: good.p256dh.chars().rev().collect(), ..good.clone() },
        PushSubscription { auth: "short".into(), ..good.clone() },
        PushSubscription { language: "x".repeat(300), ..good.clone() },
        PushSubscription { quiet: Some(Quiet { from: 1_440, until: 0, days: vec![] }), ..good.clone() },
    ];
    for body in wrong {
        let refused = ask(&relay, &ada, Method::PUT, json!(body)).await;
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)), "{body:?}");
    }
    assert_eq!(count(&relay, "push_subscription"), 0);

    let before = key(&relay, &ada).await.key;
    relay.restarts().await;
    assert_eq!(key(&relay, &ada).await.key, before, "who has subscribed by it still is");
    relay.stop().await;
}
