//! What people do in a chat beside writing: change and take back what they said, rate, fill in the form, choose quick replies, begin anew.

use reqwest::Method;
use shared::agent;
use shared::api::{SitePatch, SiteSetup};
use shared::close::ErrorCode;
use shared::frame::{Delete, Edit};
use shared::ids::{ConversationId, FileId, Seq};
use shared::model::{Answer, Body, Event, Field, FieldKind, Form, Greeting, Menu, Rating, Say, SiteSettings, State};
use shared::visitor::{Rate, ToRelay};
use tests::new_id;
use tests::relay::Relay;
use tests::visitor::Visitor;

async fn edits(visitor: &Visitor, conversation: ConversationId, seq: Seq, text: &str) -> Result<(), ErrorCode> {
    let id = new_id();
    visitor.requests(id, ToRelay::Edit(Edit { id, conversation, seq, text: text.to_owned() })).await
}

async fn rates(visitor: &Visitor, conversation: ConversationId, score: u8) -> Result<(), ErrorCode> {
    let id = new_id();
    visitor.requests(id, ToRelay::Rate(Rate { id, conversation, score, comment: None })).await
}

#[tokio::test]
async fn messages_are_changed_and_taken_back_before_everybodys_eyes() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let first = visitor.says("size 46?").await;
    let chat = first.conversation;
    ada.has(chat).await;
    let tab = Visitor::returning(relay.address(), "demo", &visitor.token());
    tab.connects().await;

    assert_eq!(edits(&visitor, chat, first.seq, "size 47?").await, Ok(()));
    let changed = |body: &Body| matches!(body, Body::Event(Event::Edited(edited)) if edited.text == "size 47?");
    tab.until_true("the other tab sees the change", |log| log.entries.iter().any(|(_, entry)| changed(&entry.body))).await;
    visitor.until_true("and this one", |log| log.entries.iter().any(|(_, entry)| changed(&entry.body))).await;
    ada.until_console("the row shows it", |console| console.chats.get(&chat).filter(|row| row.preview == "size 47?").map(|_| ()))
        .await;
    assert_eq!(edits(&visitor, chat, first.seq, " ").await, Err(ErrorCode::EmptyText));
    assert_eq!(edits(&visitor, chat, first.seq + 1, "x").await, Err(ErrorCode::NotYours));

    let answer = ada.says(chat, "my password is hunter2").await;
    visitor.sees("my password is hunter2").await;
    let id = new_id();
    let delete = agent::ToRelay::Delete(Delete { id, conversation: chat, seq: answer.seq });
    assert_eq!(ada.requests(id, delete).await, Ok(()));
    let gone = |body: &Body| matches!(body, Body::Event(Event::Deleted(deleted)) if deleted.seq == answer.seq);
    visitor.until_true("it is taken back", |log| log.entries.iter().any(|(_, entry)| gone(&entry.body))).await;
    let late = Visitor::returning(relay.address(), "demo", &visitor.token());
    late.connects().await;
    late.until_true("who comes later never sees it", |log| log.entries.iter().any(|(_, entry)| gone(&entry.body))).await;
    assert_eq!(late.times_seen("my password is hunter2"), 0);

    let next = visitor.says("next").await;
    assert_eq!(edits(&visitor, chat, first.seq, "x").await, Err(ErrorCode::NotLast));
    let stranger = relay.visitor("demo");
    stranger.opens_chat().await;
    stranger.says("hi").await;
    assert_eq!(edits(&stranger, chat, next.seq, "x").await, Err(ErrorCode::NotFound));
    relay.stop().await;
}

#[tokio::test]
async fn a_chat_is_rated_and_begun_anew() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;
    assert_eq!(ada.closes(chat).await, Ok(()));
    visitor.stands(State::Closed).await;
    assert_eq!(rates(&visitor, chat, 6).await, Err(ErrorCode::InvalidField));
    assert_eq!(rates(&visitor, chat, 4).await, Ok(()));
    let rated = Body::Event(Event::Rated(Rating { score: 4, comment: None }));
    ada.until_true("the rating is there", |log| log.entries.iter().chain(&log.glimpses).any(|(_, entry)| entry.body == rated))
        .await;
    let id = new_id();
    visitor.mutters(Say { fresh: true, ..Say::text(id, None, "something else") }).await;
    let anew = visitor.is_acked(id).await.conversation;
    assert_ne!(anew, chat);
    assert_eq!(ada.has(anew).await.previous, Some(chat));
    relay.stop().await;
}

#[tokio::test]
async fn what_a_site_asks_and_offers_reaches_the_panel_and_the_agent() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let form = Form {
        fields: vec![Field { label: "Your name".into(), kind: FieldKind::Name, required: true, options: Vec::new() }],
        consent: Some("You may keep this.".into()),
    };
    let greeting = Greeting {
        id: "help".into(),
        text: "Can I help?".into(),
        url: None,
        after_s: Some(5),
        scroll: None,
        exit: false,
        returning: None,
    };
    let settings = SiteSettings { form: Some(form.clone()), greetings: vec![greeting], ..SiteSettings::default() };
    let patch = SitePatch { settings: Some(settings.clone()), ..SitePatch::default() };
    let request = relay.office().request(Method::PATCH, "/api/sites/demo").by(relay.admin()).json(&patch).unwrap();
    let answer: SiteSetup = request.send().await.unwrap().value().unwrap();
    assert_eq!(answer.settings, settings);

    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let panel = visitor.log().view.offers;
    assert_eq!((panel.form, panel.rating), (Some(form), true));
    let answers = vec![Answer { label: "Your name".into(), value: "Kim".into() }];
    let id = new_id();
    visitor.mutters(Say { answers: answers.clone(), greeting: Some("help".into()), ..Say::text(id, None, "yes") }).await;
    let chat = visitor.is_acked(id).await.conversation;
    let row = ada.has(chat).await;
    assert_eq!(row.visitor.name.as_deref(), Some("Kim"));
    ada.until_true("the form is in the thread", |log| {
        log.entries.iter().any(|(_, entry)| entry.body == Body::Event(Event::Answered(answers.clone())))
    })
    .await;
    visitor
        .until_true("the greeting stands before the answer", |log| {
            log.entries.iter().any(|(_, entry)| entry.seq == 1 && entry.body == Body::Event(Event::Greeted("Can I help?".into())))
        })
        .await;

    let id = new_id();
    ada.mutters(Say { choices: vec!["Yes".into(), "No".into()], ..Say::text(id, Some(chat), "Size 46?") }).await;
    ada.is_acked(id).await;
    let menu = Body::Menu(Menu { text: "Size 46?".into(), choices: vec!["Yes".into(), "No".into()] });
    visitor.until_true("quick replies", |log| log.entries.iter().any(|(_, entry)| entry.body == menu)).await;

    // What is not theirs to send.
    let file = FileId(uuid::Uuid::from_u128(1));
    let wrong = |change: fn(&mut Say)| {
        let mut say = Say::text(new_id(), None, "x");
        change(&mut say);
        say
    };
    for say in [
        wrong(|say| say.choices.push("Yes".into())),
        wrong(|say| say.note = true),
        Say { text: String::new(), file: Some(file), ..wrong(|_| ()) },
        Say { file: Some(file), ..wrong(|_| ()) },
    ] {
        visitor.mutters(say.clone()).await;
        assert_eq!(visitor.is_told_off(say.id).await, ErrorCode::InvalidField, "{say:?}");
    }
    relay.stop().await;
}
