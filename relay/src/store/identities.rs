//! Verified visitors: the secrets that a site owner signs with, whom they have vouched for, and the tokens such visitors hold.

use shared::ids::{Millis, SecretId, SiteId, VisitorId};
use uuid::Uuid;

use super::audit::{self, Record};
use super::rows::to_json;
use super::sql::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError, people, profiles};
use crate::clock;
use crate::desk::VisitorCard;
use crate::edge::identity::Identity;

/// Secrets that a site may have at a time: the one in use, and during a rotation its successor.
pub const MOST_SECRETS: i64 = 2;
/// Tokens that one verified visitor may hold: browsers that one person uses, so that nobody who signs in again and again fills the
/// store. The oldest goes first.
const MOST_TOKENS: i64 = 20;

/// What a site owner signs identity tokens with.
#[derive(Clone, PartialEq, Eq)]
pub struct SiteSecret {
    /// Names it.
    pub id: SecretId,
    /// The key of the signature, as text: its bytes are the key.
    pub secret: String,
    /// When it was made.
    pub created_at: Millis,
}

impl std::fmt::Debug for SiteSecret {
    /// Without the secret, which must never come into a log.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SiteSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// The secrets of a site, the oldest first.
    pub async fn site_secrets(&self, site: SiteId) -> Result<Vec<SiteSecret>, StoreError> {
        self.read(move |db| {
            let mut find =
                db.prepare_cached("SELECT id, secret, created_at FROM site_secret WHERE site = ?1 ORDER BY created_at, id")?;
            let found = find.query_map([site.0], |row| {
                Ok(SiteSecret { id: SecretId(row.get(0)?), secret: row.get(1)?, created_at: row.get(2)? })
            })?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Adds a secret, on record; whether there was room for it.
    pub async fn add_site_secret(&self, site: SiteId, new: SiteSecret, record: Record) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut count = db.prepare_cached("SELECT count(*) FROM site_secret WHERE site = ?1")?;
            let held: i64 = count.query_row([site.0], |row| row.get(0))?;
            if held >= MOST_SECRETS {
                return Ok(false);
            }
            db.prepare_cached("INSERT INTO site_secret (id, site, secret, created_at) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![new.id.0, site.0, new.secret, new.created_at])?;
            audit::write(db, new.created_at, &record)?;
            Ok(true)
        })
        .await
    }

    /// Retires a secret, on record, and with it the visitors' tokens that came of it; whether there was one.
    pub async fn delete_site_secret(&self, now: Millis, site: SiteId, id: SecretId, record: Record) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut delete = db.prepare_cached("DELETE FROM site_secret WHERE site = ?1 AND id = ?2")?;
            let found = delete.execute(params![site.0, id.0])? > 0;
            if found {
                audit::write(db, now, &record)?;
            }
            Ok(found)
        })
        .await
    }

    /// Whether a token is of the very visitor that an identity names, all that it says is known, and it hangs by the same secret.
    pub async fn is_identified(&self, token: [u8; 32], site: SiteId, identity: Identity) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM visitor_token t JOIN visitor v ON v.id = t.visitor WHERE t.token_hash = ?1 \
                 AND t.secret = ?2 AND v.site = ?3 AND v.subject = ?4 AND v.name IS NOT DISTINCT FROM coalesce(?5, v.name) \
                 AND v.email IS NOT DISTINCT FROM coalesce(?6, v.email) AND v.vouched = coalesce(?7, v.vouched))",
            )?;
            let vouched = identity.attributes.as_ref().map(to_json).transpose()?;
            let params = params![token, identity.secret.0, site.0, identity.subject, identity.name, identity.email, vouched];
            Ok(find.query_row(params, |row| row.get(0))?)
        })
        .await
    }
}

/// Exchanges an identity for a visitor who is reached by this new token, on every browser the same one. `None`: its secret was retired in
/// the meantime.
pub(crate) fn identify(
    db: &Connection,
    site: SiteId,
    identity: &Identity,
    token: [u8; 32],
    now: Millis,
) -> Result<Option<VisitorId>, StoreError> {
    let mut valid = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM site_secret WHERE id = ?1 AND site = ?2)")?;
    if !valid.query_row(params![identity.secret.0, site.0], |row| row.get::<bool>(0))? {
        return Ok(None);
    }
    let visitor = verified(db, site, identity, now)?;
    db.prepare_cached("INSERT INTO visitor_token (token_hash, visitor, secret, created_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![token, visitor, identity.secret.0, now])?;
    db.prepare_cached(
        "DELETE FROM visitor_token WHERE token_hash IN (SELECT token_hash FROM visitor_token WHERE visitor = ?1 \
         ORDER BY created_at DESC, token_hash LIMIT 9223372036854775807 OFFSET ?2)",
    )?
    .execute(params![visitor, MOST_TOKENS])?;
    Ok(Some(VisitorId(visitor)))
}

