//! Hands out the queue: loads it with the free agents, plans, and writes the assignments, all in the caller's transaction. Every
//! verb that frees capacity or adds work ends with it.

use shared::model::AssignedHow;

use super::DeskError;
use super::plan::{Waiting, plan};
use super::work::Work;
use crate::store::people;

/// How much of the queue is looked at before more of it is loaded. Only conversations that nobody free may have are passed over,
/// so one page is nearly always enough; behind a team that is busy each page is twice the one before.
const PAGE: usize = 64;

/// Assigns what can be assigned now.
pub(super) fn dispatch(work: &mut Work<'_>) -> Result<(), DeskError> {
    let mut agents = people::available(work.db)?;
    let (mut passed, mut page) = (0, PAGE);
    while agents.iter().any(|agent| agent.free > 0) {
        let queue: Vec<Waiting> = people::queue(work.db, passed, page)?;
        let looked_at = queue.len();
        let assignments = plan(&queue, &agents, work.now);
        passed += looked_at - assignments.len();
        for assignment in &assignments {
            if let Some(agent) = agents.iter_mut().find(|agent| agent.agent == assignment.agent) {
                agent.free -= 1;
            }
            let place = work.open(assignment.conversation)?;
            work.assign(place, assignment.agent, AssignedHow::Dispatched)?;
        }
        if looked_at < page {
            break;
        }
        page = page.saturating_mul(2);
    }
    Ok(())
}
