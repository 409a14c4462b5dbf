//! Answers searches: with text, messages from the index of words, the latest first; without, conversations, the latest first. Whatever
//! is asked for, one answer looks at a bounded number of rows and says from where to go on.

use std::collections::HashMap;
use std::ops::ControlFlow;

use shared::api::{Found, Hit, HitMessage, SearchQuery};
use shared::ids::{ConversationId, Millis};
use shared::model::{Agent, Audience, Body, Conversation, Event};
use uuid::Uuid;

use super::super::rows::{self, columns};
use super::super::sql::{Connection, OptionalExtension, Row, params};
use super::super::{Store, StoreError, log, mentions};
use super::index::{self, said};
use super::words::Wanted;
use crate::desk::record::Record;

/// Hits of one answer.
const MOST: usize = 25;
/// Rows that one answer looks at: bounds its time (some 20 µs a row) whatever is filtered out.
const LOOKED_AT: usize = 2_000;
const _: () = assert!(LOOKED_AT == 2_000, "the statements below ask for one row more");
/// How much later an entry may be committed than its time says; times in the log are in order but for this.
const DISORDER: Millis = 60_000;
/// Entries after a message among which its changes are: they come within a minute, and nothing else of its author between.
const CHANGES_WITHIN: usize = 100;

/// A search that was checked.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What must hold.
    pub query: SearchQuery,
    /// What to find in messages.
    pub wanted: Option<Wanted>,
    /// Where the answer before ended.
    pub after: Option<String>,
}

impl Store {
    /// What an agent finds; `None`: `after` is none of ours.
    pub async fn search(&self, agent: Agent, search: Search) -> Result<Option<Found>, StoreError> {
        let indexing = if search.wanted.is_some() { self.catch_up().await? } else { false };
        let found = self
            .read(move |db| match &search.wanted {
                Some(wanted) => messages(db, &agent, &search, wanted),
                None => conversations(db, &agent, &search),
            })
            .await?;
        Ok(found.map(|found| Found { indexing, ..found }))
    }
}

fn messages(db: &Connection, agent: &Agent, search: &Search, wanted: &Wanted) -> Result<Option<Found>, StoreError> {
    let query = &search.query;
    let Ok(after) = search.after.as_deref().map(str::parse::<i64>).transpose() else { return Ok(None) };
    let before = match query.until {
        Some(until) => first_since(db, until)?,
        None => i64::MAX,
    };
    let mut look = Look::new(agent);
    let last = index::search(db, wanted, after.unwrap_or(i64::MAX).min(before), |n| look.message(db, search, wanted, n))?;
    Ok(Some(look.found(last.flatten())))
}

fn conversations(db: &Connection, agent: &Agent, search: &Search) -> Result<Option<Found>, StoreError> {
    let query = &search.query;
    let Ok(after) = search.after.as_deref().map(str::parse::<Uuid>).transpose() else { return Ok(None) };
    // Ids begin with the time at which the conversation did.
    let edge = |at: Millis| ConversationId::v7(at, [0; 10]).0;
    let before = after.into_iter().chain(query.until.map(edge)).min().unwrap_or(Uuid::max());
    let from = query.from.map_or(Uuid::nil(), edge);
    let all = concat!(
        "SELECT ",
        columns!(),
        ", c.rating FROM conversation c WHERE c.id < ?1 AND c.id >= ?2 ORDER BY c.id DESC LIMIT 2001"
    );
    let tagged = concat!(
        "SELECT ",
        columns!(),
        ", c.rating FROM conversation_tag t JOIN conversation c ON c.id = t.conversation \
         WHERE t.tag = ?3 AND t.conversation < ?1 AND t.conversation >= ?2 ORDER BY t.conversation DESC LIMIT 2001"
    );
    let mut find = db.prepare_cached(if query.tag.is_some() { tagged } else { all })?;
    let mut look = Look::new(agent);
    let mut see = |row: &Row<'_>| -> Result<ControlFlow<String>, StoreError> {
        let record = rows::record(row)?;
        let rating = row.get("rating")?;
        if let Some(conversation) = look.fits(db, query, &record, rating)? {
            look.hits.push(Hit { conversation, rating, message: None });
        }
        Ok(if look.is_done() { ControlFlow::Break(record.id.to_string()) } else { ControlFlow::Continue(()) })
    };
    let last = match &query.tag {
        Some(tag) => find.scan(params![before, from, tag], &mut see)?,
        None => find.scan(params![before, from], &mut see)?,
    };
    Ok(Some(look.found(last)))
}

/// One answer under way.
struct Look<'a> {
    agent: &'a Agent,
    hits: Vec<Hit>,
    looked_at: usize,
    /// Conversations that were looked at, those that fit whole.
    known: HashMap<Uuid, Option<(Conversation, Option<u8>)>>,
}

impl<'a> Look<'a> {
    fn new(agent: &'a Agent) -> Self {
        Self { agent, hits: Vec::new(), looked_at: 0, known: HashMap::new() }
    }

