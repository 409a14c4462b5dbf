//! Comings and goings of visitors and agents, and what agents and administrators change about agents.

use shared::api::{AgentPatch, Deed};
use shared::ids::{AgentId, ConversationId, Millis, NodeId, Seq, VisitorId};
use shared::model::{Away, AwayReason, CloseReason, Page, ParkReason, Presence, RequeueReason, State};

use super::dispatch::dispatch;
use super::work::Work;
use super::{Desk, DeskError, Outcome, Route};
use crate::store::{Record, StoreError, audit, erasure, mentions, people, profiles, rows, tokens};

impl Desk {
    /// A visitor's first connection on this node. Their conversation's absence ends, and one that left the queue for it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn visitor_arrived(&self, now: Millis, node: NodeId, visitor: VisitorId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| arrives(work, node, visitor)).await
    }

    /// A visitor's last connection on this node is gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn visitor_left(&self, now: Millis, node: NodeId, visitor: VisitorId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| goes(work, node, visitor)).await
    }

    /// An agent's first connection on this node.
    ///
    /// # Errors
    /// The store's.
    pub async fn agent_arrived(&self, now: Millis, node: NodeId, agent: AgentId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            people::arrive(work.db, node, agent.0)?;
            people::agent_gone(work.db, agent, None)?;
            people::is_active(work.db, agent, now)?;
            work.agent_moved(agent);
            dispatch(work)
        })
        .await
    }

    /// An agent's last connection on this node is gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn agent_left(&self, now: Millis, node: NodeId, agent: AgentId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            agent_goes(work, node, agent)?;
            // Somebody may have waited for them in particular.
            dispatch(work)
        })
        .await
    }

    /// An agent is available, or not, and says why. Who becomes available anew may be given again what they gave up before.
    ///
    /// # Errors
    /// [`DeskError::WrongState`] for `offline`, which nobody chooses.
    pub async fn set_presence(
        &self,
        now: Millis,
        agent: AgentId,
        presence: Presence,
        why: Option<Away>,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            people::is_active(work.db, agent, now)?;
            match presence {
                Presence::Offline => {
                    return Err(DeskError::WrongState("offline follows from having no connection; choose online or away"));
                }
                Presence::Away => people::go_away(work.db, agent, why.as_ref())?,
                Presence::Online => {
                    if people::come_back(work.db, agent)? {
                        for id in people::given_up_by(work.db, agent)? {
                            let place = work.open(id)?;
                            work.record(place).excluded.retain(|excluded| *excluded != agent);
                            work.save(place)?;
                        }
                    }
                }
            }
            work.agent_moved(agent);
            dispatch(work)
        })
        .await
    }

    /// An agent uses their console.
    ///
    /// # Errors
    /// The store's.
    pub async fn agent_active(&self, now: Millis, agent: AgentId) -> Result<(), DeskError> {
        Ok(self.store.write(move |db| people::is_active(db, agent, now)).await?)
    }

    /// An administrator changes an agent's capacity, role, or whether they may sign in at all. A lower capacity takes no chat away; a
    /// disabled agent's chats are queued again at once.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn set_agent(&self, now: Millis, by: AgentId, agent: AgentId, patch: AgentPatch) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let person = work.person(agent)?;
            people::patch(work.db, agent, &patch)?;
            audit::write(work.db, now, &Record::of(by, Deed::PersonChanged, person.name).with(in_words(&patch)))?;
            work.agent_moved(agent);
            if patch.disabled == Some(true) {
                people::sign_out(work.db, agent)?;
                release(work, agent, RequeueReason::AgentDisabled)?;
            }
            dispatch(work)
        })
        .await
    }

    /// A visitor is erased: what they have open is closed, and from now on they are nobody. Their entries go afterwards, step by step.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn erase_visitor(&self, now: Millis, by: Option<AgentId>, visitor: VisitorId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            if !erasure::is_known(work.db, visitor)? {
                return Err(DeskError::NotFound);
            }
            if let Some(record) = rows::load_unclosed(work.db, visitor).map_err(StoreError::from)? {
                let place = work.open(record.id)?;
                let record = work.record(place);
                record.preview.clear();
                record.page = None;
                work.close(place, CloseReason::Agent)?;
            }
            erasure::forget(work.db, visitor)?;
            let record = Record { by, deed: Deed::Erased, about: visitor.to_string(), detail: String::new() };
            audit::write(work.db, now, &record)?;
            dispatch(work)
        })
        .await
    }

    /// How long after its end a conversation may go on.
    pub fn reopen_within(&self) -> Millis {
        self.rules.reopen_within
    }

    /// A token is revoked: whoever works with it is out at once, and their chats wait again.
    ///
    /// # Errors
    /// [`DeskError::NotFound`], also of somebody who works without one.
    pub async fn revoke_token(&self, now: Millis, by: AgentId, agent: AgentId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let person = work.person(agent)?;
            if !tokens::revoke(work.db, agent)? {
                return Err(DeskError::NotFound);
            }
            people::patch(work.db, agent, &AgentPatch { disabled: Some(true), ..AgentPatch::default() })?;
            audit::write(work.db, now, &Record::of(by, Deed::TokenRevoked, person.name))?;
            work.agent_moved(agent);
            release(work, agent, RequeueReason::AgentDisabled)?;
            dispatch(work)
        })
        .await
    }

    /// An agent has another display name.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn rename_agent(&self, now: Millis, agent: AgentId, name: String) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let before = work.person(agent)?.name;
            people::rename(work.db, agent, &name)?;
            audit::write(work.db, now, &Record::of(agent, Deed::NameChanged, before).with(name))?;
            work.agent_moved(agent);
            Ok(())
        })
        .await
    }

    /// The visitor has read up to `seq`. If that was news: whose conversation it is, and where the mark stands now.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_by_visitor(&self, id: ConversationId, seq: Seq) -> Result<Option<(Route, Seq)>, DeskError> {
        self.store.write(move |db| Ok(rows::read_mark(db, id, None, seq)?)).await
    }

    /// An agent has read up to `seq`. If they are the assigned one and that was news: whose conversation it is, and where the mark stands
    /// now. And whether they were reminded of something in it.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_by_agent(
        &self,
        agent: AgentId,
        id: ConversationId,
        seq: Seq,
    ) -> Result<(Option<(Route, Seq)>, bool), DeskError> {
        self.store.write(move |db| Ok((rows::read_mark(db, id, Some(agent), seq)?, mentions::see(db, agent, id, seq)?))).await
    }

    /// The visitor is on another page, or comes with another device.
    ///
    /// # Errors
    /// The store's.
    pub async fn page(&self, now: Millis, visitor: VisitorId, page: Page, device: Option<String>) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let mut news = match device {
                Some(device) => profiles::saw_device(work.db, visitor, &device)?,
                None => false,
            };
            if profiles::keeps_pages(work.db, visitor)? {
                news |= profiles::visits(work.db, visitor, now, &page)?;
            }
            let Some(record) = rows::load_unclosed(work.db, visitor).map_err(StoreError::from)? else { return Ok(()) };
            if !news && record.page.as_ref() == Some(&page) {
                return Ok(());
            }
            let place = work.touch(record);
            work.record(place).page = Some(page);
            Ok(work.save(place)?)
        })
        .await
    }
}

