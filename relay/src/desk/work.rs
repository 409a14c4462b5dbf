//! One unit of work of the desk, inside one transaction of the store: the conversations it touches, the transitions that it makes
//! with them (DESIGN §6), the entries that record these, and at the end everything that others must be told.

use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId};
use shared::model::{
    Assigned, AssignedHow, Author, Body, CloseReason, Entry, Event, MAX_PREVIEW, ParkReason, Person, RequeueReason, State, cut,
};

use super::plan::{Eligible, Waiting};
use super::record::{Record, Rules};
use super::{Change, DeskError, NewEntry, Outcome, Reminded};
use crate::clock;
use crate::store::{Cause, Step, StoreError, log, mentions, people, pushes, reports, rows};

/// A conversation that this work changes.
pub(super) struct Touched {
    pub(super) record: Record,
    was_state: State,
    was_agent: Option<AgentId>,
    was_offered: Option<AgentId>,
    entries: Vec<NewEntry>,
    /// Something other than its messages changed: the desk and everybody who sees it must know.
    moved: bool,
    /// It begins with this work.
    is_new: bool,
    /// Its visitor has said something.
    spoke: bool,
}

impl Touched {
    /// What agents without a console open may want to be notified of, and which of them; `None` beside it: all who may have it.
    fn news(&self) -> Option<(Cause, Option<AgentId>)> {
        let record = &self.record;
        let waits = |state, agent: Option<AgentId>| match state {
            State::Queued => true,
            State::Parked => agent.is_none(),
            State::Active | State::Closed => false,
        };
        let waited = !self.is_new && waits(self.was_state, self.was_agent);
        let offered = record.offer.map(|(to, _)| to).filter(|to| self.was_offered != Some(*to));
        let given = record.agent.filter(|agent| record.state == State::Active && self.was_agent != Some(*agent));
        let theirs = record.agent.filter(|_| self.spoke && matches!(record.state, State::Active | State::Parked));
        let one = offered
            .map(|to| (Cause::Offer, to))
            .or(given.map(|to| (Cause::Assigned, to)))
            .or(theirs.map(|to| (Cause::Message, to)));
        match one {
            Some((cause, to)) => Some((cause, Some(to))),
            None if waits(record.state, record.agent) && !waited => Some((Cause::Queue, None)),
            None => None,
        }
    }
}

/// See the module.
pub(super) struct Work<'a> {
    pub(super) db: &'a Step<'a>,
    pub(super) rules: &'a Rules,
    pub(super) now: Millis,
    touched: Vec<Touched>,
    agents: Vec<AgentId>,
    pub(super) reminded: Vec<Reminded>,
    sites: Vec<SiteId>,
    teams: bool,
}

impl<'a> Work<'a> {
    pub(super) fn new(db: &'a Step<'a>, rules: &'a Rules, now: Millis) -> Self {
        Self { db, rules, now, touched: Vec::new(), agents: Vec::new(), reminded: Vec::new(), sites: Vec::new(), teams: false }
    }

    /// A conversation to work on, as it is now.
    pub(super) fn open(&mut self, id: ConversationId) -> Result<usize, DeskError> {
        if let Some(place) = self.touched.iter().position(|touched| touched.record.id == id) {
            return Ok(place);
        }
        let record = self.db.conversation(id).map_err(StoreError::from)?.ok_or(DeskError::NotFound)?;
        Ok(self.touch(record))
    }

    /// A loaded conversation to work on.
    pub(super) fn touch(&mut self, record: Record) -> usize {
        let (was_state, was_agent) = (record.state, record.agent);
        let was_offered = record.offer.map(|(to, _)| to);
        self.touched.push(Touched {
            record,
            was_state,
            was_agent,
            was_offered,
            entries: Vec::new(),
            moved: false,
            is_new: false,
            spoke: false,
        });
        self.touched.len() - 1
    }

    /// A conversation that begins now.
    pub(super) fn begin(&mut self, record: Record) -> Result<usize, DeskError> {
        rows::save(self.db, &record, record.due(self.rules), true)?;
        let place = self.touch(record);
        self.touched[place].moved = true;
        self.touched[place].is_new = true;
        Ok(place)
    }

    pub(super) fn record(&mut self, place: usize) -> &mut Record {
        &mut self.touched[place].record
    }

    /// The agent's slots or presence changed.
    pub(super) fn agent_moved(&mut self, agent: AgentId) {
        if !self.agents.contains(&agent) {
            self.agents.push(agent);
        }
    }

