//! What must hold however many do it at once, and across a restart: one winner, capacity, dedupe, group commit.

use std::sync::Arc;

use futures_util::future::join_all;
use shared::close::ErrorCode;
use shared::model::{Audience, Body, State};

use super::{NOW, Scene, say};
use crate::desk::{Desk, Rules};
use crate::store::{Store, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_takes_one_wins() {
    let scene = Scene::new().await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "nobody there").await;
    let mut agents = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        agents.push(scene.agent(name).await);
    }
    let takes = agents.iter().map(|agent| scene.desk.take(NOW, *agent, chat, false));
    let results = join_all(takes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let refusals = results.iter().filter_map(|result| result.as_ref().err());
    assert!(refusals.map(super::super::DeskError::code).all(|code| code == ErrorCode::NotYours));
    scene.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_holds_under_concurrency_and_stretch_adds_one() {
    let scene = Scene::new().await;
    let mut chats = Vec::new();
    for number in 1..=10 {
        chats.push(scene.says(&scene.visitor(number), "message").await);
    }
    let ada = scene.agent("ada").await;
    let taken = join_all(chats.iter().map(|chat| scene.desk.take(NOW, ada, *chat, false))).await;
    assert_eq!(taken.iter().filter(|take| take.is_ok()).count(), 3);
    let code = taken.iter().find_map(|take| take.as_ref().err()).map(super::super::DeskError::code);
    assert_eq!(code, Some(ErrorCode::NoFreeSlot));
    let stretched = join_all(chats.iter().map(|chat| scene.desk.take(NOW, ada, *chat, true))).await;
    // Taking what one has already is fine and changes nothing: 3 of those, and the one beyond.
    assert_eq!(stretched.iter().filter(|take| take.is_ok()).count(), 4);
    assert_eq!(scene.store.agent_by_id(ada).await.expect("read").expect("there").slots_used, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_in_a_batch_leaves_the_others() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "0").await;
    // All are queued before the writer gets to them, so they share transactions; every third is refused after it has written.
    let jobs = (1..=300u32).map(|number| {
        let message = say(None, number, &number.to_string());
        let (desk, store) = (&scene.desk, &scene.store);
        let (node, site, eve) = (scene.node, scene.site, eve.clone());
        async move {
            if number % 3 == 0 {
                // An unknown site breaks a foreign key after the visitor was looked up.
                let stranger = scene_stranger(number);
                let nowhere = shared::ids::SiteId::v7(NOW, [9; 10]);
                desk.visitor_say(NOW, node, nowhere, stranger, message).await.map(|_| ())
            } else if number % 3 == 1 {
                desk.visitor_say(NOW, node, site, eve, message).await.map(|_| ())
            } else {
                store.health().await.map_err(crate::desk::DeskError::from)
            }
        }
    });
    let results = join_all(jobs).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 100);
    let (mut entries, mut after) = (Vec::new(), 0);
    while let (page, more) = scene.store.entries(chat, after, 100, Audience::Visitor).await.expect("read")
        && !page.is_empty()
    {
        after = page[page.len() - 1].seq;
        entries.extend(page);
        if !more {
            break;
        }
    }
    assert_eq!(entries.iter().filter(|entry| matches!(entry.body, Body::Text(_))).count(), 101);
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=102).collect::<Vec<_>>());
    assert_eq!(scene.is(chat).await, (State::Active, Some(ada)));
}

