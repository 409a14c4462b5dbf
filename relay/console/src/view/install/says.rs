//! What the panel says in the owner's words, language by language.

use leptos::prelude::*;
use shared::model::MAX_FIELD;

use super::draft::{Draft, LANGUAGES, WordsDraft};
use crate::locale::texts;

/// The words' editor.
#[component]
pub fn Says(
    /// What is being changed.
    draft: Draft,
) -> impl IntoView {
    let texts = texts();
    let chosen = RwSignal::new(String::new());
    let marked = |words: WordsDraft, name: &str| if words.is_set() { format!("{name} ✓") } else { name.to_owned() };
    let option = move |words: WordsDraft| {
        let lang = words.lang.get_value();
        let name = match LANGUAGES.iter().find(|(known, _)| *known == lang) {
            Some((_, name)) => (*name).to_owned(),
            None if lang.is_empty() => texts.installing.words_others.to_owned(),
            None => lang.clone(),
        };
        view! { <option value=lang>{move || marked(words, &name)}</option> }
    };
    let fields = move || {
        let lang = chosen.get();
        let words = draft.words.with_value(|words| words.iter().find(|words| words.lang.with_value(|own| *own == lang)).copied());
        words.map(|words| {
            view! {
                <Said label=texts.installing.words_greeting text=words.greeting words/>
                <Said label=texts.installing.words_here text=words.here words/>
                <Said label=texts.installing.words_away text=words.away words/>
                <Said label=texts.installing.words_later text=words.later words/>
            }
        })
    };
    view! {
        <section class="panel">
            <h2>{texts.installing.words}</h2>
            <p class="hint">{texts.installing.words_lead}</p>
            <div class="fields">
                <label>{texts.installing.words_in}<select bind:value=chosen>{draft.words.with_value(|words| words.iter().copied().map(option).collect_view())}</select></label>
                {fields}
            </div>
        </section>
    }
}

/// One text; taken over when it is finished, since the preview begins anew with it.
#[component]
fn Said(label: &'static str, text: RwSignal<String>, words: WordsDraft) -> impl IntoView {
    let texts = texts();
    let change = move |event| text.set(event_target_value(&event));
    view! {
        <label>{label}
            <input maxlength=MAX_FIELD.to_string() lang=words.lang.get_value() dir="auto" placeholder=texts.installing.words_own prop:value=move || text.get() on:change=change/>
        </label>
    }
}
