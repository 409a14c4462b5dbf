//! After an outage nobody is judged by what they could not do in it, and presence is what is true, not what was last written.

use std::collections::HashSet;

use shared::model::{Presence, State};
use uuid::Uuid;

use super::{MINUTE, Office, SECOND};
use crate::store::StoreError;

/// The relay was away: absences begin anew, with these people connected.
async fn begins_anew(office: &Office, here: &[Uuid]) -> u64 {
    let here: HashSet<Uuid> = here.iter().copied().collect();
    office.desk.begin_anew(office.now(), office.node, move || here).await.unwrap().1
}

#[tokio::test]
async fn an_outage_requeues_nobody() {
    let office = Office::open().await;
    let ada = office.agent(3).await;
    let (visitor, chat) = office.chat().await;
    let (answered_visitor, answered) = office.chat().await;
    office.answers(ada, answered).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)));
    // Just before it, her connection breaks, and one of the visitors goes, too.
    office.leaves(ada).await;
    office.visitor_leaves(&visitor).await;
    // An hour without a store; then Ada and the one who stayed are back, the other is still away.
    office.wait(60 * MINUTE);
    begins_anew(&office, &[ada.0, answered_visitor.id.0]).await;
    office.pass(29 * SECOND).await;
    for held in [chat, answered] {
        assert_eq!(office.stands(held).await, (State::Active, Some(ada)));
    }
    assert_eq!(office.presence(ada).await, Presence::Online);
    // From then on everything counts as ever: she does not answer the one, its visitor does not come back.
    office.pass(2 * MINUTE).await;
    assert_ne!(office.stands(chat).await.0, State::Active);
    assert_eq!(office.stands(answered).await.0, State::Active, "its visitor is here");
    office.pass(10 * MINUTE).await;
    assert_eq!(office.stands(answered).await.0, State::Parked, "and silent");
}

#[tokio::test]
async fn comings_and_goings_that_could_not_be_written_are_made_up_for() {
    let office = Office::open().await;
    let (ada, grace) = (office.agent(1).await, office.agent(1).await);
    let (visitor, chat) = office.chat().await;
    let (_, agent) = office.stands(chat).await;
    // Both agents went in the outage, and so did the visitor; nobody could write that down. Grace came back, and a stranger.
    let stranger = office.visitor();
    begins_anew(&office, &[grace.0, stranger.id.0]).await;
    assert_eq!(office.presence(ada).await, Presence::Offline);
    assert_eq!(office.presence(grace).await, Presence::Online);
    assert_eq!(office.record(chat).await.visitor_gone_at, Some(office.now()));
    assert_eq!(office.count("SELECT count(*) FROM presence").await, 1, "who only looks leaves no trace");
    if agent == Some(ada) {
        office.pass(31 * SECOND).await;
        assert_eq!(office.stands(chat).await, (State::Active, Some(grace)));
    }
    office.visitor_returns(&visitor).await;
    office.pass(29 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(grace)));
}

#[tokio::test]
async fn timeouts_wait_until_an_outage_is_settled() {
    let office = Office::open().await;
    let ada = office.agent(3).await;
    let (_, chat) = office.chat().await;
    office.leaves(ada).await;
    office.wait(MINUTE);
    // A transaction that cannot be kept stands for any that cannot be committed.
    let failed = office.store.write(|db| -> Result<(), StoreError> { Ok(db.execute_batch("ROLLBACK")?) }).await;
    assert!(failed.is_err());
    office.desk.sweep(office.now(), 0).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)), "nobody is judged yet");
    assert_eq!(begins_anew(&office, &[]).await, 1);
    office.pass(29 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(ada)));
    office.pass(2 * SECOND).await;
    assert_eq!(office.stands(chat).await.0, State::Queued);
}
