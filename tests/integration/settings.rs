//! What a site's owner changes while people are connected: they are sent away, come back and are told; who may not any more stays out.

use reqwest::Method;
use serde_json::json;
use shared::api::{NewSite, SitePatch, SiteSetup};
use shared::close;
use shared::model::SiteSettings;
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::Relay;

async fn changes(relay: &Relay, patch: SitePatch) {
    let request = relay.office().request(Method::PATCH, "/api/sites/demo").by(relay.admin()).json(&patch).unwrap();
    request.send().await.unwrap().accepted().unwrap();
}

#[tokio::test]
async fn what_the_owner_changes_reaches_who_is_connected_and_nobody_else() {
    let relay = Relay::start().await;
    let other = NewSite { name: "Other".into() };
    let request = relay.office().request(Method::POST, "/api/sites").by(relay.admin()).json(&other).unwrap();
    let other: SiteSetup = request.send().await.unwrap().value().unwrap();
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let greetings = visitor.log().greetings;
    let (mut stranger, _) = Raw::greeted(&Door::visitor(relay.address(), other.key.0.as_str()), json!({"t": "hello"})).await;

    let settings = SiteSettings { rating: false, ..SiteSettings::default() };
    changes(&relay, SitePatch { settings: Some(settings.clone()), ..SitePatch::default() }).await;
    visitor.until_greeted(greetings).await;
    assert!(!visitor.log().view.offers.rating, "the panel was not told");

    // What changes nothing disturbs nobody.
    let door = Door::visitor(relay.address(), "demo");
    let (mut raw, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
    changes(&relay, SitePatch { settings: Some(settings), ..SitePatch::default() }).await;
    for raw in [&mut raw, &mut stranger] {
        raw.sends(r#"{"t":"ping"}"#).await;
        raw.hears("pong").await;
    }

    // Whose page is not on the list any more is out at once.
    changes(&relay, SitePatch { origins: Some(vec!["https://shop.example".into()]), ..SitePatch::default() }).await;
    assert_eq!(raw.is_closed().await.1, Some(close::RESYNC));
    let mut back = Raw::open(&door).await;
    back.sends(r#"{"t":"hello"}"#).await;
    assert_eq!(back.is_closed().await.1, Some(close::FOREIGN_ORIGIN));
    assert_eq!(visitor.until_refused(0).await, close::FOREIGN_ORIGIN);
    stranger.sends(r#"{"t":"ping"}"#).await;
    stranger.hears("pong").await;
    relay.stop().await;
}

#[tokio::test]
async fn who_was_let_in_before_a_change_and_greets_after_it_comes_once_more() {
    let relay = Relay::start().await;
    let mut raw = Raw::open(&Door::visitor(relay.address(), "demo")).await;
    changes(&relay, SitePatch { origins: Some(vec!["https://shop.example".into()]), ..SitePatch::default() }).await;
    raw.sends(r#"{"t":"hello"}"#).await;
    assert_eq!(raw.is_closed().await, (Some("wrong_state".into()), Some(close::RESYNC)), "not welcomed first");
    relay.stop().await;
}
