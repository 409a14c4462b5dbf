//! Sessions of agents: who is signed in, where, since when.

use shared::api::Deed;
use shared::ids::{AgentId, Millis, SessionId};
use uuid::Uuid;

use super::accounts::Account;
use super::audit::{self, Record};
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, people, rules};

/// How old the note of a session's last use may become, in ms. People read it as "a few minutes ago"; a finer one would make every
/// request a write.
pub(super) const SEEN_EVERY: Millis = 5 * 60_000;

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// Its name for people.
    pub id: SessionId,
    /// Browser and system.
    pub device: String,
    /// The address without its last part.
    pub network: String,
    /// When it ends by itself.
    pub expires_at: Millis,
}

/// A session that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// Its name for people.
    pub id: SessionId,
    /// Browser and system.
    pub device: String,
    /// The address without its last part.
    pub network: String,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to [`SEEN_EVERY`].
    pub seen_at: Millis,
}

impl Store {
    /// Signs somebody in. Lapsed sessions are swept along.
    pub async fn create_session(&self, agent: AgentId, session: NewSession, now: Millis) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("DELETE FROM agent_session WHERE expires_at <= ?1")?.execute([now])?;
            add(db, agent, &session, now)?;
            audit::write(db, now, &Record::of(agent, Deed::SignedIn, "").with(session.device))
        })
        .await
    }

    /// Who a session token stands for.
    pub async fn session(&self, hash: [u8; 32], now: Millis) -> Result<Option<Account>, StoreError> {
        let found = self
            .read(move |db| {
                let mut find = db.prepare_cached(
                    "SELECT a.id, a.email, a.password_hash, s.seen_at, s.created_at FROM agent_session s JOIN agent a ON a.id = s.agent \
                     WHERE s.token_hash = ?1 AND s.expires_at > ?2 AND a.disabled = 0",
                )?;
                let found = find.query_row(params![hash, now], |row| {
                    Ok((row.get::<Uuid>(0)?, row.get(1)?, row.get(2)?, row.get::<Millis>(3)?, row.get(4)?))
                });
                let Some((id, email, password_hash, seen_at, began)) = found.optional()? else { return Ok(None) };
                let agent = people::agent(db, AgentId(id))?;
                let must_enrol = rules::must_enrol(db, id, began)?;
                Ok(agent.map(|agent| (Account { agent, email, password_hash, must_enrol }, seen_at)))
            })
            .await?;
        let Some((account, seen_at)) = found else { return Ok(None) };
        if now - seen_at >= SEEN_EVERY {
            let noted = self
                .write(move |db| -> Result<(), StoreError> {
                    let mut note =
                        db.prepare_cached("UPDATE agent_session SET seen_at = ?2 WHERE token_hash = ?1 AND seen_at < ?2")?;
                    note.execute(params![hash, now])?;
                    Ok(())
                })
                .await;
            // A store that cannot write still says who somebody is.
            match noted {
                Err(error) if !error.is_outage() => return Err(error),
                _ => {}
            }
        }
        Ok(Some(account))
    }

    /// Where somebody is signed in, the latest seen first.
    pub async fn sessions(&self, agent: AgentId, now: Millis) -> Result<Vec<SessionRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT token_hash, id, device, network, created_at, seen_at FROM agent_session \
                 WHERE agent = ?1 AND expires_at > ?2 ORDER BY seen_at DESC, id",
            )?;
            let found = find.query_map(params![agent.0, now], |row| {
                Ok(SessionRecord {
                    hash: row.get(0)?,
                    id: SessionId(row.get(1)?),
                    device: row.get(2)?,
                    network: row.get(3)?,
                    created_at: row.get(4)?,
                    seen_at: row.get(5)?,
                })
            })?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Signs out.
    pub async fn delete_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("DELETE FROM agent_session WHERE token_hash = ?1")?.execute([hash])?;
            Ok(())
        })
        .await
    }

    /// Ends those sessions of somebody that are chosen, and puts it on record if there were any; the hashes of their tokens.
    pub async fn end_sessions(
        &self,
        agent: AgentId,
        which: Which,
        record: Record,
        now: Millis,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let ended = end(db, agent, which)?;
            if !ended.is_empty() {
                audit::write(db, now, &record)?;
            }
            Ok(ended)
        })
        .await
    }
}

/// Which of somebody's sessions.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// Every one.
    All,
    /// All but this one, by its token's hash.
    AllBut([u8; 32]),
    /// This one.
    One(SessionId),
}

/// Ends sessions of somebody; the hashes of their tokens.
pub(crate) fn end(db: &Connection, agent: AgentId, which: Which) -> Result<Vec<[u8; 32]>, StoreError> {
    let (but, only) = match which {
        Which::All => (None, None),
        Which::AllBut(hash) => (Some(hash), None),
        Which::One(id) => (None, Some(id.0)),
    };
    let mut delete = db.prepare_cached(
        "DELETE FROM agent_session WHERE agent = ?1 AND (token_hash <> ?2 OR ?2 IS NULL) AND (id = ?3 OR ?3 IS NULL) RETURNING token_hash",
    )?;
    let ended = delete.query_map(params![agent.0, but, only], |row| row.get(0))?.collect::<sql::Result<_>>()?;
    Ok(ended)
}

pub(crate) fn add(db: &Connection, agent: AgentId, session: &NewSession, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO agent_session (token_hash, id, agent, device, network, created_at, seen_at, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
    )?
    .execute(params![session.hash, session.id.0, agent.0, session.device, session.network, now, session.expires_at])?;
    Ok(())
}
