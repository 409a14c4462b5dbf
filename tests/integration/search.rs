//! What was said is found again: over REST, at once, by those who may read it; tags, saved searches and transcripts with it.

use reqwest::{Method, StatusCode};
use serde_json::json;
use shared::api::{Found, SavedSearch, Transcript};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::model::{Body, Conversation, Event, State};
use tests::accounts::{Account, Answer};
use tests::relay::Relay;

async fn get(relay: &Relay, by: &Account, path: &str) -> Answer {
    relay.office().request(Method::GET, path).by(by).send().await.unwrap()
}

async fn finds(relay: &Relay, by: &Account, query: &str) -> Vec<ConversationId> {
    let found: Found = get(relay, by, &format!("/api/search?{query}")).await.value().unwrap();
    found.hits.into_iter().map(|hit| hit.conversation.id).collect()
}

#[tokio::test]
async fn what_was_said_is_found_by_those_who_may_read_it() {
    let relay = Relay::start().await;
    let (ada_account, bob_account) = (relay.hires("Ada").await, relay.hires("Bob").await);
    let ada = relay.console_of(&ada_account);
    ada.comes_online().await;
    let kim = relay.visitor("demo");
    kim.opens_chat().await;
    let chat = kim.says("Où est ma crème brûlée ?").await.conversation;
    ada.sees("Où est ma crème brûlée ?").await;
    ada.notes(chat, "Kim sounds impatient").await;

    assert_eq!(finds(&relay, &ada_account, "q=creme%20BRULEE").await, [chat]);
    assert_eq!(finds(&relay, &ada_account, "q=impatient").await, [chat]);
    assert_eq!(finds(&relay, relay.admin(), "q=impatient&state=active").await, [chat]);
    assert_eq!(finds(&relay, &bob_account, "q=creme").await, [], "another agent has it in hand");
    assert_eq!(finds(&relay, relay.admin(), "q=impatient&state=closed").await, []);
    assert_eq!(
        finds(&relay, relay.admin(), "q=%22%20OR%20NEAR%28%2A%22").await,
        [],
        "FTS5 is told nothing of what was typed but words"
    );

    for wrong in ["q=%21%3F", "rating=6", "after=x", "agent=nobody", "q=%22%22"] {
        let answer = get(&relay, &ada_account, &format!("/api/search?{wrong}")).await;
        assert!(answer.status.is_client_error() && answer.refusal().is_some(), "{wrong}: {answer:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn tags_reach_the_team_at_once_and_the_visitor_never() {
    let relay = Relay::start().await;
    let account = relay.hires("Ada").await;
    let bob = relay.hires("Bob").await;
    let ada = relay.console_of(&account);
    ada.comes_online().await;
    let kim = relay.visitor("demo");
    kim.opens_chat().await;
    let chat = kim.says("The parcel is late").await.conversation;
    ada.sees_state(chat, State::Active).await;
    let path = format!("/api/conversations/{chat}/tags");
    let tag =
        async |by: &Account, body| relay.office().request(Method::PATCH, &path).by(by).json(&body).unwrap().send().await.unwrap();

    let tagged: Conversation = tag(&account, json!({"add": [" Late  Parcel ", "late parcel", "vip"]})).await.value().unwrap();
    assert_eq!(tagged.tags, ["late parcel", "vip"]);
    ada.until_true("the tags", |log| log.view.chats.get(&chat).is_some_and(|chat| chat.tags == ["late parcel", "vip"])).await;
    assert_eq!(tag(&bob, json!({"add": ["mine"]})).await.refusal(), Some((404, ErrorCode::NotFound)));
    assert_eq!(tag(&account, json!({"add": ["x".repeat(41)]})).await.refusal(), Some((422, ErrorCode::InvalidField)));
    tag(&account, json!({"remove": ["vip"]})).await.accepted().unwrap();
    assert_eq!(finds(&relay, &account, "tag=late%20parcel").await, [chat]);
    assert_eq!(finds(&relay, &account, "tag=vip").await, []);
    let tags: Vec<String> = get(&relay, &account, "/api/tags").await.value().unwrap();
    assert_eq!(tags, ["late parcel"]);

    ada.says(chat, "We are looking for it").await;
    kim.sees("We are looking for it").await;
    let tagged = |body: &Body| matches!(body, Body::Event(Event::Tagged(_)));
    assert!(!kim.log().entries.iter().any(|(_, entry)| tagged(&entry.body)));
    assert!(ada.log().entries.iter().any(|(_, entry)| tagged(&entry.body)));
    relay.stop().await;
}

#[tokio::test]
async fn searches_are_kept_for_their_owner_alone_and_transcripts_are_taken_away() {
    let relay = Relay::start().await;
    let (ada, bob) = (relay.hires("Ada").await, relay.hires("Bob").await);
    let save = async |by: &Account, body| {
        relay.office().request(Method::POST, "/api/searches").by(by).json(&body).unwrap().send().await.unwrap()
    };
    let kept: SavedSearch = save(&ada, json!({"name": " Unhappy ", "query": {"rating": 1}})).await.value().unwrap();
    let again: SavedSearch = save(&ada, json!({"name": "Unhappy", "query": {"rating": 2}})).await.value().unwrap();
    assert_eq!((kept.name.as_str(), again.id, again.query.rating), ("Unhappy", kept.id, Some(2)));
    assert_eq!(save(&ada, json!({"name": "", "query": {}})).await.refusal(), Some((422, ErrorCode::InvalidField)));
    let of_ada: Vec<SavedSearch> = get(&relay, &ada, "/api/searches").await.value().unwrap();
    let of_bob: Vec<SavedSearch> = get(&relay, &bob, "/api/searches").await.value().unwrap();
    assert_eq!((of_ada, of_bob), (vec![again.clone()], vec![]));
    let delete = async |by: &Account| {
        let request = relay.office().request(Method::DELETE, &format!("/api/searches/{}", kept.id)).by(by);
        request.json(&json!({})).unwrap().send().await.unwrap().status
    };
    assert_eq!((delete(&bob).await, delete(&ada).await), (StatusCode::NOT_FOUND, StatusCode::NO_CONTENT));

    let kim = relay.visitor("demo");
    kim.opens_chat().await;
    let chat = kim.says("one\ntwo").await.conversation;
    let path = |more: &str| format!("/api/conversations/{chat}/transcript?{more}");
    let text = get(&relay, relay.admin(), &path("form=text&zone=Europe/Paris")).await.accepted().unwrap();
    assert!(text.body.contains("Times: Europe/Paris") && text.body.contains(": one\n    two\n"), "{}", text.body);
    let whole: Transcript = get(&relay, relay.admin(), &path("form=json")).await.value().unwrap();
    assert_eq!((whole.conversation.id, &whole.entries[0].body), (chat, &Body::Text("one\ntwo".into())));
    assert_eq!(get(&relay, relay.admin(), &path("zone=Mars")).await.refusal(), Some((422, ErrorCode::InvalidField)));
    relay.stop().await;
}