/// An anonymous visitor becomes a verified one: is given up, and all of theirs but conversations changes hands. Whether they were anonymous,
/// of that site, and not given up yet. Also of somebody who has not written yet: what they say at this very moment must find it so.
pub(crate) fn give_up(
    db: &Connection,
    site: SiteId,
    from: &VisitorCard,
    into: VisitorId,
    now: Millis,
) -> Result<bool, StoreError> {
    people::add_visitor(db, site, from, now)?;
    let mut give_up = db.prepare_cached(
        "UPDATE visitor SET merged_into = ?2 WHERE id = ?1 AND site = ?3 AND verified = 0 AND merged_into IS NULL",
    )?;
    if give_up.execute(params![from.id.0, into.0, site.0])? == 0 {
        return Ok(false);
    }
    db.prepare_cached("UPDATE file SET owner = ?2 WHERE owner = ?1")?.execute([from.id.0, into.0])?;
    profiles::take_over(db, from.id, into)?;
    // Who had become this one before is the other from now on, and is erased with them.
    db.prepare_cached("UPDATE visitor SET merged_into = ?2 WHERE merged_into = ?1")?.execute([from.id.0, into.0])?;
    // What they called themselves nobody has vouched for.
    db.prepare_cached("UPDATE visitor SET locale = coalesce(locale, ?2), time_zone = coalesce(time_zone, ?3) WHERE id = ?1")?
        .execute(params![into.0, from.locale, from.time_zone])?;
    // They are kept for what is under way; the oldest have nothing under way any more, and their tokens open nothing without them either.
    db.prepare_cached(
        "DELETE FROM visitor WHERE id <> ?1 AND id IN (SELECT id FROM visitor WHERE merged_into = ?2 ORDER BY created_at DESC, id \
         LIMIT 9223372036854775807 OFFSET ?3)",
    )?
    .execute(params![from.id.0, into.0, MOST_TOKENS])?;
    Ok(true)
}

/// A visitor as they stood at the door.
pub(crate) fn card(db: &Connection, id: VisitorId) -> Result<Option<VisitorCard>, StoreError> {
    let mut find = db.prepare_cached("SELECT token_hash, locale, time_zone FROM visitor WHERE id = ?1")?;
    let found = find.query_row([id.0], |row| {
        let (token_hash, locale, time_zone) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (page, device, trail, invited) = (None, None, Vec::new(), None);
        Ok(VisitorCard { id, token_hash, locale, time_zone, page, device, trail, invited, is_new: false })
    });
    Ok(found.optional()?)
}

/// Whoever comes as `from` comes as `into` from now on, with the tokens and links that they have; what they called themselves counts where
/// the other said nothing, and who keeps them out goes on doing so.
pub(crate) fn hand_over(db: &Connection, from: VisitorId, into: VisitorId, now: Millis) -> Result<(), StoreError> {
    let both = [from.0, into.0];
    db.prepare_cached(
        "INSERT INTO visitor_browser (token_hash, visitor, created_at) SELECT token_hash, ?2, ?3 FROM visitor WHERE id = ?1",
    )?
    .execute(params![from.0, into.0, now])?;
    // It leads to one visitor, by the table above.
    let nobodys: [u8; 32] = clock::random_bytes();
    db.prepare_cached("UPDATE visitor SET token_hash = ?2 WHERE id = ?1")?.execute(params![from.0, nobodys])?;
    db.prepare_cached("UPDATE visitor_browser SET visitor = ?2 WHERE visitor = ?1")?.execute(both)?;
    db.prepare_cached("UPDATE visitor_link SET visitor = ?2 WHERE visitor = ?1")?.execute(both)?;
    db.prepare_cached(
        "UPDATE block SET visitor = ?2 WHERE visitor = ?1 AND NOT EXISTS (SELECT 1 FROM block WHERE visitor = ?2)",
    )?
    .execute(both)?;
    db.prepare_cached(
        "UPDATE visitor SET name = coalesce(name, (SELECT name FROM visitor WHERE id = ?1)),          email = coalesce(email, (SELECT email FROM visitor WHERE id = ?1)) WHERE id = ?2",
    )?
    .execute(both)?;
    Ok(())
}

/// Whether a visitor has become another one.
pub(crate) fn is_given_up(db: &Connection, visitor: VisitorId) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM visitor WHERE id = ?1 AND merged_into IS NOT NULL)")?;
    Ok(find.query_row([visitor.0], |row| row.get(0))?)
}

/// The visitor of that name at the site owner's, made when there is none yet; what the owner says of them now counts.
fn verified(db: &Connection, site: SiteId, identity: &Identity, now: Millis) -> Result<Uuid, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM visitor WHERE site = ?1 AND subject = ?2")?;
    let known: Option<Uuid> = find.query_row(params![site.0, identity.subject], |row| row.get(0)).optional()?;
    let vouched = identity.attributes.as_ref().map(to_json).transpose()?;
    if let Some(id) = known {
        db.prepare_cached(
            "UPDATE visitor SET name = coalesce(?2, name), email = coalesce(?3, email), vouched = coalesce(?4, vouched), \
             rev = rev + 1 WHERE id = ?1",
        )?
        .execute(params![id, identity.name, identity.email, vouched])?;
        return Ok(id);
    }
    // An id that follows from no token: a token of somebody else must never lead here.
    let id = VisitorId::v7(now, clock::random_bytes()).0;
    let nobodys: [u8; 32] = clock::random_bytes();
    db.prepare_cached(
        "INSERT INTO visitor (id, site, token_hash, subject, name, email, verified, created_at, vouched) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, coalesce(?8, '{}'))",
    )?
    .execute(params![id, site.0, nobodys, identity.subject, identity.name, identity.email, now, vouched])?;
    Ok(id)
}
