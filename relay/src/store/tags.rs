//! Labels on conversations: read with each conversation (`rows::view`), changed by the desk.

use shared::ids::ConversationId;

use super::sql::{self, Connection, params};
use super::{Store, StoreError};

/// Most tags that are offered for choice: more than anybody reads.
const MOST_OFFERED: u32 = 500;

/// The tags of a conversation.
pub(crate) fn of(db: &Connection, conversation: ConversationId) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare_cached("SELECT tag FROM conversation_tag WHERE conversation = ?1 ORDER BY tag")?;
    Ok(find.query_map([conversation.0], |row| row.get(0))?.collect::<sql::Result<_>>()?)
}

/// Puts a tag on.
pub(crate) fn add(db: &Connection, conversation: ConversationId, tag: &str) -> Result<(), StoreError> {
    let mut add = db.prepare_cached("INSERT INTO conversation_tag (conversation, tag) VALUES (?1, ?2)")?;
    add.execute(params![conversation.0, tag])?;
    Ok(())
}

/// Takes a tag off.
pub(crate) fn remove(db: &Connection, conversation: ConversationId, tag: &str) -> Result<(), StoreError> {
    let mut remove = db.prepare_cached("DELETE FROM conversation_tag WHERE conversation = ?1 AND tag = ?2")?;
    remove.execute(params![conversation.0, tag])?;
    Ok(())
}

impl Store {
    /// Every tag in use, in alphabetical order, 500 at most.
    pub async fn tags(&self) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            // From each tag to the next in the index, however many conversations have it.
            let mut find = db.prepare_cached(
                "WITH RECURSIVE used (tag) AS (SELECT min(tag) FROM conversation_tag UNION ALL \
                 SELECT (SELECT min(tag) FROM conversation_tag WHERE tag > used.tag) FROM used WHERE used.tag IS NOT NULL) \
                 SELECT tag FROM used WHERE tag IS NOT NULL LIMIT ?1",
            )?;
            Ok(find.query_map([MOST_OFFERED], |row| row.get(0))?.collect::<sql::Result<_>>()?)
        })
        .await
    }
}
