//! What is known of visitors: corrected by agents, told by pages, signed by the site's server, pages and devices noted; who may read and
//! change it; and two who are found to be one person.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::api::{AuditPage, Deed, MAX_VISITS, PersonExport, SiteSecret, VisitorProfile};
use shared::close::ErrorCode;
use shared::ids::{ConversationId, VisitorId};
use shared::model::{Conversation, Page, Role, State};
use shared::visitor::{Hello, ToRelay};
use tests::accounts::{Account, Answer};
use tests::door::Door;
use tests::owner::{claims, header, sign};
use tests::raw::Raw;
use tests::relay::Relay;
use tests::visitor::Visitor;

async fn ask(relay: &Relay, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

async fn visitor_of(relay: &Relay, chat: ConversationId) -> VisitorId {
    let path = format!("/conversations/{chat}");
    let chat: Conversation = ask(relay, relay.admin(), Method::GET, &path, json!({})).await.value().unwrap();
    chat.visitor.id
}

async fn profile(relay: &Relay, id: VisitorId) -> VisitorProfile {
    ask(relay, relay.admin(), Method::GET, &format!("/visitors/{id}"), json!({})).await.value().unwrap()
}

async fn corrects(relay: &Relay, by: &Account, id: VisitorId, body: Value) -> Answer {
    ask(relay, by, Method::PATCH, &format!("/visitors/{id}"), body).await
}

async fn wants(relay: &Relay, rules: Value) -> Answer {
    ask(relay, relay.admin(), Method::PUT, "/sites/demo/visitors", rules).await
}

/// As a page of the site does: text, and no cookie.
async fn page_tells(relay: &Relay, token: &str, attributes: Value) -> Answer {
    let body = json!({"site": "demo", "token": token, "attributes": attributes});
    let request = relay.office().request(Method::POST, "/attributes").content_type("text/plain;charset=UTF-8");
    request.json(&body).unwrap().send().await.unwrap()
}

/// Somebody who has written, with their conversation.
async fn chats(relay: &Relay, text: &str) -> (Visitor, ConversationId) {
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says(text).await.conversation;
    (visitor, chat)
}

fn told(profile: &VisitorProfile) -> Vec<(&str, &str, bool)> {
    profile.attributes.iter().map(|told| (told.name.as_str(), told.value.as_str(), told.vouched)).collect()
}

#[tokio::test]
async fn agents_correct_what_they_know_better_and_nobody_elses_visitors() {
    let relay = Relay::start().await;
    let (ada_account, bob) = (relay.hires("Ada").await, relay.hires("Bob").await);
    let ada = relay.console_of(&ada_account);
    ada.comes_online().await;
    let fields = json!([
        {"id": "plan", "label": "Plan", "kind": "choice", "options": ["Free", "Pro"]},
        {"id": "seats", "label": "Seats", "kind": "number"},
        {"id": "renewal", "label": "Renewal", "kind": "date"},
    ]);
    wants(&relay, json!({ "fields": fields })).await.accepted().unwrap();
    let (_kim, chat) = chats(&relay, "Hello").await;
    ada.has(chat).await;
    let id = visitor_of(&relay, chat).await;

    let body = json!({"name": " Kim ", "email": "kim@example.org", "values": {"plan": "Pro", "seats": "12.5"}});
    let known: VisitorProfile = corrects(&relay, &ada_account, id, body).await.value().unwrap();
    assert_eq!((known.visitor.name.as_deref(), known.visitor.email.as_deref()), (Some("Kim"), Some("kim@example.org")));
    let values = |known: &VisitorProfile| known.fields.iter().map(|noted| noted.value.clone()).collect::<Vec<_>>();
    assert_eq!(values(&known), [Some("Pro".to_owned()), Some("12.5".to_owned()), None]);
    // Whoever has the chat is told, and by the revision that there is more to ask for.
    ada.until_true("the name", |log| {
        log.view.chats.get(&chat).is_some_and(|chat| chat.visitor.name.as_deref() == Some("Kim") && chat.visitor.rev > 0)
    })
    .await;
    let known: VisitorProfile =
        corrects(&relay, &ada_account, id, json!({"name": "", "values": {"plan": ""}})).await.value().unwrap();
    assert_eq!((&known.visitor.name, values(&known)[0].clone()), (&None, None));
    assert_eq!(known.visitor.email.as_deref(), Some("kim@example.org"), "what is left out stays");

    for wrong in [
        json!({"email": "kim"}),
        json!({"values": {"plan": "pro"}}),
        json!({"values": {"seats": "many"}}),
        json!({"values": {"renewal": "2026-02-30"}}),
        json!({"values": {"other": "x"}}),
    ] {
        let refused = corrects(&relay, &ada_account, id, wrong.clone()).await;
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)), "{wrong}");
    }
    // In her hands it is none of Bob's business; when it is over, it is everybody's.
    let path = format!("/visitors/{id}");
    assert_eq!(ask(&relay, &bob, Method::GET, &path, json!({})).await.refusal(), Some((404, ErrorCode::NotFound)));
    assert_eq!(corrects(&relay, &bob, id, json!({"name": "Bob's"})).await.refusal(), Some((404, ErrorCode::NotFound)));
    ada.closes(chat).await.unwrap();
    corrects(&relay, &bob, id, json!({"name": "Kim"})).await.accepted().unwrap();

    // On record is who changed what of whom, and nothing of what it says.
    let record: AuditPage =
        ask(&relay, relay.admin(), Method::GET, "/audit?deed=visitor_changed", json!({})).await.value().unwrap();
    let first = record.entries.last().unwrap();
    assert_eq!((first.deed, first.about.clone()), (Deed::VisitorChanged, id.to_string()));
    assert_eq!(first.detail, "name, email, plan, seats");
    assert!(!format!("{record:?}").contains("kim@"), "{record:?}");
    // A field that the site gives up keeps what was noted.
    wants(&relay, json!({"fields": [{"id": "plan", "label": "Plan"}]})).await.accepted().unwrap();
    let labels: Vec<String> = profile(&relay, id).await.fields.into_iter().map(|noted| noted.field.label).collect();
    assert_eq!(labels, ["Plan", "seats"]);
    relay.stop().await;
}

