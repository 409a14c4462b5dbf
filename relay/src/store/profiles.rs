//! What is known of a visitor beyond name and address: what their site says of them, what agents noted, with what and where they came.
//! All of it goes with the person: into another one when two are found to be one, and to nothing when they are erased.

use std::collections::BTreeMap;

use shared::api::{
    Attribute, MAX_ATTRIBUTES, MAX_TWINS, MAX_VISITS, NotedField, Twin, ValueKind, Visit, VisitorField, VisitorProfile,
    VisitorRules,
};
use shared::ids::{Millis, SiteId, SiteKey, VisitorId};
use shared::model::{Conversation, Page, Visitor};

use super::rows::{self, json, to_json};
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Store, StoreError};

/// Texts by their names.
pub(crate) type Texts = BTreeMap<String, String>;

impl Store {
    /// All that is known of a visitor, with those who may be the same person if `twins`. `None`: there is no such visitor, or they have
    /// become another one.
    pub async fn profile(&self, visitor: VisitorId, with_twins: bool) -> Result<Option<VisitorProfile>, StoreError> {
        self.read(move |db| {
            let here = standing(db, visitor)?.is_some_and(|standing| !standing.given_up);
            let Some(mut profile) = profile(db, visitor)?.filter(|_| here) else { return Ok(None) };
            if with_twins {
                profile.twins = twins(db, visitor)?;
            }
            Ok(Some(profile))
        })
        .await
    }

    /// The latest conversation of a visitor, as agents see it.
    pub async fn latest_of(&self, visitor: VisitorId) -> Result<Option<Conversation>, StoreError> {
        self.read(move |db| Ok(rows::load_latest(db, visitor)?.map(|record| rows::view(db, &record)).transpose()?)).await
    }

    /// Changes what a site wants to know of its visitors; whether there is such a site.
    pub async fn set_visitor_rules(&self, site: SiteKey, rules: VisitorRules) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut set = db.prepare_cached("UPDATE site SET visitors = ?2 WHERE key = ?1")?;
            Ok(set.execute(params![site.0, to_json(&rules)?])? > 0)
        })
        .await
    }
}

/// What a site wants to know of its visitors.
pub(crate) fn rules(db: &Connection, site: SiteId) -> Result<VisitorRules, StoreError> {
    let mut find = db.prepare_cached("SELECT visitors FROM site WHERE id = ?1")?;
    Ok(find.query_row([site.0], |row| json(row.get_ref(0)?.as_str()?))?)
}

/// A visitor as agents see them, from columns that begin with name, email, locale, time zone, verified and revision.
pub(crate) fn visitor(id: VisitorId, row: &Row<'_>) -> sql::Result<Visitor> {
    let (name, email, locale) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Visitor { id, name, email, locale, time_zone: row.get(3)?, verified: row.get(4)?, rev: rows::seq(row, 5)? })
}

/// Who an agent wants to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) site: SiteId,
    pub(crate) verified: bool,
    pub(crate) given_up: bool,
}

/// How a visitor stands.
pub(crate) fn standing(db: &Connection, visitor: VisitorId) -> Result<Option<Standing>, StoreError> {
    let mut find = db.prepare_cached("SELECT site, verified, merged_into IS NOT NULL FROM visitor WHERE id = ?1")?;
    let found = find
        .query_row([visitor.0], |row| Ok(Standing { site: SiteId(row.get(0)?), verified: row.get(1)?, given_up: row.get(2)? }));
    Ok(found.optional()?)
}

/// All that is known of a visitor, but for who may be the same person.
pub(crate) fn profile(db: &Connection, id: VisitorId) -> Result<Option<VisitorProfile>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT name, email, locale, time_zone, verified, rev, created_at, device, attributes, vouched, known, site FROM visitor \
         WHERE id = ?1",
    )?;
    let found = find.query_row([id.0], |row| {
        let texts = |column| -> sql::Result<Texts> { json(row.get_ref(column)?.as_str()?) };
        let (attributes, vouched, known) = (texts(8)?, texts(9)?, texts(10)?);
        Ok((visitor(id, row)?, row.get(6)?, row.get(7)?, attributes, vouched, known, SiteId(row.get(11)?)))
    });
    let Some((visitor, since, device, attributes, vouched, known, site)) = found.optional()? else { return Ok(None) };
    let rules = rules(db, site)?;
    let attribute = |vouched| move |(name, value)| Attribute { name, value, vouched };
    let untrusted = attributes.into_iter().filter(|(name, _)| !vouched.contains_key(name)).map(attribute(false)).collect();
    let mut attributes: Vec<Attribute> = untrusted;
    attributes.extend(vouched.into_iter().map(attribute(true)));
    attributes.sort_by(|one, other| one.name.cmp(&other.name));
    let (fields, keeps_pages) = (noted(rules.fields, known), rules.pages);
    let pages = pages(db, id)?;
    Ok(Some(VisitorProfile { visitor, since, device, attributes, fields, keeps_pages, pages, twins: Vec::new() }))
}