fn scene_stranger(number: u32) -> crate::desk::VisitorCard {
    let mut random = [7; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    let mut token_hash = [7; 32];
    token_hash[..4].copy_from_slice(&number.to_be_bytes());
    let id = shared::ids::VisitorId::v7(NOW, random);
    crate::desk::VisitorCard { id, token_hash, locale: None, time_zone: None, page: None, is_new: true }
}

#[tokio::test]
async fn saying_an_id_again_gives_the_same_ack_even_after_the_end_and_a_restart() {
    let scene = Scene::new().await;
    let ada = scene.agent("ada").await;
    let eve = scene.visitor(1);
    let first = scene.say(&eve, say(None, 1, "hello")).await.said.expect("an answer");
    let chat = first.ack.conversation;
    let second = scene.say_at(NOW + 5, &eve, say(None, 1, "hello")).await;
    assert!(second.changes.is_empty());
    let second = second.said.expect("an answer");
    assert_eq!((second.ack, second.entry), (first.ack, None));
    let answer = scene.desk.agent_say(NOW, ada, say(Some(chat), 2, "hi")).await.expect("said").said.expect("an answer");
    scene.desk.close_by_visitor(NOW, eve.id, chat).await.expect("closed");

    let Scene { store, desk, site, node, folder } = scene;
    drop((store, desk));
    let store = Arc::new(Store::open(&folder.path().join("bulle.db")).expect("the database again"));
    let desk = Desk::new(store.clone(), Rules::default());
    let scene = Scene { store, desk, site, node, folder };
    let again = scene.say_at(NOW + 9, &eve, say(None, 1, "hello")).await.said.expect("an answer");
    assert_eq!((again.ack, again.entry), (first.ack, None));
    assert_eq!(scene.is(chat).await.0, State::Closed, "a retry reopens nothing");
    let again = scene.desk.agent_say(NOW + 9, ada, say(Some(chat), 2, "hi")).await.expect("said").said.expect("an answer");
    assert_eq!(again.ack, answer.ack);
    let (entries, _) = scene.store.entries(chat, 0, 100, Audience::Agents).await.expect("read");
    assert_eq!(entries.iter().filter(|entry| matches!(entry.body, Body::Text(_))).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_opens_one_conversation() {
    let scene = Scene::new().await;
    scene.agent("ada").await;
    let eve = scene.visitor(1);
    let sayings = (0..8).map(|_| scene.say(&eve, say(None, 1, "hello")));
    let mut seqs: Vec<_> = join_all(sayings).await.into_iter().map(|outcome| outcome.said.expect("an answer").ack).collect();
    seqs.dedup();
    assert_eq!(seqs.len(), 1);
    let two = [scene.say(&eve, say(None, 2, "a")), scene.say(&eve, say(None, 3, "b"))];
    let chats: Vec<_> =
        join_all(two).await.into_iter().map(|outcome| outcome.said.expect("an answer").ack.conversation).collect();
    assert_eq!(chats[0], chats[1]);
}

#[test]
fn foreign_and_newer_databases_are_refused_untouched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bulle.db");
    drop(Store::open(&path).expect("a new database"));
    rusqlite::Connection::open(&path).expect("opened").pragma_update(None, "user_version", 99).expect("changed");
    let before = std::fs::read(&path).expect("read");
    assert!(matches!(Store::open(&path), Err(StoreError::Foreign(message)) if message.contains("later version")));
    assert_eq!(std::fs::read(&path).expect("read"), before);

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database, but long enough to be asked about its header, and more".repeat(20)).expect("written");
    let before = std::fs::read(&text).expect("read");
    assert!(matches!(Store::open(&text), Err(StoreError::Foreign(_))));
    assert_eq!(std::fs::read(&text).expect("read"), before);

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).expect("opened").execute_batch("CREATE TABLE t (x)").expect("created");
    assert!(matches!(Store::open(&other), Err(StoreError::Foreign(message)) if message.contains("another program")));
}

#[tokio::test]
async fn what_failed_after_writing_is_undone() {
    let scene = Scene::new().await;
    let before = scene.store.revs().await.expect("read");
    let site = scene.site;
    let failed: Result<(), StoreError> = scene
        .store
        .write(move |db| {
            crate::store::people::bump_site(db, site)?;
            Err(StoreError::Conflict)
        })
        .await;
    assert!(failed.is_err());
    scene.store.health().await.expect("the writer lives on");
    assert_eq!(scene.store.revs().await.expect("read"), before);
    scene.says(&scene.visitor(1), "hello").await;
}
