//! Several nodes on one store: a lease that ran out ends the sessions of its node, and nobody else's.

use shared::ids::NodeId;
use shared::model::{Presence, State};

use super::{Office, SECOND};
use crate::store::{StoreError, nodes};

/// Another node.
async fn second(office: &Office) -> NodeId {
    let (node, now) = (NodeId(super::id(7)), office.now());
    office.store.write(move |db| nodes::add_node(db, node, now)).await.unwrap();
    node
}

/// A node was last heard of 16 s before now, by the clock that leases go by.
async fn silent(office: &Office, node: NodeId) {
    let age = move |db: &crate::store::Step<'_>| -> Result<(), StoreError> {
        db.execute("UPDATE node SET heartbeat_at = heartbeat_at - 16000 WHERE id = ?1", [node.0])?;
        Ok(())
    };
    office.store.write(age).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_ran_out_ends_the_sessions_of_its_node() {
    let office = Office::open().await;
    let other = second(&office).await;
    let (ada, grace) = (office.agent(1).await, office.agent(1).await);
    let (visitor, chat) = office.chat().await;
    let had = office.stands(chat).await.1.unwrap();
    let rests = if had == ada { grace } else { ada };
    // Whoever has the chat, and its visitor, came by the other node; the colleague has a second tab there.
    office.desk.agent_arrived(office.now(), other, had).await.unwrap();
    office.desk.agent_arrived(office.now(), other, rests).await.unwrap();
    office.desk.visitor_arrived(office.now(), other, visitor.id).await.unwrap();
    office.leaves(had).await;
    office.visitor_leaves(&visitor).await;
    assert!(!office.desk.has_orphans(office.now(), office.node).await.unwrap());
    assert_eq!(office.record(chat).await.visitor_gone_at, None);

    silent(&office, other).await;
    assert!(office.desk.has_orphans(office.now(), office.node).await.unwrap());
    let told = office.desk.end_orphans(office.now(), office.node).await.unwrap();
    assert_eq!(told.agents.iter().map(|agent| agent.id).collect::<Vec<_>>(), [had]);
    assert!(!office.desk.has_orphans(office.now(), office.node).await.unwrap());
    assert_eq!(office.record(chat).await.visitor_gone_at, Some(office.now()));
    assert_eq!((office.presence(had).await, office.presence(rests).await), (Presence::Offline, Presence::Online));
    office.pass(31 * SECOND).await;
    assert_eq!(office.stands(chat).await, (State::Active, Some(rests)));
}

#[tokio::test]
async fn who_lost_their_own_lease_judges_nobody_and_learns_it() {
    let office = Office::open().await;
    let other = second(&office).await;
    let ada = office.agent(1).await;
    office.desk.agent_arrived(office.now(), other, ada).await.unwrap();
    office.leaves(ada).await;
    silent(&office, other).await;
    silent(&office, office.node).await;
    assert!(!office.desk.has_orphans(office.now(), office.node).await.unwrap());
    office.desk.end_orphans(office.now(), office.node).await.unwrap();
    assert_eq!(office.presence(ada).await, Presence::Online);

    assert!(!office.desk.heartbeat(office.now(), office.node).await.unwrap().held);
    assert!(office.desk.heartbeat(office.now(), office.node).await.unwrap().held);
    assert!(office.store.is_on_duty(), "the only one that holds a lease");
    // A node that was only stopped, and whose people are taken: it may write who comes before it knows.
    office.desk.end_orphans(office.now(), office.node).await.unwrap();
    assert_eq!(office.presence(ada).await, Presence::Offline);
    office.desk.agent_arrived(office.now(), other, ada).await.unwrap();
    assert_eq!(office.presence(ada).await, Presence::Online);
}

#[tokio::test]
async fn the_eldest_who_holds_a_lease_is_on_duty() {
    let office = Office::open().await;
    let now = office.now();
    let (elder, younger) = (NodeId(super::id(7)), NodeId(super::id(u128::MAX)));
    for node in [elder, younger] {
        office.store.write(move |db| nodes::add_node(db, node, now)).await.unwrap();
    }
    for (node, on_duty) in [(elder, true), (younger, false), (office.node, false)] {
        assert!(office.desk.heartbeat(now, node).await.unwrap().held);
        assert_eq!(office.store.is_on_duty(), on_duty);
    }
    silent(&office, elder).await;
    assert!(office.desk.heartbeat(now, office.node).await.unwrap().held);
    assert!(office.store.is_on_duty());
}
