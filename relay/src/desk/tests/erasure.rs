//! What visitors leave ends: when the site's time for it is over, or at once; in steps, and through a kill between them.

use shared::ids::{ConversationId, SiteKey};
use shared::model::{Audience, Body, State};

use super::{DAY, HOUR, Office};
use crate::erasure::look;

/// More entries than one step erases.
const MANY: usize = 600;

/// A talk of many messages that its agent has ended.
async fn ended(office: &Office) -> ConversationId {
    office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    for _ in 0..MANY {
        office.says(&visitor).await;
    }
    let (_, agent) = office.stands(chat).await;
    office.closes(agent.unwrap(), chat).await;
    chat
}

/// Entries that still say something, and all entries.
async fn said(office: &Office, chat: ConversationId) -> (usize, usize) {
    let (entries, _) = office.store.entries(chat, 0, 10 * MANY, Audience::Agents).await.unwrap();
    (entries.iter().filter(|entry| entry.body.is_message()).count(), entries.len())
}

async fn looks(office: &Office) -> bool {
    look(&office.store, office.now(), office.rules.reopen_within).await.unwrap()
}

#[tokio::test]
async fn a_sites_time_is_over_not_before_and_not_while_the_visitor_may_go_on() {
    let office = Office::open().await;
    let chat = ended(&office).await;
    let all = said(&office, chat).await;
    assert!(all.0 > MANY, "{all:?}");
    office.wait(400 * DAY);
    assert!(looks(&office).await && said(&office, chat).await == all, "without a limit all is kept");

    let key = || SiteKey("demo".into());
    let second = ended(&office).await;
    office.store.set_retention(key(), Some(1)).await.unwrap();
    office.wait(office.rules.reopen_within - HOUR);
    assert!(looks(&office).await);
    assert_eq!(
        (said(&office, chat).await, said(&office, second).await),
        ((0, all.1), all),
        "no seq is missing; the second may go on"
    );
    office.wait(2 * HOUR);
    assert!(looks(&office).await);
    assert_eq!(said(&office, second).await, (0, all.1));
    assert_eq!(office.record(second).await.preview, "");

    office.store.set_retention(key(), Some(30)).await.unwrap();
    let third = ended(&office).await;
    office.wait(30 * DAY - HOUR);
    assert!(looks(&office).await && said(&office, third).await == all);
    office.wait(2 * HOUR);
    assert!(looks(&office).await && said(&office, third).await == (0, all.1));
    assert_eq!(office.count("SELECT count(*) FROM visitor WHERE email IS NOT NULL OR locale IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_kill_between_two_steps_loses_nothing_of_it() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    for _ in 0..MANY {
        office.says(&visitor).await;
    }
    let outcome = office.desk.erase_visitor(office.now(), Some(agent), visitor.id).await.unwrap();
    assert_eq!(outcome.changes.last().map(|change| change.conversation.preview.as_str()), Some(""), "nothing is shown any more");
    assert_eq!(office.stands(chat).await.0, State::Closed);
    assert_eq!(office.slots_used(agent).await, 0, "the slot is free");
    assert!(office.store.visitor_by_token(visitor.token_hash).await.unwrap().is_none(), "nobody gets in as them");
    let step = office.store.erase_step().await.unwrap();
    assert!((1..MANY).contains(&step.entries), "{step:?}");
    let left = said(&office, chat).await.0;
    assert!(left > 0, "there is more to do");

    let office = office.reopen().await;
    assert!(looks(&office).await);
    assert_eq!(said(&office, chat).await.0, 0);
    assert_eq!(office.count("SELECT count(*) FROM message WHERE body LIKE '%\"text\"%'").await, 0);
    assert_eq!(office.store.erase_step().await.unwrap().entries, 0, "it is done once");
    let (entries, _) = office.store.entries(chat, 0, 10 * MANY, Audience::Visitor).await.unwrap();
    assert!(entries.iter().all(|entry| matches!(entry.body, Body::Deleted | Body::Event(_))));
}
