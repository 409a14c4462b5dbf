//! The form before the chat: its fields and what the visitor has to agree to.

use leptos::prelude::*;
use shared::model::{MAX_FIELDS, MAX_LABEL, MAX_URL};

use super::draft::{Draft, FieldDraft};
use crate::locale::texts;
use crate::text::fill;
use crate::view::each::each;

/// The form's editor.
#[component]
pub fn Asks(
    /// What is being changed.
    draft: Draft,
) -> impl IntoView {
    let texts = texts();
    let fields = draft.fields;
    let add = move |_| {
        fields.update(|fields| {
            let number = fields.iter().map(|field| field.number + 1).max().unwrap_or(0);
            fields.push(FieldDraft::new(number));
        });
    };
    let full = move || fields.with(Vec::len) >= MAX_FIELDS;
    view! {
        <section class="panel">
            <h2>{texts.installing.asks}</h2>
            <p class="hint">{texts.installing.asks_lead}</p>
            <ol class="rows">
                {each(move || fields.get(), |field| field.number, move |field| view! {
                    <FieldRow field remove=move || fields.update(|fields| fields.retain(|other| other.number != field.number))/>
                })}
            </ol>
            <button type="button" class="plain" disabled=full on:click=add>{texts.installing.add_field}</button>
            <label class="wide" class:hidden=move || fields.with(Vec::is_empty)>{texts.installing.consent}
                <textarea rows="2" maxlength=MAX_URL.to_string() placeholder=texts.installing.consent_none bind:value=draft.consent></textarea>
            </label>
        </section>
    }
}

#[component]
fn FieldRow(field: FieldDraft, remove: impl Fn() + 'static) -> impl IntoView {
    let texts = texts();
    let removes = move || fill(texts.installing.remove, &[("name", &field.label.get())]);
    view! {
        <li>
            <label>{texts.installing.label}<input required maxlength=MAX_LABEL.to_string() bind:value=field.label/></label>
            <label>{texts.installing.kind}
                <select bind:value=field.kind>
                    <option value="name">{texts.name}</option><option value="email">{texts.email}</option><option value="phone">{texts.installing.phone}</option>
                    <option value="text">{texts.installing.line}</option><option value="choice">{texts.installing.choice}</option>
                </select>
            </label>
            <label class="tick"><input type="checkbox" bind:checked=field.required/>{texts.installing.required}</label>
            <button type="button" class="quiet" aria-label=removes on:click=move |_| remove()>"×"</button>
            <label class="wide" class:hidden=move || !field.is_choice()>{texts.installing.options}
                <textarea rows="3" required=move || field.is_choice() bind:value=field.options></textarea>
            </label>
        </li>
    }
}
