//! Signing in: what somebody had without a name becomes the verified visitor's, and exactly one conversation of both lives on.

use shared::api::Deed;
use shared::ids::{FileId, SecretId, VisitorId};
use shared::model::{Audience, Body, CloseReason, Event, File, Merged, Say, State};

use super::*;
use crate::edge::identity::Identity;
use crate::store::SiteSecret;
use crate::store::audit::Record as OnRecord;

/// Somebody signs in as Kim; who they are from now on.
async fn signs_in(office: &Office, from: &VisitorCard) -> VisitorCard {
    let secret = SecretId(id(77));
    office
        .store
        .add_site_secret(
            office.site,
            SiteSecret { id: secret, secret: "s".into(), created_at: 0 },
            OnRecord { by: None, deed: Deed::SecretMade, about: String::new(), detail: String::new() },
        )
        .await
        // Once is enough.
        .ok();
    let identity = Identity { subject: "kim".into(), name: Some("Kim".into()), email: None, attributes: None, secret };
    let mut token = [3; 32];
    token[..16].copy_from_slice(&office.next().to_be_bytes());
    let identified = office.desk.identify(office.now(), office.node, office.site, identity, token, Some(from.clone()));
    let visitor: VisitorId = identified.await.unwrap().unwrap().visitor;
    VisitorCard { id: visitor, token_hash: token, is_new: false, ..from.clone() }
}

/// Somebody without anything of their own.
async fn kim(office: &Office) -> VisitorCard {
    signs_in(office, &office.visitor()).await
}

async fn events(office: &Office, conversation: ConversationId) -> Vec<Event> {
    let (entries, _) = office.store.entries(conversation, 0, 100, Audience::Visitor).await.unwrap();
    let event = |body| match body {
        Body::Event(event) => Some(event),
        _ => None,
    };
    entries.into_iter().filter_map(|entry| event(entry.body)).collect()
}

/// That the second one ended in the first one.
async fn ended_in(office: &Office, lives_on: ConversationId, ended: ConversationId) {
    assert_eq!(office.record(ended).await.state, State::Closed);
    let events = events(office, ended).await;
    assert!(events.ends_with(&[Event::Merged(Merged { into: lives_on }), Event::Closed(CloseReason::Merged)]), "{events:?}");
    assert_ne!(office.record(lives_on).await.state, State::Closed);
    assert_eq!(office.record(lives_on).await.visitor, office.record(ended).await.visitor);
}

#[tokio::test]
async fn what_somebody_has_alone_is_theirs_as_it_stands() {
    let office = Office::open().await;
    let ada = office.agent(1).await;
    let (anonymous, chat) = office.chat().await;
    let before = office.record(chat).await;
    let kim = signs_in(&office, &anonymous).await;
    let after = office.record(chat).await;
    assert_eq!(after, Record { visitor: kim.id, ..before });
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)));
    assert_eq!(office.says(&kim).await.conversation, chat);
}

#[tokio::test]
async fn the_assigned_one_lives_on_and_the_other_gives_its_place_away() {
    let office = Office::open().await;
    let kim = kim(&office).await;
    let older = office.says(&kim).await.conversation;
    office.wait(SECOND);
    let ada = office.agent(1).await;
    // Left for later, and so not given to her.
    assert_eq!(office.stands(older).await, (State::Parked, None));
    let (anonymous, chat) = office.chat().await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)));
    signs_in(&office, &anonymous).await;
    ended_in(&office, chat, older).await;
    assert!(office.record(chat).await.unanswered, "what was asked in the other one waits for its answer");
}

#[tokio::test]
async fn of_two_that_wait_the_older_one_lives_on_and_the_slot_of_one_that_ends_goes_to_the_next() {
    let office = Office::open().await;
    let kim = kim(&office).await;
    let ada = office.agent(1).await;
    let (_, taken) = office.chat().await;
    let older = office.says(&kim).await.conversation;
    office.wait(SECOND);
    let (anonymous, younger) = office.chat().await;
    office.wait(SECOND);
    let (_, next) = office.chat().await;
    signs_in(&office, &anonymous).await;
    ended_in(&office, older, younger).await;
    assert_eq!(office.stands(older).await, (State::Queued, None));
    office.closes(ada, taken).await;
    assert_eq!(office.stands(older).await, (State::Active, Some(ada)));

    // Two of one person are being talked in: the younger one's slot is free again.
    office.patch(ada, AgentPatch { capacity: Some(2), ..AgentPatch::default() }).await;
    assert_eq!(office.stands(next).await, (State::Active, Some(ada)));
    let (_, waits) = office.chat().await;
    let visitor = office.record(next).await.visitor;
    let mut token_hash = [2; 32];
    token_hash[..16].copy_from_slice(visitor.0.as_bytes());
    signs_in(&office, &VisitorCard { id: visitor, token_hash, ..anonymous }).await;
    ended_in(&office, older, next).await;
    assert_eq!(office.stands(waits).await, (State::Active, Some(ada)));
    assert_eq!(office.slots_used(ada).await, 2);
}