#[tokio::test]
async fn pages_say_something_of_who_has_written_and_the_sites_server_has_the_last_word() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let kim = relay.visitor("demo");
    kim.opens_chat().await;
    let early = page_tells(&relay, &kim.token(), json!({"plan": "free"})).await;
    assert_eq!(early.refusal(), Some((409, ErrorCode::WrongState)), "nothing is kept of who only looks");
    let chat = kim.says("Hello").await.conversation;
    ada.has(chat).await;
    let id = visitor_of(&relay, chat).await;
    let answer = page_tells(&relay, &kim.token(), json!({"plan": "free", "seats": 3, "trial": true})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    ada.until_true("the revision", |log| log.view.chats.get(&chat).is_some_and(|chat| chat.visitor.rev > 0)).await;
    page_tells(&relay, &kim.token(), json!({"seats": null, "plan": "pro"})).await.accepted().unwrap();
    assert_eq!(told(&profile(&relay, id).await), [("plan", "pro", false), ("trial", "true", false)]);

    let many: serde_json::Map<String, Value> = (0..51).map(|number| (number.to_string(), json!(1))).collect();
    let more: serde_json::Map<String, Value> = (0..49).map(|number| (number.to_string(), json!(1))).collect();
    for (attributes, wanted) in [
        (json!({"a": [1]}), 422),
        (json!({"": 1}), 422),
        (many.into(), 422),
        (more.into(), 422),
        (json!("pro"), 400),
        (json!({"a": "x".repeat(40_000)}), 413),
    ] {
        let refused = page_tells(&relay, &kim.token(), attributes).await;
        assert_eq!(refused.status.as_u16(), wanted, "{refused:?}");
    }
    let refused = page_tells(&relay, &"0".repeat(63), json!({})).await;
    assert_eq!(refused.refusal(), Some((401, ErrorCode::BadToken)));
    let request = relay.office().request(Method::POST, "/attributes").from(Some("https://evil.example"));
    let body = json!({"site": "demo", "token": kim.token(), "attributes": {"plan": "stolen"}});
    let foreign = request.json(&body).unwrap().send().await.unwrap();
    assert_eq!(foreign.refusal(), Some((403, ErrorCode::ForeignOrigin)));

    // They sign in: the server's word stands beside what the page said, and before it where both speak of the same.
    let made = ask(&relay, relay.admin(), Method::POST, "/sites/demo/secrets", json!({})).await;
    let secret = made.value::<SiteSecret>().unwrap().secret.unwrap();
    // Once the relay has given it up, they greet with another one.
    let anonymous = kim.token();
    let identity =
        |attributes: Value| sign(&header(), &claims("4711", json!({"name": "Kim", "attributes": attributes})), &secret);
    let hello = |identity: String| json!({"t": "hello", "token": anonymous, "identity": identity});
    let door = Door::visitor(relay.address(), "demo");
    let (_raw, welcome) = Raw::greeted(&door, hello(identity(json!({"plan": "gold", "since": 2019})))).await;
    let verified: VisitorId = welcome["visitor"].as_str().unwrap().parse().unwrap();
    let signed = profile(&relay, verified).await;
    assert_eq!(told(&signed), [("plan", "gold", true), ("since", "2019", true), ("trial", "true", false)]);
    let token = welcome["token"].as_str().unwrap();
    page_tells(&relay, token, json!({"plan": "mine"})).await.accepted().unwrap();
    assert_eq!(told(&profile(&relay, verified).await)[0], ("plan", "gold", true), "not for a page to say");
    assert_eq!(page_tells(&relay, &anonymous, json!({"a": 1})).await.status, 401, "given up");
    // Another word of the server's replaces the first whole; none leaves it.
    let again = json!({"t": "hello", "token": token, "identity": identity(json!({"plan": "silver"}))});
    let (_raw, _) = Raw::greeted(&door, again).await;
    assert_eq!(told(&profile(&relay, verified).await), [("plan", "silver", true), ("trial", "true", false)]);
    // What the site vouches for is not an agent's to change.
    let refused = corrects(&relay, relay.admin(), verified, json!({"name": "Boss"})).await;
    assert_eq!(refused.refusal(), Some((409, ErrorCode::WrongState)));
    relay.stop().await;
}

