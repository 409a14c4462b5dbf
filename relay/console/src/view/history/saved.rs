//! Searches that the agent keeps under names of their own.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{NewSearch, SavedSearch};
use shared::model::MAX_LABEL;

use super::finding::Finding;
use crate::locale::texts;
use crate::rest;
use crate::text::fill;
use crate::view::each::each;
use crate::view::parts::Refusal;

/// Buttons that search again, and a way to keep the search at hand.
#[component]
pub fn Saved(finding: Finding) -> impl IntoView {
    let texts = texts();
    let words = texts.history;
    let saved: RwSignal<Vec<SavedSearch>> = RwSignal::default();
    let name = RwSignal::new(String::new());
    let naming = RwSignal::new(false);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    spawn_local(async move {
        match rest::saved_searches().await {
            Ok(searches) => saved.try_set(searches).map_or((), |_| ()),
            Err(error) => problem.try_set(Some(error.words(texts))).map_or((), |_| ()),
        }
    });
    let keep = move |event: SubmitEvent| {
        event.prevent_default();
        let new = NewSearch { name: name.get_untracked().trim().to_owned(), query: finding.query.get_untracked() };
        spawn_local(async move {
            match rest::save_search(&new).await {
                Ok(kept) => {
                    saved.try_update(|saved| {
                        saved.retain(|search| search.id != kept.id);
                        saved.push(kept);
                        saved.sort_by(|one, other| one.name.cmp(&other.name));
                    });
                    problem.try_set(None);
                    name.try_set(String::new());
                    naming.try_set(false);
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    let search = move |search: SavedSearch| {
        let id = search.id;
        let (shown, query) = (search.name.clone(), search.query);
        let label = fill(words.forget, &[("name", &search.name)]);
        let forget = move |_| {
            spawn_local(async move {
                match rest::forget_search(id).await {
                    Ok(()) => {
                        saved.try_update(|saved| saved.retain(|search| search.id != id));
                    }
                    Err(error) => {
                        problem.try_set(Some(error.words(texts)));
                    }
                }
            });
        };
        view! {
            <li class="label">
                <button type="button" class="quiet" on:click=move |_| finding.search(query.clone())>{shown}</button>
                <button type="button" class="quiet" aria-label=label on:click=forget>"×"</button>
            </li>
        }
    };
    view! {
        <div class="saved">
            <ul class="labels" aria-label=words.saved>{each(move || saved.get(), |search| (search.id, format!("{:?}", search.query)), search)}</ul>
            {move || if naming.get() {
                view! {
                    <form class="search-line" on:submit=keep>
                        <input type="text" class="small" autofocus maxlength=MAX_LABEL.to_string() aria-label=words.save_name placeholder=words.save_name
                            prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))/>
                        <button class="plain" disabled=move || name.with(|name| name.trim().is_empty())>{words.keep}</button>
                        <button type="button" class="quiet" on:click=move |_| naming.set(false)>{texts.cancel}</button>
                    </form>
                }.into_any()
            } else {
                view! { <button type="button" class="quiet" on:click=move |_| naming.set(true)>{words.save}</button> }.into_any()
            }}
            <Refusal words=problem/>
        </div>
    }
}
