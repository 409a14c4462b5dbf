//! Keeping somebody out: the conversation ends, and its visitor does not get in any more. Who is connected still is told to greet anew by
//! the hub, and the greeting refuses them.

use ipnet::IpNet;
use shared::api::Deed;
use shared::ids::{AgentId, BlockId, ConversationId, Millis};
use shared::model::{CloseReason, Role, State};

use super::dispatch::dispatch;
use super::{Desk, DeskError, Outcome};
use crate::clock;
use crate::store::blocks::{self, NewBlock, Whom};
use crate::store::{audit, people};

/// What an agent wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Whose visitor.
    pub conversation: ConversationId,
    /// Everybody from there, too.
    pub networks: Vec<IpNet>,
    /// Until when; `None`: until it is lifted.
    pub until: Option<Millis>,
    /// Why, for the team.
    pub reason: String,
}

impl Desk {
    /// An agent keeps the visitor of a conversation out, whose it is or nobody's; supervisors any, and only they whole networks.
    ///
    /// # Errors
    /// [`DeskError::NotYours`], [`DeskError::Forbidden`].
    pub async fn block(&self, now: Millis, agent: AgentId, keep: Keep) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(keep.conversation)?;
            let supervises = people::role(work.db, agent)? >= Some(Role::Supervisor);
            let record = work.record(place);
            if record.agent.is_some_and(|theirs| theirs != agent) && !supervises {
                return Err(DeskError::NotYours);
            }
            if !keep.networks.is_empty() && !supervises {
                return Err(DeskError::Forbidden);
            }
            let (site, visitor, open) = (record.site, record.visitor, record.state != State::Closed);
            let new = NewBlock { site, agent, reason: keep.reason, at: now, until: keep.until };
            for whom in keep.networks.into_iter().map(Whom::Network).chain([Whom::Visitor(visitor)]) {
                blocks::add(work.db, BlockId::v7(now, clock::random_bytes()), whom, &new)?;
            }
            audit::write_about(work.db, now, agent, Deed::Block, keep.conversation)?;
            if open {
                work.close(place, CloseReason::Agent)?;
            }
            dispatch(work)
        })
        .await
    }
}
