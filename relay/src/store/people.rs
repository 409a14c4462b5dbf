//! Agents and visitors, as the desk's transactions read and write them: who is connected, who has a free slot, who is gone.

use shared::api::AgentPatch;
use shared::ids::{AgentId, ConversationId, Millis, NodeId, SiteId, TeamId};
use shared::model::{Agent, Away, Contact, Page, Person, Presence, Role};
use uuid::Uuid;

use super::rows::{json, to_json};
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{StoreError, profiles, teams};
use crate::desk::VisitorCard;
use crate::desk::plan::{Available, Waiting};

/// Slots in use: active chats, and those offered to the agent, whose slot is reserved.
macro_rules! slots_used {
    () => {
        "(SELECT count(*) FROM conversation WHERE agent = a.id AND state = 1) \
         + (SELECT count(*) FROM conversation WHERE offer_to = a.id)"
    };
}

/// Whether an agent is connected.
macro_rules! connected {
    () => {
        "EXISTS (SELECT 1 FROM presence WHERE subject = a.id)"
    };
}

fn column<T, P: sql::Params>(
    db: &Connection,
    sql: &str,
    params: P,
    read: impl FnMut(&Row<'_>) -> sql::Result<T>,
) -> Result<Vec<T>, StoreError> {
    Ok(db.prepare_cached(sql)?.query_map(params, read)?.collect::<sql::Result<_>>()?)
}

/// Everybody who may be given chats: connected, online, not disabled. Also those without a free slot.
pub(crate) fn available(db: &Connection) -> Result<Vec<Available>, StoreError> {
    let sql = concat!(
        "SELECT a.id, a.capacity, ",
        slots_used!(),
        ", a.idle_since, a.languages FROM agent a WHERE a.away = 0 AND a.disabled = 0 AND ",
        connected!(),
        " ORDER BY a.id"
    );
    let mut teams = teams::memberships(db)?;
    column(db, sql, [], |row| {
        let agent = AgentId(row.get(0)?);
        let (capacity, used): (u32, u32) = (row.get(1)?, row.get(2)?);
        Ok(Available {
            agent,
            free: capacity.saturating_sub(used),
            idle_since: row.get(3)?,
            teams: teams.remove(&agent).unwrap_or_default(),
            languages: languages(row, 4)?,
        })
    })
}

/// The languages of an agent; nearly always none.
pub(super) fn languages(row: &Row<'_>, place: usize) -> sql::Result<Vec<String>> {
    match row.get_ref(place)?.as_str()? {
        "[]" => Ok(Vec::new()),
        list => json(list),
    }
}

/// Whether anybody may answer soon: somebody is online, with or without a free slot.
pub(crate) fn answering(db: &Connection) -> Result<bool, StoreError> {
    let sql = concat!("SELECT EXISTS (SELECT 1 FROM agent a WHERE a.away = 0 AND a.disabled = 0 AND ", connected!(), ")");
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// A page of what the desk may hand out, in the order of the queue. What agents pick themselves is in it only while it waits for one in
/// particular.
pub(crate) fn queue(db: &Connection, skip: usize, most: usize) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT c.id, c.last_agent, c.prefer_agent, c.prefer_until, c.excluded, c.team, c.language, s.picked \
               FROM conversation c CROSS JOIN site s WHERE c.state = 0 AND s.id = c.site AND (s.picked = 0 OR c.prefer_agent IS NOT NULL) \
               ORDER BY c.priority DESC, c.queue_time, c.id LIMIT ?2 OFFSET ?1";
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    column(db, sql, params![number(skip), number(most)], |row| {
        let prefer = row.get::<Option<Uuid>>(2)?.map(AgentId).zip(row.get(3)?);
        let excluded = row.get_ref(4)?.as_str()?;
        Ok(Waiting {
            conversation: ConversationId(row.get(0)?),
            last_agent: row.get::<Option<Uuid>>(1)?.map(AgentId),
            prefer,
            excluded: if excluded == "[]" { Vec::new() } else { json(excluded)? },
            team: row.get::<Option<Uuid>>(5)?.map(TeamId),
            language: row.get(6)?,
            picked: row.get(7)?,
        })
    })
}

/// Slots that an agent uses now.
pub(crate) fn slots_used(db: &Connection, agent: AgentId) -> Result<u32, StoreError> {
    let sql = concat!("SELECT ", slots_used!(), " FROM agent a WHERE a.id = ?1");
    Ok(db.prepare_cached(sql)?.query_row([agent.0], |row| row.get(0))?)
}

/// Whether one of an agent's chats is beyond their capacity, deliberately.
pub(crate) fn is_stretched(db: &Connection, agent: AgentId) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE agent = ?1 AND state = 1 AND stretched = 1)";
    Ok(db.prepare_cached(sql)?.query_row([agent.0], |row| row.get(0))?)
}

