//! What visitors do at the desk of the [`reference`](super::reference): they sign in, write, come and go.

use std::collections::BTreeSet;

use shared::close::ErrorCode;
use shared::model::State;

use super::reference::{Chat, PREFER_FOR, REOPEN_WAIT, REOPEN_WITHIN, Reference, site_of};
use super::verbs::Answer;

/// Which language their browser says: none, or one of two.
pub(super) fn language_of(visitor: usize) -> Option<usize> {
    [None, Some(0), Some(1)][visitor % 3]
}

impl Reference {
    /// The one that is not closed, or the one that was closed last.
    pub(super) fn latest(&self, visitor: usize) -> Option<usize> {
        let theirs = (0..self.chats.len()).filter(|place| self.chats[*place].visitor == visitor);
        self.unclosed(visitor).or_else(|| theirs.max_by_key(|place| (self.chats[*place].since, *place)))
    }

    fn unclosed(&self, visitor: usize) -> Option<usize> {
        self.chats.iter().position(|chat| chat.visitor == visitor && chat.state != State::Closed)
    }

    /// The assigned one of both lives on, one that is being talked in before others; else the older one. What the visitor waits for in the
    /// other one they wait for in this one.
    pub(super) fn signs_in(&mut self, from: usize, into: usize) {
        if !self.visitors[from].given_up {
            self.visitors[from].given_up = true;
            let (theirs, own) = (self.unclosed(from), self.unclosed(into));
            for chat in self.chats.iter_mut().filter(|chat| chat.visitor == from) {
                chat.visitor = into;
            }
            if let (Some(theirs), Some(own)) = (theirs, own) {
                let rank = |place: usize| match &self.chats[place] {
                    chat if chat.state == State::Active => (0, chat.opened, place),
                    chat if chat.agent.is_some() => (1, chat.opened, place),
                    chat => (2, chat.opened, place),
                };
                let (lives_on, ends) = if rank(theirs) < rank(own) { (theirs, own) } else { (own, theirs) };
                let ended = self.chats[ends].clone();
                // Two entries: where it goes on, and the end.
                self.record(ends, true);
                self.close(ends);
                self.chats[lives_on].unanswered |= ended.unanswered;
                let waits = ended.unanswered || ended.state == State::Queued;
                if waits && self.chats[lives_on].state == State::Parked {
                    self.wakes(lives_on);
                }
                let chat = &mut self.chats[lives_on];
                if chat.state == State::Queued && ended.state == State::Queued {
                    chat.queued = chat.queued.min(ended.queued);
                    chat.priority = chat.priority.max(ended.priority);
                }
            }
            self.dispatch();
        }
        self.visitor_comes(into);
    }

    pub(super) fn visitor_says(&mut self, visitor: usize, address: bool) -> Answer {
        if self.visitors[visitor].given_up {
            return Err(ErrorCode::Internal);
        }
        self.visitors[visitor].here |= self.visitors[visitor].is_new;
        let goes_on = |place: &usize| {
            let chat = &self.chats[*place];
            chat.state != State::Closed || self.now <= chat.since + REOPEN_WITHIN
        };
        let before = self.latest(visitor).filter(goes_on);
        let place = before.unwrap_or_else(|| self.begin(visitor));
        self.record(place, true);
        if address {
            self.record(place, false);
        }
        self.chats[place].unanswered = true;
        if before.is_none() && self.chats[place].team.is_some() {
            // For whom it is.
            self.record(place, false);
        }
        match before.map(|place| self.chats[place].state) {
            None if address || !self.answers(visitor) => self.park(place),
            None => {
                self.chats[place].state = State::Queued;
                self.chats[place].queued = Some(self.now);
                self.dispatch();
            }
            Some(State::Active | State::Queued) => {}
            Some(State::Parked) => self.wake(place),
            Some(State::Closed) => {
                self.requeue(place);
                // `requeue` has recorded that it was reopened; unlike other requeueing that is the visitor's to see.
                let until = self.now + REOPEN_WAIT;
                let chat = &mut self.chats[place];
                chat.visitor_head = chat.head;
                chat.prefers = chat.before.map(|agent| (agent, until));
                chat.reopened = true;
                chat.first_given = None;
                chat.visitor_gone = None;
                self.dispatch();
            }
        }
        Ok(())
    }

    pub(super) fn begin(&mut self, visitor: usize) -> usize {
        let language = language_of(visitor);
        let team = self.sites[site_of(visitor)].routes_to.filter(|_| language == Some(0));
        self.chats.push(Chat {
            visitor,
            opened: self.now,
            state: State::Parked,
            since: self.now,
            agent: None,
            before: None,
            first_given: None,
            queued: None,
            priority: i32::from(team.is_some()),
            team,
            language,
            prefers: None,
            excluded: BTreeSet::new(),
            answer_by: None,
            visitor_gone: None,
            answered: None,
            unanswered: true,
            offer: None,
            stretched: false,
            reopened: false,
            head: 0,
            visitor_head: 0,
        });
        self.chats.len() - 1
    }

    /// Whether anybody may answer this visitor soon.
    fn answers(&self, visitor: usize) -> bool {
        !self.sites[site_of(visitor)].shut && (0..self.agents.len()).any(|agent| self.is_online(agent))
    }

    /// The visitor speaks in a parked one.
    fn wake(&mut self, place: usize) {
        self.wakes(place);
        if self.chats[place].state == State::Queued {
            self.dispatch();
        }
    }

    fn wakes(&mut self, place: usize) {
        let theirs = self.chats[place].agent;
        match theirs.filter(|agent| self.is_online(*agent)) {
            Some(agent) if self.has_slot(agent) => self.resume(place),
            Some(agent) => {
                self.requeue(place);
                self.chats[place].prefers = Some((agent, self.now + PREFER_FOR));
            }
            // A message that was left for later stays one while nobody is there.
            None if theirs.is_none() && !self.answers(self.chats[place].visitor) => {}
            None => self.requeue(place),
        }
    }

    pub(super) fn visitor_comes(&mut self, visitor: usize) {
        self.visitors[visitor].here = true;
        let Some(place) = self.unclosed(visitor) else { return };
        let chat = &mut self.chats[place];
        chat.visitor_gone = None;
        // It left the queue when they did.
        if chat.state == State::Parked && chat.agent.is_none() && chat.unanswered && chat.queued.is_some() {
            self.requeue(place);
            self.dispatch();
        }
    }

    pub(super) fn visitor_goes(&mut self, visitor: usize) {
        self.visitors[visitor].here = false;
        if let Some(place) = self.unclosed(visitor) {
            self.chats[place].visitor_gone.get_or_insert(self.now);
        }
    }
}
