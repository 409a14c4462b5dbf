//! The desk, replayed from the entries of the store in the order of their commits: every transition must be one of DESIGN §6's table,
//! no agent may ever hold more than their slots, and whoever is handed out must have waited longest of those who may have gone.
//!
//! What may be served out of turn, by DESIGN §6, and is not reported: what an agent takes or is given by a colleague; a conversation
//! that continues with its agent without having been queued; one that is passed over because the agent gave it up since it was last
//! answered, or because it waits for another agent in particular (one who had it, for as long as the rules say). Who is online is
//! not recorded, so a preference counts as running to its end, and having given up until the next answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::ids::Millis;
use shared::model::{AssignedHow, Body, CloseReason, Event, ParkReason, RequeueReason, State};
use uuid::Uuid;

use crate::check::{Violation, Wrong};
use crate::history::{History, Stored};

/// A conversation while it is replayed.
#[derive(Debug)]
struct Chat {
    state: State,
    agent: Option<Uuid>,
    /// Who had it before it was queued: a reopened one waits for them.
    last: Option<Uuid>,
    queued_at: Option<Millis>,
    /// Waits for this agent, until then.
    prefers: Option<(Uuid, Millis)>,
    /// Gave it up since it was last answered.
    excluded: HashSet<Uuid>,
}

/// What is wrong with the desk's work.
pub fn desk(history: &History) -> Vec<Violation> {
    let mut replay = Replay { history, chats: HashMap::new(), found: Vec::new() };
    for entry in &history.entries {
        replay.take(entry);
    }
    replay.compare();
    replay.found
}

struct Replay<'a> {
    history: &'a History,
    chats: HashMap<Uuid, Chat>,
    found: Vec<Violation>,
}

impl Replay<'_> {
    fn wrong(&mut self, wrong: Wrong, what: String) {
        self.found.push(Violation::new(wrong, what));
    }

    fn take(&mut self, entry: &Stored) {
        if !self.chats.contains_key(&entry.conversation) {
            self.begin(entry);
        }
        match &entry.body {
            Body::Text(_) | Body::File(_) | Body::Menu(_) | Body::Cards(_) | Body::Deleted => self.text(entry),
            // The relay writes none of a kind that it does not know.
            Body::Note(_) | Body::Whisper(_) | Body::Unknown(_) => {}
            Body::Event(event) => self.event(entry, event),
        }
    }

    /// A conversation begins with its visitor's first message, and one visitor has one unclosed conversation.
    fn begin(&mut self, entry: &Stored) {
        let visitor = self.history.standings.get(&entry.conversation).map(|standing| standing.visitor);
        if entry.author != visitor || !matches!(entry.body, Body::Text(_)) {
            self.wrong(Wrong::Transition, format!("{} begins with {:?}", entry.conversation, entry.body));
        }
        let unclosed = self.chats.iter().find(|(id, chat)| {
            chat.state != State::Closed && self.history.standings.get(*id).map(|standing| standing.visitor) == visitor
        });
        if let Some((other, _)) = unclosed {
            let what = format!("{} begins while {other} of the same visitor is open", entry.conversation);
            self.wrong(Wrong::Transition, what);
        }
        let (prefers, excluded) = (None, HashSet::new());
        let chat = Chat { state: State::Queued, agent: None, last: None, queued_at: Some(entry.at), prefers, excluded };
        self.chats.insert(entry.conversation, chat);
    }

    fn text(&mut self, entry: &Stored) {
        let visitor = self.history.standings.get(&entry.conversation).map(|standing| standing.visitor);
        let Some(chat) = self.chats.get_mut(&entry.conversation).filter(|_| entry.author != visitor) else { return };
        let may = match chat.state {
            State::Active => chat.agent == entry.author,
            State::Parked => true,
            State::Queued | State::Closed => false,
        };
        chat.excluded.clear();
        if !may {
            let what = format!("{}: {:?} answered in {:?}", entry.conversation, entry.author, chat.state);
            self.wrong(Wrong::Transition, what);
        }
    }

    fn event(&mut self, entry: &Stored, event: &Event) {
        let Some(chat) = self.chats.get_mut(&entry.conversation) else { return };
        let from = chat.state;
        if !is_legal(from, chat.agent.is_some(), entry.seq == 2, event) {
            let what = format!("{} at {}: {event:?} while {from:?}", entry.conversation, entry.seq);
            self.wrong(Wrong::Transition, what);
        }
        if let Event::Assigned(assigned) = event {
            if assigned.how == AssignedHow::Dispatched {
                self.served(entry, assigned.agent.id.0);
            }
            if let Some(chat) = self.chats.get_mut(&entry.conversation) {
                chat.state = State::Active;
                chat.agent = Some(assigned.agent.id.0);
                chat.prefers = None;
                chat.excluded.remove(&assigned.agent.id.0);
            }
        } else {
            self.moved(entry, event);
        }
        self.count_slots(entry);
    }

    /// What every event but an assignment does.
    fn moved(&mut self, entry: &Stored, event: &Event) {
        let rules = (self.history.prefer_for, self.history.reopen_wait);
        let Some(chat) = self.chats.get_mut(&entry.conversation) else { return };
        match event {
            Event::Requeued(reason) => {
                let before = chat.agent.take();
                chat.last = before.or(chat.last);
                chat.state = State::Queued;
                chat.queued_at = chat.queued_at.or(Some(entry.at));
                chat.prefers = before.filter(|_| *reason == RequeueReason::VisitorSpoke).map(|agent| (agent, entry.at + rules.0));
                if matches!(reason, RequeueReason::HandedOver | RequeueReason::Unanswered) {
                    chat.excluded.extend(before);
                }
            }
            Event::Reopened => {
                chat.state = State::Queued;
                chat.queued_at = Some(entry.at);
                chat.last = chat.agent.take().or(chat.last);
                chat.prefers = chat.last.map(|agent| (agent, entry.at + rules.1));
            }
            Event::Parked(reason) => {
                chat.state = State::Parked;
                chat.prefers = None;
                if matches!(reason, ParkReason::NobodyThere | ParkReason::OutsideHours) {
                    chat.queued_at = None;
                }
            }
            Event::Resumed => chat.state = State::Active,
            Event::Closed(_) => {
                chat.state = State::Closed;
                chat.queued_at = None;
                chat.excluded.clear();
            }
            Event::Assigned(_)
            | Event::Contact(_)
            | Event::Answered(_)
            | Event::Greeted(_)
            | Event::Edited(_)
            | Event::Deleted(_)
            | Event::Rated(_)
            | Event::Tagged(_)
            | Event::Routed(_)
            | Event::Prioritized(_)
            | Event::Merged(_)
            | Event::Unknown(_) => {}
        }
    }

    /// Somebody was handed out by the desk: nobody who waited longer might have gone to the same agent.
    fn served(&mut self, entry: &Stored, agent: Uuid) {
        let Some(mine) = self.chats.get(&entry.conversation).and_then(|chat| chat.queued_at) else { return };
        let before = self.chats.iter().find(|(id, chat)| {
            **id != entry.conversation
                && chat.state == State::Queued
                && chat.queued_at.is_some_and(|queued| queued < mine)
                && !chat.excluded.contains(&agent)
                && chat.prefers.is_none_or(|(preferred, until)| preferred == agent || until <= entry.at)
        });
        if let Some((id, chat)) = before {
            let waited = mine - chat.queued_at.unwrap_or(mine);
            let what = format!("{} was served, {id} had waited {waited} ms longer", entry.conversation);
            self.wrong(Wrong::Fifo, what);
        }
    }

    fn count_slots(&mut self, entry: &Stored) {
        let Some(agent) = self.chats.get(&entry.conversation).and_then(|chat| chat.agent) else { return };
        let held = self.chats.values().filter(|chat| chat.state == State::Active && chat.agent == Some(agent)).count();
        let capacity = self.history.capacities.get(&agent).copied().unwrap_or_default() as usize;
        if held > capacity {
            let what = format!("{agent} holds {held} of {capacity} after {} of {}", entry.seq, entry.conversation);
            self.wrong(Wrong::Capacity, what);
        }
    }

    /// The tables must say what the entries say.
    fn compare(&mut self) {
        let mut differ = BTreeMap::new();
        for (id, standing) in &self.history.standings {
            let replayed = self.chats.get(id).map(|chat| (chat.state, chat.agent));
            // Whoever had a closed one last is kept for reports, also where it ended in the queue.
            let told = (standing.state, standing.agent);
            if replayed.is_none_or(|(state, agent)| state != told.0 || (state == State::Active && agent != told.1)) {
                differ.insert(id, (told, replayed));
            }
        }
        for (id, (told, replayed)) in differ {
            self.wrong(Wrong::Transition, format!("{id} stands {told:?}, its entries say {replayed:?}"));
        }
    }
}

