//! Verified identity, attacked: whoever has not the site's own signature, valid now and for this site, is nobody; and whoever has it is
//! the same visitor everywhere, whom no earlier token reaches.

use reqwest::Method;
use serde_json::{Value, json};
use shared::api::{SitePatch, SiteSecret};
use shared::close;
use tests::door::Door;
use tests::new_id;
use tests::owner::{claims, encode, header, sign, vouches};
use tests::raw::Raw;
use tests::relay::Relay;

const SECRETS: &str = "/api/sites/demo/secrets";

async fn makes_secret(relay: &Relay) -> SiteSecret {
    let request = relay.office().request(Method::POST, SECRETS).by(relay.admin()).json(&json!({})).unwrap();
    request.send().await.unwrap().value().unwrap()
}

async fn retires(relay: &Relay, secret: &SiteSecret) {
    let path = format!("{SECRETS}/{}", secret.id);
    relay.office().request(Method::DELETE, &path).by(relay.admin()).send().await.unwrap().accepted().unwrap();
}

async fn wants_identity(relay: &Relay, on: bool) {
    let patch = SitePatch { verified_only: Some(on), ..SitePatch::default() };
    let request = relay.office().request(Method::PATCH, "/api/sites/demo").by(relay.admin()).json(&patch).unwrap();
    let body = request.send().await.unwrap().accepted().unwrap().body;
    assert_eq!(body.contains("\"verified_only\":true"), on, "{body}");
}

/// Somebody greets; their socket with the `welcome`.
async fn greets(relay: &Relay, hello: Value) -> (Raw, Value) {
    Raw::greeted(&Door::visitor(relay.address(), "demo"), hello).await
}

/// Somebody greets and is refused: with this message.
async fn is_refused(relay: &Relay, hello: Value) -> String {
    let mut raw = Raw::open(&Door::visitor(relay.address(), "demo")).await;
    raw.sends(&hello.to_string()).await;
    let error = raw.hears("error").await;
    assert_eq!((&error["code"], raw.is_closed().await.1), (&json!("bad_identity"), Some(close::BAD_IDENTITY)), "{hello}");
    error["message"].as_str().unwrap().to_owned()
}

fn hello(identity: &str) -> Value {
    json!({"t": "hello", "identity": identity})
}

async fn says(raw: &mut Raw, text: &str) -> Value {
    raw.sends(&json!({"t": "say", "id": new_id(), "text": text}).to_string()).await;
    raw.hears("ack").await
}

#[tokio::test]
async fn a_verified_visitor_is_the_same_on_every_browser_and_agents_see_it() {
    let relay = Relay::start().await;
    let agent = relay.agent("Ada").await;
    agent.comes_online().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let token = sign(&header(), &claims("4711", json!({"name": "Kim", "email": "kim@example.org"})), &secret);

    let (mut desktop, first) = greets(&relay, hello(&token)).await;
    let chat = says(&mut desktop, "my order is late").await["conversation"].clone();
    let id = chat.as_str().unwrap().parse().unwrap();
    agent.has(id).await;
    let path = format!("/api/conversations/{id}");
    let seen: Value = relay.office().request(Method::GET, &path).by(relay.admin()).send().await.unwrap().value().unwrap();
    let shown = (&seen["visitor"]["verified"], &seen["visitor"]["name"], &seen["visitor"]["email"]);
    assert_eq!(shown, (&json!(true), &json!("Kim"), &json!("kim@example.org")));

    let (mut phone, second) = greets(&relay, hello(&vouches("4711", &secret))).await;
    assert_eq!((&first["visitor"], &second["thread"]["id"]), (&second["visitor"], &chat));
    assert_ne!(first["token"], second["token"], "each browser has a token of its own");
    phone.hears("entries").await;
    says(&mut phone, "and on my phone").await;
    desktop.hears("entry").await;

    // The token alone is enough from now on; with the identity it belongs to, it stays.
    let (_, again) = greets(&relay, json!({"t": "hello", "token": first["token"]})).await;
    assert_eq!((&again["visitor"], &again["token"]), (&first["visitor"], &Value::Null));
    let (_, both) = greets(&relay, json!({"t": "hello", "token": first["token"], "identity": token})).await;
    assert_eq!((&both["visitor"], &both["token"]), (&first["visitor"], &Value::Null));

    // What the owner vouched for is not the visitor's to change.
    let contact = json!({"name": "Boss", "email": "ceo@example.org"});
    desktop.sends(&json!({"t": "say", "id": new_id(), "text": "write to me", "contact": contact}).to_string()).await;
    desktop.hears("ack").await;
    let seen: Value = relay.office().request(Method::GET, &path).by(relay.admin()).send().await.unwrap().value().unwrap();
    assert_eq!((&seen["visitor"]["name"], &seen["visitor"]["email"]), (&json!("Kim"), &json!("kim@example.org")));
    relay.stop().await;
}

