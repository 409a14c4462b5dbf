//! What people do at the desk of the [`reference`](super::reference), and with what it refuses them. What visitors set off is in `visitors.rs`.

use shared::close::ErrorCode;
use shared::model::State;

use super::reference::{Chat, How, OFFER_FOR, Reference, Site, TEAMS};

/// Agents and visitors go by number, chats by the order in which they began.
#[derive(Clone, Debug)]
pub(super) enum Verb {
    Says {
        visitor: usize,
        address: bool,
    },
    Repeats(usize),
    /// Signs in: whoever they were without a name, here or nowhere, becomes a verified one.
    SignsIn {
        from: usize,
        into: usize,
    },
    Comes(usize),
    Goes(usize),
    Ends(usize),
    /// Is on another page.
    Views(usize),
    Arrives(usize),
    Vanishes(usize),
    Online(usize),
    Away(usize),
    /// Touches their console.
    Touches(usize),
    Takes {
        agent: usize,
        chat: usize,
        stretch: bool,
    },
    TakesOver(usize, usize),
    Answers(usize, usize),
    Notes(usize, usize),
    Reads(usize, usize),
    Offers {
        agent: usize,
        chat: usize,
        to: usize,
    },
    HandsBack(usize, usize),
    HandsToTeam {
        agent: usize,
        chat: usize,
        team: usize,
    },
    Accepts(usize, usize),
    Declines(usize, usize),
    Closes(usize, usize),
    Dismisses(usize, usize),
    Capacity(usize, u32),
    Disabled(usize, bool),
    Supervisor(usize, bool),
    Prioritizes {
        agent: usize,
        chat: usize,
        priority: i32,
    },
    /// Into a team, or out of it.
    Joins(usize, usize, bool),
    /// The languages that they take chats in.
    Speaks(usize, Option<usize>),
    /// Changes how the desk of a site works.
    Desk(usize, Site),
    Sweep,
}

pub(super) type Answer = Result<(), ErrorCode>;

