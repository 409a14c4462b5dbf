//! Second factors: the secrets that codes are computed from, and the recovery codes. Whoever asks for a code to be spent learns whether
//! it was still good, in one statement, so that of two requests with the same code one is refused.

use shared::api::Deed;
use shared::ids::{AgentId, Millis};

use super::audit::{self, Record};
use super::sql::{OptionalExtension, params};
use super::{Store, StoreError};

/// The second factor of somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactorRecord {
    /// What codes are computed from.
    pub secret: Vec<u8>,
    /// Whether signing in asks for it: its owner has shown that their authenticator has it.
    pub confirmed: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

impl Store {
    /// The second factor of somebody, confirmed or not.
    pub async fn second_factor(&self, agent: AgentId) -> Result<Option<SecondFactorRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT secret, confirmed, (SELECT count(*) FROM recovery_code WHERE agent = ?1) FROM second_factor WHERE agent = ?1",
            )?;
            let found = find.query_row([agent.0], |row| {
                Ok(SecondFactorRecord { secret: row.get(0)?, confirmed: row.get(1)?, recovery_codes: row.get(2)? })
            });
            Ok(found.optional()?)
        })
        .await
    }

    /// Begins to set one up, in the place of one that was never confirmed; whether there was no confirmed one.
    pub async fn begin_second_factor(&self, agent: AgentId, secret: Vec<u8>) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut begin = db.prepare_cached(
                "INSERT INTO second_factor (agent, secret) VALUES (?1, ?2) \
                 ON CONFLICT (agent) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE second_factor.confirmed = 0",
            )?;
            Ok(begin.execute(params![agent.0, secret])? > 0)
        })
        .await
    }

    /// Turns it on with the first code and new recovery codes; whether it was waiting for that, with this very secret.
    pub async fn confirm_second_factor(
        &self,
        agent: AgentId,
        secret: Vec<u8>,
        step: u64,
        recovery: Vec<[u8; 32]>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut confirm = db.prepare_cached(
                "UPDATE second_factor SET confirmed = 1, last_step = ?3 WHERE agent = ?1 AND secret = ?2 AND confirmed = 0",
            )?;
            if confirm.execute(params![agent.0, secret, step.cast_signed()])? == 0 {
                return Ok(false);
            }
            let mut insert = db.prepare_cached("INSERT INTO recovery_code (code_hash, agent) VALUES (?1, ?2)")?;
            for code in recovery {
                insert.execute(params![code, agent.0])?;
            }
            audit::write(db, now, &Record::of(agent, Deed::SecondFactorOn, ""))?;
            Ok(true)
        })
        .await
    }

    /// Takes the code of a step, if neither it nor a later one was taken before; whether it did.
    pub async fn spend_step(&self, agent: AgentId, step: u64) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut spend = db.prepare_cached(
                "UPDATE second_factor SET last_step = ?2 WHERE agent = ?1 AND confirmed = 1 AND last_step < ?2",
            )?;
            Ok(spend.execute(params![agent.0, step.cast_signed()])? > 0)
        })
        .await
    }

    /// Takes a recovery code; whether it was one of theirs.
    pub async fn spend_recovery_code(&self, agent: AgentId, code: [u8; 32]) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut spend = db.prepare_cached("DELETE FROM recovery_code WHERE code_hash = ?2 AND agent = ?1")?;
            Ok(spend.execute(params![agent.0, code])? > 0)
        })
        .await
    }

    /// Turns it off; whether there was one.
    pub async fn remove_second_factor(&self, agent: AgentId, record: Record, now: Millis) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let removed = db.prepare_cached("DELETE FROM second_factor WHERE agent = ?1")?.execute([agent.0])? > 0;
            if removed {
                audit::write(db, now, &record)?;
            }
            Ok(removed)
        })
        .await
    }
}
