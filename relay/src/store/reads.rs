//! What sessions and the API read: threads, entries, inboxes, heads. Each call sees one snapshot.

use shared::agent::Inbox;
use shared::ids::{AgentId, ConversationId, Millis, SecretId, Seq, SiteId, VisitorId};
use shared::model::{Agent, Audience, Author, Conversation, Entry, Seen, State, Thread};
use uuid::Uuid;

use super::rows::{self, columns};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, boards, log, people};
use crate::desk::Route;
use crate::desk::record::Record;

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

    /// The other conversations of the same visitor, newest first, 50 at most.
    pub async fn history(&self, id: ConversationId) -> Result<Vec<Conversation>, StoreError> {
        self.read(move |db| {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM conversation c WHERE c.visitor = (SELECT visitor FROM conversation WHERE id = ?1) AND c.id <> ?1 \
                 ORDER BY c.opened_at DESC LIMIT 50"
            );
            views(db, sql, [id.0])
        })
        .await
    }

    /// Everything open that concerns an agent.
    pub async fn inbox(&self, agent: AgentId) -> Result<Inbox, StoreError> {
        self.read(move |db| {
            let sites = boards::sites(db)?;
            let boards = sites.iter().map(|site| boards::board(db, site.id)).collect::<Result<_, _>>()?;
            Ok(Inbox { agents: people::agents(db)?, sites, boards, chats: chats_of(db, agent)? })
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

    /// Whether somebody may answer soon.
    pub async fn answering(&self) -> Result<bool, StoreError> {
        self.read(people::answering).await
    }

    /// Why a conversation waits, in one sentence; `None` when it does not.
    pub async fn why(&self, id: ConversationId, now: Millis) -> Result<Option<String>, StoreError> {
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

fn why(db: &Connection, record: &Record, now: Millis) -> Result<String, StoreError> {
    let name = |agent: AgentId| -> Result<String, StoreError> {
        Ok(people::person(db, agent)?.map_or_else(|| "an agent".to_owned(), |person| person.name))
    };
    let available = people::available(db)?;
    if available.is_empty() {
        return Ok("Nobody is online.".into());
    }
    if let Some((agent, until)) = record.prefer
        && until > now
        && available.iter().any(|candidate| candidate.agent == agent)
    {
        let seconds = (until - now + 999) / 1_000;
        return Ok(format!("It waits for {}, who had it before, for another {seconds} s.", name(agent)?));
    }
    if available.iter().all(|candidate| candidate.free == 0) {
        return Ok(match available.len() {
            1 => "All slots of the only agent online are taken.".into(),
            agents => format!("All slots of the {agents} agents online are taken."),
        });
    }
    if available.iter().filter(|candidate| candidate.free > 0).all(|candidate| record.excluded.contains(&candidate.agent)) {
        return Ok("Everybody with a free slot has handed it over or left it unanswered before.".into());
    }
    let ahead: Option<Uuid> = db
        .prepare_cached("SELECT id FROM conversation WHERE state = 0 ORDER BY priority DESC, queue_time, id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(if ahead == Some(record.id.0) { "It is next." } else { "Others have waited longer." }.into())
}
