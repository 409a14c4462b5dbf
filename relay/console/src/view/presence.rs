//! Online or away. What shows is what the relay confirmed; a choice on its way is marked as such.

use leptos::prelude::*;
use shared::link::Status;
use shared::model::Presence;

use crate::locale::texts;
use crate::socket::Live;
use crate::text::Texts;
use crate::view::parts::Refusal;

/// A presence in one word.
pub fn presence_word(presence: Presence, texts: &Texts) -> &'static str {
    match presence {
        Presence::Online => texts.online,
        Presence::Away => texts.away,
        Presence::Offline => texts.offline,
    }
}

/// The switch: two radio buttons, so that arrow keys work as everywhere.
#[component]
pub fn PresenceSwitch() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let confirmed = Memo::new(move |_| desk.myself().map_or(Presence::Offline, |me| me.presence));
    let shown = Memo::new(move |_| desk.wanted.get().unwrap_or(confirmed.get()));
    let connected = Memo::new(move |_| desk.status.get() == Status::Online);
    let choice = move |presence: Presence| {
        let checked = move || {
            // Tracked beside `shown`, so that a refused choice moves the browser's own mark back.
            desk.presence_problem.track();
            shown.get() == presence
        };
        view! {
            <label class=format!("choice choice-{}", crate::view::team::dot(presence))>
                <input type="radio" name="presence" prop:checked=checked disabled=move || !connected.get()
                    on:change=move |_| live.set_presence(presence)/>
                <span>{presence_word(presence, texts)}</span>
            </label>
        }
    };
    let problem = Signal::derive(move || desk.presence_problem.get().map(|problem| problem.words(texts)));
    view! {
        <div class="presence" role="radiogroup" aria-label=texts.presence aria-busy=move || desk.wanted.get().is_some().to_string()>
            {choice(Presence::Online)}
            {choice(Presence::Away)}
        </div>
        <Refusal words=problem/>
    }
}

/// Goes to the other presence.
pub fn toggle(live: Live) {
    let me = untrack(|| live.desk.myself());
    if let Some(me) = me {
        live.set_presence(if me.presence == Presence::Online { Presence::Away } else { Presence::Online });
    }
}