#[tokio::test]
async fn forged_tokens_vouch_for_nobody() {
    let relay = Relay::start().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let good = claims("4711", json!({}));
    let part = encode(&good);
    let now = tests::now() / 1_000;
    let timed = |change| sign(&header(), &claims("4711", change), &secret);
    let honest = vouches("4711", &secret);
    let (head, _) = honest.rsplit_once('.').unwrap();
    let other_person = honest.replace(&part, &encode(&claims("admin", json!({}))));
    // The last but one: some bits of the last character mean nothing.
    let (before, end) = honest.split_at(honest.len() - 2);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    let attacks = [
        ("expired", timed(json!({"exp": now - 60}))),
        ("good for ever", timed(json!({"exp": now + 10 * 365 * 86_400}))),
        ("without an end", timed(json!({"exp": null}))),
        ("not yet valid", timed(json!({"nbf": now + 120}))),
        ("issued in the future", timed(json!({"iat": now + 120}))),
        ("for another site", timed(json!({"aud": "shop"}))),
        ("for no site", timed(json!({"aud": null}))),
        ("of nobody", timed(json!({"sub": ""}))),
        ("a number as sub", timed(json!({"sub": 4711}))),
        ("alg none, unsigned", format!("{}.{part}.", encode(&json!({"alg": "none"})))),
        ("alg none, signed", sign(&json!({"alg": "none"}), &good, &secret)),
        ("alg NONE", format!("{}.{part}.", encode(&json!({"alg": "NONE"})))),
        ("RS256 over an HMAC", sign(&json!({"alg": "RS256"}), &good, &secret)),
        ("HS512 over an HMAC", sign(&json!({"alg": "HS512"}), &good, &secret)),
        ("ES256 over nothing", format!("{}.{part}.{}", encode(&json!({"alg": "ES256"})), "A".repeat(86))),
        ("a key of its own", sign(&json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "bWluZQ"}}), &good, "mine")),
        ("a key id that is a path", sign(&json!({"alg": "HS256", "kid": "../../dev/null"}), &good, "")),
        ("the site's public key as secret", sign(&header(), &good, "demo")),
        ("an empty secret", sign(&header(), &good, "")),
        ("tampered claims", other_person),
        ("tampered signature", format!("{before}{other}{}", &end[1..])),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("no token", "x".into()),
        ("nothing", String::new()),
        ("huge", format!("{honest}{}", "A".repeat(30_000))),
    ];
    for (what, token) in attacks {
        let message = is_refused(&relay, hello(&token)).await;
        assert!(!message.contains(&secret), "{what}: {message}");
    }
    let (_, welcome) = greets(&relay, hello(&honest)).await;
    assert_eq!(welcome["thread"], Value::Null, "nobody has written anything so far");
    relay.stop().await;
}

