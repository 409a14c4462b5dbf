//! API tokens, and the accounts that work with them. Such an account has no address and no password, so nobody signs in as it.

use shared::api::Deed;
use shared::ids::{AgentId, Millis};
use shared::model::{Person, Role};
use uuid::Uuid;

use super::accounts::{Account, CAPACITY};
use super::audit::{self, Record};
use super::people::{role_name, role_of};
use super::sessions::SEEN_EVERY;
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, people};

/// A token that is made, with the account that works with it.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The account's id.
    pub agent: AgentId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who makes it.
    pub by: AgentId,
    /// When it lapses; `None`: never.
    pub expires_at: Option<Millis>,
}

/// A token that is good, or was until it lapsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The account that works with it.
    pub agent: AgentId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Millis,
    /// By whom.
    pub created_by: Person,
    /// When it lapses.
    pub expires_at: Option<Millis>,
    /// When it was last used, to some minutes.
    pub used_at: Option<Millis>,
}

impl Store {
    /// Makes a token and its account.
    pub async fn create_token(&self, new: NewToken, now: Millis) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            // Its address is none that anybody can type: it has no `@`.
            db.prepare_cached(
                "INSERT INTO agent (id, email, name, role, password_hash, capacity, gone_at, idle_since, created_at, bot) \
                 VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, ?6, ?6, 1)",
            )?
            .execute(params![
                new.agent.0,
                format!("bot:{}", new.agent),
                new.name,
                role_name(new.role),
                CAPACITY,
                now
            ])?;
            db.prepare_cached(
                "INSERT INTO api_token (token_hash, agent, created_at, created_by, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![new.hash, new.agent.0, now, new.by.0, new.expires_at])?;
            audit::write(db, now, &Record::of(new.by, Deed::TokenMade, new.name).with(role_name(new.role)))
        })
        .await
    }

    /// The tokens, the latest first.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached(
                "SELECT a.id, a.name, a.role, t.created_at, m.id, m.name, t.expires_at, t.used_at FROM api_token t \
                 JOIN agent a ON a.id = t.agent JOIN agent m ON m.id = t.created_by ORDER BY t.created_at DESC, a.id",
            )?;
            let found = find.query_map([], |row| {
                Ok(TokenRecord {
                    agent: AgentId(row.get(0)?),
                    name: row.get(1)?,
                    role: role_of(row.get_ref(2)?.as_str()?)?,
                    created_at: row.get(3)?,
                    created_by: Person { id: AgentId(row.get(4)?), name: row.get(5)? },
                    expires_at: row.get(6)?,
                    used_at: row.get(7)?,
                })
            })?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Which account works with a token that is good now, and when the token lapses.
    pub async fn token(&self, hash: [u8; 32], now: Millis) -> Result<Option<(Account, Option<Millis>)>, StoreError> {
        let found = self
            .read(move |db| {
                let mut find = db.prepare_cached(
                    "SELECT a.id, a.email, t.expires_at, t.used_at FROM api_token t JOIN agent a ON a.id = t.agent \
                     WHERE t.token_hash = ?1 AND (t.expires_at IS NULL OR t.expires_at > ?2) AND a.disabled = 0",
                )?;
                let found = find.query_row(params![hash, now], |row| {
                    Ok((row.get::<Uuid>(0)?, row.get(1)?, row.get(2)?, row.get::<Option<Millis>>(3)?))
                });
                let Some((id, email, expires_at, used_at)) = found.optional()? else { return Ok(None) };
                let agent = people::agent(db, AgentId(id))?;
                Ok(agent.map(|agent| {
                    (Account { agent, email, password_hash: String::new(), must_enrol: false }, expires_at, used_at)
                }))
            })
            .await?;
        let Some((account, expires_at, used_at)) = found else { return Ok(None) };
        if used_at.is_none_or(|used| now - used >= SEEN_EVERY) {
            let noted = self
                .write(move |db| -> Result<(), StoreError> {
                    db.prepare_cached("UPDATE api_token SET used_at = ?2 WHERE token_hash = ?1")?.execute(params![hash, now])?;
                    Ok(())
                })
                .await;
            // A store that cannot write still says who somebody is.
            match noted {
                Err(error) if !error.is_outage() => return Err(error),
                _ => {}
            }
        }
        Ok(Some((account, expires_at)))
    }
}

/// Takes an account's token away; whether it had one.
pub(crate) fn revoke(db: &Connection, agent: AgentId) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("DELETE FROM api_token WHERE agent = ?1")?.execute([agent.0])? > 0)
}
