//! DESIGN §6 said a second time, as plainly as possible and without a store: the figures, who may have what, and what time does.
//! [`verbs`](super::verbs) is what people do. Nothing here may call the desk's own code, or both would err together.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use shared::ids::Millis;
use shared::model::State;

use super::super::{DAY, MINUTE, SECOND};

pub(super) const GRACE: Millis = 2 * MINUTE;
pub(super) const PARK_AFTER: Millis = 10 * MINUTE;
pub(super) const AGENT_GONE: Millis = 30 * SECOND;
pub(super) const ANSWER_TIMEOUT: Millis = 60 * SECOND;
pub(super) const PREFER_FOR: Millis = 60 * SECOND;
pub(super) const REOPEN_WAIT: Millis = 30 * SECOND;
pub(super) const REOPEN_WITHIN: Millis = 7 * DAY;
pub(super) const CLOSE_AFTER: Millis = DAY;
pub(super) const OFFER_FOR: Millis = 30 * SECOND;
pub(super) const AWAY_AFTER: Millis = 15 * MINUTE;
pub(super) const LEASE: Millis = 15 * SECOND;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Agent {
    pub(super) capacity: u32,
    pub(super) supervisor: bool,
    pub(super) away: bool,
    pub(super) disabled: bool,
    /// Since when nobody is connected; `None`: connected.
    pub(super) gone: Option<Millis>,
    /// When they last gave up a slot.
    pub(super) idle: Millis,
    /// When they last used their console.
    pub(super) active: Millis,
    /// Teams that they are in.
    pub(super) teams: BTreeSet<usize>,
    /// Languages that they take chats in, by number; none: all.
    pub(super) languages: BTreeSet<usize>,
}

/// How chats of a site come to agents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Site {
    /// Agents pick them.
    pub(super) picked: bool,
    /// Outside opening hours.
    pub(super) shut: bool,
    /// New ones in the first language are for this team, and urgent.
    pub(super) routes_to: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Visitor {
    /// Had not written yet when this step began: their connection is made known with the message.
    pub(super) is_new: bool,
    pub(super) here: bool,
    /// Has signed in and become another one.
    pub(super) given_up: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chat {
    pub(super) visitor: usize,
    pub(super) opened: Millis,
    pub(super) state: State,
    pub(super) since: Millis,
    pub(super) agent: Option<usize>,
    /// Who had it before it was queued.
    pub(super) before: Option<usize>,
    /// When an agent first had it since it began, or began again.
    pub(super) first_given: Option<Millis>,
    /// The original time of queueing.
    pub(super) queued: Option<Millis>,
    pub(super) priority: i32,
    pub(super) team: Option<usize>,
    pub(super) language: Option<usize>,
    pub(super) prefers: Option<(usize, Millis)>,
    pub(super) excluded: BTreeSet<usize>,
    pub(super) answer_by: Option<Millis>,
    pub(super) visitor_gone: Option<Millis>,
    pub(super) answered: Option<Millis>,
    pub(super) unanswered: bool,
    pub(super) offer: Option<(usize, Millis)>,
    pub(super) stretched: bool,
    /// The visitor wrote after the end, and no agent has since.
    pub(super) reopened: bool,
    /// Entries, and the last of them that the visitor sees.
    pub(super) head: u64,
    pub(super) visitor_head: u64,
}

/// Visitors come from both, agents serve both.
pub(super) const SITES: usize = 2;
pub(super) const TEAMS: usize = 2;

/// Where a visitor is.
pub(super) fn site_of(visitor: usize) -> usize {
    visitor % SITES
}

/// How somebody comes by a chat.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum How {
    Dispatched,
    Deliberately,
    Stretching,
}

/// Everything that the desk knows.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) now: Millis,
    pub(super) may_stretch: bool,
    /// Whoever leaves their console untouched is away.
    pub(super) watches: bool,
    pub(super) heartbeat: Millis,
    pub(super) agents: Vec<Agent>,
    pub(super) visitors: Vec<Visitor>,
    pub(super) sites: [Site; SITES],
    /// In the order in which they began.
    pub(super) chats: Vec<Chat>,
}

impl Reference {
    // ---- who may have what ----

    /// Connected, not away, not disabled.
    pub(super) fn is_online(&self, agent: usize) -> bool {
        let agent = &self.agents[agent];
        agent.gone.is_none() && !agent.away && !agent.disabled
    }

    pub(super) fn active(&self, agent: usize) -> u32 {
        self.chats.iter().filter(|chat| chat.state == State::Active && chat.agent == Some(agent)).count() as u32
    }

    fn reserved(&self, agent: usize) -> u32 {
        self.chats.iter().filter(|chat| chat.offer.is_some_and(|(to, _)| to == agent)).count() as u32
    }

    pub(super) fn used(&self, agent: usize) -> u32 {
        self.active(agent) + self.reserved(agent)
    }

