//! Nodes: their beginnings, their leases, and what becomes of the people of one that is gone.

use std::collections::HashSet;

use shared::ids::{AgentId, Millis, NodeId, VisitorId};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::dispatch::dispatch;
use super::presence::{agent_goes, goes};
use super::{Desk, DeskError, Outcome};
use crate::clock;
use crate::store::{StoreError, absence, nodes, people, reports};

/// Most sessions that one transaction ends.
const MOST_ORPHANS: usize = 200;

impl Desk {
    /// A node begins its life. Where no other one serves, whoever is still marked as connected by an earlier one counts as gone from now on.
    ///
    /// # Errors
    /// The store's.
    pub async fn node_start(&self, now: Millis) -> Result<NodeId, StoreError> {
        let node = NodeId::v7(now, clock::random_bytes());
        let rules = self.rules.clone();
        let shared = self.store.is_shared();
        self.store
            .write(move |db| {
                db.protect()?;
                if shared && nodes::anybody_serves(db, now)? {
                    nodes::forget_old_nodes(db, now)?;
                    nodes::add_node(db, node, now)?;
                    return Ok(node);
                }
                // Every other node in it is a past life of this one.
                reports::end_shifts(db, now)?;
                nodes::add_node(db, node, now)?;
                nodes::forget_other_nodes(db, node, now)?;
                absence::all_gone(db, now, &rules)?;
                Ok(node)
            })
            .await
    }

    /// This node was away itself: its store could not write, or it did not run. Nobody is judged by what they could not do meanwhile:
    /// presence becomes what `here` says is true now (asked inside the transaction, so that later comings and goings are written
    /// after it), and every absence is counted from `now`. Returns how many outages of the store that settles, for [`Desk::sweep`].
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_anew(
        &self,
        now: Millis,
        node: NodeId,
        here: impl FnOnce() -> HashSet<Uuid> + Send + 'static,
    ) -> Result<(Outcome, u64), DeskError> {
        let outages = self.store.outages().clone();
        let (tell, told) = oneshot::channel();
        let outcome = self
            .work(now, move |work| {
                // Its receiver waits for this very transaction.
                let _ = tell.send(outages.count());
                for subject in absence::correct(work.db, node, &here())? {
                    work.agent_moved(AgentId(subject));
                }
                absence::count_from(work.db, now)?;
                for mut record in absence::held(work.db)? {
                    let gone = (!people::connected(work.db, record.visitor.0)?).then_some(now);
                    absence::begin_anew(&mut record, now, gone, work.rules);
                    let place = work.touch(record);
                    work.save(place)?;
                }
                dispatch(work)
            })
            .await?;
        let settled = told.await.map_err(|_| DeskError::Internal)?;
        Ok((outcome, settled))
    }

    /// Renews this node's lease.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn heartbeat(&self, now: Millis, node: NodeId) -> Result<nodes::Lease, StoreError> {
        let lease = self.store.write(move |db| nodes::heartbeat(db, node, now)).await?;
        self.store.set_on_duty(lease.eldest);
        Ok(lease)
    }

    /// Whether somebody is still marked as connected by a node that holds no lease any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn has_orphans(&self, now: Millis, node: NodeId) -> Result<bool, StoreError> {
        self.store.read(move |db| Ok(!nodes::orphans(db, node, now, 1)?.is_empty())).await
    }

    /// Ends sessions of nodes that hold no lease any more: their people are gone from now on, unless they have a connection elsewhere. A part
    /// of them, so that no transaction grows without bound. A node that lost its own lease judges nobody.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_orphans(&self, now: Millis, node: NodeId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            for (dead, subject) in nodes::orphans(work.db, node, now, MOST_ORPHANS)? {
                match people::person(work.db, AgentId(subject))? {
                    Some(agent) => agent_goes(work, dead, agent.id)?,
                    None => goes(work, dead, VisitorId(subject))?,
                }
            }
            dispatch(work)
        })
        .await
    }
}
