//! What was found: conversations, with the messages in which it was, marked. Every word is somebody's and becomes a text node.

use leptos::prelude::*;
use shared::api::{Fragment, HitMessage, SearchQuery};

use super::finding::{Finding, Group, Stage};
use crate::locale::{language, texts};
use crate::text::fill;
use crate::time;
use crate::view::each::each;
use crate::view::parts::{state_word, visitor_name};
use crate::view::thread::chip;
use crate::view::windowed::{Window, standing};

/// Messages of one conversation that are shown; the thread has them all.
const MOST_SHOWN: usize = 3;

/// The list, what can be said of it, and the way on.
#[component]
pub fn Hits(finding: Finding) -> impl IntoView {
    let texts = texts();
    let words = texts.history;
    let status = move || match finding.stage.get() {
        Stage::Looking => texts.loading.to_owned(),
        Stage::Failed(error) => error.words(texts).to_owned(),
        Stage::Done => match finding.groups.with(Vec::len) {
            0 if finding.query.with(|query| *query == SearchQuery::default()) => words.nothing_yet.to_owned(),
            0 => words.nothing.to_owned(),
            count => fill(words.found, &[("count", &count.to_string())]),
        },
    };
    let key = |group: &Group| (group.conversation.id, group.messages.len());
    let window = Window::over("[data-long='hits']", Memo::new(move |_| finding.groups.with(Vec::len)));
    let drawn = move || finding.groups.with(|groups| window.of(groups));
    let goes_on = move || finding.next.with(Option::is_some) && finding.stage.get() == Stage::Done;
    view! {
        <p class="hint" role="status">{status}</p>
        {move || finding.indexing.get().then(|| view! { <p class="hint">{words.indexing}</p> })}
        <ul class="hits" aria-label=words.results data-long="hits">
            {each(drawn, key, move |group| view! { <GroupRow group finding/> })}
        </ul>
        {move || goes_on().then(|| view! { <button type="button" class="plain" on:click=move |_| finding.more()>{words.more}</button> })}
    }
}

#[component]
fn GroupRow(group: Group, finding: Finding) -> impl IntoView {
    let texts = texts();
    let Group { conversation: talk, rating, messages } = group;
    let id = talk.id;
    let name = visitor_name(&talk.visitor, texts);
    let at = time::moment(messages.first().map_or(talk.last_at, |message| message.at), language());
    let state = view! { <span class=format!("chip {}", chip(talk.state))>{state_word(talk.state, texts)}</span> };
    let who = talk.agent.as_ref().map(|agent| agent.name.clone());
    let labels = talk.tags.iter().map(|tag| view! { <span class="label">{tag.clone()}</span> }).collect_view();
    let rated = rating.map(|score| view! { <span class="rated" title=fill(texts.history.rated, &[("score", &score.to_string())])>"★ "{score}</span> });
    let said = if messages.is_empty() {
        view! { <span class="row-preview" dir="auto">{talk.preview.clone()}</span> }.into_any()
    } else {
        messages.into_iter().take(MOST_SHOWN).map(|message| view! { <Snippet message/> }).collect_view().into_any()
    };
    let current = move || finding.open.with(|open| open.as_ref().is_some_and(|open| open.id == id)).then_some("true");
    let open = move |_| finding.open.set(Some(talk.clone()));
    let stands = Memo::new(move |_| {
        finding.groups.with(|groups| standing(groups.iter().position(|group| group.conversation.id == id), groups.len()))
    });
    view! {
        <li aria-posinset=move || stands.get().0 aria-setsize=move || stands.get().1>
            <button type="button" class="hit" aria-current=current on:click=open>
                <span class="hit-head"><strong dir="auto">{name}</strong><time class="hint">{at}</time></span>
                <span class="hit-facts hint">{state}{who.map(|who| view! { <span>{who}</span> })}{rated}{labels}</span>
                {said}
            </button>
        </li>
    }
}

#[component]
fn Snippet(message: HitMessage) -> impl IntoView {
    let note = message.internal.then(|| view! { <span class="tag">{texts().note}</span> });
    let piece = |Fragment { text, hit }| if hit { view! { <mark>{text}</mark> }.into_any() } else { view! { {text} }.into_any() };
    view! { <span class="hit-snippet" dir="auto">{note}{message.snippet.into_iter().map(piece).collect_view()}</span> }
}
