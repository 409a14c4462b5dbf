//! Many at once: one winner, no slot too many, no message twice.

use std::future::Future;
use std::pin::Pin;

use shared::api::AgentPatch;
use shared::ids::{AgentId, ConversationId};
use shared::model::{Audience, Body, Role, Say, State};
use tokio::task::JoinSet;

use super::{Office, id, words};
use crate::desk::{DeskError, Outcome, Rules};

/// One request to the desk.
type Verb = Pin<Box<dyn Future<Output = Result<Outcome, DeskError>> + Send>>;

/// All of them at once.
async fn together<T: Send + 'static>(all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let mut running = JoinSet::new();
    for one in all {
        running.spawn(one);
    }
    running.join_all().await
}

/// The most active chats of any agent beyond their capacity.
const BEYOND: &str =
    "SELECT coalesce(max((SELECT count(*) FROM conversation WHERE agent = a.id AND state = 1) - a.capacity), 0) FROM agent a";

async fn taken(office: &Office, who: &[AgentId], what: &[ConversationId]) -> Vec<Result<Outcome, DeskError>> {
    let pairs = who.iter().flat_map(|agent| what.iter().map(|chat| (*agent, *chat)));
    let now = office.now();
    let takes = pairs.map(|(agent, chat)| {
        let desk = office.desk.clone();
        async move { desk.take(now, agent, chat, false).await }
    });
    together(takes.collect::<Vec<_>>()).await
}

