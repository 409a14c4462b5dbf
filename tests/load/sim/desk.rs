//! The simulated desk: events in virtual time, and a rule that says who gets which visitor. No clock, no store, no sockets; the relay's
//! own rule is the relay's own [`plan`].

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use relay::desk::plan::{Available, Waiting, plan};
use shared::ids::{AgentId, ConversationId};
use uuid::Uuid;

use super::Setting;
use super::result::{Fate, Run};
use super::traffic::{Millis, Traffic};

/// Visitors that the rule is shown at a time, as many as the relay's dispatch loads of its queue at once.
const PAGE: usize = 64;

/// How visitors come to agents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The relay's: at every event, as much as there are free slots for.
    Bulle,
    /// Round robin over the agents with a free slot, in the order of arrival, but only so often.
    Ticks(Millis),
    /// What no rule can beat that keeps the order of arrival: one pool of all slots. Whoever goes away takes along as many chats as they have slots, those that would
    /// last longest, and comes back with what is left of them.
    Pool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Comes(usize),
    GivesUp(usize),
    Ends(usize),
    GoesAway(usize),
    ComesBack(usize),
    Tick,
}

#[derive(Clone, Debug, Default)]
struct Agent {
    away: bool,
    chats: u32,
    idle_since: Millis,
}

/// Slots that are nobody's.
#[derive(Debug, Default)]
struct Pool {
    slots: u32,
    /// Chats in them, by their end.
    chats: BTreeSet<(Millis, usize)>,
    /// What each agent who is away took along.
    taken: Vec<Vec<(Millis, usize)>>,
}

struct Desk<'a> {
    setting: &'a Setting,
    traffic: &'a Traffic,
    rule: Rule,
    now: Millis,
    events: BinaryHeap<Reverse<(Millis, u64, Event)>>,
    scheduled: u64,
    /// Visitors are numbered as they come, so it is sorted.
    queue: VecDeque<usize>,
    agents: Vec<Agent>,
    pool: Pool,
    /// Whose turn it is in the round.
    turn: usize,
    running: u32,
    run: Run,
}

/// Lets a rule work through the traffic.
pub fn simulate(setting: &Setting, traffic: &Traffic, rule: Rule) -> Run {
    let agents = usize::from(setting.agents);
    let mut desk = Desk {
        setting,
        traffic,
        rule,
        now: 0,
        events: BinaryHeap::new(),
        scheduled: 0,
        queue: VecDeque::new(),
        agents: vec![Agent::default(); agents],
        pool: Pool {
            slots: u32::from(setting.agents) * u32::from(setting.slots),
            chats: BTreeSet::new(),
            taken: vec![Vec::new(); agents],
        },
        turn: 0,
        running: 0,
        run: Run::new(traffic.visitors.len(), agents),
    };
    for absence in &traffic.absences {
        desk.at(absence.from, Event::GoesAway(absence.agent));
        desk.at(absence.to, Event::ComesBack(absence.agent));
    }
    if let Some(first) = traffic.visitors.first() {
        desk.at(first.at, Event::Comes(0));
    }
    if let Rule::Ticks(every) = rule {
        desk.at(every, Event::Tick);
    }
    desk.work();
    desk.run
}