/// The table of DESIGN §6. `has_agent`: somebody is assigned to it; `is_first`: it has one entry so far.
fn is_legal(from: State, has_agent: bool, is_first: bool, event: &Event) -> bool {
    use State::{Active, Closed, Parked, Queued};
    match event {
        Event::Assigned(assigned) => match assigned.how {
            AssignedHow::Dispatched => from == Queued,
            // Also one that was set aside: whoever takes it up has the slot.
            AssignedHow::Taken | AssignedHow::Stretched => matches!(from, Queued | Parked),
            AssignedHow::Transferred | AssignedHow::TakenOver => from == Active,
        },
        Event::Requeued(reason) => match reason {
            RequeueReason::VisitorSpoke => from == Parked,
            RequeueReason::VisitorReturned => from == Parked && !has_agent,
            RequeueReason::AgentGone
            | RequeueReason::Unanswered
            | RequeueReason::HandedOver
            | RequeueReason::AgentDisabled
            | RequeueReason::AgentInactive => from == Active,
        },
        Event::Parked(reason) => match reason {
            ParkReason::VisitorGone => matches!(from, Queued | Active),
            ParkReason::VisitorSilent | ParkReason::AgentInactive => from == Active,
            ParkReason::NobodyThere | ParkReason::OutsideHours => from == Queued && is_first,
        },
        Event::Resumed => from == Parked && has_agent,
        Event::Closed(reason) => match reason {
            CloseReason::Agent | CloseReason::Visitor => from != Closed,
            CloseReason::Expired => from == Parked,
            CloseReason::Dismissed => matches!(from, Queued | Active),
            CloseReason::Merged => from != Closed,
        },
        Event::Reopened => from == Closed,
        // None of these moves anything.
        Event::Contact(_)
        | Event::Answered(_)
        | Event::Greeted(_)
        | Event::Edited(_)
        | Event::Deleted(_)
        | Event::Rated(_)
        | Event::Tagged(_)
        | Event::Routed(_)
        | Event::Prioritized(_)
        | Event::Merged(_) => true,
        // The relay writes none that it does not know.
        Event::Unknown(_) => false,
    }
}