impl Reference {
    /// It happens now, or is refused and changes nothing.
    pub(super) fn happens(&mut self, verb: &Verb) -> Answer {
        match *verb {
            Verb::Says { visitor, address } => self.visitor_says(visitor, address)?,
            Verb::SignsIn { from, into } => self.signs_in(from, into),
            Verb::Repeats(_) | Verb::Views(_) | Verb::Reads(..) => {}
            Verb::Comes(visitor) => self.visitor_comes(visitor),
            Verb::Goes(visitor) => self.visitor_goes(visitor),
            Verb::Ends(visitor) => {
                let place = self.latest(visitor).ok_or(ErrorCode::NotFound)?;
                self.ends(place);
            }
            Verb::Arrives(agent) => {
                self.agents[agent].gone = None;
                self.agents[agent].active = self.now;
                self.dispatch();
            }
            Verb::Vanishes(agent) => {
                let now = self.now;
                self.agents[agent].gone.get_or_insert(now);
                self.withdraw_offers_to(agent);
                self.dispatch();
            }
            Verb::Touches(agent) => self.agents[agent].active = self.now,
            Verb::Online(agent) => {
                self.agents[agent].active = self.now;
                // Available anew: what they gave up before may come to them again.
                if std::mem::replace(&mut self.agents[agent].away, false) {
                    self.chats.iter_mut().for_each(|chat| _ = chat.excluded.remove(&agent));
                }
                self.dispatch();
            }
            Verb::Away(agent) => {
                self.agents[agent].away = true;
                self.agents[agent].active = self.now;
                // Whoever waits for them in particular does so no longer.
                self.dispatch();
            }
            Verb::Takes { agent, chat, stretch } => self.takes(agent, chat, stretch)?,
            Verb::TakesOver(agent, chat) => self.takes_over(agent, chat)?,
            Verb::Answers(agent, chat) => self.agent_says(agent, chat)?,
            Verb::Notes(_, chat) => {
                self.at(chat)?;
                self.record(chat, false);
            }
            Verb::Offers { agent, chat, to } => self.offers(agent, chat, to)?,
            Verb::HandsBack(agent, chat) => {
                self.own_active(agent, chat)?;
                self.give_up(chat);
                self.dispatch();
            }
            Verb::HandsToTeam { agent, chat, team } => {
                self.own_active(agent, chat)?;
                if team >= TEAMS {
                    return Err(ErrorCode::NotFound);
                }
                self.chats[chat].team = Some(team);
                self.record(chat, false);
                self.give_up(chat);
                self.dispatch();
            }
            Verb::Accepts(agent, chat) => self.accepts(agent, chat)?,
            Verb::Declines(agent, chat) => {
                self.offered(agent, chat)?;
                self.chats[chat].offer = None;
                self.dispatch();
            }
            Verb::Closes(agent, chat) => self.agent_closes(agent, chat)?,
            Verb::Dismisses(agent, chat) => self.dismisses(agent, chat)?,
            Verb::Capacity(agent, capacity) => {
                self.agents[agent].capacity = capacity;
                self.dispatch();
            }
            Verb::Disabled(agent, disabled) => {
                self.agents[agent].disabled = disabled;
                if disabled {
                    self.release(agent);
                }
                self.dispatch();
            }
            Verb::Supervisor(agent, supervisor) => {
                self.agents[agent].supervisor = supervisor;
                self.dispatch();
            }
            Verb::Prioritizes { chat, priority, .. } => match self.at(chat)? {
                chat if chat.state != State::Queued => return Err(ErrorCode::WrongState),
                known if known.priority == priority => {}
                _ => {
                    self.chats[chat].priority = priority;
                    self.record(chat, false);
                }
            },
            Verb::Joins(agent, team, joins) => {
                let teams = &mut self.agents[agent].teams;
                let _ = if joins { teams.insert(team) } else { teams.remove(&team) };
                self.dispatch();
            }
            Verb::Speaks(agent, language) => {
                self.agents[agent].languages = language.into_iter().collect();
                self.dispatch();
            }
            Verb::Desk(site, desk) => {
                // What is as it was needs no look.
                if std::mem::replace(&mut self.sites[site], desk) != desk {
                    self.dispatch();
                }
            }
            Verb::Sweep => self.sweep(),
        }
        Ok(())
    }

    fn at(&self, place: usize) -> Result<&Chat, ErrorCode> {
        self.chats.get(place).ok_or(ErrorCode::NotFound)
    }

    fn own_active(&self, agent: usize, place: usize) -> Answer {
        match self.at(place)? {
            chat if chat.state != State::Active => Err(ErrorCode::WrongState),
            chat if chat.agent != Some(agent) => Err(ErrorCode::NotYours),
            _ => Ok(()),
        }
    }

    fn offered(&self, agent: usize, place: usize) -> Answer {
        let mine = |(to, until)| to == agent && until > self.now;
        if self.at(place)?.offer.is_some_and(mine) { Ok(()) } else { Err(ErrorCode::OfferGone) }
    }

    fn slot(&self, agent: usize) -> Answer {
        match () {
            () if !self.is_online(agent) => Err(ErrorCode::AgentUnavailable),
            () if !self.has_slot(agent) => Err(ErrorCode::NoFreeSlot),
            () => Ok(()),
        }
    }

