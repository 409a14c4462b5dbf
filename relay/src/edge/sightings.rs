//! Where script tags are: notes from which origins a site's script, panel and sockets were asked for, so that the install page can say
//! whether the tag was seen and what is wrong. Origins and times only, nothing of visitors; gathered in memory and written seldom.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use shared::ids::{Millis, SiteId};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::caller::{Caller, Page};
use super::origin::{self, Origin};
use super::router::Shared;
use crate::clock;
use crate::store::{Notes, Sighted, SiteRecord, Store, StoreError};

/// How often notes are written down. The install page does not wait for it.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// A note that repeats one this young, in ms, says nothing new.
const YOUNG: Millis = 60_000;
/// Origins remembered between two writes, over all sites; what does not fit is not noted. Only somebody who makes origins up needs more.
const MOST_ORIGINS: usize = 1_024;
/// What an origin is called that browsers do not tell.
const UNSAID: &str = "";

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `/bulle.js`.
    Script,
    /// The panel's code, of this version.
    Panel,
    /// A file of another version, which only a pinned loader or a page that has long been open asks for.
    Old,
    /// A visitor's socket.
    Socket,
    /// A visitor's socket that the site's list of origins refused.
    Refused,
}

/// The note of that kind.
fn of(notes: &mut Notes, what: What) -> &mut Option<Millis> {
    match what {
        What::Script => &mut notes.script_at,
        What::Panel => &mut notes.panel_at,
        What::Old => &mut notes.old_at,
        What::Socket => &mut notes.socket_at,
        What::Refused => &mut notes.refused_at,
    }
}

/// Notes that gather until they are written.
#[derive(Debug, Default)]
pub struct Sightings {
    /// Never locked across an await.
    gathered: Mutex<Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    /// Not written yet.
    fresh: HashMap<Sighted, Notes>,
    /// Everything of the last minutes, so that what repeats is not written again.
    known: HashMap<Sighted, Notes>,
}

impl Sightings {
    /// The script was asked for by a page. Its address comes along as far as the page's policy lets it; only the origin is read.
    pub fn script(&self, shared: &Shared, site: SiteId, caller: &Caller, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Somebody who looks at the script itself is no page with a tag, and the relay's own pages (which say no more of themselves) are
        // nobody's site.
        if text("sec-fetch-dest").is_some_and(|dest| dest != "script") || text("sec-fetch-site") == Some("same-origin") {
            return;
        }
        match page_of(headers) {
            Some(origin) if caller.is_own(shared, &origin) => {}
            origin => self.note(Some(site), origin.map_or_else(|| UNSAID.to_owned(), String::from), What::Script, clock::now()),
        }
    }

    /// A socket was asked for by a page that is not the relay's own.
    pub fn socket(&self, site: SiteId, caller: &Caller, allowed: bool) {
        let what = if allowed { What::Socket } else { What::Refused };
        let origin = if let Page::Of(origin) = &caller.page { origin.to_string() } else { UNSAID.to_owned() };
        self.note(Some(site), origin, what, clock::now());
    }

    /// A pinned loader was asked for by a page, of this version or another one.
    pub fn pinned(&self, shared: &Shared, site: SiteId, caller: &Caller, current: bool) {
        if let Page::Of(origin) = &caller.page
            && !caller.is_own_page(shared)
        {
            self.note(Some(site), origin.to_string(), if current { What::Script } else { What::Old }, clock::now());
        }
    }

    /// The panel's frame was asked for by a page that is not the relay's own: as good as a socket.
    pub fn framed(&self, site: &SiteRecord, origin: &Origin) {
        let what = if origin::site_allows(&site.origins, origin) { What::Socket } else { What::Refused };
        self.note(Some(site.id), origin.to_string(), what, clock::now());
    }

    /// A file of the widget was asked for by a page, of this version or another one.
    pub fn file(&self, shared: &Shared, caller: &Caller, current: bool) {
        if let Page::Of(origin) = &caller.page
            && !caller.is_own_page(shared)
        {
            self.note(None, origin.to_string(), if current { What::Panel } else { What::Old }, clock::now());
        }
    }

    /// Notes one request; requests beyond the bounds are not noted.
    fn note(&self, site: Option<SiteId>, origin: String, what: What, now: Millis) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let Gathered { fresh, known } = &mut *gathered;
        let place = (site, origin);
        if known.get_mut(&place).and_then(|notes| *of(notes, what)).is_some_and(|at| now - at < YOUNG) {
            return;
        }
        if fresh.len() >= MOST_ORIGINS && !fresh.contains_key(&place) {
            return;
        }
        if known.len() >= MOST_ORIGINS {
            known.retain(|_, notes| notes.latest().is_some_and(|at| now - at < YOUNG));
        }
        if known.len() < MOST_ORIGINS || known.contains_key(&place) {
            *of(known.entry(place.clone()).or_default(), what) = Some(now);
        }
        *of(fresh.entry(place).or_default(), what) = Some(now);
    }

    fn take(&self) -> HashMap<Sighted, Notes> {
        mem::take(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner).fresh)
    }

    /// Writes down what has gathered.
    ///
    /// # Errors
    /// The store's; the notes are lost then, and the next ones will do.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let fresh = self.take();
        if fresh.is_empty() { Ok(()) } else { store.note_sightings(fresh.into_iter().collect()).await }
    }
}

/// The origin of the page that asks for a script or a frame, as far as its policy tells. Only the origin is read.
pub fn page_of(headers: &HeaderMap) -> Option<Origin> {
    headers.get(header::REFERER)?.to_str().ok().and_then(Origin::of_page)
}

/// Writes what gathers, now and then and at the end. The relay's `app` runs it.
pub async fn keep(shared: Arc<Shared>, stop: CancellationToken) {
    let mut clock = interval(WRITE_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! { _ = clock.tick() => false, () = stop.cancelled() => true };
        // An outage is logged where it begins and ends.
        let _lost = shared.sightings.write(&shared.store).await;
        if last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(number: u8) -> Option<SiteId> {
        Some(SiteId::v7(0, [number; 10]))
    }

    #[test]
    fn what_repeats_is_noted_once_a_minute() {
        let sightings = Sightings::default();
        let shop = || "https://shop.example".to_owned();
        sightings.note(site(1), shop(), What::Script, 1_000);
        sightings.note(site(1), shop(), What::Socket, 2_000);
        let notes = Notes { script_at: Some(1_000), socket_at: Some(2_000), ..Notes::default() };
        assert_eq!(sightings.take(), HashMap::from([((site(1), shop()), notes)]));
        sightings.note(site(1), shop(), What::Script, 1_000 + YOUNG - 1);
        assert!(sightings.take().is_empty());
        sightings.note(site(1), shop(), What::Script, 1_000 + YOUNG);
        sightings.note(site(2), shop(), What::Script, 1_000);
        assert_eq!(sightings.take().len(), 2);
    }

    #[test]
    fn made_up_origins_cost_no_more_memory() {
        let sightings = Sightings::default();
        for number in 0..3 * MOST_ORIGINS {
            sightings.note(site(1), format!("https://{number}.example"), What::Script, 1_000);
        }
        let gathered = sightings.gathered.lock().unwrap();
        assert_eq!((gathered.fresh.len(), gathered.known.len()), (MOST_ORIGINS, MOST_ORIGINS));
    }
}
