//! Where sites' script tags were seen: written by `edge::sightings`, read by the install page.

use shared::ids::{Millis, SiteId};

use super::sql::{self, Connection, params};
use super::{Store, StoreError};

/// Origins kept for a site, the latest ones.
const MOST_ORIGINS: usize = 30;

/// When each was last asked for at some origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// `/bulle.js`.
    pub script_at: Option<Millis>,
    /// The panel's code, of this version.
    pub panel_at: Option<Millis>,
    /// A file of another version.
    pub old_at: Option<Millis>,
    /// A visitor's socket.
    pub socket_at: Option<Millis>,
    /// A visitor's socket that the site's list of origins refused.
    pub refused_at: Option<Millis>,
}

impl Notes {
    /// The latest of all.
    pub fn latest(&self) -> Option<Millis> {
        self.script_at.max(self.panel_at).max(self.old_at).max(self.socket_at).max(self.refused_at)
    }
}

/// A site, or every site that was seen there (files are the same for all), and an origin; empty where browsers do not tell it.
pub type Sighted = (Option<SiteId>, String);

impl Store {
    /// Notes what was seen. Notes without a site are for every site that was seen at the origin.
    pub async fn note_sightings(&self, seen: Vec<(Sighted, Notes)>) -> Result<(), StoreError> {
        self.write(move |db| {
            for ((site, origin), notes) in &seen {
                let Some(site) = site else { continue };
                db.prepare_cached(
                    "INSERT INTO sighting (site, origin, script_at, old_at, socket_at, refused_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                     ON CONFLICT (site, origin) DO UPDATE SET script_at = coalesce(?3, sighting.script_at), old_at = coalesce(?4, sighting.old_at), \
                     socket_at = coalesce(?5, sighting.socket_at), refused_at = coalesce(?6, sighting.refused_at)",
                )?
                .execute(params![site.0, origin, notes.script_at, notes.old_at, notes.socket_at, notes.refused_at])?;
                let mut forget = db.prepare_cached("DELETE FROM sighting WHERE site = ?1 AND origin = ?2")?;
                for (origin, _) in of_site(db, *site)?.into_iter().skip(MOST_ORIGINS) {
                    forget.execute(params![site.0, origin])?;
                }
            }
            for ((site, origin), notes) in &seen {
                if site.is_none() {
                    db.prepare_cached(
                        "UPDATE sighting SET panel_at = coalesce(?2, panel_at), old_at = coalesce(?3, old_at) WHERE origin = ?1",
                    )?
                    .execute(params![origin, notes.panel_at, notes.old_at])?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Where a site's tag was seen, the latest first.
    pub async fn sightings(&self, site: SiteId) -> Result<Vec<(String, Notes)>, StoreError> {
        self.read(move |db| of_site(db, site)).await
    }
}

fn of_site(db: &Connection, site: SiteId) -> Result<Vec<(String, Notes)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT origin, script_at, panel_at, old_at, socket_at, refused_at FROM sighting WHERE site = ?1 ORDER BY origin",
    )?;
    let rows = find.query_map([site.0], |row| {
        let (script_at, panel_at, old_at) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (socket_at, refused_at) = (row.get(4)?, row.get(5)?);
        Ok((row.get(0)?, Notes { script_at, panel_at, old_at, socket_at, refused_at }))
    })?;
    let mut seen = rows.collect::<sql::Result<Vec<(String, Notes)>>>()?;
    seen.sort_by_key(|(_, notes)| std::cmp::Reverse(notes.latest()));
    Ok(seen)
}
