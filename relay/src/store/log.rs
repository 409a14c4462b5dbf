//! Conversations' entries: one log, in the order in which they were written, called inside the writer's transactions and by readers.
//! An entry is never found by scanning: its conversation knows where the last one stands, each knows where the one before it stands,
//! and leaps make long ways short. So a commit writes a few pages at the log's end, however many conversations it is about.

use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, VisitorId};
use shared::model::{Audience, Author, Body, Entry, Event, Person};
use uuid::Uuid;

use super::rows::{json, seq, to_json};
use super::sql::{self, Connection, Kind, OptionalExtension, Row, params};
use super::{Step, StoreError};
use crate::desk::record::Record;

/// Every entry knows the last one before it whose seq is a multiple of this: so an entry is found in head / LEAP + LEAP steps.
const LEAP: Seq = 64;

/// What [`entry`] reads, and where the one before it stands.
macro_rules! entry_columns {
    () => {
        "seq, id, at, author_kind, author, (SELECT name FROM agent WHERE id = author), body, internal, visible, before"
    };
}
macro_rules! append {
    () => {
        "INSERT INTO message (conversation, seq, before, leap, visible, id, at, author_kind, author, internal, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    };
}
const APPEND_MANY: &str = "INSERT INTO message (n, conversation, seq, before, leap, visible, id, at, author_kind, author, internal, body) \
     SELECT * FROM unnest(?1::bigint[], ?2::bytea[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::bytea[], ?8::bigint[], \
     ?9::bigint[], ?10::bytea[], ?11::bigint[], ?12::text[])";
const APPEND: &str = append!();
const APPEND_RETURNING: &str = concat!(append!(), " RETURNING n");

/// Characters of a damaged body that an error shows: its kind, nothing of what somebody said.
const SHOWN: usize = 12;

/// The version of the schema that has the log.
pub(crate) const SINCE: usize = 2;

/// Where a conversation's entries stand in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The last one.
    pub last: Option<i64>,
    /// The last one whose seq is a multiple of [`LEAP`].
    pub leap: Option<i64>,
}

/// Writes a conversation's next entry; the caller saves the record. The unique index on (author, id) refuses a message that is there
/// already.
pub(crate) fn append(db: &Step<'_>, record: &mut Record, entry: &Entry) -> Result<(), StoreError> {
    let (kind, author) = match &entry.by {
        Author::Visitor => (0, Some(record.visitor.0)),
        Author::Agent(person) => (1, Some(person.id.0)),
        Author::System => (2, None),
    };
    let internal = entry.body.is_internal();
    let body = to_json(&entry.body)?;
    let (seq, visible, Trail { last, leap }) = (entry.seq.cast_signed(), record.visitor_head.cast_signed(), record.entries);
    let given = db.number(author, entry.id)?.filter(|n| {
        let row = params![n, record.id.0, seq, last, leap, visible, entry.id.0, entry.at, kind, author, internal, body];
        db.later(APPEND_MANY, row)
    });
    record.entries.last = Some(match given {
        Some(n) => n,
        None => {
            let row = params![record.id.0, seq, last, leap, visible, entry.id.0, entry.at, kind, author, internal, body];
            db.insert_numbered(APPEND, APPEND_RETURNING, row)?
        }
    });
    if entry.seq.is_multiple_of(LEAP) {
        record.entries.leap = record.entries.last;
    }
    record.head = entry.seq;
    if !internal {
        record.visitor_head = entry.seq;
    }
    Ok(())
}

/// The entries after a seq that an audience may see, `most` at most; whether there are more.
pub(super) fn entries(
    db: &Connection,
    conversation: ConversationId,
    after: Seq,
    most: usize,
    audience: Audience,
) -> Result<(Vec<Entry>, bool), StoreError> {
    let mut find = db.prepare_cached("SELECT head, last_entry FROM conversation WHERE id = ?1")?;
    let found = find.query_row([conversation.0], |row| Ok((seq(row, 0)?, row.get::<Option<i64>>(1)?))).optional()?;
    let Some((head, Some(last))) = found else { return Ok((Vec::new(), false)) };
    if db.kind() == Kind::Postgres {
        return range(db, conversation, after, most, audience);
    }
    let mut entries = Vec::new();
    let mut from = after;
    // Entries that the audience may not see are counted only once they are read.
    while from < head && entries.len() <= most {
        let to = head.min(from + (most + 1 - entries.len()) as Seq);
        let mut place = seek(db, last, head, to)?;
        let mut range = Vec::new();
        while let Some(n) = place.filter(|_| range.len() as Seq + from < to) {
            let (read, before) = read(db, n, audience)?;
            range.push(read);
            place = before;
        }
        entries.extend(range.into_iter().rev().flatten());
        from = to;
    }
    let more = entries.len() > most;
    entries.truncate(most);
    Ok((entries, more))
}