#[tokio::test]
async fn two_secrets_are_valid_while_one_follows_the_other_and_a_retired_one_opens_nothing() {
    let relay = Relay::start().await;
    let old = makes_secret(&relay).await;
    let (mut before, welcome) = greets(&relay, hello(&vouches("4711", old.secret.as_ref().unwrap()))).await;
    says(&mut before, "only mine").await;
    let new = makes_secret(&relay).await;
    let third = relay.office().request(Method::POST, SECRETS).by(relay.admin()).json(&json!({})).unwrap().send().await.unwrap();
    assert_eq!(third.status, 409, "{}", third.body);
    let list = relay.office().request(Method::GET, SECRETS).by(relay.admin()).send().await.unwrap().accepted().unwrap().body;
    for secret in [&old, &new] {
        assert!(list.contains(&secret.id.to_string()) && !list.contains(secret.secret.as_ref().unwrap()), "{list}");
        greets(&relay, hello(&vouches("4711", secret.secret.as_ref().unwrap()))).await;
    }
    let (mut stays, _) = greets(&relay, hello(&vouches("4711", new.secret.as_ref().unwrap()))).await;
    let (mut by_token, _) = greets(&relay, json!({"t": "hello", "token": welcome["token"]})).await;
    retires(&relay, &old).await;
    for raw in [&mut before, &mut by_token] {
        assert_eq!(raw.is_closed().await.1, Some(close::BAD_TOKEN), "connections that hang by it end at once");
    }
    stays.sends(r#"{"t":"ping"}"#).await;
    stays.hears("pong").await;
    is_refused(&relay, hello(&vouches("4711", old.secret.as_ref().unwrap()))).await;
    // Nor does a token that was exchanged while it was good: whoever stole the secret may hold one.
    let (_, stolen) = greets(&relay, json!({"t": "hello", "token": welcome["token"]})).await;
    assert_eq!((&stolen["thread"], stolen["visitor"] == welcome["visitor"]), (&Value::Null, false));
    let (_, after) = greets(&relay, hello(&vouches("4711", new.secret.as_ref().unwrap()))).await;
    assert_eq!(after["visitor"], welcome["visitor"], "the visitor lives on");
    let gone = relay.office().request(Method::DELETE, &format!("{SECRETS}/{}", old.id)).by(relay.admin()).send().await.unwrap();
    assert_eq!(gone.status, 404);
    relay.stop().await;
}

#[tokio::test]
async fn a_site_that_wants_identity_lets_nobody_else_in() {
    let relay = Relay::start().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let (mut anonymous, welcome) = greets(&relay, json!({"t": "hello"})).await;
    says(&mut anonymous, "before").await;
    wants_identity(&relay, true).await;
    for hello in [
        json!({"t": "hello"}),
        json!({"t": "hello", "token": welcome["token"]}),
        json!({"t": "hello", "token": "9".repeat(64)}),
        json!({"t": "hello", "identity": "", "token": welcome["token"]}),
    ] {
        is_refused(&relay, hello).await;
    }
    let (_, verified) = greets(&relay, hello(&vouches("4711", &secret))).await;
    greets(&relay, json!({"t": "hello", "token": verified["token"]})).await;
    wants_identity(&relay, false).await;
    greets(&relay, json!({"t": "hello", "token": welcome["token"]})).await;
    relay.stop().await;
}

/// What a conversation holds, as agents read it: texts, and where it was merged.
async fn holds(relay: &Relay, conversation: &Value) -> String {
    let path = format!("/api/conversations/{}/entries", conversation.as_str().unwrap());
    relay.office().request(Method::GET, &path).by(relay.admin()).send().await.unwrap().accepted().unwrap().body
}

#[tokio::test]
async fn what_was_said_before_signing_in_is_the_verified_visitors_and_the_old_token_opens_nothing() {
    let relay = Relay::start().await;
    let agent = relay.agent("Ada").await;
    agent.comes_online().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let (mut first, welcome) = greets(&relay, json!({"t": "hello"})).await;
    let planted = welcome["token"].clone();
    let said = json!({"t": "say", "id": new_id(), "text": "said without a name"}).to_string();
    first.sends(&said).await;
    let ack = first.hears("ack").await;
    let chat = ack["conversation"].as_str().unwrap().parse().unwrap();
    agent.has(chat).await;

    let both = json!({"t": "hello", "token": planted, "identity": vouches("4711", &secret)});
    let (mut kim, verified) = greets(&relay, both.clone()).await;
    assert!(verified["token"].is_string() && verified["token"] != planted, "a token of its own");
    assert_ne!(verified["visitor"], welcome["visitor"]);
    assert_eq!((&verified["thread"]["id"], &verified["thread"]["state"]), (&ack["conversation"], &json!("active")));
    assert!(kim.hears("entries").await.to_string().contains("said without a name"));
    let shown = |chats: &tests::agent::Console| Some(chats.chats.get(&chat)?.visitor.verified).filter(|verified| *verified);
    agent.until_console("who it is", shown).await;
    // The ack may have been lost on the way: the message is there once all the same.
    kim.sends(&said).await;
    assert_eq!(kim.hears("ack").await, ack);
    says(&mut kim, "my secret").await;
    assert_eq!(holds(&relay, &ack["conversation"]).await.matches("said without a name").count(), 1);

    // Whoever held the old token is sent away, and does not come back with it.
    assert_eq!(first.is_closed().await.1, Some(close::BAD_TOKEN));
    assert!(!first.wire.iter().any(|text| text.contains("my secret")), "{:?}", first.wire);
    let mut thief = Raw::open(&Door::visitor(relay.address(), "demo")).await;
    thief.sends(&json!({"t": "hello", "token": planted}).to_string()).await;
    assert_eq!(thief.is_closed().await, (Some("bad_token".into()), Some(close::BAD_TOKEN)));
    // Its answer may have been lost as well: greeting so again makes nobody else.
    let (_, again) = greets(&relay, both).await;
    assert_eq!((&again["visitor"], &again["thread"]["id"]), (&verified["visitor"], &ack["conversation"]));
    let other = json!({"t": "hello", "token": planted, "identity": vouches("0815", &secret)});
    let (_, other) = greets(&relay, other).await;
    assert_eq!(other["thread"], Value::Null, "what became somebody's does not become somebody else's");
    relay.stop().await;
}

#[tokio::test]
async fn two_conversations_become_one_and_everybody_is_told() {
    let relay = Relay::start().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let (mut phone, greeted) = greets(&relay, hello(&vouches("4711", &secret))).await;
    let older = says(&mut phone, "from my phone").await["conversation"].clone();
    let agent = relay.agent("Ada").await;
    agent.comes_online().await;
    let (mut desktop, welcome) = greets(&relay, json!({"t": "hello"})).await;
    let younger = says(&mut desktop, "from my desk").await["conversation"].clone();
    let chat = younger.as_str().unwrap().parse().unwrap();
    agent.has(chat).await;

    let both = json!({"t": "hello", "token": welcome["token"], "identity": vouches("4711", &secret)});
    let (_desktop, merged) = greets(&relay, both).await;
    assert_eq!((&merged["visitor"], &merged["thread"]["id"]), (&greeted["visitor"], &younger), "the assigned one lives on");
    let ended = holds(&relay, &older).await;
    assert!(
        ended.contains(&format!("\"merged\":{{\"into\":{younger}}}")) && ended.contains("{\"closed\":\"merged\"}"),
        "{ended}"
    );
    // Their other devices look again.
    assert_eq!(phone.is_closed().await.1, Some(close::RESYNC));
    let (_, phone) = greets(&relay, json!({"t": "hello", "token": greeted["token"]})).await;
    assert_eq!(phone["thread"]["id"], younger);
    // The agent has both.
    let path = format!("/api/conversations/{chat}/history");
    let history: Value = relay.office().request(Method::GET, &path).by(relay.admin()).send().await.unwrap().value().unwrap();
    let before = &history["conversations"][0];
    assert_eq!((&before["id"], &before["state"]), (&older, &json!("closed")), "{history}");
    relay.stop().await;
}

#[tokio::test]
async fn a_verified_visitors_token_is_never_merged_into_another() {
    let relay = Relay::start().await;
    let secret = makes_secret(&relay).await.secret.unwrap();
    let (mut kim, welcome) = greets(&relay, hello(&vouches("4711", &secret))).await;
    let chat = says(&mut kim, "my secret").await["conversation"].clone();
    let both = json!({"t": "hello", "token": welcome["token"], "identity": vouches("0815", &secret)});
    let (_, other) = greets(&relay, both).await;
    assert_eq!(other["thread"], Value::Null);
    let (_, again) = greets(&relay, json!({"t": "hello", "token": welcome["token"]})).await;
    assert_eq!((&again["visitor"], &again["thread"]["id"]), (&welcome["visitor"], &chat));
    kim.sends(r#"{"t":"ping"}"#).await;
    kim.hears("pong").await;
    relay.stop().await;
}