#[tokio::test]
async fn pages_are_kept_where_the_site_wants_it_and_go_with_the_visitor() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let page = |number: usize| Page {
        url: format!("https://kiln.example/{number}"),
        title: format!("Page {number}"),
        ..Page::default()
    };
    let goes = async |visitor: &Visitor, number| {
        visitor.sends(ToRelay::Page(shared::frame::PageView { page: page(number) })).await;
    };
    let (plain, first) = chats(&relay, "Hello").await;
    goes(&plain, 1).await;
    plain.says("Still here").await;
    let id = visitor_of(&relay, first).await;
    assert_eq!(profile(&relay, id).await.pages, [], "nobody asked for it");

    wants(&relay, json!({"pages": true})).await.accepted().unwrap();
    let hello = Hello { page: Some(page(0)), ..Hello::default() };
    let door = Door { forwarded_for: None, ..Door::visitor(relay.address(), "demo") };
    let walker = Visitor::with_outbox(door, hello, Vec::new());
    walker.opens_chat().await;
    for number in [1, 1, 2] {
        goes(&walker, number).await;
    }
    let chat = walker.says("Where is the clay?").await.conversation;
    let id = visitor_of(&relay, chat).await;
    let visited = |profile: &VisitorProfile| profile.pages.iter().map(|visit| visit.title.clone()).collect::<Vec<_>>();
    assert_eq!(visited(&profile(&relay, id).await), ["Page 2", "Page 1", "Page 0"]);
    ada.has(chat).await;
    for number in 3..60 {
        goes(&walker, number).await;
    }
    ada.until_true("the last page", |log| {
        log.view.chats.get(&chat).is_some_and(|chat| chat.page.as_ref().is_some_and(|page| page.title == "Page 59"))
    })
    .await;
    let known = profile(&relay, id).await;
    assert_eq!((known.pages.len(), visited(&known)[0].as_str()), (MAX_VISITS, "Page 59"));
    assert!(known.pages.is_sorted_by_key(|visit| std::cmp::Reverse(visit.at)));

    let all: PersonExport =
        ask(&relay, relay.admin(), Method::GET, &format!("/visitors/{id}/export"), json!({})).await.value().unwrap();
    assert_eq!(all.profile.pages.len(), MAX_VISITS);
    page_tells(&relay, &walker.token(), json!({"plan": "pro"})).await.accepted().unwrap();
    ask(&relay, relay.admin(), Method::DELETE, &format!("/visitors/{id}"), json!({})).await.accepted().unwrap();
    let gone = profile(&relay, id).await;
    assert_eq!((gone.pages, gone.attributes, gone.device), (Vec::new(), Vec::new(), None));
    relay.stop().await;
}

