//! How the desk is compared with the model, and the promises of DESIGN §6 that must hold whatever the model says.

use std::collections::HashSet;

use shared::ids::ConversationId;
use shared::model::{Audience, Presence, SiteDesk, State};

use super::Both;
use super::real::{Real, agent_id, desk_of, visitor_id};
use super::reference::{Agent, Chat, Reference};
use crate::desk::Outcome;
use crate::desk::record::Record;

/// How the desk stands, by the model's numbers.
#[derive(Debug)]
pub(super) struct Standing {
    records: Vec<Record>,
    chats: Vec<Chat>,
    agents: Vec<Agent>,
    visitors: HashSet<usize>,
    /// What the desks go by: nothing else tells which of two changes at once came last.
    desks: Vec<SiteDesk>,
}

impl Standing {
    pub(super) fn of(real: &mut Real) -> Self {
        let (records, chats, agents, visitors) = real.stands();
        Self { records, chats, agents, visitors, desks: real.desks() }
    }

    /// The first difference.
    pub(super) fn differs_from(&self, model: &Reference) -> Option<String> {
        if self.chats.len() != model.chats.len() {
            return Some(format!("{} conversations, the model has {}", self.chats.len(), model.chats.len()));
        }
        for (place, (real, model)) in self.chats.iter().zip(&model.chats).enumerate() {
            let real = Chat { reopened: model.reopened, ..real.clone() };
            if real != *model {
                return Some(format!("conversation {place} is {real:#?}\nthe model's is {model:#?}"));
            }
        }
        for (place, (real, model)) in self.agents.iter().zip(&model.agents).enumerate() {
            if real != model {
                return Some(format!("agent {place} is {real:?}\nthe model's is {model:?}"));
            }
        }
        for (place, (real, model)) in self.desks.iter().zip(&model.sites).enumerate() {
            if *real != desk_of(*model) {
                return Some(format!("site {place} goes by {real:?}\nthe model's by {model:?}"));
            }
        }
        let wrong = |(place, visitor): (usize, &super::reference::Visitor)| visitor.here != self.visitors.contains(&place);
        model.visitors.iter().enumerate().any(wrong).then(|| format!("here are {:?}", self.visitors))
    }
}

/// What others see of an agent.
fn seen(model: &Reference, agent: usize) -> (Presence, u32, u32, bool) {
    let who = &model.agents[agent];
    let presence = match (who.gone.is_none() && !who.disabled, who.away) {
        (false, _) => Presence::Offline,
        (true, true) => Presence::Away,
        (true, false) => Presence::Online,
    };
    (presence, model.used(agent), who.capacity, who.supervisor)
}

impl Both {
    /// Both stand the same.
    pub(super) fn same(&mut self) {
        self.stands = Standing::of(&mut self.real);
        if let Some(difference) = self.stands.differs_from(&self.model) {
            panic!("{difference}");
        }
    }

    /// Whatever others can see to have changed they are told, with the words of the end.
    pub(super) fn told(&self, before: &Reference, outcomes: &[Outcome]) {
        let changes = || outcomes.iter().flat_map(|outcome| &outcome.changes);
        let visible = |chat: &Chat| {
            let prefers = chat.prefers.filter(|_| chat.state == State::Queued);
            let visitor = (chat.state != State::Closed).then_some(chat.visitor);
            (
                chat.state,
                visitor,
                chat.agent,
                chat.offer,
                prefers,
                chat.priority,
                chat.team,
                chat.queued.filter(|_| chat.state == State::Queued),
            )
        };
        for (place, chat) in self.model.chats.iter().enumerate() {
            if before.chats.get(place).map(visible) == Some(visible(chat)) {
                continue;
            }
            let last = changes().rfind(|change| change.conversation.id == self.real.chats[place]);
            let Some(last) = last else { panic!("nobody is told of {chat:?}") };
            let (told, agent) = (&last.conversation, last.conversation.agent.as_ref().map(|agent| agent.id));
            assert_eq!((told.state, agent), (chat.state, chat.agent.map(agent_id)));
            assert_eq!(told.visitor.id, visitor_id(chat.visitor));
            assert_eq!(told.offer.as_ref().map(|offer| offer.to), chat.offer.map(|(to, _)| agent_id(to)));
            assert!(outcomes.iter().any(|outcome| outcome.sites.iter().any(|(site, _)| *site == told.site)), "the board");
        }
        for agent in 0..self.model.agents.len() {
            if seen(before, agent) == seen(&self.model, agent) {
                continue;
            }
            let last = outcomes.iter().flat_map(|outcome| &outcome.agents).rfind(|told| told.id == agent_id(agent));
            let Some(last) = last else { panic!("nobody is told of agent {agent}") };
            let (presence, used, ..) = seen(&self.model, agent);
            assert_eq!((last.presence, last.slots_used), (presence, used));
        }
    }