/// Slots that an agent has.
pub(crate) fn capacity(db: &Connection, agent: AgentId) -> Result<u32, StoreError> {
    Ok(db.prepare_cached("SELECT capacity FROM agent WHERE id = ?1")?.query_row([agent.0], |row| row.get(0))?)
}

/// An agent's name.
pub(crate) fn person(db: &Connection, agent: AgentId) -> Result<Option<Person>, StoreError> {
    let mut find = db.prepare_cached("SELECT name FROM agent WHERE id = ?1")?;
    Ok(find.query_row([agent.0], |row| Ok(Person { id: agent, name: row.get(0)? })).optional()?)
}

/// An agent's role.
pub(crate) fn role(db: &Connection, agent: AgentId) -> Result<Option<Role>, StoreError> {
    let mut find = db.prepare_cached("SELECT role FROM agent WHERE id = ?1")?;
    Ok(find.query_row([agent.0], |row| role_of(row.get_ref(0)?.as_str()?)).optional()?)
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Supervisor => "supervisor",
        Role::Admin => "admin",
    }
}

pub(crate) fn role_of(name: &str) -> sql::Result<Role> {
    match name {
        "agent" => Ok(Role::Agent),
        "supervisor" => Ok(Role::Supervisor),
        "admin" => Ok(Role::Admin),
        other => Err(sql::Error::Unexpected(format!("the role {other:?}"))),
    }
}

/// All that is read of agents as others see them; `filter` begins with `WHERE` or is empty.
fn agents_where<P: sql::Params>(db: &Connection, filter: &str, params: P) -> Result<Vec<Agent>, StoreError> {
    let start = concat!(
        "SELECT a.id, a.name, a.role, a.away, a.disabled = 0 AND ",
        connected!(),
        ", a.capacity, ",
        slots_used!(),
        ", a.bot, a.languages, a.away_why FROM agent a "
    );
    column(db, &format!("{start}{filter} ORDER BY a.name, a.id"), params, |row| {
        let presence = match (row.get(4)?, row.get(3)?) {
            (false, _) => Presence::Offline,
            (true, true) => Presence::Away,
            (true, false) => Presence::Online,
        };
        let role = role_of(row.get_ref(2)?.as_str()?)?;
        Ok(Agent {
            id: AgentId(row.get(0)?),
            name: row.get(1)?,
            role,
            presence,
            // A reason of a later version is none that could be shown.
            away: row.get_ref(9)?.as_str_or_null()?.filter(|_| presence == Presence::Away).and_then(|why| json(why).ok()),
            capacity: row.get(5)?,
            slots_used: row.get(6)?,
            bot: row.get(7)?,
            languages: languages(row, 8)?,
        })
    })
}

/// One agent as others see them; a disabled one is offline.
pub(crate) fn agent(db: &Connection, agent: AgentId) -> Result<Option<Agent>, StoreError> {
    Ok(agents_where(db, "WHERE a.id = ?1", [agent.0])?.pop())
}

/// One agent who may sign in.
pub(crate) fn enabled_agent(db: &Connection, agent: AgentId) -> Result<Option<Agent>, StoreError> {
    Ok(agents_where(db, "WHERE a.id = ?1 AND a.disabled = 0", [agent.0])?.pop())
}

/// The team, without disabled members.
pub(crate) fn agents(db: &Connection) -> Result<Vec<Agent>, StoreError> {
    agents_where(db, "WHERE a.disabled = 0", [])
}

/// Everybody who is or was in the team.
pub(crate) fn all_agents(db: &Connection) -> Result<Vec<Agent>, StoreError> {
    agents_where(db, "", [])
}