    /// What the desk of a site goes by changed.
    pub(super) fn site_moved(&mut self, site: SiteId) {
        self.sites.push(site);
    }

    /// Teams changed.
    pub(super) fn teams_moved(&mut self) {
        self.teams = true;
    }

    /// Appends an entry; the caller saves the record.
    pub(super) fn append(&mut self, place: usize, id: MessageId, by: Author, body: Body) -> Result<NewEntry, StoreError> {
        let record = &mut self.touched[place].record;
        let visitor_prev = (!body.is_internal()).then_some(record.visitor_head);
        let entry = Entry { seq: record.head + 1, prev: record.head, id, at: self.now, by, body };
        log::append(self.db, record, &entry)?;
        if let Some(text) = entry.body.preview() {
            cut(text, MAX_PREVIEW).clone_into(&mut record.preview);
        }
        self.touched[place].spoke |= entry.by == Author::Visitor && entry.body.is_message();
        Ok(NewEntry { entry, visitor_prev })
    }

    /// Records something that happened.
    pub(super) fn event(&mut self, place: usize, event: Event) -> Result<(), StoreError> {
        let id = MessageId::v7(self.now, clock::random_bytes());
        self.happened(place, id, Author::System, event)
    }

    /// Records something that somebody did, under an id of theirs.
    pub(super) fn happened(&mut self, place: usize, id: MessageId, by: Author, event: Event) -> Result<(), StoreError> {
        let entry = self.append(place, id, by, Body::Event(event))?;
        self.touched[place].entries.push(entry);
        Ok(())
    }

    /// Saves a conversation whose standing changed.
    pub(super) fn save(&mut self, place: usize) -> Result<(), StoreError> {
        let touched = &mut self.touched[place];
        touched.moved = true;
        rows::save(self.db, &touched.record, touched.record.due(self.rules), false)
    }

    /// Saves a conversation that only gained a message.
    pub(super) fn save_message(&mut self, place: usize) -> Result<(), StoreError> {
        let record = &self.touched[place].record;
        Ok(rows::save_message(self.db, record, record.due(self.rules))?)
    }

    /// Gives a conversation to an agent, who has the slot.
    pub(super) fn assign(&mut self, place: usize, agent: AgentId, how: AssignedHow) -> Result<(), DeskError> {
        let person = self.person(agent)?;
        let now = self.now;
        let answer_due = now.saturating_add(self.rules.answer_timeout);
        self.leave_slot(place)?;
        let record = self.record(place);
        record.state = State::Active;
        record.state_at = now;
        record.agent = Some(agent);
        record.assigned_at = record.assigned_at.or(Some(now));
        record.prefer = None;
        record.offer = None;
        // Whoever takes it back deliberately has not given it up.
        record.excluded.retain(|excluded| *excluded != agent);
        record.stretched = how == AssignedHow::Stretched;
        record.answer_due = (how == AssignedHow::Dispatched && record.unanswered).then_some(answer_due);
        self.agent_moved(agent);
        self.event(place, Event::Assigned(Assigned { agent: person, how }))?;
        Ok(self.save(place)?)
    }

    /// Back into the queue, with its original time where it has one. `exclude`: who gave it up.
    pub(super) fn queue(&mut self, place: usize, reason: RequeueReason, exclude: Option<AgentId>) -> Result<(), DeskError> {
        self.leave_slot(place)?;
        self.enter_queue(place, exclude);
        self.event(place, Event::Requeued(reason))?;
        Ok(self.save(place)?)
    }

    /// What every way into the queue does to a record; the caller saves it.
    pub(super) fn enter_queue(&mut self, place: usize, exclude: Option<AgentId>) {
        let now = self.now;
        let record = self.record(place);
        record.state = State::Queued;
        record.state_at = now;
        record.queue_time = record.queue_time.or(Some(now));
        record.last_agent = record.agent.take().or(record.last_agent);
        record.answer_due = None;
        record.offer = None;
        record.prefer = None;
        if let Some(agent) = exclude.filter(|agent| !record.excluded.contains(agent)) {
            record.excluded.push(agent);
        }
    }

    /// Sets a conversation aside. A queued one has no agent and keeps its time; an active one keeps its agent.
    pub(super) fn park(&mut self, place: usize, reason: ParkReason) -> Result<(), DeskError> {
        self.leave_slot(place)?;
        let now = self.now;
        let record = self.record(place);
        record.state = State::Parked;
        record.state_at = now;
        record.answer_due = None;
        record.offer = None;
        record.prefer = None;
        self.event(place, Event::Parked(reason))?;
        Ok(self.save(place)?)
    }

