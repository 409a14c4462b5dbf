//! Erasing what a visitor left, and telling them what there is of them. An erasure is marked in one transaction, from which on nobody
//! reaches the person any more, and carried out in steps of bounded length; a relay that is killed in between goes on with it.

use shared::api::{ExportedConversation, PersonExport};
use shared::ids::{ConversationId, Millis, SiteId, SiteKey, VisitorId};
use shared::model::{Audience, Body, Entry, Event, MAX_PAGE};
use uuid::Uuid;

use super::rows::json;
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, files, log, mentions, profiles, rows, search};
use crate::clock;

/// Entries that one transaction erases: messages that are said meanwhile wait for so many updates, some milliseconds.
const STEP: usize = 250;
/// Conversations that one look at a site's retention marks.
const MARKED: u32 = 100;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Entries whose text is gone.
    pub entries: usize,
    /// Conversations that are done.
    pub conversations: usize,
}

impl Store {
    /// Visitors who left this address, or whose site owner vouched for it.
    pub async fn visitors_by_email(&self, email: String) -> Result<Vec<VisitorId>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT id FROM visitor WHERE email = ?1 COLLATE NOCASE ORDER BY id")?;
            let found = find.query_map([email], |row| row.get(0).map(VisitorId))?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// All there is of a visitor, in one snapshot; `None`: there is no such visitor.
    pub async fn export_visitor(&self, id: VisitorId, at: Millis) -> Result<Option<PersonExport>, StoreError> {
        self.read(move |db| {
            let Some(profile) = profiles::profile(db, id)? else { return Ok(None) };
            let visitor = profile.visitor.clone();
            let mut conversations = Vec::new();
            for record in rows::load_all(db, id)? {
                let mut entries: Vec<Entry> = Vec::new();
                loop {
                    let after = entries.last().map_or(0, |entry| entry.seq);
                    let (page, more) = log::entries(db, record.id, after, MAX_PAGE, Audience::Agents)?;
                    entries.extend(page);
                    if !more {
                        break;
                    }
                }
                conversations.push(ExportedConversation { conversation: rows::view(db, &record)?, entries });
            }
            Ok(Some(PersonExport { at, visitor, profile, conversations }))
        })
        .await
    }

    /// Asks the relay that runs to erase visitors; whether there are such.
    pub async fn ask_erasure(&self, visitor: VisitorId) -> Result<bool, StoreError> {
        self.write(move |db| Ok(db.prepare_cached("UPDATE visitor SET erase_asked = 1 WHERE id = ?1")?.execute([visitor.0])? > 0))
            .await
    }

    /// Visitors whom another process wants erased.
    pub async fn asked_erasures(&self) -> Result<Vec<VisitorId>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached("SELECT id FROM visitor WHERE erase_asked = 1")?;
            let found = find.query_map([], |row| row.get(0).map(VisitorId))?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// How many days after its end a conversation of this site is erased; `None`: never.
    pub async fn retention(&self, site: SiteKey) -> Result<Option<u32>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT retention_days FROM site WHERE key = ?1")?;
            Ok(find.query_row([site.0], |row| row.get(0)).optional()?.flatten())
        })
        .await
    }

    /// Sets it; whether there is such a site.
    pub async fn set_retention(&self, site: SiteKey, days: Option<u32>) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut set = db.prepare_cached("UPDATE site SET retention_days = ?2 WHERE key = ?1")?;
            Ok(set.execute(params![site.0, days])? > 0)
        })
        .await
    }

    /// Marks conversations that ended so long ago that their site's retention is over, but none that its visitor may still go on with:
    /// those ended within `reopen_within`. How many it marked; there may be more.
    pub async fn mark_expired(&self, now: Millis, reopen_within: Millis) -> Result<usize, StoreError> {
        const DAY: Millis = 24 * 60 * 60 * 1_000;
        let sites = self
            .read(|db| {
                let mut find = db.prepare_cached("SELECT id, retention_days FROM site WHERE retention_days IS NOT NULL")?;
                let found = find.query_map([], |row| Ok((SiteId(row.get(0)?), row.get::<i64>(1)?)))?;
                Ok(found.collect::<sql::Result<Vec<_>>>()?)
            })
            .await?;
        let mut marked = 0;
        for (site, days) in sites {
            let ended = now - (days * DAY).max(reopen_within);
            const EXPIRED: &str =
                "SELECT EXISTS (SELECT 1 FROM conversation WHERE site = ?1 AND state = 3 AND erased = 0 AND state_at < ?2)";
            let due = self.read(move |db| Ok(db.prepare_cached(EXPIRED)?.query_row(params![site.0, ended], |row| row.get(0))?));
            // Seldom is there any, and reading costs no commit.
            if !due.await? {
                continue;
            }
            marked += self
                .write(move |db| -> Result<usize, StoreError> {
                    db.protect()?;
                    let mut find = db.prepare_cached(
                        "SELECT id FROM conversation WHERE site = ?1 AND state = 3 AND erased = 0 AND state_at < ?2 \
                         ORDER BY state_at LIMIT ?3",
                    )?;
                    let found = find.query_map(params![site.0, ended, MARKED], |row| row.get(0).map(ConversationId))?;
                    let found = found.collect::<sql::Result<Vec<_>>>()?;
                    found.iter().try_for_each(|id| mark(db, *id))?;
                    Ok(found.len())
                })
                .await?;
        }
        Ok(marked)
    }

    /// One step of what is marked.
    pub async fn erase_step(&self) -> Result<Erased, StoreError> {
        let waits = self.read(|db| {
            let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM conversation WHERE erase_from IS NOT NULL)")?;
            Ok(find.query_row([], |row| row.get::<bool>(0))?)
        });
        if !waits.await? {
            return Ok(Erased::default());
        }
        self.write(|db| {
            db.protect()?;
            let mut find = db.prepare_cached("SELECT id, erase_from FROM conversation WHERE erase_from IS NOT NULL LIMIT 1")?;
            let found = find.query_row([], |row| Ok((row.get(0).map(ConversationId)?, row.get::<i64>(1)?))).optional()?;
            match found {
                Some((id, from)) => erase_entries(db, id, from),
                None => Ok(Erased::default()),
            }
        })
        .await
    }
}