#[tokio::test]
async fn two_visitors_become_one_and_both_browsers_go_on() {
    let relay = Relay::start().await;
    let grace = relay.office().hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap();
    let (ada, agent) = (relay.agent("Ada").await, relay.hires("Bob").await);
    let desktop = relay.visitor("demo");
    desktop.opens_chat().await;
    let older = desktop.leaves_message("Is the kiln sold?", "Kim@example.org").await.conversation;
    ada.comes_online().await;
    let (phone, chat) = chats(&relay, "Me again, on my phone").await;
    ada.has(chat).await;
    let (one, two) = (visitor_of(&relay, older).await, visitor_of(&relay, chat).await);
    corrects(&relay, &grace, two, json!({"email": "kim@EXAMPLE.org"})).await.accepted().unwrap();
    page_tells(&relay, &phone.token(), json!({"cart": "3"})).await.accepted().unwrap();

    let path = |id| format!("/visitors/{id}/merge");
    let refused = ask(&relay, &agent, Method::POST, &path(one), json!({"into": two})).await;
    assert_eq!(refused.refusal(), Some((403, ErrorCode::Forbidden)));
    let seen: VisitorProfile = ask(&relay, &grace, Method::GET, &format!("/visitors/{two}"), json!({})).await.value().unwrap();
    assert_eq!(seen.twins.iter().map(|twin| (twin.visitor.id, twin.conversations)).collect::<Vec<_>>(), [(one, 1)]);
    for (from, into, wanted) in
        [(one, one, 409), (VisitorId(tests::new_id().0), two, 404), (one, VisitorId(tests::new_id().0), 404)]
    {
        assert_eq!(ask(&relay, &grace, Method::POST, &path(from), json!({ "into": into })).await.status.as_u16(), wanted);
    }

    let greeted = desktop.log().greetings;
    // From the phone's side: whose chat an agent is in the middle of lives on, whoever becomes whom.
    let merged: VisitorProfile = ask(&relay, &grace, Method::POST, &path(two), json!({"into": one})).await.value().unwrap();
    assert_eq!((merged.visitor.id, merged.twins.len()), (one, 0));
    assert_eq!(told(&merged), [("cart", "3", false)]);
    ada.until_true("the new visitor", |log| log.view.chats.get(&chat).is_some_and(|chat| chat.visitor.id == one)).await;
    let ended: Conversation =
        ask(&relay, relay.admin(), Method::GET, &format!("/conversations/{older}"), json!({})).await.value().unwrap();
    assert_eq!((ended.state, ended.visitor.id), (State::Closed, one));

    // Both greet anew, and read and write in what lives on.
    desktop.until_greeted(greeted).await;
    desktop.until_thread("the other conversation", |thread| thread.id == chat).await;
    phone.says("Can you hear me?").await;
    ada.sees("Can you hear me?").await;
    desktop.sees("Can you hear me?").await;
    ada.says(chat, "Both of you").await;
    phone.sees("Both of you").await;
    desktop.sees("Both of you").await;
    ada.until_true("they are here", |log| log.view.chats.get(&chat).is_some_and(|chat| chat.visitor_online)).await;
    let missing = ask(&relay, &grace, Method::GET, &format!("/visitors/{two}"), json!({})).await;
    assert_eq!(missing.refusal(), Some((404, ErrorCode::NotFound)), "nobody is the other any more");
    let again = ask(&relay, &grace, Method::POST, &path(two), json!({"into": one})).await;
    assert_eq!(again.status, 404, "once");
    let record: AuditPage =
        ask(&relay, relay.admin(), Method::GET, "/audit?deed=visitors_merged", json!({})).await.value().unwrap();
    assert_eq!(record.entries.iter().map(|entry| entry.about.as_str()).collect::<Vec<_>>(), [one.to_string()]);

    // Erased, they are gone as one.
    ask(&relay, relay.admin(), Method::DELETE, &format!("/visitors/{one}"), json!({})).await.accepted().unwrap();
    let db = rusqlite::Connection::open(relay.database()).unwrap();
    let left: i64 =
        db.query_row("SELECT count(*) FROM visitor WHERE email IS NOT NULL OR attributes <> '{}'", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    relay.stop().await;
}

#[tokio::test]
async fn whom_the_site_vouches_for_becomes_nobody_else() {
    let relay = Relay::start().await;
    let made = ask(&relay, relay.admin(), Method::POST, "/sites/demo/secrets", json!({})).await;
    let secret = made.value::<SiteSecret>().unwrap().secret.unwrap();
    let door = Door::visitor(relay.address(), "demo");
    let signs_in = async |subject: &str| {
        let identity = sign(&header(), &claims(subject, json!({"email": "kim@example.org"})), &secret);
        let (mut raw, welcome) = Raw::greeted(&door, json!({"t": "hello", "identity": identity})).await;
        raw.sends(&json!({"t": "say", "id": tests::new_id(), "text": "hi"}).to_string()).await;
        raw.hears("ack").await;
        (raw, welcome["visitor"].as_str().unwrap().parse::<VisitorId>().unwrap())
    };
    let ((_kim, kim), (_lee, lee)) = (signs_in("kim").await, signs_in("lee").await);
    let (stranger, chat) = chats(&relay, "My order, please").await;
    let anonymous = visitor_of(&relay, chat).await;
    let merge = async |from: VisitorId, into: VisitorId| {
        ask(&relay, relay.admin(), Method::POST, &format!("/visitors/{from}/merge"), json!({ "into": into })).await
    };
    for (from, into) in [(kim, lee), (kim, anonymous), (anonymous, kim)] {
        let refused = merge(from, into).await;
        assert_eq!(refused.refusal(), Some((409, ErrorCode::WrongState)), "{from} into {into}");
    }
    // Once they are gone, their conversation is the verified one's, and their browser reads nothing of what is theirs.
    let token = stranger.token();
    stranger.leaves().await;
    let gone = async {
        while merge(anonymous, kim).await.status != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.unwrap();
    assert_eq!(visitor_of(&relay, chat).await, kim);
    let mut raw = Raw::open(&door).await;
    raw.sends(&json!({"t": "hello", "token": token}).to_string()).await;
    assert_eq!(raw.is_closed().await.1, Some(shared::close::BAD_TOKEN));
    relay.stop().await;
}
