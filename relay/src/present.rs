//! Who is on the pages of sites that want to know: told by beacons, kept in this process's memory for as long as they come, and nowhere
//! else. With them the invitations that agents give, until they are taken up, declined or forgotten. Time comes in as an argument.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::api::{Beacon, ChatInvitation, ChatInvited, Fate, OnSite};
use shared::ids::{Millis, SiteId, TabId};
use shared::model::{MAX_FIELD, Person, cut};

/// How long after its last beacon a tab counts as being there: two beacons may be lost.
pub const LASTS: Millis = 75_000;
/// How long an invitation can be answered: from page to page, and as long as somebody thinks about it.
const INVITED_FOR: Millis = 30 * 60 * 1_000;
/// Most tabs that are kept, over all sites: some 8 MB. Further ones are not seen until others go.
const MOST_TABS: usize = 10_000;
/// Most invitations that wait for an answer. The oldest goes first.
const MOST_INVITATIONS: usize = 1_000;
/// Longest address and title that are kept of a page, in characters.
const URL: usize = 512;
const TITLE: usize = 128;
/// How often what has lapsed is looked for.
const LOOK_EVERY: Millis = 5_000;

/// Prefix of an invitation's name where greetings have theirs: no greeting of a site begins so, for its names have no such sign.
pub const PREFIX: &str = "invite:";

/// A tab with a page of a site.
#[derive(Clone, Debug)]
struct Tab {
    site: SiteId,
    page: shared::model::Page,
    since: Millis,
    seen_at: Millis,
    locale: Option<String>,
    device: String,
    chatting: bool,
    invitation: Option<String>,
}

/// What an agent said to somebody who was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// On which site.
    pub site: SiteId,
    /// Who.
    pub by: Person,
    /// What.
    pub text: String,
    at: Millis,
    fate: Fate,
}

#[derive(Default)]
struct State {
    tabs: HashMap<TabId, Tab>,
    offers: HashMap<String, Offer>,
    looked_at: Millis,
}

/// See the module. Never locked across an await.
#[derive(Default)]
pub struct Present(Mutex<State>);

/// Why somebody cannot be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotInvited {
    /// They are gone.
    Gone,
    /// They have a conversation.
    Chatting,
    /// Somebody has invited them.
    Already,
}

