//! The bar of a message that is held back for a moment: it counts down, and undoes or sends at once.

use leptos::prelude::*;

use crate::browser;
use crate::locale::texts;
use crate::row::Row;
use crate::sending::UNDO_WITHIN;
use crate::socket::Live;

/// The bar; nothing while nothing is held back.
#[component]
pub fn HeldBar(row: Row) -> impl IntoView {
    let words = texts().composing;
    let live = expect_context::<Live>();
    let held = RwSignal::from(row.held.clone());
    let text = Memo::new(move |_| held.with(|held| held.as_ref().map(|held| held.text.clone())));
    let left =
        move || held.with(|held| held.as_ref().map_or(0, |held| (held.until - live.desk.clock.get()).clamp(0, UNDO_WITHIN)));
    let row = StoredValue::new(row);
    let bar = move |text: String| {
        let undo = move |_| {
            row.with_value(|row| live.undo(row));
            browser::focus("#composer");
        };
        let send = move |_| {
            row.with_value(|row| live.release(row.id));
            browser::focus("#composer");
        };
        view! {
            <div class="held">
                <p role="status"><strong>{words.held}</strong>" "<span class="held-text" dir="auto">{text}</span></p>
                <button type="button" class="plain" on:click=undo>{words.undo}</button>
                <button type="button" class="quiet" on:click=send>{words.send_now}</button>
                <progress aria-hidden="true" max=UNDO_WITHIN.to_string() value=move || left().to_string()></progress>
            </div>
        }
    };
    move || text.get().map(bar)
}
