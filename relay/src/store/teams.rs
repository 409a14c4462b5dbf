//! Teams, and what the desk of a site goes by: read and written inside the desk's transactions, and read by sessions and the API.

use std::collections::HashMap;

use shared::ids::{AgentId, ConversationId, SiteId, TeamId};
use shared::model::{Assigning, SiteDesk, Team};
use uuid::Uuid;

use super::rows::{json, to_json};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError};

impl Store {
    /// All teams, by name.
    pub async fn teams(&self) -> Result<Vec<Team>, StoreError> {
        self.read(teams).await
    }

    /// What the desk of a site goes by.
    pub async fn site_desk(&self, site: SiteId) -> Result<SiteDesk, StoreError> {
        self.read(move |db| site_desk(db, site)).await
    }

    /// The same of every site.
    pub async fn site_desks(&self) -> Result<Vec<(SiteId, SiteDesk)>, StoreError> {
        self.read(site_desks).await
    }
}

/// All teams, by name.
pub(crate) fn teams(db: &Connection) -> Result<Vec<Team>, StoreError> {
    let mut find = db.prepare_cached("SELECT id, name FROM team ORDER BY name, id")?;
    let mut teams: Vec<Team> = find
        .query_map([], |row| Ok(Team { id: TeamId(row.get(0)?), name: row.get(1)?, members: Vec::new(), sites: Vec::new() }))?
        .collect::<sql::Result<_>>()?;
    let members = pairs(db, "SELECT team, agent FROM team_member ORDER BY team, agent")?;
    let sites = pairs(db, "SELECT team, site FROM team_site ORDER BY team, site")?;
    for team in &mut teams {
        let of_it = |pairs: &[(Uuid, Uuid)]| -> Vec<Uuid> {
            pairs.iter().filter(|(one, _)| *one == team.id.0).map(|(_, other)| *other).collect()
        };
        team.members = of_it(&members).into_iter().map(AgentId).collect();
        team.sites = of_it(&sites).into_iter().map(SiteId).collect();
    }
    Ok(teams)
}

/// The teams of everybody who is in one.
pub(crate) fn memberships(db: &Connection) -> Result<HashMap<AgentId, Vec<TeamId>>, StoreError> {
    let mut of: HashMap<AgentId, Vec<TeamId>> = HashMap::new();
    for (agent, team) in pairs(db, "SELECT agent, team FROM team_member")? {
        of.entry(AgentId(agent)).or_default().push(TeamId(team));
    }
    Ok(of)
}

/// A team's name.
pub(crate) fn name(db: &Connection, team: TeamId) -> Result<Option<String>, StoreError> {
    let mut find = db.prepare_cached("SELECT name FROM team WHERE id = ?1")?;
    Ok(find.query_row([team.0], |row| row.get(0)).optional()?)
}

/// Whether a team takes chats of a site.
pub(crate) fn serves(db: &Connection, team: TeamId, site: SiteId) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT NOT EXISTS (SELECT 1 FROM team_site WHERE team = ?1) OR EXISTS (SELECT 1 FROM team_site WHERE team = ?1 AND site = ?2)",
    )?;
    Ok(find.query_row([team.0, site.0], |row| row.get(0))?)
}

/// How many teams there are.
pub(crate) fn count(db: &Connection) -> Result<usize, StoreError> {
    let count: i64 = db.prepare_cached("SELECT count(*) FROM team")?.query_row([], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Puts a team in its place; its members and sites are there.
///
/// # Errors
/// [`StoreError::Conflict`]: another team has this name.
pub(crate) fn put(db: &Connection, team: &Team) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO team (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = excluded.name")?
        .execute(params![team.id.0, team.name])?;
    empty(db, team.id)?;
    for agent in &team.members {
        db.prepare_cached("INSERT INTO team_member (team, agent) VALUES (?1, ?2)")?.execute([team.id.0, agent.0])?;
    }
    for site in &team.sites {
        db.prepare_cached("INSERT INTO team_site (team, site) VALUES (?1, ?2)")?.execute([team.id.0, site.0])?;
    }
    Ok(())
}

/// Removes a team.
pub(crate) fn remove(db: &Connection, team: TeamId) -> Result<(), StoreError> {
    empty(db, team)?;
    db.prepare_cached("DELETE FROM team WHERE id = ?1")?.execute([team.0])?;
    Ok(())
}

fn empty(db: &Connection, team: TeamId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM team_member WHERE team = ?1")?.execute([team.0])?;
    db.prepare_cached("DELETE FROM team_site WHERE team = ?1")?.execute([team.0])?;
    Ok(())
}

/// Conversations that are for a team and not closed.
pub(crate) fn conversations_of(db: &Connection, team: TeamId) -> Result<Vec<ConversationId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM conversation WHERE team = ?1 AND state <> 3 ORDER BY id")?;
    let found = find.query_map([team.0], |row| Ok(ConversationId(row.get(0)?)))?;
    Ok(found.collect::<sql::Result<_>>()?)
}

/// What the desk of a site goes by.
pub(crate) fn site_desk(db: &Connection, site: SiteId) -> Result<SiteDesk, StoreError> {
    let mut find = db.prepare_cached("SELECT desk FROM site WHERE id = ?1")?;
    Ok(find.query_row([site.0], |row| json(row.get_ref(0)?.as_str()?))?)
}

/// The same of every site.
pub(crate) fn site_desks(db: &Connection) -> Result<Vec<(SiteId, SiteDesk)>, StoreError> {
    let mut find = db.prepare_cached("SELECT id, desk FROM site ORDER BY id")?;
    let desks = find.query_map([], |row| Ok((SiteId(row.get(0)?), json(row.get_ref(1)?.as_str()?)?)))?;
    Ok(desks.collect::<sql::Result<_>>()?)
}

/// Changes it.
pub(crate) fn set_site_desk(db: &Connection, site: SiteId, desk: &SiteDesk) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE site SET desk = ?2, picked = ?3 WHERE id = ?1")?.execute(params![
        site.0,
        to_json(desk)?,
        desk.assigning == Assigning::Pick
    ])?;
    Ok(())
}

/// Whether agents pick a site's chats themselves.
pub(crate) fn is_picked(db: &Connection, site: SiteId) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT picked FROM site WHERE id = ?1")?.query_row([site.0], |row| row.get(0))?)
}

/// A site's name.
pub(crate) fn site_name(db: &Connection, site: SiteId) -> Result<Option<String>, StoreError> {
    let mut find = db.prepare_cached("SELECT name FROM site WHERE id = ?1")?;
    Ok(find.query_row([site.0], |row| row.get(0)).optional()?)
}

fn pairs(db: &Connection, sql: &str) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let mut find = db.prepare_cached(sql)?;
    let found = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<sql::Result<_>>()?)
}
