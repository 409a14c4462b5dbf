//! The tags of a conversation: shown, put on and taken off beside its thread.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::TagPatch;
use shared::model::MAX_TAG;

use crate::locale::texts;
use crate::rest;
use crate::row::Row;
use crate::text::fill;
use crate::view::each::each;
use crate::view::parts::Refusal;

/// Tags with a button each to take them off, and a field for one more.
#[component]
pub fn Tags(row: Row) -> impl IntoView {
    let texts = texts();
    let id = row.id;
    let list = format!("tags-{id}");
    let talk = RwSignal::from(row.talk.clone());
    let tags = Memo::new(move |_| talk.with(|talk| talk.tags.clone()));
    let known: RwSignal<Vec<String>> = RwSignal::new(Vec::new());
    let wanted = RwSignal::new(String::new());
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let row = StoredValue::new(row);
    spawn_local(async move {
        // Without them the field still takes whatever is typed.
        if let Ok(tags) = rest::tags().await {
            known.try_set(tags);
        }
    });
    let change = move |patch: TagPatch| {
        problem.set(None);
        spawn_local(async move {
            match rest::tag(id, &patch).await {
                Ok(talk) => {
                    row.try_with_value(|row| row.learn(talk));
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let tag = wanted.get_untracked().trim().to_owned();
        if !tag.is_empty() {
            wanted.set(String::new());
            change(TagPatch { add: vec![tag], remove: Vec::new() });
        }
    };
    let chip = move |tag: String| {
        let label = fill(texts.history.remove_tag, &[("tag", &tag)]);
        let shown = tag.clone();
        let off = move |_| change(TagPatch { add: Vec::new(), remove: vec![tag.clone()] });
        view! { <li class="label"><span dir="auto">{shown}</span><button type="button" class="quiet" aria-label=label on:click=off>"×"</button></li> }
    };
    view! {
        <section class="tags">
            <h3>{texts.history.tags}</h3>
            <ul class="labels" aria-label=texts.history.tags>{each(move || tags.get(), String::clone, chip)}</ul>
            <form on:submit=submit>
                <input type="text" class="small" list=list.clone() maxlength=MAX_TAG.to_string() autocomplete="off"
                    aria-label=texts.history.add_tag placeholder=texts.history.add_tag
                    prop:value=move || wanted.get() on:input=move |event| wanted.set(event_target_value(&event))/>
                <datalist id=list>{move || known.get().into_iter().map(|tag| view! { <option value=tag></option> }).collect_view()}</datalist>
            </form>
            <Refusal words=problem/>
        </section>
    }
}
