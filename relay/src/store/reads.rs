//! What sessions and the API read: threads, entries, inboxes, heads. Each call sees one snapshot.

use shared::agent::{Inbox, MAX_OTHERS};
use shared::api::{History, Rated, Why};
use shared::ids::{AgentId, ConversationId, Millis, SecretId, Seq, SiteId, VisitorId};
use shared::model::{Agent, Audience, Author, Conversation, Entry, Seen, State, Thread};
use uuid::Uuid;

use super::rows::{self, columns};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, boards, log, mentions, nodes, people, teams};
use crate::desk::plan::Waiting;
use crate::desk::record::Record;
use crate::desk::why::{self, Reason};
use crate::desk::{Route, hours};

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorRecord {
    /// Who.
    pub id: VisitorId,
    /// On which site.
    pub site: SiteId,
    /// Whether a site owner vouched for them.
    pub verified: bool,
    /// Whether they have become another visitor, by signing in.
    pub given_up: bool,
    /// The secret that the token hangs by, where it was exchanged for an identity.
    pub secret: Option<SecretId>,
}

impl Store {
    /// What the database's clock shows, in ms, where it has one of its own.
    pub(crate) async fn time(&self) -> Result<Option<Millis>, StoreError> {
        self.read(|db| Ok(nodes::time(db)?)).await
    }

    /// The visitor who has this token.
    pub async fn visitor_by_token(&self, hash: [u8; 32]) -> Result<Option<VisitorRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT id, site, verified, merged_into IS NOT NULL, NULL FROM visitor WHERE token_hash = ?1 UNION ALL \
                 SELECT v.id, v.site, v.verified, FALSE, t.secret FROM visitor_token t JOIN visitor v ON v.id = t.visitor WHERE t.token_hash = ?1 UNION ALL \
                 SELECT v.id, v.site, v.verified, v.merged_into IS NOT NULL, NULL FROM visitor_browser b JOIN visitor v ON v.id = b.visitor \
                 WHERE b.token_hash = ?1",
            )?;
            let found = find.query_row([hash], |row| {
                let (id, site) = (VisitorId(row.get(0)?), SiteId(row.get(1)?));
                let secret = row.get::<Option<Uuid>>(4)?.map(SecretId);
                Ok(VisitorRecord { id, site, verified: row.get(2)?, given_up: row.get(3)?, secret })
            });
            Ok(found.optional()?)
        })
        .await
    }

    /// The visitor's latest conversation, as they see it.
    pub async fn thread_of(&self, visitor: VisitorId) -> Result<Option<Thread>, StoreError> {
        self.read(move |db| {
            let Some(record) = rows::load_latest(db, visitor)? else { return Ok(None) };
            let agent = match record.agent {
                Some(agent) if record.state != State::Queued => people::person(db, agent)?,
                _ => None,
            };
            let position = boards::position(db, &record)?;
            let estimate_ms = match position {
                Some(position) => boards::estimate(db, record.site, position)?,
                None => None,
            };
            let (id, state, head, read) = (record.id, record.state, record.visitor_head, record.agent_read);
            Ok(Some(Thread { id, state, head, agent, position, estimate_ms, read }))
        })
        .await
    }

    /// The entries after a seq that an audience may see, `most` at most; whether there are more.
    pub async fn entries(
        &self,
        conversation: ConversationId,
        after: Seq,
        most: usize,
        audience: Audience,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        self.read(move |db| log::entries(db, conversation, after, most, audience)).await
    }

    /// Where an agent's last entry stands that the visitor may see, too: notes can be left without having the conversation.
    pub async fn last_words(&self, id: ConversationId, agent: AgentId) -> Result<Option<Seq>, StoreError> {
        self.read(move |db| {
            let Some(record) = rows::load(db, id)? else { return Ok(None) };
            let mut last = None;
            log::walk_back(db, &record, |_, entry| {
                let theirs = matches!(&entry.by, Author::Agent(person) if person.id == agent) && !entry.body.is_internal();
                last = theirs.then_some(entry.seq);
                !theirs
            })?;
            Ok(last)
        })
        .await
    }

    /// Whose conversation it is.
    pub async fn route(&self, conversation: ConversationId) -> Result<Option<Route>, StoreError> {
        self.read(move |db| rows::route(db, conversation)).await
    }

    /// A conversation as agents see it.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.read(move |db| Ok(rows::load(db, id)?.map(|record| rows::view(db, &record)).transpose()?)).await
    }

    /// The other conversations of the same visitor, newest first, 50 at most, and how they rated them.
    pub async fn history(&self, id: ConversationId) -> Result<History, StoreError> {
        self.read(move |db| {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM conversation c WHERE c.visitor = (SELECT visitor FROM conversation WHERE id = ?1) AND c.id <> ?1 \
                 ORDER BY c.opened_at DESC LIMIT 50"
            );
            let conversations = views(db, sql, [id.0])?;
            let mut find = db.prepare_cached("SELECT rating FROM conversation WHERE id = ?1")?;
            let mut ratings = Vec::new();
            for conversation in conversations.iter().map(|conversation| conversation.id) {
                let score: Option<u8> = find.query_row([conversation.0], |row| row.get(0))?;
                ratings.extend(score.map(|score| Rated { conversation, score }));
            }
            Ok(History { conversations, ratings })
        })
        .await
    }

    /// Everything open that concerns an agent.
    pub async fn inbox(&self, agent: AgentId) -> Result<Inbox, StoreError> {
        self.read(move |db| {
            let sites = boards::sites(db)?;
            let boards = sites.iter().map(|site| boards::board(db, site.id)).collect::<Result<_, _>>()?;
            let (agents, teams) = (people::agents(db)?, teams::teams(db)?);
            let (chats, mentions) = (chats_of(db, agent)?, mentions::of(db, agent)?);
            Ok(Inbox { agents, teams, sites, boards, chats, mentions })
        })
        .await
    }

    /// The open conversations that other agents have, [`MAX_OTHERS`] at most, and how many there are.
    pub async fn others(&self, agent: AgentId) -> Result<(Vec<Conversation>, u32), StoreError> {
        self.read(move |db| {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM conversation c WHERE c.agent IN (SELECT id FROM agent WHERE id <> ?1) AND c.state IN (1, 2) \
                 ORDER BY c.state, c.unanswered DESC, c.visitor_at, c.id LIMIT ?2"
            );
            let chats = views(db, sql, params![agent.0, i64::try_from(MAX_OTHERS).unwrap_or(i64::MAX)])?;
            let sql =
                "SELECT count(*) FROM conversation WHERE agent IN (SELECT id FROM agent WHERE id <> ?1) AND state IN (1, 2)";
            Ok((chats, db.prepare_cached(sql)?.query_row([agent.0], |row| row.get(0))?))
        })
        .await
    }

    /// How far the open conversations of an agent have come, and the one that they have in view.
    pub async fn heads_of_agent(&self, agent: AgentId, open: Option<ConversationId>) -> Result<Vec<Seen>, StoreError> {
        self.read(move |db| {
            let sql = "SELECT id, head FROM conversation WHERE agent = ?1 AND state IN (1, 2) UNION \
                       SELECT id, head FROM conversation WHERE offer_to = ?1 UNION SELECT id, head FROM conversation WHERE id = ?2";
            let mut find = db.prepare_cached(sql)?;
            let heads =
                find.query_map(params![agent.0, open.map(|id| id.0)], |row| Ok(Seen { conversation: ConversationId(row.get(0)?), seq: rows::seq(row, 1)? }))?;
            Ok(heads.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// How far a conversation has come, as its visitor sees it.
    pub async fn head_of_visitor(&self, conversation: ConversationId) -> Result<Option<Seq>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT visitor_head FROM conversation WHERE id = ?1")?;
            Ok(find.query_row([conversation.0], |row| rows::seq(row, 0)).optional()?)
        })
        .await
    }

    /// The team, without disabled members.
    pub async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read(people::agents).await
    }

    /// One agent, disabled or not, as others see them.
    pub async fn any_agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.read(move |db| people::agent(db, id)).await
    }

    /// One agent; `None` when disabled or unknown.
    pub async fn agent_by_id(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.read(move |db| people::enabled_agent(db, id)).await
    }

    /// Whether somebody may answer soon on a site; outside its opening hours, when they begin again.
    pub async fn answering(&self, site: SiteId, now: Millis) -> Result<(bool, Option<Millis>), StoreError> {
        self.read(move |db| {
            let hours = teams::site_desk(db, site)?.hours;
            match hours.filter(|hours| !hours::is_open(hours, now)) {
                Some(closed) => Ok((false, hours::opens_at(&closed, now))),
                None => Ok((people::answering(db)?, None)),
            }
        })
        .await
    }

    /// Why a conversation waits; `None` when it does not.
    pub async fn why(&self, id: ConversationId, now: Millis) -> Result<Option<Why>, StoreError> {
        self.read(move |db| match rows::load(db, id)? {
            Some(record) if record.state == State::Queued => Ok(Some(why(db, &record, now)?)),
            _ => Ok(None),
        })
        .await
    }
}