/// The agent has given up a slot.
pub(crate) fn now_idle(db: &Connection, agent: AgentId, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE agent SET idle_since = ?2 WHERE id = ?1")?.execute(params![agent.0, now])?;
    Ok(())
}

/// An agent is away, by their own choice or the relay's.
pub(crate) fn go_away(db: &Connection, agent: AgentId, why: Option<&Away>) -> Result<(), StoreError> {
    let why = why.map(to_json).transpose()?;
    db.prepare_cached("UPDATE agent SET away = 1, away_why = ?2 WHERE id = ?1")?.execute(params![agent.0, why])?;
    Ok(())
}

/// An agent is not away any more; whether they were.
pub(crate) fn come_back(db: &Connection, agent: AgentId) -> Result<bool, StoreError> {
    let mut back = db.prepare_cached("UPDATE agent SET away = 0, away_why = NULL WHERE id = ?1 AND away = 1")?;
    Ok(back.execute([agent.0])? > 0)
}

/// An agent uses their console.
pub(crate) fn is_active(db: &Connection, agent: AgentId, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE agent SET active_at = ?2 WHERE id = ?1")?.execute(params![agent.0, now])?;
    Ok(())
}

/// People who are online; programs are never inactive.
macro_rules! people_online {
    () => {
        concat!("FROM agent a WHERE a.away = 0 AND a.disabled = 0 AND a.bot = 0 AND ", connected!())
    };
}

/// Since when the first of those who are online has not used their console.
pub(crate) fn first_inactive(db: &Connection) -> Result<Option<Millis>, StoreError> {
    Ok(db.prepare_cached(concat!("SELECT min(a.active_at) ", people_online!()))?.query_row([], |row| row.get(0))?)
}

/// Those who are online and have not used their console since before `at`.
pub(crate) fn inactive_since(db: &Connection, at: Millis) -> Result<Vec<AgentId>, StoreError> {
    let sql = concat!("SELECT a.id ", people_online!(), " AND a.active_at <= ?1 ORDER BY a.id");
    column(db, sql, [at], |row| Ok(AgentId(row.get(0)?)))
}

/// Since when an agent is gone, if that is not known already; `None`: here.
pub(crate) fn agent_gone(db: &Connection, agent: AgentId, at: Option<Millis>) -> Result<(), StoreError> {
    match at {
        Some(at) => {
            db.prepare_cached("UPDATE agent SET gone_at = ?2 WHERE id = ?1 AND gone_at IS NULL")?.execute(params![agent.0, at])?
        }
        None => db.prepare_cached("UPDATE agent SET gone_at = NULL WHERE id = ?1")?.execute([agent.0])?,
    };
    Ok(())
}

/// Applies what an administrator changed.
pub(crate) fn patch(db: &Connection, agent: AgentId, patch: &AgentPatch) -> Result<(), StoreError> {
    let languages = patch.languages.as_ref().map(to_json).transpose()?;
    db.prepare_cached(
        "UPDATE agent SET capacity = coalesce(?2, capacity), disabled = coalesce(?3, disabled), role = coalesce(?4, role), \
         languages = coalesce(?5, languages) WHERE id = ?1",
    )?
    .execute(params![agent.0, patch.capacity, patch.disabled, patch.role.map(role_name), languages])?;
    Ok(())
}

/// Changes an agent's display name.
pub(crate) fn rename(db: &Connection, agent: AgentId, name: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE agent SET name = ?2 WHERE id = ?1")?.execute(params![agent.0, name])?;
    Ok(())
}

/// Ends all sessions of an agent.
pub(crate) fn sign_out(db: &Connection, agent: AgentId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM agent_session WHERE agent = ?1")?.execute([agent.0])?;
    Ok(())
}

/// An agent's active chats, the oldest in the queue first.
pub(crate) fn active_of(db: &Connection, agent: AgentId) -> Result<Vec<ConversationId>, StoreError> {
    let sql = "SELECT id FROM conversation WHERE agent = ?1 AND state = 1 ORDER BY queue_time, id";
    column(db, sql, [agent.0], |row| Ok(ConversationId(row.get(0)?)))
}

