//! The index of words. Appending a message does not touch it: a message costs what it cost without. The background task ([`run`]) reads
//! what was appended and indexes it some hundred at a time, and a search does the same before it looks, so it finds all that was
//! committed before it was asked. What is taken back leaves the index in the transaction that takes it back.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use shared::ids::{ConversationId, Seq};
use shared::model::{Body, Edited, Event, Rating, Whisper};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::sql::{self, Connection, Kind, OptionalExtension, Rows, params};
use super::super::{Step, Store, StoreError, log, rows};
use super::words::{self, Wanted};

/// Entries that one transaction indexes: few, because messages wait for it. With 256 the slowest hundredth at 2,000 messages a second
/// waited 4 ms, without an index 1 ms (`bulle-load bench`).
const AT_ONCE: usize = 32;
/// Transactions that a search waits for at most; with more to do than that, it answers from what is there and says so.
const BEFORE_A_SEARCH: usize = 64;
/// Pause between two looks at what was appended. A search needs no shorter one: it looks itself.
const LOOK: Duration = Duration::from_secs(2);
/// Pause between two transactions while there is much to do, so that chats go first.
const BREATHE: Duration = Duration::from_millis(5);

/// Hits that PostgreSQL is asked for at a time.
const PAGE: i64 = 256;

/// Keeps the index in step until the relay stops. What is left undone then, the next start goes on with.
pub async fn run(store: Arc<Store>, stop: CancellationToken) {
    loop {
        let wait = match store.index_more().await {
            Ok(true) => BREATHE,
            Ok(false) => LOOK,
            Err(error) => {
                // The store logs its outages.
                tracing::debug!(%error, "the index of words waits for the store");
                LOOK
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
    }
}

/// How far the index is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Behind {
    /// Entries that were appended since.
    new: bool,
    /// Entries from before there was an index.
    old: bool,
}

impl Store {
    /// Indexes a part of what is not indexed yet; whether there is more.
    pub(crate) async fn index_more(&self) -> Result<bool, StoreError> {
        let behind = self.read(behind).await?;
        if behind == (Behind { new: false, old: false }) {
            return Ok(false);
        }
        self.write(move |db| {
            db.protect()?;
            let after = if behind.new { upwards(db) } else { downwards(db) };
            after?;
            let behind = self::behind(db)?;
            Ok(behind.new || behind.old)
        })
        .await
    }

    /// Indexes what was appended so far, unless that is very much; whether older entries are still missing.
    pub(super) async fn catch_up(&self) -> Result<bool, StoreError> {
        let mut behind = self.read(self::behind).await?;
        for _ in 0..BEFORE_A_SEARCH {
            if !behind.new {
                break;
            }
            behind = self
                .write(|db| {
                    db.protect()?;
                    upwards(db)?;
                    self::behind(db)
                })
                .await?;
        }
        Ok(behind.new || behind.old)
    }
}

fn marks(db: &Connection) -> Result<(i64, i64), StoreError> {
    let mut find = db.prepare_cached("SELECT below, up_to FROM indexed WHERE only_row = 0")?;
    Ok(find.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn behind(db: &Connection) -> Result<Behind, StoreError> {
    let (below, up_to) = marks(db)?;
    let last: Option<i64> = db.prepare_cached("SELECT max(n) FROM message")?.query_row([], |row| row.get(0))?;
    Ok(Behind { new: last.is_some_and(|last| last > up_to), old: below > 0 })
}

/// An entry, as far as the index needs it.
struct Read {
    n: i64,
    conversation: ConversationId,
    seq: Seq,
    body: Body,
}

fn read(db: &Connection, sql: &str, from: i64) -> Result<Vec<Read>, StoreError> {
    let mut find = db.prepare_cached(sql)?;
    let most = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let entries = find.query_map(params![from, most], |row| {
        let body = log::stored(row.get_ref(3)?.as_str()?)?;
        Ok(Read { n: row.get(0)?, conversation: ConversationId(row.get(1)?), seq: rows::seq(row, 2)?, body })
    })?;
    Ok(entries.collect::<sql::Result<_>>()?)
}

/// New entries, in their order: a change comes after what it changes.
fn upwards(db: &Step<'_>) -> Result<(), StoreError> {
    let (_, up_to) = marks(db)?;
    let sql = "SELECT n, conversation, seq, body FROM message WHERE n > ?1 ORDER BY n LIMIT ?2";
    let entries = read(db, sql, up_to)?;
    let Some(last) = entries.last().map(|entry| entry.n) else { return Ok(()) };
    let mut words = Vec::new();
    for entry in entries {
        match &entry.body {
            Body::Event(Event::Edited(edited)) => {
                if let Some(n) = changed(db, &entry, edited)? {
                    // It may be one of these.
                    put(db, std::mem::take(&mut words))?;
                    forget(db, n)?;
                    words.push((n, words::terms(&edited.text)));
                }
            }
            body => words.push((entry.n, words::terms(&said(body)))),
        }
    }
    put(db, words)?;
    db.prepare_cached("UPDATE indexed SET up_to = ?1")?.execute([last])?;
    Ok(())
}

/// Entries from before, the latest first: a change comes before what it changes, which then is there already.
fn downwards(db: &Step<'_>) -> Result<(), StoreError> {
    let (below, _) = marks(db)?;
    let sql = "SELECT n, conversation, seq, body FROM message WHERE n <= ?1 ORDER BY n DESC LIMIT ?2";
    let entries = read(db, sql, below)?;
    let done = if entries.len() < AT_ONCE { 0 } else { entries.last().map_or(0, |entry| entry.n - 1) };
    for entry in entries {
        match &entry.body {
            Body::Event(Event::Edited(edited)) => {
                if let Some(n) = changed(db, &entry, edited)?.filter(|_| !edited.text.is_empty())
                    && !is_there(db, n)?
                {
                    put(db, vec![(n, words::terms(&edited.text))])?;
                }
            }
            Body::Event(Event::Rated(Rating { score, .. })) => {
                let mut rate = db.prepare_cached("UPDATE conversation SET rating = ?2 WHERE id = ?1 AND rating IS NULL")?;
                rate.execute(params![entry.conversation.0, score])?;
                put(db, vec![(entry.n, words::terms(&said(&entry.body)))])?;
            }
            body => {
                if !is_there(db, entry.n)? {
                    put(db, vec![(entry.n, words::terms(&said(body)))])?;
                }
            }
        }
    }
    db.prepare_cached("UPDATE indexed SET below = ?1")?.execute([done])?;
    Ok(())
}

/// Where the message stands that an entry changes.
fn changed(db: &Connection, entry: &Read, edited: &Edited) -> Result<Option<i64>, StoreError> {
    if edited.seq >= entry.seq { Ok(None) } else { log::seek(db, entry.n, entry.seq, edited.seq) }
}

fn is_there(db: &Connection, n: i64) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT 1 FROM word_index WHERE rowid = ?1")?;
    Ok(find.query_row([n], |_| Ok(())).optional()?.is_some())
}

/// Looks at the messages before `n` in which something stands, the latest first, until one is enough.
pub(super) fn search<B>(
    db: &Connection,
    wanted: &Wanted,
    mut before: i64,
    mut look: impl FnMut(i64) -> Result<ControlFlow<B>, StoreError>,
) -> Result<Option<B>, StoreError> {
    if db.kind() == Kind::Sqlite {
        let mut find =
            db.prepare_cached("SELECT rowid FROM word_index WHERE word_index MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC")?;
        return find.scan(params![wanted.query(), before], |row| look(row.get(0)?));
    }
    // All rows of an answer come at once there.
    let mut find = db.prepare_cached(
        "SELECT rowid FROM word_index WHERE terms @@ CAST(?1 AS tsquery) AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
    )?;
    loop {
        let (mut found, from) = (0, before);
        let enough = find.scan(params![wanted.tsquery(), from, PAGE], |row| {
            before = row.get(0)?;
            found += 1;
            look(before)
        })?;
        if enough.is_some() || found < PAGE {
            return Ok(enough);
        }
    }
}

/// Puts the terms of entries, none of which is there yet.
fn put(db: &Connection, words: Vec<(i64, String)>) -> Result<(), StoreError> {
    let words = words.into_iter().filter(|(_, terms)| !terms.is_empty());
    let Some(bulk) = db.bulk() else {
        let mut put = db.prepare_cached("INSERT INTO word_index (rowid, terms) VALUES (?1, ?2)")?;
        return Ok(words.into_iter().try_for_each(|(n, terms)| put.execute(params![n, terms]).map(drop))?);
    };
    let mut rows = Rows::new(
        "INSERT INTO word_index (rowid, terms) SELECT n, CAST(terms AS tsvector) FROM unnest(?1::bigint[], ?2::text[]) AS w (n, terms)",
    );
    words.for_each(|(n, terms)| rows.push(params![n, words::tsvector(&terms)]));
    if !rows.is_empty() {
        bulk.execute(&rows)?;
    }
    Ok(())
}

/// Takes an entry out of the index, because what it says is gone.
pub(crate) fn forget(db: &Connection, n: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM word_index WHERE rowid = ?1")?.execute([n])?;
    Ok(())
}

/// What of an entry can be found: all that people wrote. Lines of their own keep phrases from reaching across.
pub(super) fn said(body: &Body) -> String {
    match body {
        Body::Text(text) | Body::Note(text) | Body::Whisper(Whisper { text, .. }) => text.clone(),
        Body::Menu(menu) => {
            [menu.text.as_str()].into_iter().chain(menu.choices.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
        }
        Body::File(file) => file.name.clone(),
        Body::Cards(cards) => {
            let texts = cards.iter().flat_map(|card| [Some(card.title.as_str()), card.text.as_deref()]);
            texts.flatten().collect::<Vec<_>>().join("\n")
        }
        Body::Event(Event::Answered(answers)) => {
            answers.iter().map(|answer| answer.value.as_str()).collect::<Vec<_>>().join("\n")
        }
        Body::Event(Event::Contact(contact)) => [contact.name.as_deref().unwrap_or_default(), &contact.email].join("\n"),
        Body::Event(Event::Rated(rating)) => rating.comment.clone().unwrap_or_default(),
        Body::Event(_) | Body::Deleted | Body::Unknown(_) => String::new(),
    }
}