    pub(super) fn has_slot(&self, agent: usize) -> bool {
        self.is_online(agent) && self.used(agent) < self.agents[agent].capacity
    }

    /// Online, and has not given it up.
    fn could_have(&self, agent: usize, chat: &Chat) -> bool {
        self.is_online(agent) && !chat.excluded.contains(&agent)
    }

    /// Everybody who may be given it, free slots aside.
    pub(super) fn eligible(&self, chat: &Chat) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.agents.len()).filter(|agent| self.could_have(*agent, chat)).collect();
        if let Some((agent, _)) = chat.prefers.filter(|(agent, until)| *until > self.now && left.contains(agent)) {
            return vec![agent];
        }
        if self.sites[site_of(chat.visitor)].picked {
            return Vec::new();
        }
        // Whatever would leave nobody does not count.
        let in_team = |agent: &usize| chat.team.is_none_or(|team| self.agents[*agent].teams.contains(&team));
        if left.iter().any(in_team) {
            left.retain(in_team);
        }
        let speaks = |agent: &usize| {
            let spoken = &self.agents[*agent].languages;
            spoken.is_empty() || chat.language.is_none_or(|language| spoken.contains(&language))
        };
        if left.iter().any(speaks) {
            left.retain(speaks);
        }
        left
    }

    /// The queue, in the order in which it is served.
    pub(super) fn queue(&self) -> Vec<usize> {
        let mut queue: Vec<usize> = (0..self.chats.len()).filter(|place| self.chats[*place].state == State::Queued).collect();
        queue.sort_by_key(|place| {
            let chat = &self.chats[*place];
            (Reverse(chat.priority), chat.queued, chat.opened)
        });
        queue
    }

    /// To whom a queued chat goes now.
    pub(super) fn chosen(&self, place: usize) -> Option<usize> {
        let chat = &self.chats[place];
        let free = |agent: usize| self.agents[agent].capacity - self.used(agent);
        self.eligible(chat)
            .into_iter()
            .filter(|agent| self.has_slot(*agent))
            .min_by_key(|agent| (chat.before != Some(*agent), Reverse(free(*agent)), self.agents[*agent].idle, *agent))
    }

    pub(super) fn dispatch(&mut self) {
        for place in self.queue() {
            if let Some(agent) = self.chosen(place) {
                self.give(place, agent, How::Dispatched);
            }
        }
    }

    // ---- transitions ----

    /// Something is written into the thread.
    pub(super) fn record(&mut self, place: usize, visitor_sees_it: bool) {
        let chat = &mut self.chats[place];
        chat.head += 1;
        if visitor_sees_it {
            chat.visitor_head = chat.head;
        }
    }

    /// It leaves the state that it is in; whoever had it has a slot more.
    fn leave(&mut self, place: usize, to: State) {
        let now = self.now;
        let chat = &mut self.chats[place];
        if chat.state == State::Active {
            chat.stretched = false;
            if let Some(agent) = chat.agent {
                self.agents[agent].idle = now;
            }
        }
        chat.state = to;
        chat.since = now;
        chat.offer = None;
        chat.prefers = None;
        chat.answer_by = None;
    }

    pub(super) fn give(&mut self, place: usize, agent: usize, how: How) {
        self.leave(place, State::Active);
        let now = self.now;
        let chat = &mut self.chats[place];
        chat.agent = Some(agent);
        chat.first_given = chat.first_given.or(Some(now));
        chat.excluded.remove(&agent);
        chat.stretched = how == How::Stretching;
        chat.answer_by = (how == How::Dispatched && chat.unanswered).then_some(now + ANSWER_TIMEOUT);
        self.record(place, true);
    }

    /// To the front: with the time that it was queued at first.
    pub(super) fn requeue(&mut self, place: usize) {
        self.leave(place, State::Queued);
        let now = self.now;
        let chat = &mut self.chats[place];
        chat.queued = chat.queued.or(Some(now));
        chat.before = chat.agent.take().or(chat.before);
        self.record(place, false);
    }

    /// To the front, and its agent does not get it back.
    pub(super) fn give_up(&mut self, place: usize) {
        let agent = self.chats[place].agent;
        self.requeue(place);
        self.chats[place].excluded.extend(agent);
    }

    pub(super) fn park(&mut self, place: usize) {
        self.leave(place, State::Parked);
        self.record(place, false);
    }

    pub(super) fn resume(&mut self, place: usize) {
        self.leave(place, State::Active);
        self.record(place, false);
    }

    pub(super) fn close(&mut self, place: usize) {
        self.leave(place, State::Closed);
        let chat = &mut self.chats[place];
        chat.agent = chat.agent.or(chat.before);
        chat.unanswered = false;
        chat.reopened = false;
        chat.excluded.clear();
        chat.queued = None;
        self.record(place, true);
    }

    /// Everything that an agent had goes back to the front; what was offered to them stays where it is.
    pub(super) fn release(&mut self, agent: usize) {
        for place in 0..self.chats.len() {
            if self.chats[place].state == State::Active && self.chats[place].agent == Some(agent) {
                self.requeue(place);
            }
        }
        self.withdraw_offers_to(agent);
    }

    pub(super) fn withdraw_offers_to(&mut self, agent: usize) {
        for chat in &mut self.chats {
            chat.offer = chat.offer.filter(|(to, _)| *to != agent);
        }
    }

    // ---- time ----

    fn silent_until(chat: &Chat) -> Option<Millis> {
        chat.answered.filter(|_| !chat.unanswered).map(|at| at.max(chat.since) + PARK_AFTER)
    }

    /// When something happens to a chat by itself.
    pub(super) fn due(chat: &Chat) -> Option<Millis> {
        let gone = chat.visitor_gone.map(|at| at + GRACE);
        let until = |pair: Option<(usize, Millis)>| pair.map(|(_, until)| until);
        match chat.state {
            State::Queued => [gone, until(chat.prefers)].into_iter().flatten().min(),
            State::Active => [gone, chat.answer_by, Self::silent_until(chat), until(chat.offer)].into_iter().flatten().min(),
            State::Parked => chat.answered.filter(|_| !chat.unanswered).map(|at| at + CLOSE_AFTER),
            State::Closed => None,
        }
    }

    /// Agents who have been gone for too long, and still have something.
    fn lost(&self, agent: usize) -> Option<Millis> {
        self.agents[agent].gone.map(|at| at + AGENT_GONE).filter(|_| self.used(agent) > 0)
    }

    /// When somebody who is online counts as inactive.
    fn inactive(&self, agent: usize) -> Option<Millis> {
        (self.watches && self.is_online(agent)).then(|| self.agents[agent].active + AWAY_AFTER)
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        let agents = (0..self.agents.len()).flat_map(|agent| [self.lost(agent), self.inactive(agent)]).flatten();
        self.chats.iter().filter_map(Self::due).chain(agents).min()
    }

    /// Away, and nothing is held in silence.
    fn falls_inactive(&mut self, agent: usize) {
        self.agents[agent].away = true;
        for place in 0..self.chats.len() {
            if self.chats[place].state == State::Active && self.chats[place].agent == Some(agent) {
                match self.chats[place].unanswered {
                    true => self.requeue(place),
                    false => self.park(place),
                }
            }
        }
        self.withdraw_offers_to(agent);
    }

    /// One look at what is due: to each chat one thing happens.
    pub(super) fn sweep(&mut self) {
        let now = self.now;
        for agent in 0..self.agents.len() {
            if self.lost(agent).is_some_and(|due| due <= now) {
                self.release(agent);
            }
        }
        for agent in 0..self.agents.len() {
            if self.inactive(agent).is_some_and(|due| due <= now) {
                self.falls_inactive(agent);
            }
        }
        for place in 0..self.chats.len() {
            if Self::due(&self.chats[place]).is_some_and(|due| due <= now) {
                self.time_out(place);
            }
        }
        self.dispatch();
    }

    fn time_out(&mut self, place: usize) {
        let now = self.now;
        let past = |due: Option<Millis>| due.is_some_and(|due| due <= now);
        let chat = &mut self.chats[place];
        let gone = past(chat.visitor_gone.map(|at| at + GRACE));
        match chat.state {
            State::Queued | State::Active if gone => self.park(place),
            State::Active if past(chat.answer_by) => {
                let agent = chat.agent;
                self.give_up(place);
                if let Some(agent) = agent {
                    self.agents[agent].away = true;
                }
            }
            State::Active if past(Self::silent_until(chat)) => self.park(place),
            State::Active => chat.offer = None,
            State::Queued => chat.prefers = None,
            State::Parked => self.close(place),
            State::Closed => {}
        }
    }

    /// A node begins: nobody is connected, and every absence begins anew, silence and slowness to answer among them.
    pub(super) fn restart(&mut self) {
        let now = self.now;
        self.heartbeat = now;
        for agent in &mut self.agents {
            agent.gone = Some(now);
        }
        for visitor in &mut self.visitors {
            visitor.here = false;
        }
        for chat in self.chats.iter_mut().filter(|chat| chat.state != State::Closed) {
            chat.visitor_gone = Some(now);
            chat.answer_by = chat.answer_by.map(|_| now + ANSWER_TIMEOUT);
            if chat.state == State::Active {
                chat.since = now;
            }
        }
    }

    /// Who has written is known from the next step on.
    pub(super) fn meet(&mut self) {
        for chat in &self.chats {
            self.visitors[chat.visitor].is_new = false;
        }
    }

    /// Renews the lease; whether it was still held.
    pub(super) fn renew(&mut self) -> bool {
        let held = self.now - self.heartbeat <= LEASE;
        self.heartbeat = self.now;
        held
    }
}