#[tokio::test]
async fn a_question_asked_without_a_name_wakes_the_conversation_it_ends_in() {
    let office = Office::open().await;
    let ada = office.agent(1).await;
    let kim = kim(&office).await;
    let own = office.says(&kim).await.conversation;
    office.answers(ada, own).await;
    office.pass(11 * MINUTE).await;
    assert_eq!(office.stands(own).await, (State::Parked, Some(ada)));
    let (_, other) = office.chat().await;
    let (anonymous, question) = office.chat().await;
    assert_eq!(office.stands(question).await, (State::Queued, None));
    let since = office.record(question).await.queue_time;
    signs_in(&office, &anonymous).await;
    ended_in(&office, own, question).await;
    let record = office.record(own).await;
    assert_eq!((record.state, record.unanswered), (State::Queued, true));
    assert!(record.queue_time <= since, "nobody loses their place by saying who they are");
    office.closes(ada, other).await;
    assert_eq!(office.stands(own).await, (State::Active, Some(ada)));
}

#[tokio::test]
async fn a_message_is_there_once_whenever_it_is_repeated() {
    let office = Office::open().await;
    office.agent(3).await;
    let (anonymous, _) = office.chat().await;
    let say = office.words();
    let ack = office.say(&anonymous, say.clone()).await.unwrap();
    let kim = signs_in(&office, &anonymous).await;
    assert_eq!(office.say(&kim, say.clone()).await.unwrap(), ack, "the same ack under the new name");
    // A socket of before that has not heard yet.
    let refused = office.say(&anonymous, say).await.unwrap_err();
    assert!(matches!(refused, DeskError::Merged) && refused.code().is_temporary(), "{refused}");
    assert!(matches!(office.say(&anonymous, office.words()).await.unwrap_err(), DeskError::Merged));
    assert_eq!(office.count("SELECT count(*) FROM conversation").await, 1);
    assert_eq!(office.count("SELECT count(*) FROM message WHERE author_kind = 0").await, 2);

    // Their very first message, overtaken by the sign-in.
    let silent = office.visitor();
    signs_in(&office, &silent).await;
    assert!(matches!(office.say(&silent, office.words()).await.unwrap_err(), DeskError::Merged));
}

#[tokio::test]
async fn files_ratings_and_history_come_along() {
    let office = Office::open().await;
    let ada = office.agent(1).await;
    let (anonymous, chat) = office.chat().await;
    let file = FileId(id(55));
    let record = File {
        id: file,
        path: String::new(),
        name: "a.png".into(),
        media_type: "image/png".into(),
        size: 1,
        width: None,
        height: None,
        duration_ms: None,
    };
    office.store.begin_file((file, anonymous.id.0), 1, 0, 0, 9).await.unwrap().unwrap();
    office.store.finish_file(record).await.unwrap();
    office.closes(ada, chat).await;
    let kim = signs_in(&office, &anonymous).await;
    let rating = shared::model::Rating { score: 5, comment: None };
    office.desk.rate(office.now(), kim.id, office.words().id, chat, rating).await.unwrap();
    let sent = office.say(&kim, Say { file: Some(file), fresh: true, ..office.words() }).await.unwrap();
    let history = office.store.history(sent.conversation).await.unwrap();
    assert_eq!(history.conversations.iter().map(|chat| chat.id).collect::<Vec<_>>(), [chat]);
    assert_eq!(history.ratings.iter().map(|rated| (rated.conversation, rated.score)).collect::<Vec<_>>(), [(chat, 5)]);
}

