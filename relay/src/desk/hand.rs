//! Conversations change hands: taken, taken over, offered, accepted, declined, given back, ended, dismissed.

use shared::api::Deed;
use shared::ids::{AgentId, ConversationId, Millis, VisitorId};
use shared::model::{AssignedHow, CloseReason, RequeueReason, Role, State};

use super::dispatch::dispatch;
use super::work::Work;
use super::{Desk, DeskError, Outcome};
use crate::api::roles::Act;
use crate::store::{audit, log, people};

impl Desk {
    /// An agent takes a queued conversation, or a parked one that is theirs or nobody's. With `stretch` one beyond their capacity, if the
    /// rules allow it.
    ///
    /// # Errors
    /// [`DeskError::NoFreeSlot`], [`DeskError::AgentUnavailable`], [`DeskError::NotYours`] or [`DeskError::WrongState`].
    pub async fn take(&self, now: Millis, agent: AgentId, id: ConversationId, stretch: bool) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(id)?;
            let record = work.record(place);
            match record.state {
                State::Active if record.agent == Some(agent) => return Ok(()),
                State::Active => return Err(DeskError::NotYours),
                State::Closed => {
                    return Err(DeskError::WrongState("the conversation has ended; it opens again when the visitor writes"));
                }
                State::Parked if record.agent.is_some_and(|theirs| theirs != agent) => {
                    if people::role(work.db, agent)? < Some(Role::Supervisor) {
                        return Err(DeskError::NotYours);
                    }
                }
                State::Queued | State::Parked => {}
            }
            let how = slot_for(work, agent, stretch)?;
            if how == AssignedHow::Stretched {
                audit::write_about(work.db, work.now, agent, Deed::Stretch, id)?;
            }
            work.assign(place, agent, how)
        })
        .await
    }

    /// An agent offers their chat to another one (`Some`), or gives it back to the front of the queue and is then excluded (`None`).
    ///
    /// # Errors
    /// [`DeskError::NotYours`]; [`DeskError::AgentUnavailable`] or [`DeskError::NoFreeSlot`] about the other agent.
    pub async fn transfer(
        &self,
        now: Millis,
        agent: AgentId,
        id: ConversationId,
        to: Option<AgentId>,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = own_active(work, agent, id)?;
            match to {
                None => {
                    work.queue(place, RequeueReason::HandedOver, Some(agent))?;
                    dispatch(work)
                }
                Some(to) if to == agent => Err(DeskError::WrongState("you have this conversation already")),
                Some(to) => {
                    if let Some((before, _)) = work.record(place).offer
                        && before != to
                    {
                        work.agent_moved(before);
                    }
                    if work.record(place).offer.is_none_or(|(before, _)| before != to) {
                        slot_for(work, to, false)?;
                    }
                    let until = now.saturating_add(work.rules.offer_for);
                    work.record(place).offer = Some((to, until));
                    work.agent_moved(to);
                    work.save(place)?;
                    dispatch(work)
                }
            }
        })
        .await
    }

    /// The other agent accepts: the chat changes hands.
    ///
    /// # Errors
    /// [`DeskError::OfferGone`].
    pub async fn accept(&self, now: Millis, agent: AgentId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = offered(work, agent, id)?;
            // Their slot has been reserved since the offer; a capacity that was lowered since then takes it away again.
            let stretched = u32::from(people::is_stretched(work.db, agent)?);
            if people::slots_used(work.db, agent)? > people::capacity(work.db, agent)?.saturating_add(stretched) {
                return Err(DeskError::NoFreeSlot);
            }
            work.assign(place, agent, AssignedHow::Transferred)?;
            dispatch(work)
        })
        .await
    }

    /// The other agent declines: nothing changes but the reservation.
    ///
    /// # Errors
    /// [`DeskError::OfferGone`].
    pub async fn decline(&self, now: Millis, agent: AgentId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = offered(work, agent, id)?;
            work.withdraw_offer(place)?;
            dispatch(work)
        })
        .await
    }

    /// A supervisor takes an active chat from the agent who has it, into a free slot of their own. On record.
    ///
    /// # Errors
    /// [`DeskError::Forbidden`], [`DeskError::NoFreeSlot`], [`DeskError::AgentUnavailable`] or [`DeskError::WrongState`].
    pub async fn take_over(&self, now: Millis, agent: AgentId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            if people::role(work.db, agent)? < Some(Act::TakeOver.least_role()) {
                return Err(DeskError::Forbidden);
            }
            let place = work.open(id)?;
            let record = work.record(place);
            match record.state {
                State::Active if record.agent == Some(agent) => return Ok(()),
                State::Active => {}
                State::Queued | State::Parked => return Err(DeskError::WrongState("nobody is in this chat now: take it")),
                State::Closed => return Err(DeskError::WrongState("the conversation has ended")),
            }
            // A slot that is reserved for this very chat is the one that it goes into.
            if record.offer.is_some_and(|(to, _)| to == agent) {
                work.withdraw_offer(place)?;
            }
            slot_for(work, agent, false)?;
            audit::write_about(work.db, now, agent, Deed::TakeOver, id)?;
            work.assign(place, agent, AssignedHow::TakenOver)?;
            dispatch(work)
        })
        .await
    }

    /// An agent ends a conversation that is theirs or nobody's; supervisors end any.
    ///
    /// # Errors
    /// [`DeskError::NotYours`].
    pub async fn close_by_agent(&self, now: Millis, agent: AgentId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(id)?;
            let record = work.record(place);
            if record.state == State::Closed {
                return Ok(());
            }
            if record.agent.is_some_and(|theirs| theirs != agent) && people::role(work.db, agent)? < Some(Role::Supervisor) {
                return Err(DeskError::NotYours);
            }
            work.close(place, CloseReason::Agent)?;
            dispatch(work)
        })
        .await
    }

    /// The visitor ends it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for somebody else's.
    pub async fn close_by_visitor(&self, now: Millis, visitor: VisitorId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(id)?;
            let record = work.record(place);
            if record.visitor != visitor {
                return Err(DeskError::NotFound);
            }
            if record.state == State::Closed {
                return Ok(());
            }
            work.close(place, CloseReason::Visitor)?;
            dispatch(work)
        })
        .await
    }

    /// Whoever has a reopened conversation, or had it last, says that it needs no answer.
    ///
    /// # Errors
    /// [`DeskError::WrongState`] once it was answered, or is somebody else's.
    pub async fn dismiss(&self, now: Millis, agent: AgentId, id: ConversationId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(id)?;
            let record = work.record(place).clone();
            if record.state == State::Closed {
                return Ok(());
            }
            let last = match record.state {
                State::Active => record.agent,
                State::Queued => record.last_agent,
                State::Parked | State::Closed => None,
            };
            if last != Some(agent) || !log::reopened_unanswered(work.db, &record)? {
                return Err(DeskError::WrongState("only the last agent of a reopened conversation can dismiss it"));
            }
            work.close(place, CloseReason::Dismissed)?;
            dispatch(work)
        })
        .await
    }

    /// Runs one unit of work in one transaction.
    pub(super) async fn work(
        &self,
        now: Millis,
        run: impl FnOnce(&mut Work<'_>) -> Result<(), DeskError> + Send + 'static,
    ) -> Result<Outcome, DeskError> {
        let rules = self.rules.clone();
        self.store
            .write(move |step| {
                step.protect()?;
                let mut work = Work::new(step, &rules, now);
                run(&mut work)?;
                Ok(work.finish()?)
            })
            .await
    }
}