/// Chats that are offered to an agent.
pub(crate) fn offered_to(db: &Connection, agent: AgentId) -> Result<Vec<ConversationId>, StoreError> {
    column(db, "SELECT id FROM conversation WHERE offer_to = ?1 ORDER BY id", [agent.0], |row| Ok(ConversationId(row.get(0)?)))
}

/// Open conversations that the agent gave up, wherever they stand now.
pub(crate) fn given_up_by(db: &Connection, agent: AgentId) -> Result<Vec<ConversationId>, StoreError> {
    let sql = "SELECT id FROM conversation WHERE excluded <> '[]' AND excluded LIKE ?1";
    column(db, sql, [format!("%{agent}%")], |row| Ok(ConversationId(row.get(0)?)))
}

/// Since when the first agent who still has chats is gone.
pub(crate) fn first_gone(db: &Connection) -> Result<Option<Millis>, StoreError> {
    let sql = "SELECT min(gone_at) FROM agent a WHERE gone_at IS NOT NULL AND (EXISTS (SELECT 1 FROM conversation WHERE agent = a.id \
               AND state = 1) OR EXISTS (SELECT 1 FROM conversation WHERE offer_to = a.id))";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Agents who have been gone since before `at`, and still have chats.
pub(crate) fn gone_since(db: &Connection, at: Millis) -> Result<Vec<AgentId>, StoreError> {
    let sql = "SELECT id FROM agent a WHERE gone_at <= ?1 AND (EXISTS (SELECT 1 FROM conversation WHERE agent = a.id AND state = 1) \
               OR EXISTS (SELECT 1 FROM conversation WHERE offer_to = a.id)) ORDER BY id";
    column(db, sql, [at], |row| Ok(AgentId(row.get(0)?)))
}

/// A visitor's row, with their first message.
pub(crate) fn add_visitor(db: &Connection, site: SiteId, card: &VisitorCard, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO visitor (id, site, token_hash, locale, time_zone, created_at, device) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![card.id.0, site.0, card.token_hash, card.locale, card.time_zone, now, card.device])?;
    for visit in &card.trail {
        let page = Page { url: visit.url.clone(), title: visit.title.clone(), referrer: String::new() };
        profiles::visits(db, card.id, visit.at, &page)?;
    }
    Ok(())
}

/// The address that a visitor left. What a site owner vouched for is not theirs to change: the thread shows the new one all the same.
pub(crate) fn set_contact(db: &Connection, visitor: shared::ids::VisitorId, contact: &Contact) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE visitor SET email = ?2, name = coalesce(?3, name) WHERE id = ?1 AND verified = 0")?
        .execute(params![visitor.0, contact.email, contact.name])?;
    Ok(())
}

/// What a visitor's form says of them. What a site owner vouched for is not theirs to change.
pub(crate) fn set_profile(
    db: &Connection,
    visitor: shared::ids::VisitorId,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE visitor SET email = coalesce(?2, email), name = coalesce(?3, name) WHERE id = ?1 AND verified = 0",
    )?
    .execute(params![visitor.0, email, name])?;
    Ok(())
}

/// Somebody has a connection on this node.
pub(crate) fn arrive(db: &Connection, node: NodeId, subject: Uuid) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached("INSERT INTO presence (subject, node) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    insert.execute([subject, node.0])?;
    Ok(())
}

/// Somebody has no connection on this node any more.
pub(crate) fn leave(db: &Connection, node: NodeId, subject: Uuid) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM presence WHERE subject = ?1 AND node = ?2")?.execute([subject, node.0])?;
    Ok(())
}

/// Whether somebody has a connection anywhere.
pub(crate) fn connected(db: &Connection, subject: Uuid) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM presence WHERE subject = ?1)")?;
    Ok(find.query_row([subject], |row| row.get(0))?)
}

/// The site's desk has changed; its new revision.
pub(crate) fn bump_site(db: &Connection, site: SiteId) -> Result<u64, StoreError> {
    let mut bump = db.prepare_cached("UPDATE site SET rev = rev + 1 WHERE id = ?1 RETURNING rev")?;
    let rev: i64 = bump.query_row([site.0], |row| row.get(0))?;
    Ok(rev.cast_unsigned())
}
