//! For supervisors: every chat that somebody else has, live while the list is open. Opening one watches it.

use leptos::prelude::*;
use shared::link::Status;

use crate::browser;
use crate::locale::texts;
use crate::socket::Live;
use crate::text::fill;
use crate::view::each::each;
use crate::view::listed::{Listed, Named, Place};

/// Where the browser remembers that the list is open.
const KEPT: &str = "bulle.all";

/// The list, and the button that opens it.
#[component]
pub fn AllChats() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let open = desk.overseeing;
    if browser::kept(KEPT).is_some() {
        desk.oversee(true);
    }
    // Each connection is told anew; and what may have been missed is asked for again.
    Effect::new(move |told: Option<bool>| {
        desk.reloads.track();
        let (on, connected) = (open.get(), desk.status.get() == Status::Online);
        let greeted = connected && desk.me.get().is_some();
        if greeted && (on || told == Some(true)) {
            live.oversee(on);
        }
        greeted && on
    });
    on_cleanup(move || {
        if open.try_get_untracked() == Some(true) {
            live.oversee(false);
        }
    });
    let toggle = move |_| {
        let on = !open.get_untracked();
        if on {
            browser::keep(KEPT, "1")
        } else {
            browser::forget(KEPT)
        }
        desk.oversee(on);
    };
    let named = use_context::<Named>();
    // What is offered to me, or names me, stands above already.
    let shown = Memo::new(move |_| {
        let mut above = desk.offers.get();
        above.extend(named.map(|named| named.0.get()).unwrap_or_default());
        desk.others.with(|others| others.iter().copied().filter(|id| !above.contains(id)).collect::<Vec<_>>())
    });
    let more = Memo::new(move |_| {
        let listed = u32::try_from(desk.others.with(Vec::len)).unwrap_or(u32::MAX);
        desk.others_total.get().saturating_sub(listed)
    });
    view! {
        <section>
            <h2>
                <button class="quiet all-toggle" aria-expanded=move || open.get().to_string() title=texts.together.show_all on:click=toggle>
                    {texts.together.all}
                </button>
                <span class="count" class:hidden=move || !open.get()>{move || desk.others_total.get()}</span>
            </h2>
            <ul aria-label=texts.together.all>
                {each(move || shown.get(), |id| *id, move |id| desk.row(id).map(|row| view! { <Listed row place=Place::Other/> }))}
            </ul>
            <p class="hint empty" class:hidden=move || !(open.get() && shown.with(Vec::is_empty))>{texts.together.all_empty}</p>
            <p class="hint empty" class:hidden=move || more.get() == 0>
                {move || fill(texts.more_rows, &[("count", &more.get().to_string())])}
            </p>
        </section>
    }
}