    /// A parked conversation goes on with its agent, who has a slot.
    pub(super) fn resume(&mut self, place: usize) -> Result<(), DeskError> {
        let now = self.now;
        let record = self.record(place);
        record.state = State::Active;
        record.state_at = now;
        if let Some(agent) = record.agent {
            self.agent_moved(agent);
        }
        self.event(place, Event::Resumed)?;
        Ok(self.save(place)?)
    }

    /// Ends a conversation.
    pub(super) fn close(&mut self, place: usize, reason: CloseReason) -> Result<(), DeskError> {
        self.leave_slot(place)?;
        let now = self.now;
        let record = self.record(place);
        record.state = State::Closed;
        record.state_at = now;
        record.agent = record.agent.or(record.last_agent);
        record.answer_due = None;
        record.offer = None;
        record.prefer = None;
        record.unanswered = false;
        record.excluded.clear();
        record.queue_time = None;
        self.event(place, Event::Closed(reason))?;
        Ok(self.save(place)?)
    }

    /// An offer ends without a transfer; the chat stays where it is.
    pub(super) fn withdraw_offer(&mut self, place: usize) -> Result<(), DeskError> {
        if let Some((to, _)) = self.record(place).offer.take() {
            self.agent_moved(to);
            self.save(place)?;
        }
        Ok(())
    }

    /// If it is active: its agent has a slot less in use, and so has whoever it was offered to.
    fn leave_slot(&mut self, place: usize) -> Result<(), StoreError> {
        let record = self.record(place);
        if record.state != State::Active {
            return Ok(());
        }
        record.stretched = false;
        let (agent, offered) = (record.agent, record.offer.map(|(to, _)| to));
        if let Some(agent) = agent {
            people::now_idle(self.db, agent, self.now)?;
            self.agent_moved(agent);
        }
        if let Some(offered) = offered {
            self.agent_moved(offered);
        }
        Ok(())
    }

    /// An agent by name.
    pub(super) fn person(&self, agent: AgentId) -> Result<Person, DeskError> {
        self.db.person(agent)?.ok_or(DeskError::NotFound)
    }

    /// Who of those that want to be notified of the queue may have this one: by team and language, as far as these leave somebody.
    fn may_have(&self, record: &Record) -> Result<Vec<AgentId>, StoreError> {
        let watching = pushes::watching(self.db)?;
        let waiting = Waiting {
            conversation: record.id,
            last_agent: None,
            prefer: None,
            excluded: record.excluded.clone(),
            team: record.team,
            language: record.language.clone(),
            picked: false,
        };
        let eligible = Eligible::of(&waiting, &watching, self.now);
        Ok(watching.iter().filter(|one| eligible.includes(one)).map(|one| one.agent).collect())
    }

    /// How far the visitor and the team are told, and everything else that the commit will have made true.
    pub(super) fn finish(self) -> Result<Outcome, StoreError> {
        for touched in &self.touched {
            if let Some((cause, to)) = touched.news() {
                let record = &touched.record;
                let to = to.map_or_else(|| self.may_have(record), |to| Ok(vec![to]))?;
                pushes::tell(self.db, record.id, cause, &to, record.head, self.now)?;
            }
        }
        let mut outcome = Outcome { reminded: self.reminded, teams: self.teams, ..Outcome::default() };
        for site in self.sites {
            outcome.sites.push((site, people::bump_site(self.db, site)?));
        }
        for touched in self.touched.into_iter().filter(|touched| touched.moved) {
            let record = &touched.record;
            // What was whispered to them goes with the chat.
            let lost = touched.was_agent.filter(|agent| record.agent != Some(*agent));
            if let Some(agent) = lost
                && mentions::is_reminded(self.db, agent, record.id)?
            {
                outcome.reminded.push(Reminded { agent, named_in: None });
            }
            if !outcome.sites.iter().any(|(site, _)| *site == record.site) {
                outcome.sites.push((record.site, people::bump_site(self.db, record.site)?));
            }
            outcome.changes.push(Change {
                conversation: rows::view(self.db, record).map_err(StoreError::from)?,
                visitor_head: record.visitor_head as Seq,
                was_state: touched.was_state,
                was_agent: touched.was_agent,
                was_offered: touched.was_offered,
                entries: touched.entries,
            });
        }
        for agent in self.agents {
            if let Some(agent) = people::agent(self.db, agent)? {
                reports::note_shift(self.db, &agent, self.now)?;
                outcome.agents.push(agent);
            }
        }
        Ok(outcome)
    }
}
