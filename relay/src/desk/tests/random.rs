//! Whatever happens in whatever order: after every step the promises of DESIGN §6 hold in the database.

use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use shared::api::AgentPatch;
use shared::ids::{AgentId, ConversationId, MessageId, Millis};
use shared::model::{Audience, Role, Say, State};

use super::{DAY, MINUTE, Office, SECOND, runtime};
use crate::desk::plan::plan;
use crate::desk::record::Record;
use crate::desk::{DeskError, Outcome, Rules, VisitorCard};
use crate::store::rows::columns;
use crate::store::{StoreError, people, rows};

const VISITORS: usize = 5;
const AGENTS: usize = 3;

/// Something happens; the numbers choose whom it happens to.
#[derive(Clone, Debug)]
enum Step {
    Says(usize),
    SaysAgain(usize),
    Leaves(usize),
    Returns(usize),
    VisitorCloses(usize),
    Arrives(usize),
    Gone(usize),
    Online(usize),
    Away(usize),
    Take(usize, usize, bool),
    Answers(usize, usize),
    Notes(usize, usize),
    Transfer(usize, usize, Option<usize>),
    Accept(usize, usize),
    Decline(usize, usize),
    Closes(usize, usize),
    Dismiss(usize, usize),
    Capacity(usize, u32),
    Disabled(usize, bool),
    Pass(Millis),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (visitor, agent, chat) = (|| 0..VISITORS, || 0..AGENTS, || 0..8_usize);
    let time = prop::sample::select(vec![1, 10 * SECOND, 31 * SECOND, MINUTE, 2 * MINUTE, 11 * MINUTE, DAY, 8 * DAY]);
    prop_oneof![
        8 => visitor().prop_map(Step::Says),
        1 => visitor().prop_map(Step::SaysAgain),
        2 => visitor().prop_map(Step::Leaves),
        2 => visitor().prop_map(Step::Returns),
        1 => visitor().prop_map(Step::VisitorCloses),
        3 => agent().prop_map(Step::Arrives),
        2 => agent().prop_map(Step::Gone),
        4 => agent().prop_map(Step::Online),
        1 => agent().prop_map(Step::Away),
        3 => (agent(), chat(), any::<bool>()).prop_map(|(agent, chat, stretch)| Step::Take(agent, chat, stretch)),
        4 => (agent(), chat()).prop_map(|(agent, chat)| Step::Answers(agent, chat)),
        1 => (agent(), chat()).prop_map(|(agent, chat)| Step::Notes(agent, chat)),
        4 => (agent(), chat(), prop::option::of(agent())).prop_map(|(agent, chat, to)| Step::Transfer(agent, chat, to)),
        3 => (agent(), chat()).prop_map(|(agent, chat)| Step::Accept(agent, chat)),
        1 => (agent(), chat()).prop_map(|(agent, chat)| Step::Decline(agent, chat)),
        2 => (agent(), chat()).prop_map(|(agent, chat)| Step::Closes(agent, chat)),
        1 => (agent(), chat()).prop_map(|(agent, chat)| Step::Dismiss(agent, chat)),
        1 => (agent(), 1..4_u32).prop_map(|(agent, capacity)| Step::Capacity(agent, capacity)),
        1 => (agent(), any::<bool>()).prop_map(|(agent, disabled)| Step::Disabled(agent, disabled)),
        5 => time.prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

/// The office, and what the test knows about it by itself.
struct World {
    office: Option<Office>,
    visitors: Vec<VisitorCard>,
    here: HashSet<usize>,
    agents: Vec<AgentId>,
    chats: Vec<ConversationId>,
    said: HashMap<usize, (Say, shared::frame::Ack)>,
    acked: HashSet<MessageId>,
    load: HashMap<AgentId, (u32, u32)>,
}

impl World {
    async fn begin() -> Self {
        let office = Office::with(Rules { stretch: true, ..Rules::default() }).await;
        let visitors = (0..VISITORS).map(|_| office.visitor()).collect();
        let mut agents = Vec::new();
        for _ in 0..AGENTS {
            agents.push(office.agent(2).await);
        }
        agents.push(office.hire(Role::Agent).await);
        let (here, chats, said, acked, load) = Default::default();
        Self { office: Some(office), visitors, here, agents, chats, said, acked, load }
    }

    /// Whether it was the kind of take that may go beyond the capacity.
    async fn happens(&mut self, step: Step) -> Result<bool, DeskError> {
        if matches!(step, Step::Restart) {
            let office = self.office.take().unwrap().reopen().await;
            self.here.clear();
            self.office = Some(office);
            return Ok(false);
        }
        let office = self.office.as_ref().unwrap();
        let (desk, now, node) = (&office.desk, office.now(), office.node);
        let who = |agent: usize| self.agents[agent];
        let chat =
            |chat: usize| if self.chats.is_empty() { ConversationId(super::id(7)) } else { self.chats[chat % self.chats.len()] };
        let kept = |outcome: Result<Outcome, DeskError>| outcome.map(|_| false);
        match step {
            Step::Says(place) => {
                let known = !self.visitors[place].is_new;
                if known && !self.here.contains(&place) {
                    desk.visitor_arrived(now, node, self.visitors[place].id).await?;
                }
                let say = office.words();
                let ack = office.say(&self.visitors[place], say.clone()).await?;
                assert!(self.acked.insert(ack.id), "acked twice");
                self.said.insert(place, (say, ack));
                self.visitors[place].is_new = false;
                self.here.insert(place);
                if !self.chats.contains(&ack.conversation) {
                    self.chats.push(ack.conversation);
                }
                Ok(false)
            }
            Step::SaysAgain(place) => {
                if let Some((say, ack)) = self.said.get(&place) {
                    assert_eq!(office.say(&self.visitors[place], say.clone()).await?, *ack);
                }
                Ok(false)
            }
            Step::Leaves(place) => {
                self.here.remove(&place);
                kept(desk.visitor_left(now, node, self.visitors[place].id).await)
            }
            Step::Returns(place) if self.visitors[place].is_new => Ok(false),
            Step::Returns(place) => {
                self.here.insert(place);
                kept(desk.visitor_arrived(now, node, self.visitors[place].id).await)
            }
            Step::VisitorCloses(place) => match self.said.get(&place) {
                Some((_, ack)) => kept(desk.close_by_visitor(now, self.visitors[place].id, ack.conversation).await),
                None => Ok(false),
            },
            Step::Arrives(agent) => kept(desk.agent_arrived(now, node, who(agent)).await),
            Step::Gone(agent) => kept(desk.agent_left(now, node, who(agent)).await),
            Step::Online(agent) => kept(desk.set_presence(now, who(agent), shared::model::Presence::Online).await),
            Step::Away(agent) => kept(desk.set_presence(now, who(agent), shared::model::Presence::Away).await),
            Step::Take(agent, place, stretch) => desk.take(now, who(agent), chat(place), stretch).await.map(|_| stretch),
            Step::Answers(agent, place) | Step::Notes(agent, place) => {
                let note = matches!(step, Step::Notes(..));
                let say = Say { conversation: Some(chat(place)), note, ..office.words() };
                let said = desk.agent_say(now, who(agent), say).await?.said.unwrap();
                assert!(self.acked.insert(said.ack.id), "acked twice");
                Ok(false)
            }
            Step::Transfer(agent, place, to) => kept(desk.transfer(now, who(agent), chat(place), to.map(who)).await),
            Step::Accept(agent, place) => kept(desk.accept(now, who(agent), chat(place)).await),
            Step::Decline(agent, place) => kept(desk.decline(now, who(agent), chat(place)).await),
            Step::Closes(agent, place) => kept(desk.close_by_agent(now, who(agent), chat(place)).await),
            Step::Dismiss(agent, place) => kept(desk.dismiss(now, who(agent), chat(place)).await),
            Step::Capacity(agent, capacity) => {
                let patch = AgentPatch { capacity: Some(capacity), ..AgentPatch::default() };
                kept(desk.set_agent(now, who(agent), patch).await)
            }
            Step::Disabled(agent, disabled) => {
                let patch = AgentPatch { disabled: Some(disabled), ..AgentPatch::default() };
                kept(desk.set_agent(now, who(agent), patch).await)
            }
            Step::Pass(time) => {
                office.pass(time).await;
                Ok(false)
            }
            Step::Restart => Ok(false),
        }
    }

    /// The promises.
    async fn holds(&mut self, stretched: bool) {
        let office = self.office.as_ref().unwrap();
        let (now, rules) = (office.now(), office.rules.clone());
        let (agents, before) = (self.agents.clone(), self.load.clone());
        let check = move |db: &Connection| -> Result<HashMap<AgentId, (u32, u32)>, StoreError> {
            let mut find = db.prepare_cached(concat!("SELECT ", columns!(), " FROM conversation c"))?;
            let all = find.query_map([], rows::record)?.collect::<rusqlite::Result<Vec<_>>>()?;
            for record in &all {
                stands_well(record, record.stored_due, &rules);
            }
            let mut unclosed = HashSet::new();
            for record in all.iter().filter(|record| record.state != State::Closed) {
                assert!(unclosed.insert(record.visitor), "two unclosed conversations of one visitor");
            }
            assert_eq!(plan(&people::queue(db, 0, 100)?, &people::available(db)?, now), [], "somebody waits beside a free slot");
            let gone = people::gone_since(db, now - rules.agent_gone)?;
            assert!(gone.is_empty() || people::first_gone(db)? == Some(now - rules.agent_gone), "chats of somebody long gone");
            let mut load = HashMap::new();
            for agent in agents {
                let active = |record: &&Record| record.state == State::Active && record.agent == Some(agent);
                let chats = all.iter().filter(active).count() as u32;
                let beyond = u32::from(people::is_stretched(db, agent)?);
                let (used, capacity) = (people::slots_used(db, agent)?, people::capacity(db, agent)?);
                let (chats_before, used_before) = before.get(&agent).copied().unwrap_or_default();
                assert!(chats <= (capacity + beyond).max(chats_before), "{chats} chats for {capacity} slots");
                assert!(used <= (capacity + u32::from(stretched)).max(used_before), "{used} of {capacity} slots");
                load.insert(agent, (chats, used));
            }
            let broken = "SELECT count(*) FROM conversation c WHERE head <> (SELECT count(*) FROM message WHERE conversation = c.id) OR \
                          head <> (SELECT max(seq) FROM message WHERE conversation = c.id) OR visitor_head <> \
                          (SELECT max(seq) FROM message WHERE conversation = c.id AND internal = 0)";
            assert_eq!(db.query_row(broken, [], |row| row.get::<_, i64>(0))?, 0, "heads");
            Ok(load)
        };
        self.load = office.store.read(check).await.unwrap();
    }

    /// Nothing that was acked is lost, and both audiences can walk every conversation without a gap.
    async fn ends_well(&self) {
        let office = self.office.as_ref().unwrap();
        assert_eq!(office.count("SELECT count(*) FROM message WHERE author IS NOT NULL").await, self.acked.len() as i64);
        for chat in &self.chats {
            let record = office.record(*chat).await;
            for (audience, head) in [(Audience::Visitor, record.visitor_head), (Audience::Agents, record.head)] {
                let (mut last, mut more) = (0, true);
                while more {
                    let (entries, left) = office.store.entries(*chat, last, 3, audience).await.unwrap();
                    for entry in entries {
                        assert_eq!(entry.prev, last, "a gap");
                        assert!(audience == Audience::Agents || !entry.body.is_internal());
                        last = entry.seq;
                    }
                    more = left;
                }
                assert_eq!(last, head);
            }
        }
    }
}

fn stands_well(record: &Record, due: Option<Millis>, rules: &Rules) {
    // Maybe too early, which a sweep puts right; too late, and somebody is forgotten.
    assert!(record.due(rules).is_none_or(|actual| due.is_some_and(|due| due <= actual)), "due_at {due:?} of {record:?}");
    let legal = match record.state {
        State::Queued => {
            record.agent.is_none() && record.queue_time.is_some() && record.offer.is_none() && record.answer_due.is_none()
        }
        State::Active => {
            record.agent.is_some() && record.prefer.is_none() && record.offer.is_none_or(|(to, _)| Some(to) != record.agent)
        }
        State::Parked => record.offer.is_none() && record.prefer.is_none() && record.answer_due.is_none() && !record.stretched,
        State::Closed => record.offer.is_none() && record.prefer.is_none() && record.excluded.is_empty() && due.is_none(),
    };
    assert!(legal, "{record:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, max_shrink_time: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_desk_keeps_its_promises(steps in vec(step(), 1..50)) {
        runtime().block_on(async {
            let mut world = World::begin().await;
            for step in steps {
                let stretched = match world.happens(step).await {
                    Ok(stretched) => stretched,
                    Err(error @ (DeskError::Store(_) | DeskError::Internal | DeskError::IdReused)) => panic!("{error:?}"),
                    Err(_) => false,
                };
                world.holds(stretched).await;
            }
            world.ends_well().await;
        });
    }
}