/// Rows of the inbox.
pub(super) fn views<P: sql::Params>(db: &Connection, sql: &str, params: P) -> Result<Vec<Conversation>, StoreError> {
    let mut find = db.prepare_cached(sql)?;
    let records = find.query_map(params, rows::record)?.collect::<sql::Result<Vec<_>>>()?;
    Ok(records.iter().map(|record| rows::view(db, record)).collect::<sql::Result<_>>()?)
}

/// Active and parked conversations of an agent, and those offered to them.
fn chats_of(db: &Connection, agent: AgentId) -> Result<Vec<Conversation>, StoreError> {
    let mine =
        concat!("SELECT ", columns!(), " FROM conversation c WHERE c.agent = ?1 AND c.state IN (1, 2) ORDER BY c.opened_at");
    let offered = concat!("SELECT ", columns!(), " FROM conversation c WHERE c.offer_to = ?1 ORDER BY c.opened_at");
    let mut chats = views(db, mine, [agent.0])?;
    chats.extend(views(db, offered, [agent.0])?);
    Ok(chats)
}

fn why(db: &Connection, record: &Record, now: Millis) -> Result<Why, StoreError> {
    let available = people::available(db)?;
    let waiting = Waiting {
        conversation: record.id,
        last_agent: record.last_agent,
        prefer: record.prefer,
        excluded: record.excluded.clone(),
        team: record.team,
        language: record.language.clone(),
        picked: teams::is_picked(db, record.site)?,
    };
    let reason = why::reason(&waiting, &available, now);
    let name = match reason {
        Reason::Preferred { agent, .. } => people::person(db, agent)?.map(|person| person.name),
        Reason::TeamBusy { team, .. } => teams::name(db, team)?,
        Reason::LanguageBusy { .. } => record.language.clone(),
        _ => None,
    };
    let ahead: Option<(Uuid, i32)> = db
        .prepare_cached("SELECT id, priority FROM conversation WHERE state = 0 ORDER BY priority DESC, queue_time, id LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let ahead = ahead.filter(|(id, _)| *id != record.id.0).map(|(_, priority)| priority > record.priority);
    Ok(why::in_words(reason, name, ahead))
}
