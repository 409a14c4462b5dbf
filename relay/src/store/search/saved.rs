//! Searches that agents keep under a name of their own.

use shared::api::{MAX_SAVED, NewSearch, SavedSearch};
use shared::ids::AgentId;
use uuid::Uuid;

use super::super::rows::{json, to_json};
use super::super::sql::{self, OptionalExtension, params};
use super::super::{Store, StoreError};

impl Store {
    /// An agent's searches, by name.
    pub async fn saved_searches(&self, agent: AgentId) -> Result<Vec<SavedSearch>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT id, name, query FROM saved_search WHERE agent = ?1 ORDER BY name")?;
            let found = find.query_map([agent.0], |row| {
                Ok(SavedSearch { id: row.get(0)?, name: row.get(1)?, query: json(row.get_ref(2)?.as_str()?)? })
            })?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Keeps a search, in place of the one of its name; `None`: the agent has as many as they may.
    pub async fn save_search(&self, id: Uuid, agent: AgentId, new: NewSearch) -> Result<Option<SavedSearch>, StoreError> {
        self.write(move |db| {
            let mut find = db.prepare_cached("SELECT id FROM saved_search WHERE agent = ?1 AND name = ?2")?;
            let same: Option<Uuid> = find.query_row(params![agent.0, new.name], |row| row.get(0)).optional()?;
            let mut count = db.prepare_cached("SELECT count(*) FROM saved_search WHERE agent = ?1")?;
            let kept: i64 = count.query_row([agent.0], |row| row.get(0))?;
            if same.is_none() && usize::try_from(kept).is_ok_and(|kept| kept >= MAX_SAVED) {
                return Ok(None);
            }
            let id = same.unwrap_or(id);
            let mut keep = db.prepare_cached(
                "INSERT INTO saved_search (id, agent, name, query) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET query = ?4",
            )?;
            keep.execute(params![id, agent.0, new.name, to_json(&new.query)?])?;
            Ok(Some(SavedSearch { id, name: new.name, query: new.query }))
        })
        .await
    }

    /// Forgets a search of an agent; whether it was there.
    pub async fn forget_search(&self, id: Uuid, agent: AgentId) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut forget = db.prepare_cached("DELETE FROM saved_search WHERE id = ?1 AND agent = ?2")?;
            Ok(forget.execute(params![id, agent.0])? > 0)
        })
        .await
    }
}
