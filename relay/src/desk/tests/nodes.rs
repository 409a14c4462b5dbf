//! Lives of nodes: restarts, leases, and that neither requeues anybody who comes back in time.

use shared::model::State;

use super::{NOW, Scene, say};
use crate::desk::Rules;

#[tokio::test]
async fn after_a_restart_absence_counts_anew_and_nobody_is_forgotten() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.agent("ada").await, scene.agent("bob").await);
    let (eve, sam) = (scene.visitor(1), scene.visitor(2));
    let (one, two) = (scene.says(&eve, "hello").await, scene.says(&sam, "hello").await);
    let (of_ada, of_bob) = if scene.is(one).await.1 == Some(ada) { (one, two) } else { (two, one) };
    // Killed at once, started an hour later.
    let start = NOW + 3_600_000;
    let node = scene.desk.node_start(start).await.expect("a node");
    assert!(!scene.desk.heartbeat(start, scene.node).await.expect("asked"), "the old life is over");
    scene.sweep(start).await;
    assert_eq!(scene.is(of_ada).await, (State::Active, Some(ada)), "an outage requeues nobody");
    scene.desk.agent_arrived(start + 5_000, node, ada).await.expect("back");
    scene.answers_at(start + 6_000, ada, of_ada).await;
    for visitor in [&eve, &sam] {
        scene.desk.visitor_arrived(start + 5_000, node, visitor.id).await.expect("back");
    }
    scene.sweep(start + 29_999).await;
    assert_eq!(scene.is(of_bob).await, (State::Active, Some(bob)));
    scene.sweep(start + 30_000).await;
    assert_eq!(scene.is(of_bob).await, (State::Active, Some(ada)), "who does not come back is replaced");
    assert_eq!(scene.is(of_ada).await, (State::Active, Some(ada)));
}

#[tokio::test]
async fn visitors_who_do_not_come_back_after_a_restart_are_parked_after_the_grace() {
    let scene = Scene::new().await;
    scene.agent("ada").await;
    let eve = scene.visitor(1);
    let chat = scene.says(&eve, "hello").await;
    scene.desk.visitor_left(NOW, scene.node, eve.id).await.expect("left");
    let start = NOW + 100_000;
    let node = scene.desk.node_start(start).await.expect("a node");
    let ada = scene.store.agents().await.expect("read")[0].id;
    scene.desk.agent_arrived(start, node, ada).await.expect("back");
    scene.answers_at(start, ada, chat).await;
    scene.sweep(start + Rules::default().grace - 1).await;
    assert_eq!(scene.is(chat).await.0, State::Active, "gone before, but counted from the start");
    scene.sweep(start + Rules::default().grace).await;
    assert_eq!(scene.is(chat).await, (State::Parked, Some(ada)));
}

#[tokio::test]
async fn a_lease_is_renewed_or_lost() {
    let scene = Scene::new().await;
    let lease = 15_000;
    let ada = scene.agent("ada").await;
    assert!(scene.desk.heartbeat(NOW + lease, scene.node).await.expect("asked"));
    assert!(!scene.desk.heartbeat(NOW + 2 * lease + 1, scene.node).await.expect("asked"), "renewed too late");
    assert_eq!(scene.presence(ada).await, shared::model::Presence::Online);
    // A process that lost its lease starts a new life and finds everybody gone until they connect again.
    scene.desk.node_start(NOW + 40_000).await.expect("a node");
    assert_eq!(scene.presence(ada).await, shared::model::Presence::Offline);
}

#[tokio::test]
async fn presence_counts_connections_of_every_node() {
    let scene = Scene::new().await;
    let eve = scene.visitor(1);
    // A visitor without a conversation leaves no trace.
    assert!(scene.desk.visitor_arrived(NOW, scene.node, eve.id).await.expect("arrived").changes.is_empty());
    scene.agent("ada").await;
    let chat = scene.say(&eve, say(None, 1, "hello")).await.said.expect("an answer").ack.conversation;
    let online = async || scene.store.conversation(chat).await.expect("read").expect("there").visitor_online;
    assert!(online().await, "who speaks is there");
    let left = scene.desk.visitor_left(NOW, scene.node, eve.id).await.expect("left");
    assert_eq!((left.changes.len(), online().await), (1, false));
    let back = scene.desk.visitor_arrived(NOW, scene.node, eve.id).await.expect("back");
    assert_eq!((back.changes[0].entries.len(), online().await), (0, true));
}
