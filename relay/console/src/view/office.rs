//! The place of the second program's pages, and what is told while it comes or does not.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Me;

use crate::browser;
use crate::locale::texts;
use crate::office;
use crate::state::Desk;

/// The place.
#[component]
pub fn Office() -> impl IntoView {
    let texts = texts();
    let me = expect_context::<Me>();
    let desk = expect_context::<Desk>();
    let there: RwSignal<Option<bool>> = RwSignal::new(None);
    spawn_local(async move {
        let comes = office::comes().await;
        there.try_set(Some(comes));
    });
    Effect::new(move || {
        if there.get() == Some(true) && !office::hand_over(&desk.hand_over(me.clone())) {
            there.set(Some(false));
        }
    });
    on_cleanup(office::leave);
    // Whatever is in the way, the program is asked for anew: a page's browser may not try twice, and it may be of another version.
    let reload = move |_| browser::reload();
    let meanwhile = move || match there.get() {
        None => view! { <main id="page" class="sheet"><p role="status">{texts.loading}</p></main> }.into_any(),
        Some(false) => view! {
            <main id="page" class="sheet">
                <div role="alert"><h1>{texts.unreachable}</h1></div>
                <p><button class="primary" on:click=reload>{texts.try_again}</button></p>
            </main>
        }
        .into_any(),
        Some(true) => ().into_any(),
    };
    view! { {meanwhile}<div id=office::PLACE class="place"></div> }
}
