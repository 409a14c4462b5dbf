//! What is put on record: deeds of people that others may want to know of later. Written in the transaction of the deed itself where it
//! is one of the store, so that neither is without the other.

use shared::api::{AuditEntry, Deed};
use shared::ids::{AgentId, ConversationId, Millis};
use shared::model::{MAX_PAGE, Person};
use uuid::Uuid;

use super::rows::{seq, to_json};
use super::sql::{self, Connection, params};
use super::{Store, StoreError};

/// A page of the record, and one entry more, which tells whether there are more.
macro_rules! page {
    ($filter:literal) => {
        concat!(
            "SELECT e.id, e.at, a.id, a.name, e.what, e.about, e.detail, e.conversation FROM audit e LEFT JOIN agent a ON a.id = e.agent \
             WHERE e.id < ?1 ",
            $filter,
            " ORDER BY e.id DESC LIMIT 101"
        )
    };
}
const _: () = assert!(MAX_PAGE == 100, "the text above asks for one more than a page");

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
    /// A page of the record, the latest first: before that entry, of that kind, by that account, as far as these are given; and whether
    /// there are earlier ones.
    pub async fn audit(
        &self,
        before: Option<u64>,
        deed: Option<Deed>,
        by: Option<AgentId>,
    ) -> Result<(Vec<AuditEntry>, bool), StoreError> {
        self.read(move |db| {
            let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
            let deed = deed.map(name).transpose()?;
            // One text for each choice, so that each has its index.
            let mut found = match (by, deed) {
                (None, None) => entries(db, page!(""), params![before]),
                (Some(by), None) => entries(db, page!("AND e.agent = ?2"), params![before, by.0]),
                (None, Some(deed)) => entries(db, page!("AND e.what = ?2"), params![before, deed]),
                (Some(by), Some(deed)) => entries(db, page!("AND e.agent = ?2 AND e.what = ?3"), params![before, by.0, deed]),
            }?;
            let more = found.len() > MAX_PAGE;
            found.truncate(MAX_PAGE);
            Ok((found, more))
        })
        .await
    }

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

fn entries<P: sql::Params>(db: &Connection, sql: &str, params: P) -> Result<Vec<AuditEntry>, StoreError> {
    let mut find = db.prepare_cached(sql)?;
    let found = find.query_map(params, |row| {
        let by = row.get::<Option<Uuid>>(2)?.zip(row.get::<Option<String>>(3)?);
        Ok(AuditEntry {
            id: seq(row, 0)?,
            at: row.get(1)?,
            by: by.map(|(id, name)| Person { id: AgentId(id), name }),
            // Of a later version, perhaps.
            deed: serde_json::from_value(row.get::<String>(4)?.into()).unwrap_or(Deed::Unknown),
            about: row.get(5)?,
            detail: row.get(6)?,
            conversation: row.get::<Option<Uuid>>(7)?.map(ConversationId),
        })
    })?;
    Ok(found.collect::<sql::Result<_>>()?)
}

/// What a deed is called in the table: its name on the wire.
fn name(deed: Deed) -> Result<String, StoreError> {
    Ok(to_json(&deed)?.trim_matches('"').to_owned())
}
