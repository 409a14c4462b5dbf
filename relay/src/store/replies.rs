//! Canned replies: read and kept for `api::replies`, which knows who may do what.

use shared::api::Reply;
use shared::ids::{AgentId, ReplyId, SiteId};

use super::sql::{self, Connection, Kind, OptionalExtension, Row, params};
use super::{Store, StoreError};

/// Most replies that are everybody's, and most of one agent: the console loads them whole.
pub const MOST_REPLIES: u32 = 500;

/// Those of one shelf: an agent's, or with empty bytes everybody's. Bytes are written differently in the two databases.
fn of_shelf(db: &Connection) -> &'static str {
    match db.kind() {
        Kind::Sqlite => "FROM reply WHERE coalesce(owner, x'') = ?1",
        Kind::Postgres => "FROM reply WHERE coalesce(owner, '') = ?1",
    }
}

fn shelf(owner: Option<AgentId>) -> Vec<u8> {
    owner.map(|agent| agent.0.as_bytes().to_vec()).unwrap_or_default()
}

fn reply(row: &Row<'_>) -> sql::Result<Reply> {
    let (owner, site): (Option<_>, Option<_>) = (row.get(3)?, row.get(4)?);
    let id = ReplyId(row.get(0)?);
    Ok(Reply { id, shortcut: row.get(1)?, text: row.get(2)?, owner: owner.map(AgentId), site: site.map(SiteId) })
}

fn read(db: &Connection, owner: Option<AgentId>) -> Result<Vec<Reply>, StoreError> {
    let mut find = db.prepare_cached(&format!("SELECT id, shortcut, text, owner, site {}", of_shelf(db)))?;
    let rows = find.query_map([shelf(owner)], reply)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Store {
    /// What an agent may use: everybody's and their own, by shortcut.
    pub async fn replies(&self, agent: AgentId) -> Result<Vec<Reply>, StoreError> {
        self.read(move |db| {
            let mut all = read(db, None)?;
            all.extend(read(db, Some(agent))?);
            all.sort_by(|one, other| one.shortcut.cmp(&other.shortcut));
            Ok(all)
        })
        .await
    }

    /// One of them.
    pub async fn reply(&self, id: ReplyId) -> Result<Option<Reply>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT id, shortcut, text, owner, site FROM reply WHERE id = ?1")?;
            Ok(find.query_row([id.0], reply).optional()?)
        })
        .await
    }

    /// Adds one; whether there was room on its shelf.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: its shortcut is taken there.
    pub async fn add_reply(&self, new: Reply) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut add = db.prepare_cached(&format!(
                "INSERT INTO reply (id, owner, site, shortcut, text) SELECT ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) {}) < ?7",
                of_shelf(db)
            ))?;
            let (owner, site) = (new.owner.map(|agent| agent.0), new.site.map(|site| site.0));
            Ok(add.execute(params![shelf(new.owner), new.id.0, owner, site, new.shortcut, new.text, MOST_REPLIES])? > 0)
        })
        .await
    }

    /// Puts another in its place; whether it was still there.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: its shortcut is taken on that shelf.
    pub async fn change_reply(&self, new: Reply) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut change =
                db.prepare_cached("UPDATE reply SET owner = ?2, site = ?3, shortcut = ?4, text = ?5 WHERE id = ?1")?;
            let (owner, site) = (new.owner.map(|agent| agent.0), new.site.map(|site| site.0));
            Ok(change.execute(params![new.id.0, owner, site, new.shortcut, new.text])? > 0)
        })
        .await
    }

    /// Removes one; whether it was still there.
    pub async fn delete_reply(&self, id: ReplyId) -> Result<bool, StoreError> {
        self.write(move |db| Ok(db.prepare_cached("DELETE FROM reply WHERE id = ?1")?.execute([id.0])? > 0)).await
    }
}
