//! For whom chats are, and how the desk of a site works: what admins change about it, and what agents do by it.

use shared::api::{Deed, TeamDraft};
use shared::ids::{AgentId, ConversationId, Millis, SiteId, TeamId};
use shared::model::{Author, Event, MAX_TEAMS, Prioritized, RequeueReason, Routed, SiteDesk, State, Team};

use super::dispatch::dispatch;
use super::hand::own_active;
use super::work::Work;
use super::{Desk, DeskError, Outcome};
use crate::clock;
use crate::store::{Record, StoreError, audit, people, teams};

impl Desk {
    /// Makes a team, or puts another in the place of one. Who is in it counts at once.
    ///
    /// # Errors
    /// [`DeskError::NoTeam`] where there is none to change; [`DeskError::Invalid`] for what a team cannot be.
    pub async fn keep_team(
        &self,
        now: Millis,
        by: AgentId,
        place: Option<TeamId>,
        draft: TeamDraft,
    ) -> Result<(TeamId, Outcome), DeskError> {
        let id = place.unwrap_or_else(|| TeamId::v7(now, clock::random_bytes()));
        let TeamDraft { name, members, sites } = draft;
        let team = Team { id, name, members, sites };
        let outcome = self
            .work(now, move |work| {
                match place {
                    Some(id) if teams::name(work.db, id)?.is_none() => return Err(DeskError::NoTeam),
                    None if teams::count(work.db)? >= MAX_TEAMS => {
                        return Err(DeskError::Invalid("name: there are 100 teams, which is all that there may be"));
                    }
                    _ => {}
                }
                for &agent in &team.members {
                    people::person(work.db, agent)?.ok_or(DeskError::Invalid("members: one of them is nobody here"))?;
                }
                for &site in &team.sites {
                    teams::site_name(work.db, site)?.ok_or(DeskError::Invalid("sites: one of them is none"))?;
                }
                let others = teams::site_desks(work.db)?.into_iter();
                let left_out =
                    |(site, desk): (SiteId, SiteDesk)| !team.sites.is_empty() && !team.sites.contains(&site) && names(&desk, id);
                if others.into_iter().any(left_out) {
                    return Err(DeskError::Invalid(
                        "sites: a routing rule of another site sends chats to this team: change it first",
                    ));
                }
                teams::put(work.db, &team).map_err(|error| match error {
                    StoreError::Conflict => DeskError::Invalid("name: another team is called that"),
                    other => DeskError::Store(other),
                })?;
                let deed = if place.is_some() { Deed::TeamChanged } else { Deed::TeamMade };
                audit::write(work.db, now, &Record::of(by, deed, &*team.name))?;
                work.teams_moved();
                dispatch(work)
            })
            .await?;
        Ok((id, outcome))
    }

    /// Removes a team. What waits for it waits for anybody.
    ///
    /// # Errors
    /// [`DeskError::NoTeam`]; [`DeskError::WrongState`] while routing rules send chats to it.
    pub async fn remove_team(&self, now: Millis, by: AgentId, team: TeamId) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let name = teams::name(work.db, team)?.ok_or(DeskError::NoTeam)?;
            if teams::site_desks(work.db)?.iter().any(|(_, desk)| names(desk, team)) {
                return Err(DeskError::WrongState("a routing rule sends chats to this team: change it first"));
            }
            for id in teams::conversations_of(work.db, team)? {
                let place = work.open(id)?;
                work.record(place).team = None;
                work.save(place)?;
            }
            teams::remove(work.db, team)?;
            audit::write(work.db, now, &Record::of(by, Deed::TeamRemoved, name))?;
            work.teams_moved();
            dispatch(work)
        })
        .await
    }

    /// Changes what the desk of a site goes by; what waits there already is handed out by it at once where it can be. The caller has
    /// checked all but the teams.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::Invalid`] for a team that is none, or takes no chats of this site.
    pub async fn set_site_desk(&self, now: Millis, by: AgentId, site: SiteId, desk: SiteDesk) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let name = teams::site_name(work.db, site)?.ok_or(DeskError::NotFound)?;
            for team in desk.routes.iter().filter_map(|rule| rule.team) {
                if teams::name(work.db, team)?.is_none() {
                    return Err(DeskError::Invalid("routes.team: there is none of this id (any more): choose another one"));
                }
                if !teams::serves(work.db, team, site)? {
                    return Err(DeskError::Invalid(
                        "routes.team: it takes no chats of this site: choose another one, or change the team",
                    ));
                }
            }
            let before = teams::site_desk(work.db, site)?;
            if before == desk {
                return Ok(());
            }
            teams::set_site_desk(work.db, site, &desk)?;
            audit::write(work.db, now, &Record::of(by, Deed::DeskChanged, name).with(changes(&before, &desk)))?;
            work.site_moved(site);
            dispatch(work)
        })
        .await
    }

    /// An agent hands their chat to a team: it goes to the front of the queue, for that team, and not back to them.
    ///
    /// # Errors
    /// [`DeskError::NotYours`], [`DeskError::WrongState`]; [`DeskError::NoTeam`], [`DeskError::Invalid`] about the team.
    pub async fn transfer_to_team(
        &self,
        now: Millis,
        agent: AgentId,
        id: ConversationId,
        team: TeamId,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = own_active(work, agent, id)?;
            let name = teams::name(work.db, team)?.ok_or(DeskError::NoTeam)?;
            if !teams::serves(work.db, team, work.record(place).site)? {
                return Err(DeskError::Invalid("team: it takes no chats of this site: choose another one"));
            }
            work.record(place).team = Some(team);
            work.event(place, Event::Routed(Routed { team, name }))?;
            work.queue(place, RequeueReason::HandedOver, Some(agent))?;
            dispatch(work)
        })
        .await
    }

    /// An agent makes a queued conversation more urgent, or less. The caller has checked how much.
    ///
    /// # Errors
    /// [`DeskError::WrongState`] for one that does not wait.
    pub async fn prioritize(&self, now: Millis, agent: AgentId, id: ConversationId, priority: i32) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(id)?;
            let record = work.record(place);
            if record.state != State::Queued {
                return Err(DeskError::WrongState("only a conversation that waits has a place that can be changed"));
            }
            if record.priority == priority {
                return Ok(());
            }
            record.priority = priority;
            let by = Author::Agent(work.person(agent)?);
            let entry = shared::ids::MessageId::v7(now, clock::random_bytes());
            work.happened(place, entry, by, Event::Prioritized(Prioritized { priority }))?;
            Ok(work.save(place)?)
        })
        .await
    }
}

/// Says in the thread of a conversation that begins for whom it is, where a rule says so.
pub(super) fn tell_route(work: &mut Work<'_>, place: usize) -> Result<(), DeskError> {
    let Some(team) = work.record(place).team else { return Ok(()) };
    match teams::name(work.db, team)? {
        Some(name) => Ok(work.event(place, Event::Routed(Routed { team, name }))?),
        None => Ok(()),
    }
}

/// Whether a rule sends chats to a team.
fn names(desk: &SiteDesk, team: TeamId) -> bool {
    desk.routes.iter().any(|rule| rule.team == Some(team))
}

/// What was changed, for the record.
fn changes(before: &SiteDesk, after: &SiteDesk) -> String {
    let parts = [
        (before.assigning != after.assigning, "assigning"),
        (before.hours != after.hours, "hours"),
        (before.routes != after.routes, "routes"),
    ];
    parts.into_iter().filter(|(changed, _)| *changed).map(|(_, part)| part).collect::<Vec<_>>().join(", ")
}
