//! Rules of the whole installation, and who has not met them yet.

use shared::api::Deed;
use shared::ids::{AgentId, Millis};
use uuid::Uuid;

use super::audit::{self, Record};
use super::sql::{Connection, params};
use super::{Store, StoreError};

impl Store {
    /// Since when everybody who signs in needs a second factor; `None`: nobody does.
    pub async fn second_factor_since(&self) -> Result<Option<Millis>, StoreError> {
        self.read(|db| Ok(db.prepare_cached("SELECT second_factor_since FROM house_rule")?.query_row([], |row| row.get(0))?))
            .await
    }

    /// Demands a second factor of everybody who signs in from now on, or of nobody. One that is demanded already is so since when it was.
    pub async fn demand_second_factor(&self, on: bool, by: AgentId, now: Millis) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            let changed = if on {
                db.execute("UPDATE house_rule SET second_factor_since = ?1 WHERE second_factor_since IS NULL", [now])?
            } else {
                db.execute("UPDATE house_rule SET second_factor_since = NULL WHERE second_factor_since IS NOT NULL", [])?
            };
            if changed > 0 {
                let detail = if on { "second factor: everybody" } else { "second factor: as they like" };
                audit::write(db, now, &Record::of(by, Deed::RulesChanged, "").with(detail))?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether somebody whose session began then has to set up a second factor before anything else.
pub(super) fn must_enrol(db: &Connection, agent: Uuid, began: Millis) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM house_rule WHERE second_factor_since <= ?2) \
         AND NOT EXISTS (SELECT 1 FROM second_factor WHERE agent = ?1 AND confirmed = 1)",
    )?;
    Ok(find.query_row(params![agent, began], |row| row.get(0))?)
}
