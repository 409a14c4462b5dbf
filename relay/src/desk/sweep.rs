//! Timeouts. Each is looked up by its due time in the store, so none lives in memory only and whichever relay is awake carries it out.

use shared::ids::Millis;
use shared::model::{Away, AwayReason, CloseReason, ParkReason, RequeueReason, State};

use super::dispatch::dispatch;
use super::presence::{falls_inactive, release};
use super::work::Work;
use super::{Desk, DeskError, Outcome};
use crate::store::{StoreError, people, rows};

/// Most conversations that one sweep moves, so that no transaction grows without bound; the next sweep follows at once.
const MOST: usize = 200;

impl Desk {
    /// When the next timeout is due.
    ///
    /// # Errors
    /// The store's.
    pub async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        let (agent_gone, away_after) = (self.rules.agent_gone, self.rules.away_after);
        self.store
            .read(move |db| {
                let agents = people::first_gone(db)?.map(|at| at.saturating_add(agent_gone));
                let inactive = if away_after > 0 { people::first_inactive(db)? } else { None };
                let inactive = inactive.map(|at| at.saturating_add(away_after));
                Ok([agents, inactive, rows::first_due(db)?].into_iter().flatten().min())
            })
            .await
    }

    /// Carries out what is due. `settled`: outages of the store after which [`Desk::begin_anew`] has counted absences anew. After
    /// another one nothing is carried out: it is unjust by now.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self, now: Millis, settled: u64) -> Result<Outcome, DeskError> {
        let outages = self.store.outages().clone();
        self.work(now, move |work| {
            if outages.count() != settled {
                return Ok(());
            }
            for agent in people::gone_since(work.db, now.saturating_sub(work.rules.agent_gone))? {
                release(work, agent, RequeueReason::AgentGone)?;
            }
            if work.rules.away_after > 0 {
                for agent in people::inactive_since(work.db, now.saturating_sub(work.rules.away_after))? {
                    falls_inactive(work, agent)?;
                }
            }
            for id in rows::due(work.db, now, MOST)? {
                let place = work.open(id)?;
                time_out(work, place)?;
            }
            dispatch(work)
        })
        .await
    }
}

/// What time does to one conversation.
fn time_out(work: &mut Work<'_>, place: usize) -> Result<(), DeskError> {
    let now = work.now;
    let rules = work.rules;
    let record = work.record(place);
    let visitor_gone = record.visitor_gone_at.is_some_and(|at| at.saturating_add(rules.grace) <= now);
    let visitor_silent = record.silent_due(rules).is_some_and(|due| due <= now);
    match record.state {
        State::Queued | State::Active if visitor_gone => work.park(place, ParkReason::VisitorGone),
        State::Active if record.answer_due.is_some_and(|due| due <= now) => {
            let agent = record.agent;
            work.queue(place, RequeueReason::Unanswered, agent)?;
            if let Some(agent) = agent {
                let why = Away { reason: AwayReason::Unanswered, note: String::new() };
                people::go_away(work.db, agent, Some(&why))?;
                work.agent_moved(agent);
            }
            Ok(())
        }
        State::Active if visitor_silent => work.park(place, ParkReason::VisitorSilent),
        State::Active if record.offer.is_some_and(|(_, until)| until <= now) => work.withdraw_offer(place),
        State::Queued if record.prefer.is_some_and(|(_, until)| until <= now) => {
            record.prefer = None;
            Ok(work.save(place)?)
        }
        State::Parked if record.close_due(rules).is_some_and(|due| due <= now) => work.close(place, CloseReason::Expired),
        // Something else has moved it since its due time was written: write the one that holds now.
        State::Queued | State::Active | State::Parked | State::Closed => Ok(work.save(place)?),
    }
}