#[tokio::test]
async fn who_writes_after_the_end_goes_on_where_it_ended_last() {
    let office = Office::open().await;
    let kim = kim(&office).await;
    let older = office.says(&kim).await.conversation;
    let ada = office.agent(1).await;
    office.wait(SECOND);
    let (anonymous, younger) = office.chat().await;
    signs_in(&office, &anonymous).await;
    // She had the younger one, so that one lives on.
    ended_in(&office, younger, older).await;
    let (stranger, third) = office.chat().await;
    office.wait(SECOND);
    office.closes(ada, younger).await;
    office.closes(ada, third).await;
    assert_eq!(office.says(&kim).await.conversation, younger, "not in the one that was merged");
    let again = signs_in(&office, &stranger).await;
    assert_eq!(again.id, kim.id);
    assert_eq!(office.says(&kim).await.conversation, younger);
}

#[tokio::test]
async fn one_verified_visitor_never_becomes_another() {
    let office = Office::open().await;
    office.agent(1).await;
    let kim = kim(&office).await;
    let chat = office.says(&kim).await.conversation;
    let secret = SecretId(id(77));
    let identity = Identity { subject: "lee".into(), name: None, email: None, attributes: None, secret };
    let lee = office.desk.identify(office.now(), office.node, office.site, identity, [8; 32], Some(kim.clone()));
    let lee = lee.await.unwrap().unwrap();
    assert!(!lee.merged && lee.visitor != kim.id);
    assert_eq!(office.record(chat).await.visitor, kim.id);
    assert_eq!(office.says(&kim).await.conversation, chat, "and is not given up");
}

/// A supervisor finds that one is the other.
async fn are_one(office: &Office, by: AgentId, from: VisitorId, into: VisitorId) -> Result<(), DeskError> {
    office.desk.merge_visitors(office.now(), by, from, into).await.map(drop)
}

#[tokio::test]
async fn two_whom_nobody_vouches_for_become_one_by_the_same_rules() {
    let office = Office::open().await;
    let older_visitor = office.visitor();
    let older = office.says(&older_visitor).await.conversation;
    office.wait(SECOND);
    let ada = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)));
    let heads = (office.record(older).await.head, office.record(chat).await.head);
    are_one(&office, ada, older_visitor.id, visitor.id).await.unwrap();
    ended_in(&office, chat, older).await;
    assert_eq!(office.record(older).await.head, heads.0 + 2, "the link and the end are added, nothing else");
    assert_eq!(office.record(chat).await.head, heads.1);
    // Either browser's token is the one visitor's; the other id is given up.
    for card in [&older_visitor, &visitor] {
        let known = office.store.visitor_by_token(card.token_hash).await.unwrap().unwrap();
        assert_eq!((known.id, known.given_up), (visitor.id, false));
    }
    let again = VisitorCard { id: visitor.id, is_new: false, ..older_visitor.clone() };
    assert_eq!(office.says(&again).await.conversation, chat);
    let refused = office.say(&older_visitor, office.words()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Merged), "a socket of before");
    assert!(matches!(are_one(&office, ada, older_visitor.id, visitor.id).await, Err(DeskError::NotFound)));
    // One after the other: all who became the first are the last one's, and are erased with it.
    let third = office.visitor();
    office.says(&third).await;
    are_one(&office, ada, visitor.id, third.id).await.unwrap();
    assert_eq!(office.store.visitor_by_token(older_visitor.token_hash).await.unwrap().unwrap().id, third.id);
    office.desk.erase_visitor(office.now(), None, third.id).await.unwrap();
    assert_eq!(office.count("SELECT count(*) FROM visitor_browser").await, 0);
}

#[tokio::test]
async fn whom_a_site_vouches_for_is_merged_into_nobody() {
    let office = Office::open().await;
    let ada = office.agent(3).await;
    let kim = kim(&office).await;
    office.says(&kim).await;
    let (stranger, chat) = office.chat().await;
    for (from, into) in [(kim.id, stranger.id), (kim.id, kim.id), (stranger.id, kim.id)] {
        assert!(matches!(are_one(&office, ada, from, into).await, Err(DeskError::WrongState(_))), "{from} into {into}");
    }
    office.visitor_leaves(&stranger).await;
    are_one(&office, ada, stranger.id, kim.id).await.unwrap();
    assert_eq!(office.record(chat).await.visitor, kim.id);
    let theirs = office.store.visitor_by_token(stranger.token_hash).await.unwrap().unwrap();
    assert!(theirs.given_up, "a browser without a sign-in has no part in it");
}

#[tokio::test]
async fn sign_ins_without_end_do_not_fill_the_store() {
    let office = Office::open().await;
    for _ in 0..60 {
        signs_in(&office, &office.visitor()).await;
        office.wait(SECOND);
    }
    assert!(office.count("SELECT count(*) FROM visitor").await < 30);
}