/// The site's fields with their values, and after them values of fields that it has no more: they are known all the same.
fn noted(fields: Vec<VisitorField>, mut known: Texts) -> Vec<NotedField> {
    let mut all: Vec<NotedField> = fields
        .into_iter()
        .map(|field| {
            let value = known.remove(&field.id);
            NotedField { field, value }
        })
        .collect();
    let former = |(id, value): (String, String)| {
        let field = VisitorField { label: id.clone(), id, kind: ValueKind::Text, options: Vec::new() };
        NotedField { field, value: Some(value) }
    };
    all.extend(known.into_iter().map(former));
    all
}

fn pages(db: &Connection, visitor: VisitorId) -> Result<Vec<Visit>, StoreError> {
    let mut find = db.prepare_cached("SELECT at, url, title FROM visited_page WHERE visitor = ?1 ORDER BY at DESC")?;
    let found = find.query_map([visitor.0], |row| Ok(Visit { at: row.get(0)?, url: row.get(1)?, title: row.get(2)? }))?;
    Ok(found.collect::<sql::Result<_>>()?)
}

/// Visitors of the same site with the same address.
fn twins(db: &Connection, of: VisitorId) -> Result<Vec<Twin>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT o.name, o.email, o.locale, o.time_zone, o.verified, o.rev, o.id, \
         (SELECT count(*) FROM conversation c WHERE c.visitor = o.id), \
         (SELECT coalesce(max(c.visitor_at), o.created_at) FROM conversation c WHERE c.visitor = o.id) \
         FROM visitor v JOIN visitor o ON o.email = v.email COLLATE NOCASE AND o.email IS NOT NULL \
         WHERE v.id = ?1 AND o.site = v.site AND o.id <> v.id AND o.merged_into IS NULL ORDER BY o.created_at DESC LIMIT ?2",
    )?;
    let found = find.query_map(params![of.0, i64::try_from(MAX_TWINS).unwrap_or(i64::MAX)], |row| {
        let visitor = visitor(VisitorId(row.get(6)?), row)?;
        Ok(Twin { visitor, conversations: row.get(7)?, last_at: row.get(8)? })
    })?;
    Ok(found.collect::<sql::Result<_>>()?)
}

/// A JSON object of a visitor's row that this program changes. What the site's server signed comes with the identity.
#[derive(Clone, Copy)]
pub(crate) enum Kept {
    /// What pages say.
    Attributes,
    /// What agents noted.
    Known,
}

impl Kept {
    fn read(self) -> &'static str {
        match self {
            Self::Attributes => "SELECT attributes FROM visitor WHERE id = ?1",
            Self::Known => "SELECT known FROM visitor WHERE id = ?1",
        }
    }

    fn write(self) -> &'static str {
        match self {
            Self::Attributes => "UPDATE visitor SET attributes = ?2, rev = rev + 1 WHERE id = ?1",
            Self::Known => "UPDATE visitor SET known = ?2, rev = rev + 1 WHERE id = ?1",
        }
    }
}

/// Texts of a visitor.
pub(crate) fn texts(db: &Connection, kept: Kept, visitor: VisitorId) -> Result<Texts, StoreError> {
    Ok(db.prepare_cached(kept.read())?.query_row([visitor.0], |row| json(row.get_ref(0)?.as_str()?))?)
}

/// Puts texts in the place of those of a visitor.
pub(crate) fn keep(db: &Connection, kept: Kept, visitor: VisitorId, texts: &Texts) -> Result<(), StoreError> {
    db.prepare_cached(kept.write())?.execute(params![visitor.0, to_json(texts)?])?;
    Ok(())
}

/// Changes texts: some are set, some taken away. Whether anything changed, and fits.
pub(crate) fn change(texts: &mut Texts, changes: BTreeMap<String, Option<String>>) -> Changed {
    let before = texts.clone();
    for (name, value) in changes {
        match value {
            Some(value) => texts.insert(name, value),
            None => texts.remove(&name),
        };
    }
    match *texts == before {
        true => Changed::Nothing,
        false if texts.len() > MAX_ATTRIBUTES => Changed::TooMany,
        false => Changed::Something,
    }
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Nothing,
    Something,
    TooMany,
}

/// Name and address, as an agent knows them; an empty one is none.
pub(crate) fn call(db: &Connection, visitor: VisitorId, name: Option<&str>, email: Option<&str>) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE visitor SET name = nullif(coalesce(?2, name), ''), email = nullif(coalesce(?3, email), ''), rev = rev + 1 WHERE id = ?1",
    )?
    .execute(params![visitor.0, name, email])?;
    Ok(())
}

/// What the visitor came with; whether that is news.
pub(crate) fn saw_device(db: &Connection, visitor: VisitorId, device: &str) -> Result<bool, StoreError> {
    let mut set = db.prepare_cached(
        "UPDATE visitor SET device = ?2, rev = rev + 1 WHERE id = ?1 AND coalesce(device, '') <> ?2 AND merged_into IS NULL",
    )?;
    Ok(set.execute(params![visitor.0, device])? > 0)
}