impl Present {
    fn state(&self, now: Millis) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now - state.looked_at >= LOOK_EVERY {
            state.looked_at = now;
            state.tabs.retain(|_, tab| now - tab.seen_at < LASTS);
            state.offers.retain(|_, offer| now - offer.at < INVITED_FOR);
        }
        state
    }

    /// A tab tells that it is there, or that it goes; the invitation that waits for it.
    pub fn beat(&self, now: Millis, site: SiteId, beacon: Beacon, device: String) -> Option<ChatInvitation> {
        let mut state = self.state(now);
        let State { tabs, offers, .. } = &mut *state;
        if let Some(offer) = beacon.declined.as_ref().and_then(|id| offers.get_mut(id)).filter(|offer| offer.site == site) {
            offer.fate = Fate::Declined;
        }
        if beacon.gone {
            if tabs.get(&beacon.id).is_some_and(|tab| tab.site == site) {
                tabs.remove(&beacon.id);
            }
            return None;
        }
        if !tabs.contains_key(&beacon.id) && tabs.len() >= MOST_TABS {
            return None;
        }
        let known = tabs.get(&beacon.id).filter(|tab| tab.site == site);
        let (since, invitation) = known.map_or((now, None), |tab| (tab.since, tab.invitation.clone()));
        let mut page = beacon.page;
        page.url.truncate(cut(&page.url, URL).len());
        page.title.truncate(cut(&page.title, TITLE).len());
        page.referrer.truncate(cut(&page.referrer, URL).len());
        let locale = beacon.locale.map(|locale| cut(&locale, MAX_FIELD.min(TITLE)).to_owned());
        let waiting = invitation.as_ref().and_then(|id| Some((id.clone(), offers.get_mut(id)?)));
        let invitation_of = waiting.filter(|(_, offer)| matches!(offer.fate, Fate::Waiting | Fate::Shown)).map(|(id, offer)| {
            offer.fate = Fate::Shown;
            ChatInvitation { id, text: offer.text.clone(), by: offer.by.name.clone() }
        });
        let tab = Tab { site, page, since, seen_at: now, locale, device, chatting: beacon.chatting, invitation };
        tabs.insert(beacon.id, tab);
        invitation_of
    }

    /// Who is there, the latest to come first, `most` at most; and how many in all.
    pub fn list(&self, now: Millis, most: usize) -> (Vec<OnSite>, u32) {
        let state = self.state(now);
        let here = state.tabs.iter().filter(|(_, tab)| now - tab.seen_at < LASTS);
        let mut all: Vec<OnSite> = here
            .map(|(id, tab)| {
                let offer = tab.invitation.as_ref().and_then(|id| state.offers.get(id));
                OnSite {
                    id: *id,
                    site: tab.site,
                    page: tab.page.clone(),
                    since: tab.since,
                    locale: tab.locale.clone(),
                    device: tab.device.clone(),
                    chatting: tab.chatting,
                    invited: offer.map(|offer| ChatInvited { by: offer.by.clone(), fate: offer.fate }),
                }
            })
            .collect();
        all.sort_unstable_by_key(|tab| (std::cmp::Reverse(tab.since), tab.id));
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.truncate(most);
        (all, count)
    }

    /// Forgets who is on a site, which does not want to know any more.
    pub fn forget(&self, site: SiteId) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.tabs.retain(|_, tab| tab.site != site);
        state.offers.retain(|_, offer| offer.site != site);
    }

    /// An agent invites whoever is there; `id` names the invitation.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn invite(&self, now: Millis, tab: TabId, id: String, by: Person, text: String) -> Result<(), NotInvited> {
        let mut state = self.state(now);
        let State { tabs, offers, .. } = &mut *state;
        let tab = tabs.get_mut(&tab).filter(|tab| now - tab.seen_at < LASTS).ok_or(NotInvited::Gone)?;
        if tab.chatting {
            return Err(NotInvited::Chatting);
        }
        let earlier = tab.invitation.as_ref().and_then(|id| offers.get(id));
        if earlier.is_some_and(|offer| matches!(offer.fate, Fate::Waiting | Fate::Shown)) {
            return Err(NotInvited::Already);
        }
        if offers.len() >= MOST_INVITATIONS {
            let oldest = offers.iter().min_by_key(|(_, offer)| offer.at).map(|(id, _)| id.clone());
            oldest.and_then(|id| offers.remove(&id));
        }
        offers.insert(id.clone(), Offer { site: tab.site, by, text, at: now, fate: Fate::Waiting });
        tab.invitation = Some(id);
        Ok(())
    }

    /// What somebody was invited with who now writes on a site.
    pub fn taken_up(&self, now: Millis, site: SiteId, id: &str) -> Option<Offer> {
        let mut state = self.state(now);
        let offer = state.offers.get_mut(id).filter(|offer| offer.site == site && now - offer.at < INVITED_FOR)?;
        offer.fate = Fate::Accepted;
        Some(offer.clone())
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::AgentId;
    use shared::model::Page;
    use uuid::Uuid;

    use super::*;

    const SECOND: Millis = 1_000;

    fn site(number: u128) -> SiteId {
        SiteId(Uuid::from_u128(number))
    }

    fn tab(number: u128) -> TabId {
        TabId(Uuid::from_u128(number))
    }

    fn ada() -> Person {
        Person { id: AgentId(Uuid::from_u128(7)), name: "Ada".into() }
    }

    fn beacon(number: u128) -> Beacon {
        let page = Page { url: format!("https://kiln.example/{number}"), ..Page::default() };
        Beacon { id: tab(number), page, ..Beacon::default() }
    }

    fn beats(present: &Present, now: Millis, number: u128) -> Option<ChatInvitation> {
        present.beat(now, site(1), beacon(number), "Firefox, Linux".into())
    }

    fn here(present: &Present, now: Millis) -> Vec<u128> {
        present.list(now, 100).0.iter().map(|tab| tab.id.0.as_u128()).collect()
    }

    #[test]
    fn somebody_is_there_for_as_long_as_they_tell_and_not_twice() {
        let present = Present::default();
        beats(&present, 0, 1);
        beats(&present, 10 * SECOND, 2);
        beats(&present, 30 * SECOND, 1);
        assert_eq!(here(&present, 60 * SECOND), [2, 1], "the latest first");
        assert_eq!(here(&present, 85 * SECOND), [1]);
        assert_eq!(here(&present, 105 * SECOND), []);
        beats(&present, 200 * SECOND, 1);
        let gone = Beacon { gone: true, ..beacon(1) };
        present.beat(201 * SECOND, site(2), gone.clone(), String::new());
        assert_eq!(here(&present, 201 * SECOND), [1], "another site's word");
        present.beat(201 * SECOND, site(1), gone, String::new());
        assert_eq!(here(&present, 201 * SECOND), []);
    }

    #[test]
    fn there_are_bounds() {
        let present = Present::default();
        let long = Beacon { page: Page { url: "é".repeat(2_000), title: "é".repeat(500), ..Page::default() }, ..beacon(0) };
        present.beat(0, site(1), long, String::new());
        let page = present.list(0, 1).0.remove(0).page;
        assert_eq!((page.url.chars().count(), page.title.chars().count()), (URL, TITLE));
        for number in 0..=(MOST_TABS as u128) {
            beats(&present, 1, number);
        }
        let (shown, count) = present.list(1, 500);
        assert_eq!((shown.len(), count as usize), (500, MOST_TABS));
        assert!(beats(&present, 100 * SECOND, 99_999).is_none());
        assert_eq!(here(&present, 100 * SECOND), [99_999], "when the others have gone there is room");
        for number in 0..(MOST_INVITATIONS as u128 + 5) {
            beats(&present, 200 * SECOND, number);
            present.invite(200 * SECOND + number as Millis, tab(number), number.to_string(), ada(), "Hi".into()).unwrap();
        }
        assert_eq!(present.state(0).offers.len(), MOST_INVITATIONS);
        assert!(present.taken_up(201 * SECOND, site(1), "0").is_none(), "the oldest went");
    }

    #[test]
    fn an_invitation_comes_with_the_next_beacon_and_is_answered_once() {
        let present = Present::default();
        let fate = |now| present.list(now, 1).0[0].invited.as_ref().map(|invited| invited.fate);
        assert_eq!(present.invite(0, tab(1), "a".into(), ada(), "Hi".into()), Err(NotInvited::Gone));
        beats(&present, 0, 1);
        present.invite(SECOND, tab(1), "a".into(), ada(), "Can I help?".into()).unwrap();
        assert_eq!(fate(SECOND), Some(Fate::Waiting));
        assert_eq!(present.invite(SECOND, tab(1), "b".into(), ada(), "Hi".into()), Err(NotInvited::Already));
        let invitation = beats(&present, 30 * SECOND, 1).unwrap();
        assert_eq!((invitation.id.as_str(), invitation.text.as_str(), invitation.by.as_str()), ("a", "Can I help?", "Ada"));
        assert_eq!(fate(30 * SECOND), Some(Fate::Shown));
        let declines = Beacon { declined: Some("a".into()), ..beacon(1) };
        assert!(present.beat(31 * SECOND, site(1), declines, String::new()).is_none(), "and is not shown again");
        assert_eq!(fate(31 * SECOND), Some(Fate::Declined));

        present.invite(32 * SECOND, tab(1), "c".into(), ada(), "Sure?".into()).unwrap();
        assert_eq!(present.taken_up(33 * SECOND, site(2), "c"), None, "on its site alone");
        assert_eq!(present.taken_up(33 * SECOND, site(1), "c").unwrap().text, "Sure?");
        assert_eq!(fate(33 * SECOND), Some(Fate::Accepted));
        assert!(beats(&present, 34 * SECOND, 1).is_none());
        // The page may be another one by then, and its tab gone.
        assert!(present.taken_up(29 * 60 * SECOND, site(1), "c").is_some());
        assert!(present.taken_up(31 * 60 * SECOND, site(1), "c").is_none());
        present.beat(0, site(1), Beacon { chatting: true, ..beacon(3) }, String::new());
        assert_eq!(present.invite(0, tab(3), "d".into(), ada(), "Hi".into()), Err(NotInvited::Chatting));
    }

    #[test]
    fn a_site_that_does_not_want_to_know_has_nobody() {
        let present = Present::default();
        beats(&present, 0, 1);
        present.beat(0, site(2), beacon(2), String::new());
        present.forget(site(1));
        assert_eq!(here(&present, 0), [2]);
    }
}
