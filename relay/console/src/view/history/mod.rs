//! The history: what was said before, found by words and filters, read in place.
//!
//! - [`finding`]: the search under way · [`form`]: what is looked for · [`saved`]: searches kept by name
//! - [`hits`]: what was found · [`reading`]: one whole conversation

use leptos::ev;
use leptos::prelude::*;

use crate::browser;
use crate::locale::texts;
use crate::view::frame::Frame;

mod finding;
mod form;
mod hits;
mod reading;
mod saved;

use finding::Finding;
use form::Form;
use hits::Hits;
use reading::Reading;
use saved::Saved;

/// The history page.
#[component]
pub fn History() -> impl IntoView {
    let texts = texts();
    let finding = Finding::start();
    let keys = window_event_listener(ev::keydown, move |event| {
        let writes =
            browser::focused().is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"));
        match event.key().as_str() {
            "/" if !writes && !event.ctrl_key() && !event.meta_key() => {
                event.prevent_default();
                browser::focus("#search");
            }
            "Escape" if finding.open.with_untracked(Option::is_some) => finding.open.set(None),
            _ => {}
        }
    });
    on_cleanup(move || keys.remove());
    let opened = Memo::new(move |_| finding.open.with(|open| open.as_ref().map(|talk| talk.id)));
    view! {
        <Frame>
            <main id="page" class="history" class:is-reading=move || opened.get().is_some()>
                <div class="history-find">
                    <h1>{texts.history.title}</h1>
                    <Form finding/>
                    <Saved finding/>
                    <Hits finding/>
                </div>
                <div class="history-read">
                    {move || match opened.get().and_then(|_| finding.open.get_untracked()) {
                        Some(talk) => view! { <Reading talk finding/> }.into_any(),
                        None => view! { <p class="hint history-choose">{texts.history.choose}</p> }.into_any(),
                    }}
                </div>
            </main>
        </Frame>
    }
}