/// The same of PostgreSQL, where one statement with an index costs less than many without.
fn range(
    db: &Connection,
    conversation: ConversationId,
    after: Seq,
    most: usize,
    audience: Audience,
) -> Result<(Vec<Entry>, bool), StoreError> {
    let internal = audience == Audience::Agents;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
    let mut find = db.prepare_cached(concat!(
        "SELECT ",
        entry_columns!(),
        " FROM message WHERE conversation = ?1 AND seq > ?2 AND internal <= ?3 ORDER BY seq LIMIT ?4"
    ))?;
    let found = find.query_map(params![conversation.0, after, internal, limit], |row| entry(row, audience))?;
    let mut entries = found.collect::<sql::Result<Vec<_>>>()?;
    let more = entries.len() > most;
    entries.truncate(most);
    Ok((entries, more))
}

/// Where the entry with a seq stands, which is not after the head.
pub(super) fn seek(db: &Connection, last: i64, head: Seq, wanted: Seq) -> Result<Option<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT before, leap FROM message WHERE n = ?1")?;
    let (mut place, mut at) = (Some(last), head);
    while let Some(n) = place.filter(|_| at > wanted) {
        let found = find.query_row([n], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (before, leap): (Option<i64>, Option<i64>) = found.ok_or_else(|| missing(n))?;
        let landing = (at - 1) / LEAP * LEAP;
        (place, at) = if landing >= wanted { (leap, landing) } else { (before, at - 1) };
    }
    Ok(place)
}

/// An entry, if the audience may see it, and where the one before it stands.
fn read(db: &Connection, n: i64, audience: Audience) -> Result<(Option<Entry>, Option<i64>), StoreError> {
    let mut find = db.prepare_cached(concat!("SELECT ", entry_columns!(), " FROM message WHERE n = ?1"))?;
    let found = find.query_row([n], |row| {
        let hidden = audience == Audience::Visitor && row.get(7)?;
        let entry = if hidden { None } else { Some(entry(row, audience)?) };
        Ok((entry, row.get(9)?))
    });
    found.optional()?.ok_or_else(|| missing(n))
}

fn entry(row: &Row<'_>, audience: Audience) -> sql::Result<Entry> {
    let number = seq(row, 0)?;
    let by = match row.get::<i64>(3)? {
        0 => Author::Visitor,
        1 => Author::Agent(Person { id: AgentId(row.get(4)?), name: row.get::<Option<String>>(5)?.unwrap_or_default() }),
        _ => Author::System,
    };
    let prev = match audience {
        Audience::Visitor => seq(row, 8)?,
        Audience::Agents => number.saturating_sub(1),
    };
    let body = stored(row.get_ref(6)?.as_str()?)?;
    Ok(Entry { seq: number, prev, id: MessageId(row.get(1)?), at: row.get(2)?, by, body })
}

/// A stored body. One that is unknown is damaged: a later version's database is not opened at all.
pub(super) fn stored(text: &str) -> sql::Result<Body> {
    let body: Body = json(text)?;
    if body.is_unknown() {
        let what = format!("the body of an entry: {}", shared::model::cut(text, SHOWN));
        return Err(sql::Error::Unexpected(what));
    }
    Ok(body)
}

/// Goes through a conversation's entries, as agents see them, from the last one towards the first for as long as `see` wants more.
/// It is given where each stands in the log.
pub(crate) fn walk_back(db: &Connection, record: &Record, mut see: impl FnMut(i64, Entry) -> bool) -> Result<(), StoreError> {
    let mut place = record.entries.last;
    while let Some(n) = place {
        let (entry, before) = read(db, n, Audience::Agents)?;
        let goes_on = entry.is_some_and(|entry| see(n, entry));
        place = before.filter(|_| goes_on);
    }
    Ok(())
}

/// Writes another body in place of an entry's own, which is gone then. Who may see it stays as it is.
pub(crate) fn replace(db: &Connection, n: i64, body: &Body) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE message SET body = ?2 WHERE n = ?1")?.execute(params![n, to_json(body)?])?;
    Ok(())
}

/// What a conversation's visitor has written becomes another one's, in all of it: the same id by them is the same message from now on. One
/// whose id they have used themselves stays as it is.
pub(crate) fn change_author(db: &Connection, record: &Record, into: VisitorId) -> Result<(), StoreError> {
    let mut change = db.prepare_cached(
        "UPDATE message SET author = ?2 WHERE n = ?1 AND author_kind = 0 \
         AND NOT EXISTS (SELECT 1 FROM message AS own WHERE own.id = message.id AND own.author = ?2)",
    )?;
    let mut find = db.prepare_cached("SELECT before FROM message WHERE n = ?1")?;
    let mut place = record.entries.last;
    while let Some(n) = place {
        change.execute(params![n, into.0])?;
        place = find.query_row([n], |row| row.get(0)).optional()?.ok_or_else(|| missing(n))?;
    }
    Ok(())
}

