//! What is put on record: deeds of people that others may want to know of later. Written in the transaction of the deed itself where it
//! is one of the store, so that neither is without the other.

use rusqlite::{Connection, params};
use shared::api::Deed;
use shared::ids::{AgentId, ConversationId, Millis};

use super::rows::to_json;
use super::{Store, StoreError};

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// By whom; `None`: by the operator at the shell.
    pub by: Option<AgentId>,
    /// What.
    pub deed: Deed,
    /// To whom or what, by a name that means something later as well.
    pub about: String,
    /// What else there is to say.
    pub detail: String,
}

impl Record {
    /// A deed of an agent.
    pub fn of(by: AgentId, deed: Deed, about: impl Into<String>) -> Self {
        Self { by: Some(by), deed, about: about.into(), detail: String::new() }
    }

    /// With more to say.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

impl Store {
    /// Puts a deed on record that changed nothing in the store.
    pub async fn record(&self, now: Millis, record: Record) -> Result<(), StoreError> {
        self.write(move |db| write(db, now, &record)).await
    }
}

/// Puts a deed on record.
pub(crate) fn write(db: &Connection, now: Millis, record: &Record) -> Result<(), StoreError> {
    insert(db, now, record, None)
}

/// Puts on record what was done with a conversation.
pub(crate) fn write_about(
    db: &Connection,
    now: Millis,
    by: AgentId,
    deed: Deed,
    conversation: ConversationId,
) -> Result<(), StoreError> {
    insert(db, now, &Record::of(by, deed, ""), Some(conversation))
}

fn insert(db: &Connection, now: Millis, record: &Record, conversation: Option<ConversationId>) -> Result<(), StoreError> {
    let mut insert =
        db.prepare_cached("INSERT INTO audit (at, agent, conversation, what, about, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    insert.execute(params![
        now,
        record.by.map(|agent| agent.0),
        conversation.map(|conversation| conversation.0),
        name(record.deed)?,
        record.about,
        record.detail
    ])?;
    Ok(())
}

/// What a deed is called in the table: its name on the wire.
fn name(deed: Deed) -> Result<String, StoreError> {
    Ok(to_json(&deed)?.trim_matches('"').to_owned())
}