impl Desk<'_> {
    fn at(&mut self, time: Millis, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((time, self.scheduled, event)));
    }

    fn work(&mut self) {
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            let until = time.min(self.traffic.end);
            self.pass(until - self.now);
            self.now = until;
            if time >= self.traffic.end {
                return;
            }
            self.happens(event);
        }
        self.pass(self.traffic.end - self.now);
    }

    /// Time passes with everything as it is.
    fn pass(&mut self, time: Millis) {
        self.run.busy += i64::from(self.running) * time;
        self.run.whole += i64::from(self.setting.agents) * i64::from(self.setting.slots) * time;
        for (agent, here) in self.agents.iter().zip(&mut self.run.here) {
            *here += if agent.away { 0 } else { time };
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Comes(visitor) => {
                self.queue.push_back(visitor);
                self.at(self.now + self.traffic.visitors[visitor].patience, Event::GivesUp(visitor));
                if let Some(next) = self.traffic.visitors.get(visitor + 1) {
                    self.at(next.at, Event::Comes(visitor + 1));
                }
            }
            Event::GivesUp(visitor) => {
                if let Ok(place) = self.queue.binary_search(&visitor) {
                    self.queue.remove(place);
                    self.run.fates[visitor] = Fate::GaveUp(self.traffic.visitors[visitor].patience);
                }
            }
            Event::Ends(visitor) => {
                self.running -= 1;
                self.pool.chats.remove(&(self.now, visitor));
                if let Fate::Served(_, Some(agent)) = self.run.fates[visitor] {
                    self.agents[agent].chats -= 1;
                    self.agents[agent].idle_since = self.now;
                }
            }
            Event::GoesAway(agent) => {
                self.agents[agent].away = true;
                self.pool.slots -= u32::from(self.setting.slots);
                self.pool.taken[agent] = (0..self.setting.slots).filter_map(|_| self.pool.chats.pop_last()).collect();
            }
            Event::ComesBack(agent) => {
                self.agents[agent].away = false;
                self.pool.slots += u32::from(self.setting.slots);
                let left = std::mem::take(&mut self.pool.taken[agent]);
                self.pool.chats.extend(left.into_iter().filter(|(end, _)| *end > self.now));
            }
            Event::Tick => {
                if let Rule::Ticks(every) = self.rule {
                    self.round();
                    self.at(self.now + every, Event::Tick);
                }
            }
        }
        match self.rule {
            Rule::Bulle => self.plan(),
            Rule::Pool => self.pour(),
            Rule::Ticks(_) => {}
        }
    }

    fn free(&self, agent: &Agent) -> u32 {
        u32::from(self.setting.slots).saturating_sub(agent.chats)
    }

    /// The relay's rule, as its dispatch calls it.
    fn plan(&mut self) {
        let online = self.agents.iter().enumerate().filter(|(_, agent)| !agent.away);
        let available: Vec<Available> = online
            .map(|(number, agent)| Available {
                agent: AgentId(Uuid::from_u128(number as u128)),
                free: self.free(agent),
                idle_since: agent.idle_since,
                teams: Vec::new(),
                languages: Vec::new(),
            })
            .collect();
        if self.queue.is_empty() || available.iter().all(|agent| agent.free == 0) {
            return;
        }
        let wait = |visitor: &usize| Waiting {
            conversation: ConversationId(Uuid::from_u128(*visitor as u128)),
            last_agent: None,
            prefer: None,
            excluded: Vec::new(),
            team: None,
            language: None,
            picked: false,
        };
        let queue: Vec<Waiting> = self.queue.iter().take(PAGE).map(wait).collect();
        for given in plan(&queue, &available, self.now) {
            self.start(given.conversation.0.as_u128() as usize, Some(given.agent.0.as_u128() as usize));
        }
    }

    /// Everybody who waits, to the next in the round who has a slot.
    fn round(&mut self) {
        while let Some(visitor) = self.queue.front().copied() {
            let count = self.agents.len();
            let mut turns = (0..count).map(|step| (self.turn + step) % count);
            let Some(agent) = turns.find(|agent| !self.agents[*agent].away && self.free(&self.agents[*agent]) > 0) else {
                return;
            };
            self.turn = agent + 1;
            self.start(visitor, Some(agent));
        }
    }

    fn pour(&mut self) {
        while self.pool.chats.len() < self.pool.slots as usize {
            let Some(visitor) = self.queue.front().copied() else { return };
            self.start(visitor, None);
        }
    }

    fn start(&mut self, visitor: usize, agent: Option<usize>) {
        let Ok(place) = self.queue.binary_search(&visitor) else { return };
        self.queue.remove(place);
        self.run.overtaken += u64::from(place > 0);
        let Self { now, traffic, .. } = *self;
        let known = &traffic.visitors[visitor];
        self.run.fates[visitor] = Fate::Served(now - known.at, agent);
        self.running += 1;
        match agent {
            Some(agent) => {
                self.agents[agent].chats += 1;
                self.run.talked[agent] += known.chat;
            }
            None => {
                self.pool.chats.insert((now + known.chat, visitor));
            }
        }
        self.at(now + known.chat, Event::Ends(visitor));
    }
}