/// A message that is there already.
pub(crate) struct Found {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    /// As its author sees it.
    pub(crate) prev: Seq,
    pub(crate) at: Millis,
}

/// The message that an author called by this id.
pub(crate) fn find(db: &Connection, author: Uuid, id: MessageId) -> Result<Option<Found>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT conversation, seq, at, CASE WHEN author_kind = 0 THEN visible ELSE seq - 1 END FROM message WHERE author = ?1 AND id = ?2",
    )?;
    let found = find.query_row([author, id.0], |row| {
        Ok(Found { conversation: ConversationId(row.get(0)?), seq: seq(row, 1)?, at: row.get(2)?, prev: seq(row, 3)? })
    });
    Ok(found.optional()?)
}

/// Whether the visitor has written after an end, and no agent since.
pub(crate) fn reopened_unanswered(db: &Connection, record: &Record) -> Result<bool, StoreError> {
    let mut place = record.entries.last;
    while let Some(n) = place {
        let (entry, before) = read(db, n, Audience::Agents)?;
        match entry.map(|entry| (entry.by, entry.body)) {
            Some((Author::System, Body::Event(Event::Reopened))) => return Ok(true),
            Some((Author::Agent(_), body)) if body.is_message() => return Ok(false),
            _ => place = before,
        }
    }
    Ok(false)
}

/// How many pointers lead elsewhere than they should. Reads the whole log: for backups alone.
pub(crate) fn lost(db: &rusqlite::Connection) -> rusqlite::Result<i64> {
    db.query_row(
        "SELECT (SELECT count(*) FROM message AS m LEFT JOIN message AS b ON b.n = m.before LEFT JOIN message AS l ON l.n = m.leap \
         WHERE m.seq > 1 AND (b.conversation IS NOT m.conversation OR b.seq IS NOT m.seq - 1) \
         OR m.seq > ?1 AND (l.conversation IS NOT m.conversation OR l.seq IS NOT (m.seq - 1) / ?1 * ?1)) \
         + (SELECT count(*) FROM conversation AS c LEFT JOIN message AS m ON m.n = c.last_entry \
         WHERE c.head > 0 AND (m.conversation IS NOT c.id OR m.seq IS NOT c.head))",
        [LEAP.cast_signed()],
        |row| row.get(0),
    )
}

fn missing(n: i64) -> StoreError {
    StoreError::Corrupt(format!("entry {n} of the log is missing; restore a backup"))
}

#[cfg(test)]
mod tests {
    use shared::api::VisitorRules;
    use shared::ids::{SiteId, SiteKey, VisitorId};

    use super::super::{SiteRecord, SiteSettings, Store, people, rows};
    use super::*;
    use crate::desk::VisitorCard;
    use crate::store::tests::url;

    /// Enough for several leaps.
    const LENGTH: Seq = 3 * LEAP + 7;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// Notes now and then, and a run of them that is longer than a leap.
    fn is_note(seq: Seq) -> bool {
        seq % 5 == 2 || (LEAP + 3..2 * LEAP + 10).contains(&seq)
    }

