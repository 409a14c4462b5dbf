//! Makes itself noticed, whichever page shows: counts in title and icon, sound, desktop notifications; and opens what a notification leads
//! to. Draws nothing. Which of several tabs tells is settled in `bell.js`.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::ConversationId;
use web_sys::CustomEvent;

use crate::bell;
use crate::browser;
use crate::locale::Locale;
use crate::nav::Nav;
use crate::notices::{Cause, Notice, Noticing};
use crate::push;
use crate::route::Route;
use crate::socket::Live;
use crate::text::fill;
use crate::time;
use crate::view::parts::visitor_name;

/// How long a notice waits for others about the same conversation, and for a tab that shows it to say so.
const SETTLES: Duration = Duration::from_millis(300);

/// What the part after `#` begins with that leads to a chat.
const CHAT: &str = "#chat=";

/// The part.
#[component]
pub fn Notices() -> impl IntoView {
    let live = expect_context::<Live>();
    let noticing = expect_context::<Noticing>();
    let nav = expect_context::<Nav>();
    let locale = expect_context::<Locale>();
    let desk = live.desk;

    let attention = Memo::new(move |_| {
        let chats = desk.mine.get().into_iter().chain(desk.parked.get());
        let unread = chats.filter_map(|id| desk.row(id)).filter(|row| row.unread() > 0).map(|row| row.id);
        let named = desk.mentions.get().into_iter().map(|one| one.conversation.id);
        unread.chain(named).collect::<HashSet<_>>().len() + desk.offers.with(Vec::len)
    });
    Effect::new(move || {
        let count = if noticing.0.with(|mine| mine.title) { attention.get() } else { 0 };
        if let Some(document) = browser::document() {
            document.set_title(&if count == 0 { "Bulle".to_owned() } else { format!("({count}) Bulle") });
        }
    });
    Effect::new(move |shown: Option<usize>| {
        let count = if noticing.0.with(|mine| mine.badge) { attention.get() } else { 0 };
        // Nothing is loaded for an icon that is as it was.
        if shown.unwrap_or(0) != count {
            bell::badge(count);
        }
        count
    });

    let pending: StoredValue<HashMap<ConversationId, Notice>> = StoredValue::default();
    Effect::new(move || {
        let new = desk.notices.get();
        if new.is_empty() {
            return;
        }
        desk.notices.set(Vec::new());
        for notice in new {
            let known = pending.with_value(|pending| pending.get(&notice.conversation).copied());
            pending.update_value(|pending| {
                pending.insert(notice.conversation, known.map_or(notice, |known| known.with(notice)));
            });
            if known.is_none() {
                set_timeout(
                    move || {
                        if let Some(Some(notice)) = pending.try_update_value(|pending| pending.remove(&notice.conversation)) {
                            tell(live, noticing, nav, locale, notice);
                        }
                    },
                    SETTLES,
                );
            }
        }
    });

    let open = move |id: ConversationId| {
        if desk.row(id).is_some() {
            nav.go(Route::Inbox);
            live.open(Some(id));
        }
    };
    let opened = window_event_listener(ev::Custom::<CustomEvent>::new("bulle-open"), move |event| {
        if let Ok(id) = browser::told(&event).parse() {
            open(id);
        }
    });
    let elsewhere = window_event_listener(ev::Custom::<CustomEvent>::new("bulle-read"), move |event| {
        let told = browser::told(&event);
        let Some((id, seq)) = told.split_once(' ').and_then(|(id, seq)| Some((id.parse().ok()?, seq.parse().ok()?))) else {
            return;
        };
        desk.read_elsewhere(id, seq);
    });
    on_cleanup(move || {
        opened.remove();
        elsewhere.remove();
    });
    // A notification of a closed console leads here, once the relay has told what there is.
    Effect::new(move |led: Option<bool>| {
        if led == Some(true) || desk.me.get().is_none() {
            return led.unwrap_or(false);
        }
        if let Some(id) = browser::fragment().and_then(|part| part.strip_prefix(CHAT)?.parse().ok()) {
            open(id);
        }
        true
    });

    let me = push::Subscriber { noticing, locale };
    me.renew();
}

/// Whether there is nothing to tell of any more: it was read, has gone on, or stands before the agent.
fn is_over(live: Live, nav: Nav, notice: Notice) -> bool {
    let desk = live.desk;
    let id = notice.conversation;
    let Some(row) = desk.row(id) else { return true };
    let in_view = browser::is_visible() && untrack(|| nav.route()) == Route::Inbox;
    let is_open = in_view && desk.open.get_untracked() == Some(id);
    match notice.cause {
        Cause::Message => row.read_to.get_untracked() >= notice.seq,
        Cause::Assigned => is_open,
        Cause::Offer => is_open || desk.offers.with_untracked(|offers| !offers.contains(&id)),
        Cause::Queue => in_view || ![desk.queue, desk.messages].iter().any(|list| list.with_untracked(|list| list.contains(&id))),
    }
}

fn tell(live: Live, noticing: Noticing, nav: Nav, locale: Locale, notice: Notice) {
    let (day, minute) = time::weekday_and_minute(browser::now());
    let (sound, desktop, tells) =
        noticing.0.with_untracked(|mine| (mine.sound, mine.desktop, mine.tells(notice.cause, day, minute)));
    if !tells || !(sound || desktop) || is_over(live, nav, notice) {
        return;
    }
    let texts = locale.0.get_untracked().texts();
    let Some(row) = live.desk.row(notice.conversation) else { return };
    let talk = row.talk.get_untracked();
    let name = visitor_name(&talk.visitor, texts);
    let title = match notice.cause {
        Cause::Queue => fill(texts.noticing.waits, &[("name", &name)]),
        Cause::Message => fill(texts.noticing.wrote, &[("name", &name)]),
        Cause::Offer => {
            let from = talk.offer.as_ref().map(|offer| offer.from.name.clone()).unwrap_or_default();
            fill(texts.noticing.offered, &[("from", &from), ("name", &name)])
        }
        Cause::Assigned => fill(texts.noticing.given, &[("name", &name)]),
    };
    spawn_local(async move {
        if !bell::claim(notice.conversation, notice.seq).await || is_over(live, nav, notice) {
            return;
        }
        if desktop {
            bell::show(notice.conversation, &title, &talk.preview);
        }
        if sound {
            bell::ring().await;
        }
    });
}
