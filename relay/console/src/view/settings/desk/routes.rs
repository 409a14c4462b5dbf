//! Routing rules: for whom new chats are.

use leptos::prelude::*;
use shared::model::{MAX_ROUTES, MAX_URL, PRIORITIES};

use super::draft::{Draft, RouteDraft};
use crate::locale::texts;
use crate::state;
use crate::text::fill;
use crate::urgency;
use crate::view::each::each;

/// The rules' editor.
#[component]
pub fn Routes(
    /// What is being changed.
    draft: Draft,
) -> impl IntoView {
    let texts = texts();
    let full = move || draft.routes.with(Vec::len) >= MAX_ROUTES;
    view! {
        <section class="panel">
            <h2>{texts.desk.routing}</h2>
            <p class="hint">{texts.desk.routing_lead}</p>
            <ol class="rows routes">
                {each(move || draft.routes.get(), |row| row.number, move |row| view! { <Rule draft row/> })}
            </ol>
            <button type="button" class="plain" disabled=full on:click=move |_| draft.add_route(None)>{texts.desk.add_rule}</button>
        </section>
    }
}

#[component]
fn Rule(draft: Draft, row: RouteDraft) -> impl IntoView {
    let texts = texts();
    let teams = expect_context::<state::Desk>().teams;
    let place = Memo::new(move |_| draft.routes.with(|rows| rows.iter().position(|other| other.number == row.number)));
    let number = move || (place.get().unwrap_or(0) + 1).to_string();
    let up = move |_| {
        if let Some(place) = place.get_untracked().filter(|place| *place > 0) {
            draft.routes.update(|rows| rows.swap(place, place - 1));
        }
    };
    let remove = move |_| draft.routes.update(|rows| rows.retain(|other| other.number != row.number));
    let options = move || {
        let option = |team: shared::model::Team| {
            let id = team.id.to_string();
            let value = id.clone();
            view! { <option value=value selected=move || row.team.get() == id>{team.name}</option> }
        };
        teams.get().into_iter().map(option).collect_view()
    };
    let urgencies = PRIORITIES.rev().map(|priority| {
        let value = priority.to_string();
        let is_it = value.clone();
        view! { <option value=value selected=move || row.priority.get() == is_it>{urgency::word(priority, texts)}</option> }
    });
    view! {
        <li>
            <label class="wide">{texts.desk.rule_page}<input maxlength=MAX_URL.to_string() placeholder="/pricing*" spellcheck="false" bind:value=row.page/></label>
            <label>{texts.desk.rule_language}<input maxlength="8" placeholder="fr" spellcheck="false" autocapitalize="none" bind:value=row.language/></label>
            <label>{texts.desk.rule_team}
                <select on:change=move |event| row.team.set(event_target_value(&event))>
                    <option value="" selected=move || row.team.with(String::is_empty)>{texts.desk.everybody}</option>
                    {options}
                </select>
            </label>
            <label>{texts.desk.urgency}
                <select on:change=move |event| row.priority.set(event_target_value(&event))>{urgencies.collect_view()}</select>
            </label>
            <span class="reply-acts">
                <button type="button" class="quiet" disabled=move || place.get() == Some(0)
                    aria-label=move || fill(texts.desk.move_up, &[("number", &number())]) on:click=up>"↑"</button>
                <button type="button" class="quiet" aria-label=move || fill(texts.desk.remove_rule, &[("number", &number())]) on:click=remove>"×"</button>
            </span>
        </li>
    }
}