    /// Two conversations whose entries stand between each other's.
    async fn two_long_threads(store: &Store) -> [ConversationId; 2] {
        let site = SiteId(id(1));
        let (key, name, origins, settings) = (SiteKey("demo".into()), "Demo".into(), Vec::new(), SiteSettings::default());
        store
            .upsert_site(SiteRecord {
                id: site,
                key,
                name,
                origins,
                settings,
                settings_rev: 1,
                verified_only: false,
                visitors: VisitorRules::default(),
            })
            .await
            .unwrap();
        let conversations = [ConversationId(id(10)), ConversationId(id(20))];
        let fill = move |db: &Step<'_>| -> Result<(), StoreError> {
            db.protect()?;
            let mut records = Vec::new();
            for conversation in conversations {
                let visitor = VisitorId(id(conversation.0.as_u128() + 1));
                let token_hash = [u8::try_from(conversation.0.as_u128()).unwrap(); 32];
                let card = VisitorCard {
                    id: visitor,
                    token_hash,
                    locale: None,
                    time_zone: None,
                    page: None,
                    device: None,
                    trail: Vec::new(),
                    invited: None,
                    is_new: true,
                };
                people::add_visitor(db, site, &card, 0)?;
                let record = Record::new(conversation, site, visitor, 0);
                rows::save(db, &record, None, true)?;
                records.push(record);
            }
            for seq in 1..=LENGTH {
                for record in &mut records {
                    let body = if is_note(seq) { Body::Note(seq.to_string()) } else { Body::Text(seq.to_string()) };
                    let message = MessageId(id(record.id.0.as_u128() * 1_000 + u128::from(seq)));
                    let at = i64::try_from(seq).unwrap();
                    append(db, record, &Entry { seq, prev: seq - 1, id: message, at, by: Author::Visitor, body })?;
                }
            }
            records.iter().try_for_each(|record| rows::save(db, record, None, false))
        };
        store.write(fill).await.unwrap();
        conversations
    }

    async fn all_pages_are_right(store: &Store, conversation: ConversationId) {
        for audience in [Audience::Visitor, Audience::Agents] {
            let seen: Vec<Seq> = (1..=LENGTH).filter(|seq| audience == Audience::Agents || !is_note(*seq)).collect();
            for after in 0..=LENGTH + 1 {
                for most in [1, 2, 50, 500] {
                    let (got, more) = store.entries(conversation, after, most, audience).await.unwrap();
                    let expected: Vec<Seq> = seen.iter().copied().filter(|seq| *seq > after).collect();
                    let prev = |seq: Seq| match audience {
                        Audience::Visitor => seen.iter().copied().filter(|other| *other < seq).max().unwrap_or(0),
                        Audience::Agents => seq - 1,
                    };
                    let page: Vec<_> = expected.iter().take(most).map(|seq| (*seq, prev(*seq), seq.to_string())).collect();
                    let text = |body: &Body| match body {
                        Body::Text(text) | Body::Note(text) => text.clone(),
                        other => panic!("{other:?}"),
                    };
                    let got: Vec<_> = got.iter().map(|entry| (entry.seq, entry.prev, text(&entry.body))).collect();
                    assert_eq!(got, page, "{most} after {after} for {audience:?}");
                    assert_eq!(more, expected.len() > most, "{most} after {after} for {audience:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_long_thread_is_read_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::serve(&url(folder.path())).unwrap();
        for conversation in two_long_threads(&store).await {
            all_pages_are_right(&store, conversation).await;
        }
    }

    #[tokio::test]
    async fn entries_from_before_there_was_a_log_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open(&path).unwrap();
        two_long_threads(&store).await;
        drop(store);
        // The same conversations as the first version kept them.
        let first = folder.path().join("first.db");
        let db = rusqlite::Connection::open(&first).unwrap();
        db.execute_batch(include_str!("../../migrations/sqlite/0001_begin.sql")).unwrap();
        db.execute("ATTACH ?1 AS now", [path.to_str()]).unwrap();
        for table in ["site", "visitor", "conversation", "message"] {
            let mut names = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).unwrap();
            let names =
                names.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<Vec<String>>>().unwrap().join(", ");
            db.execute(&format!("INSERT INTO main.{table} ({names}) SELECT {names} FROM now.{table}"), []).unwrap();
        }
        db.pragma_update(None, "application_id", super::super::APPLICATION_ID).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        drop(db);
        let store = Store::open(&first).unwrap();
        for conversation in [ConversationId(id(10)), ConversationId(id(20))] {
            all_pages_are_right(&store, conversation).await;
            // And they go on.
            let next = move |db: &Step<'_>| -> Result<(), StoreError> {
                db.protect()?;
                let mut record = rows::load(db, conversation)?.unwrap();
                let body = Body::Text("on".into());
                let message = MessageId(id(conversation.0.as_u128()));
                let entry = Entry { seq: LENGTH + 1, prev: LENGTH, id: message, at: 0, by: Author::Visitor, body };
                append(db, &mut record, &entry)?;
                rows::save_message(db, &record, None)?;
                Ok(())
            };
            store.write(next).await.unwrap();
            let (entries, more) = store.entries(conversation, LENGTH - 1, 9, Audience::Agents).await.unwrap();
            assert_eq!((entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), more), (vec![LENGTH, LENGTH + 1], false));
        }
    }

    #[tokio::test]
    async fn a_damaged_body_is_damage_and_not_an_entry_of_a_later_version() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::serve(&url(folder.path())).unwrap();
        let [conversation, _] = two_long_threads(&store).await;
        for body in ["{\"hologram\":{\"said\":\"a secret\"}}", "{\"event\":{\"closed\":\"boredom\"}}", "{\"text\":5}"] {
            let spoil = move |db: &Step<'_>| -> Result<(), StoreError> {
                db.prepare_cached("UPDATE message SET body = ?2 WHERE conversation = ?1 AND seq = 1")?
                    .execute(params![conversation.0, body])?;
                Ok(())
            };
            store.write(spoil).await.unwrap();
            let refused = store.entries(conversation, 0, 9, Audience::Agents).await.unwrap_err();
            assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
    }
}