    /// The promises, of what is in the database.
    pub(super) fn holds(&self, before: &Reference) {
        let Standing { records, chats, agents, .. } = &self.stands;
        let mut unclosed = HashSet::new();
        for (record, chat) in records.iter().zip(chats) {
            stands_well(chat);
            assert!(chat.state == State::Closed || unclosed.insert(chat.visitor), "two unclosed conversations of one visitor");
            // Too early does no harm; too late, and somebody is forgotten.
            let due = Reference::due(chat);
            assert!(due.is_none_or(|due| record.stored_due.is_some_and(|stored| stored <= due)), "{record:?} is due at {due:?}");
        }
        for (place, agent) in agents.iter().enumerate() {
            let held = || chats.iter().filter(|chat| chat.state == State::Active && chat.agent == Some(place));
            let beyond = held().filter(|chat| chat.stretched).count().min(1) as u32;
            let most = agent.capacity.max(before.agents[place].capacity) + beyond;
            assert!(held().count() as u32 <= most.max(before.active(place)), "agent {place} has more than {most} chats");
            assert!(self.model.used(place) <= most.max(before.used(place)), "agent {place} uses more than {most} slots");
        }
        let overdue = self.model.next_due().is_some_and(|due| due <= self.model.now);
        for place in self.model.queue() {
            assert!(overdue || self.model.chosen(place).is_none(), "{place} waits beside a free slot");
        }
    }

    /// Every ack is kept, and every conversation can be read from end to end.
    pub(super) fn ends_well(&mut self) {
        for (message, conversation, seq) in self.real.acks() {
            assert_eq!(self.real.place_of(message), [(conversation, seq)], "an acked message");
        }
        let broken = "SELECT count(*) FROM conversation c WHERE head <> (SELECT count(*) FROM message WHERE conversation = c.id) OR \
                      head <> (SELECT max(seq) FROM message WHERE conversation = c.id) OR visitor_head <> \
                      (SELECT max(seq) FROM message WHERE conversation = c.id AND internal = 0)";
        assert_eq!(self.real.count(broken), 0, "heads");
        let longest = self.stands.records.iter().max_by_key(|record| record.head).map(|record| (record.id, record.head));
        if let Some((id, head)) = longest {
            let visitor_head = self.stands.records.iter().find(|record| record.id == id).map_or(0, |record| record.visitor_head);
            self.runtime.block_on(async {
                walk(&self.real, id, Audience::Agents, head).await;
                walk(&self.real, id, Audience::Visitor, visitor_head).await;
            });
        }
    }
}

/// Page by page and without a gap.
async fn walk(real: &Real, id: ConversationId, audience: Audience, head: u64) {
    let (mut last, mut more) = (0, true);
    while more {
        let (entries, left) = real.store.entries(id, last, 5, audience).await.unwrap();
        for entry in entries {
            assert_eq!(entry.prev, last, "a gap");
            assert!(audience == Audience::Agents || !entry.body.is_internal());
            last = entry.seq;
        }
        more = left;
    }
    assert_eq!(last, head);
}

fn stands_well(chat: &Chat) {
    let nothing_runs = chat.offer.is_none() && chat.answer_by.is_none() && !chat.stretched;
    let legal = match chat.state {
        State::Queued => chat.agent.is_none() && chat.queued.is_some() && nothing_runs,
        State::Active => {
            chat.agent.is_some() && chat.prefers.is_none() && chat.offer.is_none_or(|(to, _)| Some(to) != chat.agent)
        }
        State::Parked => chat.prefers.is_none() && nothing_runs,
        State::Closed => chat.prefers.is_none() && nothing_runs && chat.excluded.is_empty() && !chat.unanswered,
    };
    assert!(legal, "{chat:?}");
}