/// Whether the site of a visitor keeps the pages that they visit.
pub(crate) fn keeps_pages(db: &Connection, visitor: VisitorId) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT s.visitors FROM visitor v JOIN site s ON s.id = v.site WHERE v.id = ?1 AND v.merged_into IS NULL",
    )?;
    let rules = find.query_row([visitor.0], |row| json::<VisitorRules>(row.get_ref(0)?.as_str()?)).optional()?;
    Ok(rules.is_some_and(|rules| rules.pages))
}

/// Notes a page unless it is the one that was noted last, and forgets those that are too many; whether that is news.
pub(crate) fn visits(db: &Connection, visitor: VisitorId, at: Millis, page: &Page) -> Result<bool, StoreError> {
    let mut last = db.prepare_cached("SELECT url, at FROM visited_page WHERE visitor = ?1 ORDER BY at DESC LIMIT 1")?;
    let last: Option<(String, Millis)> = last.query_row([visitor.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if page.url.is_empty() || last.as_ref().is_some_and(|(url, _)| *url == page.url) {
        return Ok(false);
    }
    // They come in order, and none in the place of another: a clock that stands still or goes back is moved on.
    let at = last.map_or(at, |(_, last)| at.max(last.saturating_add(1)));
    db.prepare_cached("INSERT INTO visited_page (visitor, at, url, title) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![visitor.0, at, page.url, page.title])?;
    forget_old_pages(db, visitor)?;
    db.prepare_cached("UPDATE visitor SET rev = rev + 1 WHERE id = ?1")?.execute([visitor.0])?;
    Ok(true)
}

fn forget_old_pages(db: &Connection, visitor: VisitorId) -> Result<(), StoreError> {
    let mut trim = db.prepare_cached(
        "DELETE FROM visited_page WHERE visitor = ?1 AND at NOT IN (SELECT at FROM visited_page WHERE visitor = ?1 \
         ORDER BY at DESC LIMIT ?2)",
    )?;
    trim.execute(params![visitor.0, i64::try_from(MAX_VISITS).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// What was known of one is known of the other, whose own comes first. What the site's server signed stays with whom it was signed for.
pub(crate) fn take_over(db: &Connection, from: VisitorId, into: VisitorId) -> Result<(), StoreError> {
    for kept in [Kept::Attributes, Kept::Known] {
        let mut all = texts(db, kept, from)?;
        all.extend(texts(db, kept, into)?);
        while all.len() > MAX_ATTRIBUTES {
            all.pop_last();
        }
        keep(db, kept, into, &all)?;
        keep(db, kept, from, &Texts::new())?;
    }
    db.prepare_cached("UPDATE visitor SET device = coalesce(device, (SELECT device FROM visitor WHERE id = ?1)) WHERE id = ?2")?
        .execute([from.0, into.0])?;
    // Two pages of the same moment are one.
    db.prepare_cached(
        "UPDATE visited_page SET visitor = ?2 WHERE visitor = ?1 AND at NOT IN (SELECT at FROM visited_page WHERE visitor = ?2)",
    )?
    .execute([from.0, into.0])?;
    db.prepare_cached("DELETE FROM visited_page WHERE visitor = ?1")?.execute([from.0])?;
    forget_old_pages(db, into)
}

/// Nothing is known any more.
pub(crate) fn forget(db: &Connection, visitor: VisitorId) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE visitor SET device = NULL, attributes = '{}', vouched = '{}', known = '{}', rev = rev + 1 WHERE id = ?1",
    )?
    .execute([visitor.0])?;
    db.prepare_cached("DELETE FROM visited_page WHERE visitor = ?1")?.execute([visitor.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn changes_set_and_take_away_and_have_a_bound() {
        let mut known = texts(&[("plan", "free"), ("seats", "3")]);
        let changes = |pairs: &[(&str, Option<&str>)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
        };
        assert_eq!(change(&mut known, changes(&[("plan", Some("free")), ("gone", None)])), Changed::Nothing);
        assert_eq!(change(&mut known, changes(&[("plan", Some("pro")), ("seats", None)])), Changed::Something);
        assert_eq!(known, texts(&[("plan", "pro")]));
        let many = (0..MAX_ATTRIBUTES).map(|number| (number.to_string(), Some("x".to_owned()))).collect();
        assert_eq!(change(&mut known, many), Changed::TooMany);
    }

    #[test]
    fn a_value_outlives_its_field() {
        let field = VisitorField { id: "plan".into(), label: "Plan".into(), kind: ValueKind::Text, options: Vec::new() };
        let all = noted(vec![field.clone()], texts(&[("plan", "pro"), ("old", "1")]));
        let shown: Vec<_> = all.iter().map(|noted| (noted.field.label.as_str(), noted.value.as_deref())).collect();
        assert_eq!(shown, [("Plan", Some("pro")), ("old", Some("1"))]);
        assert_eq!(noted(vec![field], Texts::new())[0].value, None);
    }
}