/// The visitor is not connected to this node any more.
pub(super) fn goes(work: &mut Work<'_>, node: NodeId, visitor: VisitorId) -> Result<(), DeskError> {
    people::leave(work.db, node, visitor.0)?;
    if people::connected(work.db, visitor.0)? {
        return Ok(());
    }
    let Some(record) = rows::load_unclosed(work.db, visitor).map_err(StoreError::from)? else { return Ok(()) };
    let place = work.open(record.id)?;
    // Several connections may end at once, and each is told of: the absence began with the first word of it.
    let now = work.now;
    work.record(place).visitor_gone_at.get_or_insert(now);
    Ok(work.save(place)?)
}

/// The agent is not connected to this node any more.
pub(super) fn agent_goes(work: &mut Work<'_>, node: NodeId, agent: AgentId) -> Result<(), DeskError> {
    people::leave(work.db, node, agent.0)?;
    if people::connected(work.db, agent.0)? {
        return Ok(());
    }
    people::agent_gone(work.db, agent, Some(work.now))?;
    work.agent_moved(agent);
    // Gone ends a transfer like a refusal does: no slot stays reserved for somebody who is not there.
    for id in people::offered_to(work.db, agent)? {
        let place = work.open(id)?;
        work.withdraw_offer(place)?;
    }
    Ok(())
}

/// The visitor is connected to this node.
pub(super) fn arrives(work: &mut Work<'_>, node: NodeId, visitor: VisitorId) -> Result<(), DeskError> {
    people::arrive(work.db, node, visitor.0)?;
    let Some(record) = rows::load_unclosed(work.db, visitor).map_err(StoreError::from)? else { return Ok(()) };
    let place = work.open(record.id)?;
    let record = work.record(place);
    let was_gone = record.visitor_gone_at.take().is_some();
    // It kept its time when it left the queue, which tells it from one that was never queued.
    if record.state == State::Parked && record.agent.is_none() && record.unanswered && record.queue_time.is_some() {
        work.queue(place, RequeueReason::VisitorReturned, None)?;
        return dispatch(work);
    }
    if was_gone { Ok(work.save(place)?) } else { Ok(()) }
}

/// Takes everything from an agent: their chats go back to the front of the queue, offers to them end.
pub(super) fn release(work: &mut Work<'_>, agent: AgentId, reason: RequeueReason) -> Result<(), DeskError> {
    for id in people::active_of(work.db, agent)? {
        let place = work.open(id)?;
        work.queue(place, reason, None)?;
    }
    for id in people::offered_to(work.db, agent)? {
        let place = work.open(id)?;
        work.withdraw_offer(place)?;
    }
    Ok(())
}

/// An agent has not used their console for long: they are away, and what they have is not held in silence. What waits for an answer goes
/// back to the front of the queue; what they have answered is set aside for them, so that the visitor's next word finds somebody.
pub(super) fn falls_inactive(work: &mut Work<'_>, agent: AgentId) -> Result<(), DeskError> {
    let why = Away { reason: AwayReason::Inactive, note: String::new() };
    people::go_away(work.db, agent, Some(&why))?;
    work.agent_moved(agent);
    for id in people::active_of(work.db, agent)? {
        let place = work.open(id)?;
        match work.record(place).unanswered {
            true => work.queue(place, RequeueReason::AgentInactive, None)?,
            false => work.park(place, ParkReason::AgentInactive)?,
        }
    }
    for id in people::offered_to(work.db, agent)? {
        let place = work.open(id)?;
        work.withdraw_offer(place)?;
    }
    Ok(())
}

/// What a patch changes, for the record.
fn in_words(patch: &AgentPatch) -> String {
    let role = patch.role.map(|role| format!("role {}", people::role_name(role)));
    let capacity = patch.capacity.map(|capacity| format!("capacity {capacity}"));
    let disabled = patch.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }.to_owned());
    let languages = patch.languages.as_ref().map(|languages| match languages.as_slice() {
        [] => "all languages".to_owned(),
        some => format!("languages {}", some.join(" ")),
    });
    [role, capacity, disabled, languages].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