    /// Counts a row; whether that is enough for one answer.
    fn is_done(&mut self) -> bool {
        self.looked_at += 1;
        self.looked_at >= LOOKED_AT || self.hits.len() >= MOST
    }

    fn found(self, next: Option<String>) -> Found {
        Found { hits: self.hits, next, indexing: false }
    }

    /// Looks at a message that the index names; breaks where the answer ends.
    fn message(
        &mut self,
        db: &Connection,
        search: &Search,
        wanted: &Wanted,
        n: i64,
    ) -> Result<ControlFlow<Option<String>>, StoreError> {
        let query = &search.query;
        let mut find = db.prepare_cached("SELECT conversation, seq, at, internal, body FROM message WHERE n = ?1")?;
        let row = find.query_row([n], |row| {
            let body = log::stored(row.get_ref(4)?.as_str()?)?;
            Ok((row.get::<Uuid>(0)?, rows::seq(row, 1)?, row.get::<Millis>(2)?, row.get(3)?, body))
        });
        let Some((id, seq, at, internal, body)) = row.optional()? else { return Ok(ControlFlow::Continue(())) };
        if query.from.is_some_and(|from| at < from.saturating_sub(DISORDER)) {
            return Ok(ControlFlow::Break(None));
        }
        let in_time = query.from.is_none_or(|from| at >= from) && query.until.is_none_or(|until| at < until);
        if in_time && let Some((conversation, rating)) = self.conversation(db, query, id)? {
            let text = as_it_reads(db, conversation.id, seq, body)?;
            if let Some(snippet) = wanted.snippet(&text) {
                self.hits.push(Hit { conversation, rating, message: Some(HitMessage { seq, at, internal, snippet }) });
            }
        }
        Ok(if self.is_done() { ControlFlow::Break(Some(n.to_string())) } else { ControlFlow::Continue(()) })
    }

    fn conversation(
        &mut self,
        db: &Connection,
        query: &SearchQuery,
        id: Uuid,
    ) -> Result<Option<(Conversation, Option<u8>)>, StoreError> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let mut find = db.prepare_cached(concat!("SELECT ", columns!(), ", c.rating FROM conversation c WHERE c.id = ?1"))?;
        let found = find.query_row([id], |row| Ok((rows::record(row)?, row.get("rating")?))).optional()?;
        let fits = match found {
            Some((record, rating)) => self.fits(db, query, &record, rating)?.map(|conversation| (conversation, rating)),
            None => None,
        };
        self.known.insert(id, fits.clone());
        Ok(fits)
    }

    /// The conversation, if it is what was asked for and this agent may read it. Its times are not looked at.
    fn fits(
        &self,
        db: &Connection,
        query: &SearchQuery,
        record: &Record,
        rating: Option<u8>,
    ) -> Result<Option<Conversation>, StoreError> {
        let on_page = |part: &String| {
            let part = part.to_lowercase();
            record.page.as_ref().is_some_and(|page| page.url.to_lowercase().contains(&part))
        };
        let fits = query.agent.is_none_or(|agent| record.agent == Some(agent))
            && query.state.is_none_or(|state| record.state == state)
            && query.site.is_none_or(|site| record.site == site)
            && query.rating.is_none_or(|wanted| rating == Some(wanted))
            && query.page.as_ref().is_none_or(on_page);
        if !fits {
            return Ok(None);
        }
        let conversation = rows::view(db, record)?;
        let tagged = query.tag.as_ref().is_none_or(|tag| conversation.tags.contains(tag));
        let fits = tagged && mentions::may_read(db, self.agent, &conversation)?;
        Ok(fits.then_some(conversation))
    }
}

/// What a message says after its changes.
fn as_it_reads(db: &Connection, conversation: ConversationId, seq: u64, body: Body) -> Result<String, StoreError> {
    if !matches!(body, Body::Text(_) | Body::Note(_) | Body::Whisper(_) | Body::Menu(_)) {
        return Ok(said(&body));
    }
    let (after, _) = log::entries(db, conversation, seq, CHANGES_WITHIN, Audience::Agents)?;
    let changed = after.into_iter().rev().find_map(|entry| match entry.body {
        Body::Event(Event::Edited(edited)) if edited.seq == seq => Some(edited.text),
        _ => None,
    });
    Ok(changed.unwrap_or_else(|| said(&body)))
}

/// The first entry of the log that was written at a time or later, give or take the disorder of times. Halves the log, so it reads some
/// twenty rows of a million.
fn first_since(db: &Connection, time: Millis) -> Result<i64, StoreError> {
    let edge = time.saturating_add(DISORDER);
    let (first, last): (Option<i64>, Option<i64>) = db
        .prepare_cached("SELECT (SELECT min(n) FROM message), (SELECT max(n) FROM message)")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(mut low), Some(last)) = (first, last) else { return Ok(i64::MAX) };
    let mut high = last + 1;
    let mut find = db.prepare_cached("SELECT n, at FROM message WHERE n >= ?1 ORDER BY n LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let (n, at): (i64, Millis) = find.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if at < edge { low = n + 1 } else { high = middle }
    }
    Ok(low)
}
