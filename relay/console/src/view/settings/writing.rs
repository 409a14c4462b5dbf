//! How one likes to write: whether messages are held back for a moment. Kept in this browser, like the language.

use leptos::prelude::*;

use crate::locale::texts;
use crate::sending::{want_undo, wants_undo};

/// The panel.
#[component]
pub fn Writing() -> impl IntoView {
    let words = texts().composing;
    let wanted = RwSignal::new(wants_undo());
    let choose = move |event| {
        wanted.set(event_target_checked(&event));
        want_undo(wanted.get_untracked());
    };
    view! {
        <section class="panel">
            <h2>{words.undo_title}</h2>
            <label class="check"><input type="checkbox" aria-describedby="undo-hint" prop:checked=move || wanted.get() on:change=choose/>{words.undo_wish}</label>
            <p class="hint" id="undo-hint">{words.undo_lead}</p>
        </section>
    }
}
