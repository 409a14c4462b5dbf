//! Notes that name agents, and whispers to them: who is reminded of what, and who may read a conversation because of it.

use shared::agent::Mention;
use shared::ids::{AgentId, ConversationId, Millis, Seq};
use shared::model::{Agent, Conversation, MAX_ROWS, Person};

use super::rows::{self, columns};
use super::sql::{self, Connection, params};
use super::{Store, StoreError, people};
use crate::api::roles;
use crate::desk::record::Record;

/// A note of a conversation, and who wrote it when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    /// Which conversation.
    pub(crate) conversation: ConversationId,
    /// Its number there.
    pub(crate) seq: Seq,
    /// Who wrote it.
    pub(crate) author: AgentId,
    /// When.
    pub(crate) at: Millis,
}

/// A note names an agent, or is whispered to them.
pub(crate) fn add(db: &Connection, agent: AgentId, note: Note, whisper: bool) -> Result<(), StoreError> {
    let mut add =
        db.prepare_cached("INSERT INTO mention (agent, conversation, seq, author, at, whisper) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    add.execute(params![agent.0, note.conversation.0, note.seq.cast_signed(), note.author.0, note.at, whisper])?;
    Ok(())
}

/// An agent has read a conversation up to there; whether they were reminded of something in it.
pub(crate) fn see(db: &Connection, agent: AgentId, conversation: ConversationId, up_to: Seq) -> Result<bool, StoreError> {
    let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
    let mut see =
        db.prepare_cached("UPDATE mention SET seen = 1 WHERE agent = ?1 AND conversation = ?2 AND seq <= ?3 AND seen = 0")?;
    Ok(see.execute(params![agent.0, conversation.0, up_to])? > 0)
}

/// Whether an agent is reminded of something in a conversation.
pub(crate) fn is_reminded(db: &Connection, agent: AgentId, conversation: ConversationId) -> Result<bool, StoreError> {
    let mut find =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM mention WHERE agent = ?1 AND conversation = ?2 AND seen = 0)")?;
    Ok(find.query_row(params![agent.0, conversation.0], |row| row.get(0))?)
}

/// A note was taken back: nobody is reminded of it any more. Returns who was.
pub(crate) fn forget(db: &Connection, conversation: ConversationId, of: Seq) -> Result<Vec<AgentId>, StoreError> {
    let mut find = db.prepare_cached("SELECT agent FROM mention WHERE conversation = ?1 AND seq = ?2")?;
    let agents = find.query_map(params![conversation.0, of.cast_signed()], |row| row.get(0).map(AgentId))?;
    let agents = agents.collect::<sql::Result<Vec<_>>>()?;
    if !agents.is_empty() {
        db.prepare_cached("DELETE FROM mention WHERE conversation = ?1 AND seq = ?2")?
            .execute(params![conversation.0, of.cast_signed()])?;
    }
    Ok(agents)
}

/// A conversation is erased.
pub(crate) fn forget_all(db: &Connection, conversation: ConversationId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM mention WHERE conversation = ?1")?.execute([conversation.0])?;
    Ok(())
}

/// Whether a note of a conversation names an agent.
fn is_named(db: &Connection, agent: AgentId, conversation: ConversationId) -> Result<bool, StoreError> {
    let mut find =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM mention WHERE agent = ?1 AND conversation = ?2 AND whisper = 0)")?;
    Ok(find.query_row(params![agent.0, conversation.0], |row| row.get(0))?)
}

/// Whether an agent may read a conversation: by the table, or because a colleague named them in it.
pub(crate) fn may_read(db: &Connection, agent: &Agent, conversation: &Conversation) -> Result<bool, StoreError> {
    Ok(roles::may_read(agent, conversation) || is_named(db, agent.id, conversation.id)?)
}

/// The same, of a conversation as the desk has it.
pub(crate) fn may_read_record(db: &Connection, agent: AgentId, record: &Record) -> Result<bool, StoreError> {
    match people::enabled_agent(db, agent)? {
        Some(agent) => may_read(db, &agent, &rows::view(db, record)?),
        None => Ok(false),
    }
}

/// What an agent is reminded of. A whisper only while they have the chat.
pub(crate) fn of(db: &Connection, agent: AgentId) -> Result<Vec<Mention>, StoreError> {
    let mut find = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", m.seq AS noted, a.id AS author, a.name AS author_name, m.at AS noted_at, m.whisper AS whispered FROM mention m \
         JOIN conversation c ON c.id = m.conversation JOIN agent a ON a.id = m.author \
         WHERE m.agent = ?1 AND m.seen = 0 AND (m.whisper = 0 OR c.agent = m.agent) ORDER BY m.at, m.seq LIMIT ?2"
    ))?;
    let most = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
    let found = find.query_map(params![agent.0, most], |row| {
        let by = Person { id: AgentId(row.get("author")?), name: row.get("author_name")? };
        let noted: i64 = row.get("noted")?;
        Ok((rows::record(row)?, noted.cast_unsigned(), by, row.get("noted_at")?, row.get("whispered")?))
    })?;
    let found = found.collect::<sql::Result<Vec<_>>>()?;
    let mention = |(record, seq, by, at, whisper)| Ok(Mention { conversation: rows::view(db, &record)?, seq, by, at, whisper });
    found.into_iter().map(mention).collect()
}

impl Store {
    /// What an agent is reminded of, oldest first.
    pub async fn mentions(&self, agent: AgentId) -> Result<Vec<Mention>, StoreError> {
        self.read(move |db| of(db, agent)).await
    }

    /// Whether a colleague named an agent in a conversation.
    pub async fn is_named(&self, agent: AgentId, conversation: ConversationId) -> Result<bool, StoreError> {
        self.read(move |db| is_named(db, agent, conversation)).await
    }

    /// A conversation, if there is one that this agent, who is not disabled, may read as things stand now.
    pub async fn readable(&self, agent: AgentId, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.read(move |db| {
            let (Some(agent), Some(record)) = (people::enabled_agent(db, agent)?, rows::load(db, id)?) else { return Ok(None) };
            let conversation = rows::view(db, &record)?;
            Ok(may_read(db, &agent, &conversation)?.then_some(conversation))
        })
        .await
    }
}
