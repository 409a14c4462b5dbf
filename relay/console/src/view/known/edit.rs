//! Correcting what is known of a visitor: name, address, and the site's own fields, in one form that sends what was changed.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{NotedField, ValueKind, VisitorPatch, VisitorProfile};
use shared::model::MAX_FIELD;

use super::Found;
use crate::browser;
use crate::locale::texts;
use crate::rest::visitors;
use crate::row::Row;
use crate::text::fill;
use crate::view::parts::Refusal;

/// A value that is being written.
#[derive(Clone)]
struct Draft {
    noted: NotedField,
    value: RwSignal<String>,
}

/// The button, and the form that it opens.
#[component]
pub fn Edit(row: Row, found: Found) -> impl IntoView {
    let texts = texts();
    let editing: RwSignal<Option<VisitorProfile>> = RwSignal::new(None);
    let known = move || found.with(|found| found.as_ref().and_then(|found| found.as_ref().ok()).cloned());
    let ready = Memo::new(move |_| known().is_some());
    let row = StoredValue::new(row);
    let done = move |saved: Option<VisitorProfile>| {
        if let Some(profile) = saved {
            // The relay tells it to whoever has the chat; an ended one is nobody's.
            row.with_value(|row| row.talk.update(|talk| talk.visitor = profile.visitor.clone()));
            found.set(Some(Ok(profile)));
        }
        editing.set(None);
        // It is there again once the form is gone.
        browser::focus_soon(".known-edit");
    };
    move || match editing.get() {
        Some(profile) => view! { <Form profile done/> }.into_any(),
        None => view! {
            <button class="plain known-edit" type="button" disabled=move || !ready.get()
                on:click=move |_| editing.set(known())>{texts.known.edit}</button>
        }
        .into_any(),
    }
}

#[component]
fn Form(profile: VisitorProfile, done: impl Fn(Option<VisitorProfile>) + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let id = profile.visitor.id;
    let vouched_for = profile.visitor.verified;
    let was = [profile.visitor.name, profile.visitor.email].map(Option::unwrap_or_default);
    let [name, email] = was.clone().map(RwSignal::new);
    let draft = |noted: NotedField| Draft { value: RwSignal::new(noted.value.clone().unwrap_or_default()), noted };
    let drafts: Vec<Draft> = profile.fields.into_iter().map(draft).collect();
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let wrong: RwSignal<Option<String>> = RwSignal::new(None);
    let inputs = drafts.iter().cloned().map(|draft| view! { <Field draft/> }).collect_view();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let number = |draft: &&Draft| draft.noted.field.kind == ValueKind::Number && !is_number(&draft.value.get_untracked());
        let not_one =
            drafts.iter().find(number).map(|draft| fill(texts.known.number_wrong, &[("label", &draft.noted.field.label)]));
        wrong.set(not_one);
        if wrong.with_untracked(Option::is_some) {
            return;
        }
        let changed = |now: RwSignal<String>, was: &String| {
            let now = now.get_untracked().trim().to_owned();
            (now != *was).then_some(now)
        };
        let value = |draft: &Draft| {
            let was = draft.noted.value.clone().unwrap_or_default();
            Some((draft.noted.field.id.clone(), changed(draft.value, &was)?))
        };
        let values: BTreeMap<String, String> = drafts.iter().filter_map(value).collect();
        let patch = VisitorPatch { name: changed(name, &was[0]), email: changed(email, &was[1]), values };
        if patch == VisitorPatch::default() {
            return done(None);
        }
        spawn_local(async move {
            match visitors::correct(id, &patch).await {
                Ok(profile) => done(Some(profile)),
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    Effect::new(move || {
        browser::focus(".known-form input, .known-form select");
    });
    view! {
        <form class="known-form" on:submit=submit novalidate>
            {if vouched_for {
                view! { <p class="hint">{texts.known.vouched_for}</p> }.into_any()
            } else {
                view! {
                    <label>{texts.name}<input autocomplete="off" maxlength=MAX_FIELD.to_string() dir="auto" bind:value=name/></label>
                    <label>{texts.email}<input type="email" autocomplete="off" maxlength=MAX_FIELD.to_string() bind:value=email/></label>
                }.into_any()
            }}
            {inputs}
            <p class="known-acts">
                <button class="primary" type="submit">{texts.known.save}</button>
                <button class="quiet" type="button" on:click=move |_| done(None)>{texts.cancel}</button>
            </p>
            <p role="alert" class="problem" class:hidden=move || wrong.with(Option::is_none)>{move || wrong.get()}</p>
            <Refusal words=problem/>
        </form>
    }
}

/// As the relay judges it; nothing is no number and may stand.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[component]
fn Field(draft: Draft) -> impl IntoView {
    let Draft { noted: NotedField { field, .. }, value } = draft;
    let most = MAX_FIELD.to_string();
    let input = match field.kind {
        ValueKind::Text => view! { <input autocomplete="off" maxlength=most dir="auto" bind:value=value/> }.into_any(),
        ValueKind::Number => view! { <input inputmode="decimal" autocomplete="off" maxlength=most bind:value=value/> }.into_any(),
        ValueKind::Date => view! { <input type="date" bind:value=value/> }.into_any(),
        ValueKind::Choice => {
            let option = move |option: String| {
                let word = option.clone();
                let chosen = option.clone();
                view! { <option value=option selected=move || value.with(|value| *value == chosen)>{word}</option> }
            };
            view! {
                <select on:change=move |event| value.set(event_target_value(&event))>
                    <option value="">{texts().known.nothing}</option>
                    {field.options.into_iter().map(option).collect_view()}
                </select>
            }
            .into_any()
        }
    };
    view! { <label><span dir="auto">{field.label}</span>{input}</label> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_relay_takes_for_some() {
        assert!(["", " ", "12", "-3.5", " 7 ", "1e3"].into_iter().all(is_number));
        assert!(!["twelve", "1,5", "NaN", "inf", "1 2"].into_iter().any(is_number));
    }
}