/// Whether the agent may have one more chat, and as what it counts.
fn slot_for(work: &Work<'_>, agent: AgentId, stretch: bool) -> Result<AssignedHow, DeskError> {
    let available = people::available(work.db)?;
    let Some(found) = available.iter().find(|candidate| candidate.agent == agent) else {
        return Err(DeskError::AgentUnavailable);
    };
    if found.free > 0 {
        return Ok(AssignedHow::Taken);
    }
    // One beyond, never two: somebody who stretches already uses more slots than they have.
    if stretch && work.rules.stretch && people::slots_used(work.db, agent)? == people::capacity(work.db, agent)? {
        return Ok(AssignedHow::Stretched);
    }
    Err(DeskError::NoFreeSlot)
}

pub(super) fn own_active(work: &mut Work<'_>, agent: AgentId, id: ConversationId) -> Result<usize, DeskError> {
    let place = work.open(id)?;
    let record = work.record(place);
    match record.state {
        State::Active if record.agent == Some(agent) => Ok(place),
        State::Active => Err(DeskError::NotYours),
        State::Queued | State::Parked | State::Closed => Err(DeskError::WrongState("only an active chat can be handed over")),
    }
}

fn offered(work: &mut Work<'_>, agent: AgentId, id: ConversationId) -> Result<usize, DeskError> {
    let now = work.now;
    let place = work.open(id)?;
    match work.record(place).offer {
        Some((to, until)) if to == agent && until > now => Ok(place),
        _ => Err(DeskError::OfferGone),
    }
}