/// Agents who are online, but were not when the chats came: these wait as messages, which the desk hands to nobody by itself.
async fn messages_and_agents(messages: usize, agents: usize, capacity: u32) -> (Office, Vec<ConversationId>, Vec<AgentId>) {
    let office = Office::open().await;
    let (mut what, mut who) = (Vec::new(), Vec::new());
    for _ in 0..messages {
        what.push(office.chat().await.1);
    }
    for _ in 0..agents {
        who.push(office.agent(capacity).await);
    }
    (office, what, who)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_take_one_and_one_gets_it() {
    let (office, what, who) = messages_and_agents(1, 20, 3).await;
    let results = taken(&office, &who, &what).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(DeskError::NotYours))));
    assert_eq!(office.stands(what[0]).await.0, State::Active);
    let (entries, _) = office.store.entries(what[0], 0, 100, Audience::Agents).await.unwrap();
    let assigned = entries.iter().filter(|entry| matches!(&entry.body, Body::Event(shared::model::Event::Assigned(_))));
    assert_eq!(assigned.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picking_does_not_bypass_the_capacity() {
    let (office, what, who) = messages_and_agents(12, 2, 3).await;
    let results = taken(&office, &who, &what).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 6);
    assert_eq!(office.count(BEYOND).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_at_once_never_exceeds_a_capacity() {
    let (office, what, who) = messages_and_agents(10, 4, 2).await;
    for round in 0..6_u128 {
        let now = office.now();
        let mut all: Vec<Verb> = Vec::new();
        for (place, (agent, chat)) in who.iter().cycle().zip(what.iter().cycle()).take(40).map(|(a, c)| (*a, *c)).enumerate() {
            let other = who[(place + 1) % who.len()];
            let desk = || office.desk.clone();
            let (site, node, visitor) = (office.site, office.node, office.visitor());
            all.push(match place % 6 {
                0 => Box::pin({
                    let desk = desk();
                    async move { desk.take(now, agent, chat, false).await }
                }),
                1 => Box::pin({
                    let desk = desk();
                    async move { desk.transfer(now, agent, chat, Some(other)).await }
                }),
                2 => Box::pin({
                    let desk = desk();
                    async move { desk.accept(now, other, chat).await }
                }),
                3 => Box::pin({
                    let desk = desk();
                    async move { desk.close_by_agent(now, agent, chat).await }
                }),
                4 => Box::pin({
                    let desk = desk();
                    async move { desk.transfer(now, agent, chat, None).await }
                }),
                _ => Box::pin({
                    let (desk, say) = (desk(), words(id(1_000_000 * (round + 1) + place as u128)));
                    async move { desk.visitor_say(now, node, site, visitor, say).await }
                }),
            });
        }
        for result in together(all).await {
            assert!(!matches!(result, Err(DeskError::Store(_) | DeskError::Internal | DeskError::IdReused)), "{result:?}");
        }
        assert_eq!(office.count(BEYOND).await, 0, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_opens_one_conversation() {
    let office = Office::open().await;
    office.agent(3).await;
    let visitor = office.visitor();
    let (now, node, site) = (office.now(), office.node, office.site);
    let says = (0..8_u128).map(|tab| {
        let (desk, card) = (office.desk.clone(), visitor.clone());
        async move { desk.visitor_say(now, node, site, card, words(id(5_000 + tab))).await.unwrap().said.unwrap().ack }
    });
    let acks = together(says.collect::<Vec<_>>()).await;
    assert!(acks.iter().all(|ack| ack.conversation == acks[0].conversation));
    assert_eq!(office.count("SELECT count(*) FROM conversation").await, 1);
    assert_eq!(office.count("SELECT count(*) FROM message WHERE author_kind = 0").await, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_say_gets_the_same_ack_at_once_and_ever_after() {
    let mut office = Office::open().await;
    let visitor = office.visitor();
    let (now, node, site) = (office.now(), office.node, office.site);
    let says = (0..8).map(|_| {
        let (desk, card) = (office.desk.clone(), visitor.clone());
        async move { desk.visitor_say(now, node, site, card, words(id(5_000))).await.unwrap() }
    });
    let outcomes = together(says.collect::<Vec<_>>()).await;
    let first = outcomes[0].said.as_ref().unwrap().ack;
    assert!(outcomes.iter().all(|outcome| outcome.said.as_ref().unwrap().ack == first));
    let news = outcomes.iter().filter(|outcome| outcome.said.as_ref().unwrap().entry.is_some()).count();
    assert_eq!(news, 1, "only one of them is told to others");
    assert_eq!(office.count("SELECT count(*) FROM message WHERE author_kind = 0").await, 1);
    assert_eq!(office.count("SELECT count(*) FROM conversation").await, 1);

    office.says(&visitor).await;
    drop(outcomes);
    office = office.reopen().await;
    office.wait(super::DAY);
    assert_eq!(office.say(&visitor, words(id(5_000))).await.unwrap(), first);
    let known = crate::desk::VisitorCard { is_new: false, ..visitor };
    assert_eq!(office.say(&known, words(id(5_000))).await.unwrap(), first);
}

#[tokio::test]
async fn an_agents_retry_too_and_ids_are_each_authors_own() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let say = Say { conversation: Some(chat), ..words(id(5_000)) };
    let first = office.desk.agent_say(office.now(), agent, say.clone()).await.unwrap().said.unwrap().ack;
    office.wait(1);
    let again = office.desk.agent_say(office.now(), agent, say.clone()).await.unwrap();
    assert_eq!(again.said.as_ref().unwrap().ack, first);
    assert!(again.said.unwrap().entry.is_none() && again.changes.is_empty());
    let other = office.say(&office.visitor(), words(id(5_000))).await.unwrap();
    assert_ne!(other.conversation, chat, "somebody else's same id is another message");
}

#[tokio::test]
async fn one_beyond_the_capacity_if_the_rules_allow_it_and_on_record() {
    let office = Office::with(Rules { stretch: true, ..Rules::default() }).await;
    let agent = office.agent(1).await;
    office.chat().await;
    let ((_, second), (_, third)) = (office.chat().await, office.chat().await);
    let now = office.now();
    assert!(matches!(office.desk.take(now, agent, second, false).await, Err(DeskError::NoFreeSlot)), "never by accident");
    office.desk.take(now, agent, second, true).await.unwrap();
    assert!(matches!(office.desk.take(now, agent, third, true).await, Err(DeskError::NoFreeSlot)), "one, never two");
    assert_eq!(office.count("SELECT count(*) FROM audit WHERE what = 'stretch'").await, 1);
    assert!(office.record(second).await.stretched);
    office.closes(agent, second).await;
    assert_eq!(office.stands(third).await.0, State::Queued, "the slot beyond is not the desk's");

    let strict = Office::open().await;
    let agent = strict.agent(1).await;
    strict.chat().await;
    let (_, second) = strict.chat().await;
    assert!(matches!(strict.desk.take(now, agent, second, true).await, Err(DeskError::NoFreeSlot)));
}

#[tokio::test]
async fn a_capacity_lowered_after_an_offer_still_holds() {
    let office = Office::open().await;
    let (first, second) = (office.agent(3).await, office.agent(3).await);
    let (_, a) = office.chat().await;
    let (_, b) = office.chat().await;
    let (from, to) = (office.stands(a).await.1.unwrap(), office.stands(b).await.1.unwrap());
    assert!(from != to && [from, to].contains(&first) && [from, to].contains(&second));
    office.desk.transfer(office.now(), from, a, Some(to)).await.unwrap();
    office.patch(to, AgentPatch { capacity: Some(1), ..AgentPatch::default() }).await;
    assert!(matches!(office.desk.accept(office.now(), to, a).await, Err(DeskError::NoFreeSlot)));
    assert_eq!(office.stands(a).await, (State::Active, Some(from)));
}

#[tokio::test]
async fn a_supervisor_takes_over_what_another_agent_has_set_aside() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.pass(10 * super::MINUTE).await;
    let colleague = office.agent(1).await;
    assert!(matches!(office.desk.take(office.now(), colleague, chat, false).await, Err(DeskError::NotYours)));
    let supervisor = office.hire(Role::Supervisor).await;
    office.arrives(supervisor).await;
    office.online(supervisor).await;
    office.desk.take(office.now(), supervisor, chat, false).await.unwrap();
    assert_eq!(office.stands(chat).await, (State::Active, Some(supervisor)));
}
