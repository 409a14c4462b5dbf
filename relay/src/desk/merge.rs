//! Somebody signs in: a site owner's token makes a connection's visitor a verified one, and what they had without a name becomes that
//! one's. One transaction: the exchange, the merge, and what the desk makes of it.
//!
//! An agent who finds that two visitors are one person does the same to them.
//!
//! Whoever was anonymous is given up with it. Their connections may not have heard yet; what these still say is refused, so that a message
//! that is repeated under the new name is there once.

use shared::api::Deed;
use shared::ids::{AgentId, Millis, NodeId, SiteId, VisitorId};
use shared::model::{CloseReason, Event, Merged, State};

use super::dispatch::dispatch;
use super::presence::arrives;
use super::profile::show;
use super::record;
use super::speak::wake;
use super::work::Work;
use super::{Desk, DeskError, Outcome, VisitorCard};
use crate::edge::identity::Identity;
use crate::store::{Record, StoreError, audit, identities, log, people, profiles, rows};

/// Who somebody is by an identity token.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The verified visitor, on every browser the same one.
    pub visitor: VisitorId,
    /// Whether they have got conversations by it.
    pub merged: bool,
    /// What it made true.
    pub outcome: Outcome,
}

impl Desk {
    /// Exchanges an identity for a visitor who is reached by this new token and is connected to this node; what `from` had without a name
    /// is theirs from now on. `None`: the secret was retired in the meantime.
    ///
    /// # Errors
    /// The store's.
    pub async fn identify(
        &self,
        now: Millis,
        node: NodeId,
        site: SiteId,
        identity: Identity,
        token: [u8; 32],
        from: Option<VisitorCard>,
    ) -> Result<Option<Identified>, DeskError> {
        let rules = self.rules.clone();
        self.store
            .write(move |step| {
                step.protect()?;
                let mut work = Work::new(step, &rules, now);
                let Some(visitor) = identities::identify(step, site, &identity, token, now)? else { return Ok(None) };
                let merged = match from {
                    Some(from) => merge(&mut work, site, &from, visitor)?,
                    None => false,
                };
                arrives(&mut work, node, visitor)?;
                Ok(Some(Identified { visitor, merged, outcome: work.finish()? }))
            })
            .await
    }
}

impl Desk {
    /// A supervisor finds that a visitor is the same person as another one, whose everything is from now on. Where nobody vouches for
    /// either, both browsers are the other one's; what a site vouches for is reached by signing in alone.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::WrongState`] for visitors who must not become one.
    pub async fn merge_visitors(
        &self,
        now: Millis,
        agent: AgentId,
        from: VisitorId,
        into: VisitorId,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let standing = |id| -> Result<_, DeskError> {
                let found = profiles::standing(work.db, id)?.filter(|standing| !standing.given_up);
                found.ok_or(DeskError::NotFound)
            };
            let (gone, stays) = (standing(from)?, standing(into)?);
            if from == into || gone.site != stays.site {
                return Err(DeskError::WrongState("these are not two visitors of one site"));
            }
            if gone.verified {
                return Err(DeskError::WrongState(match stays.verified {
                    true => "the site vouches for both: only the site can say that they are one",
                    false => "the site vouches for this one: merge the other one into it",
                }));
            }
            if stays.verified && people::connected(work.db, from.0)? {
                return Err(DeskError::WrongState("they are chatting without having signed in: merge them when they are gone"));
            }
            let card = identities::card(work.db, from)?.ok_or(DeskError::NotFound)?;
            if !stays.verified {
                identities::hand_over(work.db, from, into, now)?;
            }
            merge(work, gone.site, &card, into)?;
            // Whoever is connected as the first one greets anew at once, as the other; until then they are gone.
            if !people::connected(work.db, into.0)?
                && let Some(record) = rows::load_unclosed(work.db, into).map_err(StoreError::from)?
            {
                let place = work.open(record.id)?;
                work.record(place).visitor_gone_at.get_or_insert(now);
                work.save(place)?;
            }
            let record = Record::of(agent, Deed::VisitorsMerged, into.to_string()).with(from.to_string());
            audit::write(work.db, now, &record)?;
            show(work, into)
        })
        .await
    }
}

/// Whether there was something to merge.
fn merge(work: &mut Work<'_>, site: SiteId, from: &VisitorCard, into: VisitorId) -> Result<bool, DeskError> {
    if !identities::give_up(work.db, site, from, into, work.now)? {
        return Ok(false);
    }
    let all = rows::load_all(work.db, from.id)?;
    for record in &all {
        log::change_author(work.db, record, into)?;
    }
    let theirs = all.into_iter().find(|record| record.state != State::Closed);
    let own = rows::load_unclosed(work.db, into).map_err(StoreError::from)?;
    let (lives_on, ends) = match (theirs, own) {
        (Some(theirs), Some(own)) if outlives(&theirs, &own) => (Some(theirs), Some(own)),
        (Some(theirs), Some(own)) => (Some(own), Some(theirs)),
        // What the verified visitor has alone stays as it is.
        (theirs, _) => (theirs, None),
    };
    // The one that ends is told of first: what everybody shows at last is the other.
    let ended = ends.clone().map(|record| work.touch(record));
    if let (Some(place), Some(lives_on)) = (ended, &lives_on) {
        work.event(place, Event::Merged(Merged { into: lives_on.id }))?;
        work.close(place, CloseReason::Merged)?;
    }
    let moved = rows::change_visitor(work.db, from.id, into)?;
    if let Some(place) = ended {
        work.record(place).visitor = into;
    }
    if let Some(mut record) = lives_on {
        record.visitor = into;
        let place = work.touch(record);
        work.save(place)?;
        if let Some(ended) = &ends {
            takes_over(work, place, ended)?;
        }
    }
    dispatch(work)?;
    Ok(moved)
}

/// The one that an agent is in the middle of, then one that an agent has, then the older one.
fn outlives(one: &record::Record, other: &record::Record) -> bool {
    let rank = |record: &record::Record| (record.state != State::Active, record.agent.is_none(), record.opened_at, record.id);
    rank(one) < rank(other)
}

/// What the visitor waits for in the one that ends, they wait for in this one, for as long as they have.
fn takes_over(work: &mut Work<'_>, place: usize, ended: &record::Record) -> Result<(), DeskError> {
    let waits = ended.unanswered || ended.state == State::Queued;
    let record = work.record(place);
    record.unanswered |= ended.unanswered;
    record.visitor_at = record.visitor_at.max(ended.visitor_at);
    if waits && record.state == State::Parked {
        wake(work, place)?;
    }
    let record = work.record(place);
    if record.state == State::Queued && ended.state == State::Queued {
        record.queue_time = record.queue_time.into_iter().chain(ended.queue_time).min();
        record.priority = record.priority.max(ended.priority);
    }
    Ok(work.save(place)?)
}
