//! What is looked for: a text, and filters that fold away.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{MAX_QUERY, SearchQuery};
use shared::model::State;

use super::finding::Finding;
use crate::locale::texts;
use crate::rest;
use crate::socket::Live;
use crate::time;
use crate::view::parts::state_word;

/// The states and how their options are called.
const STATES: [(State, &str); 4] =
    [(State::Queued, "queued"), (State::Active, "active"), (State::Parked, "parked"), (State::Closed, "closed")];

/// The form. It follows the search, so that a saved one fills it.
#[component]
pub fn Form(finding: Finding) -> impl IntoView {
    let texts = texts();
    let words = texts.history;
    let desk = expect_context::<Live>().desk;
    let tags: RwSignal<Vec<String>> = RwSignal::default();
    spawn_local(async move {
        // Without them the list is empty, and everything else can still be searched.
        if let Ok(known) = rest::tags().await {
            tags.try_set(known);
        }
    });
    let fields: RwSignal<SearchQuery> = RwSignal::default();
    Effect::new(move || fields.set(finding.query.get()));
    let filtered = Memo::new(move |_| {
        finding.query.with(|query| SearchQuery { q: String::new(), ..query.clone() } != SearchQuery::default())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        finding.search(fields.get_untracked());
    };
    // Each filter counts at once; the text, once Enter is pressed.
    let filter = move |change: Box<dyn Fn(&mut SearchQuery)>| {
        fields.update(|fields| change(fields));
        finding.search(fields.get_untracked());
    };
    let agents = move || {
        let chosen = fields.with(|fields| fields.agent);
        let option = |agent: &shared::model::Agent| view! { <option value=agent.id.to_string() selected=chosen == Some(agent.id)>{agent.name.clone()}</option> };
        desk.agents.with(|agents| agents.iter().map(option).collect_view())
    };
    let labels = move || {
        let chosen = fields.with(|fields| fields.tag.clone());
        let option =
            |tag: String| view! { <option value=tag.clone() selected=chosen.as_ref() == Some(&tag)>{tag.clone()}</option> };
        tags.get().into_iter().map(option).collect_view()
    };
    let states = move || {
        let chosen = fields.with(|fields| fields.state);
        STATES
            .map(|(state, name)| view! { <option value=name selected=chosen == Some(state)>{state_word(state, texts)}</option> })
            .collect_view()
    };
    let sites = move || {
        let chosen = fields.with(|fields| fields.site);
        let option = |site: &shared::model::Site| view! { <option value=site.id.to_string() selected=chosen == Some(site.id)>{site.name.clone()}</option> };
        desk.sites.with(|sites| sites.iter().map(option).collect_view())
    };
    let ratings = move || {
        let chosen = fields.with(|fields| fields.rating);
        (1..=5_u8)
            .map(|score| view! { <option value=score.to_string() selected=chosen == Some(score)>{score}</option> })
            .collect_view()
    };
    view! {
        <form class="search" role="search" on:submit=submit>
            <div class="search-line">
                <input type="search" id="search" maxlength=MAX_QUERY.to_string() aria-label=words.text aria-describedby="search-hint" placeholder=words.search
                    prop:value=move || fields.with(|fields| fields.q.clone())
                    on:input=move |event| fields.update(|fields| fields.q = event_target_value(&event))/>
                <button class="primary">{words.search}</button>
            </div>
            <p class="hint" id="search-hint">{words.search_hint}</p>
            <details class="filters" open=move || filtered.get()>
                <summary>{words.filters}</summary>
                <div class="filter-grid">
                    <label>{words.agent}<select on:change=move |event| { let value = event_target_value(&event).parse().ok(); filter(Box::new(move |query| query.agent = value)) }>
                        <option value="">{words.anybody}</option>{agents}</select></label>
                    <label>{words.tag}<select on:change=move |event| { let value = chosen(event_target_value(&event)); filter(Box::new(move |query| query.tag.clone_from(&value))) }>
                        <option value="">{words.any}</option>{labels}</select></label>
                    <label>{words.state}<select on:change=move |event| { let value = state_of(&event_target_value(&event)); filter(Box::new(move |query| query.state = value)) }>
                        <option value="">{words.any}</option>{states}</select></label>
                    <label>{words.rating}<select on:change=move |event| { let value = event_target_value(&event).parse().ok(); filter(Box::new(move |query| query.rating = value)) }>
                        <option value="">{words.any}</option>{ratings}</select></label>
                    <label>{texts.site}<select on:change=move |event| { let value = event_target_value(&event).parse().ok(); filter(Box::new(move |query| query.site = value)) }>
                        <option value="">{words.any}</option>{sites}</select></label>
                    <label>{words.page_part}<input type="text" prop:value=move || fields.with(|fields| fields.page.clone().unwrap_or_default())
                        on:change=move |event| { let value = chosen(event_target_value(&event)); filter(Box::new(move |query| query.page.clone_from(&value))) }/></label>
                    <label>{words.from}<input type="date" prop:value=move || fields.with(|fields| fields.from.map(time::date_of).unwrap_or_default())
                        on:change=move |event| { let value = time::day_begins(&event_target_value(&event), 0); filter(Box::new(move |query| query.from = value)) }/></label>
                    <label>{words.until}<input type="date" prop:value=move || fields.with(|fields| fields.until.map(|until| time::date_of(until - 1)).unwrap_or_default())
                        on:change=move |event| { let value = time::day_begins(&event_target_value(&event), 1); filter(Box::new(move |query| query.until = value)) }/></label>
                </div>
                <button type="button" class="plain" on:click=move |_| finding.search(SearchQuery::default())>{words.clear}</button>
            </details>
        </form>
    }
}

fn chosen(value: String) -> Option<String> {
    Some(value).filter(|value| !value.trim().is_empty())
}

fn state_of(name: &str) -> Option<State> {
    STATES.into_iter().find(|(_, known)| *known == name).map(|(state, _)| state)
}
