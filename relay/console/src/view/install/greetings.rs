//! Messages that a page shows by itself, and to whom.

use leptos::prelude::*;
use shared::model::{MAX_FIELD, MAX_GREETINGS, MAX_URL};

use super::draft::{Draft, GreetingDraft};
use crate::browser;
use crate::locale::texts;
use crate::text::fill;
use crate::view::each::each;

/// The greetings' editor.
#[component]
pub fn Greetings(
    /// What is being changed.
    draft: Draft,
) -> impl IntoView {
    let texts = texts();
    let greetings = draft.greetings;
    let add = move |_| {
        let id: String = browser::random::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
        greetings.update(|greetings| greetings.push(GreetingDraft::new(id)));
    };
    let full = move || greetings.with(Vec::len) >= MAX_GREETINGS;
    view! {
        <section class="panel">
            <h2>{texts.installing.greetings}</h2>
            <p class="hint">{texts.installing.greetings_lead}</p>
            <ol class="rows">
                {each(move || greetings.get(), |greeting| greeting.id.get_value(), move |greeting| view! {
                    <GreetingRow greeting remove=move || {
                        let id = greeting.id.get_value();
                        greetings.update(|greetings| greetings.retain(|other| other.id.get_value() != id));
                    }/>
                })}
            </ol>
            <button type="button" class="plain" disabled=full on:click=add>{texts.installing.add_greeting}</button>
        </section>
    }
}

#[component]
fn GreetingRow(greeting: GreetingDraft, remove: impl Fn() + 'static) -> impl IntoView {
    let texts = texts();
    let removes = move || fill(texts.installing.remove, &[("name", &greeting.text.get())]);
    view! {
        <li>
            <label class="wide">{texts.installing.greeting_text}<input required maxlength=MAX_FIELD.to_string() bind:value=greeting.text/></label>
            <label>{texts.installing.greeting_url}<input maxlength=MAX_URL.to_string() placeholder="/pricing*" spellcheck="false" bind:value=greeting.url/></label>
            <label>{texts.installing.greeting_after}<input type="number" min="0" max="3600" bind:value=greeting.after/></label>
            <label>{texts.installing.greeting_scroll}<input type="number" min="1" max="100" bind:value=greeting.scroll/></label>
            <label>{texts.installing.greeting_to}
                <select bind:value=greeting.returning>
                    <option value="">{texts.installing.greeting_all}</option><option value="false">{texts.installing.greeting_new}</option><option value="true">{texts.installing.greeting_back}</option>
                </select>
            </label>
            <label class="tick"><input type="checkbox" bind:checked=greeting.exit/>{texts.installing.greeting_exit}</label>
            <button type="button" class="quiet" aria-label=removes on:click=move |_| remove()>"×"</button>
        </li>
    }
}