/// Whether there is such a visitor.
pub(crate) fn is_known(db: &Connection, visitor: VisitorId) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM visitor WHERE id = ?1)")?;
    Ok(find.query_row([visitor.0], |row| row.get(0))?)
}

/// From now on the person is nobody: no name, no address, no way back in. Their conversations are marked. Whoever they were before they
/// signed in goes with them.
pub(crate) fn forget(db: &Connection, visitor: VisitorId) -> Result<Vec<VisitorId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM visitor WHERE merged_into = ?1")?;
    let earlier = find.query_map([visitor.0], |row| row.get(0).map(VisitorId))?.collect::<sql::Result<Vec<_>>>()?;
    let all: Vec<VisitorId> = earlier.into_iter().chain([visitor]).collect();
    for &one in &all {
        let mut theirs = db.prepare_cached("SELECT id FROM conversation WHERE visitor = ?1")?;
        let theirs = theirs.query_map([one.0], |row| row.get(0).map(ConversationId))?.collect::<sql::Result<Vec<_>>>()?;
        theirs.iter().try_for_each(|id| mark(db, *id))?;
        anonymize(db, one)?;
    }
    Ok(all)
}

/// Marks a conversation: what the inbox shows of it goes at once, its entries step by step.
fn mark(db: &Connection, id: ConversationId) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE conversation SET erased = 1, erase_from = last_entry, preview = '', page = NULL WHERE id = ?1")?
        .execute([id.0])?;
    db.prepare_cached("DELETE FROM mail WHERE conversation = ?1")?.execute([id.0])?;
    db.prepare_cached("DELETE FROM push WHERE conversation = ?1")?.execute([id.0])?;
    db.prepare_cached("DELETE FROM conversation_tag WHERE conversation = ?1")?.execute([id.0])?;
    mentions::forget_all(db, id)
}

/// Takes everything from a visitor's row that says who it was, and every token that led to it.
fn anonymize(db: &Connection, visitor: VisitorId) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE visitor SET name = NULL, email = NULL, locale = NULL, time_zone = NULL, verified = 0, subject = NULL, token_hash = ?2, \
         erase_asked = 0 WHERE id = ?1",
    )?
    .execute(params![visitor.0, clock::random_bytes::<32>()])?;
    profiles::forget(db, visitor)?;
    for sql in [
        "DELETE FROM visitor_token WHERE visitor = ?1",
        "DELETE FROM visitor_link WHERE visitor = ?1",
        "DELETE FROM visitor_browser WHERE visitor = ?1",
        "DELETE FROM block WHERE visitor = ?1",
        // Also what no message has: uploads for a message that was never sent.
        "UPDATE file SET erased = 1 WHERE owner = ?1 AND held = 0 AND erased = 0",
    ] {
        db.prepare_cached(sql)?.execute([visitor.0])?;
    }
    Ok(())
}

/// Erases a step's entries of a conversation, the last first.
fn erase_entries(db: &Connection, id: ConversationId, from: i64) -> Result<Erased, StoreError> {
    let mut read = db.prepare_cached("SELECT seq, before, body FROM message WHERE n = ?1 AND conversation = ?2")?;
    let (mut place, mut erased) = (Some(from), Erased::default());
    for _ in 0..STEP {
        let Some(n) = place else { break };
        let found = read.query_row(params![n, id.0], |row| {
            let keeps = is_about_nobody(&json(row.get_ref(2)?.as_str()?)?);
            Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?, keeps))
        });
        let Some((seq, before, keeps)) = found.optional()? else {
            return Err(StoreError::Corrupt(format!("entry {n} of the log is missing; restore a backup")));
        };
        if !keeps {
            log::replace(db, n, &Body::Deleted)?;
            search::forget(db, n)?;
            files::release(db, id, seq.cast_unsigned())?;
            erased.entries += 1;
        }
        place = before;
    }
    db.prepare_cached("UPDATE conversation SET erase_from = ?2 WHERE id = ?1")?.execute(params![id.0, place])?;
    if place.is_none() {
        erased.conversations = 1;
        let owner = "SELECT visitor FROM conversation c WHERE id = ?1 \
                     AND NOT EXISTS (SELECT 1 FROM conversation o WHERE o.visitor = c.visitor AND o.erased = 0)";
        let owner: Option<Uuid> = db.prepare_cached(owner)?.query_row([id.0], |row| row.get(0)).optional()?;
        if let Some(owner) = owner {
            anonymize(db, VisitorId(owner))?;
        }
    }
    Ok(erased)
}

/// What may stay: that agents came and went. Everything else may hold words of the visitor or about them.
fn is_about_nobody(body: &Body) -> bool {
    matches!(
        body,
        Body::Deleted
            | Body::Event(
                Event::Assigned(_) | Event::Requeued(_) | Event::Parked(_) | Event::Resumed | Event::Closed(_) | Event::Reopened
            )
    )
}
