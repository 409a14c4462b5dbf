//! Whom a site's team keeps out. Written by the desk, read when visitors greet or upload, listed and lifted over REST.

use ipnet::IpNet;
use shared::api::{Block, Deed};
use shared::ids::{AgentId, BlockId, ConversationId, Millis, SiteId, VisitorId};
use shared::model::Person;

use super::audit::{self, Record};
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Store, StoreError};

/// Blocks that one list holds; the latest.
const MOST_LISTED: u32 = 500;

/// Who is kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// This visitor.
    Visitor(VisitorId),
    /// Everybody of the site's visitors from there.
    Network(IpNet),
}

/// What a block says.
#[derive(Clone, Debug)]
pub(crate) struct NewBlock {
    /// Where.
    pub site: SiteId,
    /// By whom.
    pub agent: AgentId,
    /// Why, for the team.
    pub reason: String,
    /// From when.
    pub at: Millis,
    /// Until when; `None`: until it is lifted.
    pub until: Option<Millis>,
}

/// Keeps somebody out. Whoever is kept out already is so as this one says from now on.
pub(crate) fn add(db: &Connection, id: BlockId, whom: Whom, new: &NewBlock) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM block WHERE expires_at <= ?1")?.execute([new.at])?;
    let (visitor, network) = match whom {
        Whom::Visitor(visitor) => (Some(visitor.0), None),
        Whom::Network(network) => (None, Some(network.to_string())),
    };
    db.prepare_cached("DELETE FROM block WHERE visitor = ?1")?.execute([visitor])?;
    db.prepare_cached("DELETE FROM block WHERE site = ?1 AND network = ?2")?.execute(params![new.site.0, network])?;
    db.prepare_cached(
        "INSERT INTO block (id, site, visitor, network, reason, agent, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![id.0, new.site.0, visitor, network, new.reason, new.agent.0, new.at, new.until])?;
    Ok(())
}

/// A block as REST tells it; its columns as [`LISTED`] names them.
fn block(row: &Row<'_>) -> sql::Result<Block> {
    Ok(Block {
        id: BlockId(row.get("id")?),
        site: SiteId(row.get("site")?),
        visitor: row.get::<Option<_>>("visitor")?.map(VisitorId),
        name: row.get("visitor_name")?,
        network: row.get("network")?,
        reason: row.get("reason")?,
        by: Person { id: AgentId(row.get("agent")?), name: row.get("agent_name")? },
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}

const LISTED: &str = "SELECT b.*, v.name AS visitor_name, a.name AS agent_name FROM block b JOIN agent a ON a.id = b.agent \
    LEFT JOIN visitor v ON v.id = b.visitor";

impl Store {
    /// Whether a visitor is kept out, for their own sake or for where they come from.
    pub async fn is_blocked(
        &self,
        site: SiteId,
        visitor: VisitorId,
        network: Option<IpNet>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM block WHERE visitor = ?1 AND (expires_at IS NULL OR expires_at > ?4)) \
                 OR EXISTS (SELECT 1 FROM block WHERE site = ?2 AND network = ?3 AND (expires_at IS NULL OR expires_at > ?4))",
            )?;
            let network = network.map(|network| network.to_string());
            Ok(find.query_row(params![visitor.0, site.0, network, now], |row| row.get(0))?)
        })
        .await
    }

    /// Who is kept out now, the latest first.
    pub async fn blocks(&self, now: Millis) -> Result<Vec<Block>, StoreError> {
        self.read(move |db| {
            let sql = format!("{LISTED} WHERE (b.expires_at IS NULL OR b.expires_at > ?1) ORDER BY b.created_at DESC LIMIT ?2");
            let mut find = db.prepare_cached(&sql)?;
            Ok(find.query_map(params![now, MOST_LISTED], block)?.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// What keeps the visitor of a conversation out, if anything does.
    pub async fn block_of(&self, conversation: ConversationId, now: Millis) -> Result<Option<Block>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "{LISTED} WHERE b.visitor = (SELECT visitor FROM conversation WHERE id = ?1) AND (b.expires_at IS NULL OR b.expires_at > ?2)"
            );
            let mut find = db.prepare_cached(&sql)?;
            let mut found = find.query_map(params![conversation.0, now], block)?;
            Ok(found.next().transpose()?)
        })
        .await
    }

    /// Lifts a block; whether there was one.
    pub async fn lift_block(&self, id: BlockId, by: AgentId, now: Millis) -> Result<bool, StoreError> {
        self.write(move |db| {
            // A visitor's name would outlive their erasure there.
            let mut find = db.prepare_cached("DELETE FROM block WHERE id = ?1 RETURNING coalesce(network, '')")?;
            let lifted: Option<String> = find.query_row([id.0], |row| row.get(0)).optional()?;
            if let Some(whom) = &lifted {
                audit::write(db, now, &Record::of(by, Deed::Unblock, whom))?;
            }
            Ok(lifted.is_some())
        })
        .await
    }
}