    fn takes(&mut self, agent: usize, place: usize, stretch: bool) -> Answer {
        let chat = self.at(place)?;
        let theirs = chat.agent == Some(agent);
        match chat.state {
            State::Active if theirs => return Ok(()),
            State::Active => return Err(ErrorCode::NotYours),
            State::Closed => return Err(ErrorCode::WrongState),
            State::Parked if chat.agent.is_some() && !theirs && !self.agents[agent].supervisor => {
                return Err(ErrorCode::NotYours);
            }
            State::Parked | State::Queued => {}
        }
        let how = match self.slot(agent) {
            Ok(()) => How::Deliberately,
            // One beyond the capacity, and only exactly one.
            Err(ErrorCode::NoFreeSlot) if stretch && self.may_stretch && self.used(agent) == self.agents[agent].capacity => {
                How::Stretching
            }
            Err(refused) => return Err(refused),
        };
        self.give(place, agent, how);
        Ok(())
    }

    fn takes_over(&mut self, agent: usize, place: usize) -> Answer {
        if !self.agents[agent].supervisor {
            return Err(ErrorCode::Forbidden);
        }
        match self.at(place)? {
            chat if chat.state != State::Active => return Err(ErrorCode::WrongState),
            chat if chat.agent == Some(agent) => return Ok(()),
            _ => {}
        }
        let offer = self.chats[place].offer;
        self.chats[place].offer = offer.filter(|(to, _)| *to != agent);
        if let Err(refused) = self.slot(agent) {
            self.chats[place].offer = offer;
            return Err(refused);
        }
        self.give(place, agent, How::Deliberately);
        self.dispatch();
        Ok(())
    }

    fn agent_says(&mut self, agent: usize, place: usize) -> Answer {
        let chat = self.at(place)?;
        let theirs = chat.agent == Some(agent);
        match chat.state {
            State::Queued | State::Closed => return Err(ErrorCode::WrongState),
            State::Active if !theirs => return Err(ErrorCode::NotYours),
            State::Parked if chat.agent.is_some() && !theirs && !self.agents[agent].supervisor => {
                return Err(ErrorCode::NotYours);
            }
            State::Active | State::Parked => {}
        }
        let now = self.now;
        let chat = &mut self.chats[place];
        chat.answered = Some(now);
        chat.unanswered = false;
        chat.reopened = false;
        chat.answer_by = None;
        chat.excluded.clear();
        self.record(place, true);
        Ok(())
    }

    fn offers(&mut self, agent: usize, place: usize, to: usize) -> Answer {
        self.own_active(agent, place)?;
        if to == agent {
            return Err(ErrorCode::WrongState);
        }
        // Offered again to the same one, it holds the slot that it has.
        if self.chats[place].offer.is_none_or(|(before, _)| before != to) {
            self.slot(to)?;
        }
        self.chats[place].offer = Some((to, self.now + OFFER_FOR));
        self.dispatch();
        Ok(())
    }

    fn accepts(&mut self, agent: usize, place: usize) -> Answer {
        self.offered(agent, place)?;
        let beyond = self.chats.iter().any(|chat| chat.stretched && chat.agent == Some(agent));
        if self.used(agent) > self.agents[agent].capacity + u32::from(beyond) {
            return Err(ErrorCode::NoFreeSlot);
        }
        self.give(place, agent, How::Deliberately);
        self.dispatch();
        Ok(())
    }

    fn agent_closes(&mut self, agent: usize, place: usize) -> Answer {
        let chat = self.at(place)?;
        let others = chat.agent.is_some_and(|theirs| theirs != agent);
        if chat.state != State::Closed && others && !self.agents[agent].supervisor {
            return Err(ErrorCode::NotYours);
        }
        self.ends(place);
        Ok(())
    }

    fn dismisses(&mut self, agent: usize, place: usize) -> Answer {
        let chat = self.at(place)?;
        let last = match chat.state {
            State::Active => chat.agent,
            State::Queued => chat.before,
            State::Parked => None,
            State::Closed => return Ok(()),
        };
        if !chat.reopened || last != Some(agent) {
            return Err(ErrorCode::WrongState);
        }
        self.ends(place);
        Ok(())
    }

    fn ends(&mut self, place: usize) {
        if self.chats[place].state != State::Closed {
            self.close(place);
            self.dispatch();
        }
    }
}
