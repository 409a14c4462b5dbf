//! Everybody who is kept out, and letting them in again: a part of the team's page.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Block;

use crate::locale::{language, texts};
use crate::rest::{self, RestError};
use crate::text::fill;
use crate::time;
use crate::view::block::told;

/// The list.
#[component]
pub fn Blocked() -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Vec<Block>, RestError>>> = RwSignal::new(None);
    let look = move || {
        spawn_local(async move {
            let blocks = rest::blocks().await;
            found.try_set(Some(blocks));
        });
    };
    look();
    let lift = move |block: Block| {
        spawn_local(async move {
            match rest::lift_block(block.id).await {
                Ok(()) => look(),
                Err(error) => {
                    found.try_set(Some(Err(error)));
                }
            }
        });
    };
    let list = move || match found.get() {
        None => view! { <p class="hint">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! {
            <p class="problem" role="alert">{error.words(texts)}</p>
            <button class="plain" on:click=move |_| look()>{texts.try_again}</button>
        }
        .into_any(),
        Some(Ok(blocks)) if blocks.is_empty() => view! { <p class="hint">{texts.blocking.nobody}</p> }.into_any(),
        Some(Ok(blocks)) => view! {
            <ul class="blocks" aria-label=texts.blocking.list>
                {blocks.into_iter().map(|block| view! { <Row block on_lift=lift/> }).collect_view()}
            </ul>
        }
        .into_any(),
    };
    view! {
        <section class="panel">
            <h2>{texts.blocking.list}</h2>
            <p class="hint">{texts.blocking.list_lead}</p>
            {list}
        </section>
    }
}

#[component]
fn Row(block: Block, on_lift: impl Fn(Block) + 'static) -> impl IntoView {
    let texts = texts();
    let whom = block.network.clone().or_else(|| block.name.clone()).unwrap_or_else(|| texts.visitor.to_owned());
    let since = fill(texts.blocking.since, &[("date", &time::moment(block.created_at, language()))]);
    let words = told(&block, texts);
    let lift_of = fill(texts.blocking.lift_of, &[("name", &whom)]);
    let reason = block.reason.clone();
    view! {
        <li>
            <span><strong dir="auto">{whom}</strong><span class="hint">{since}" · "{words}</span><span dir="auto">{reason}</span></span>
            <button class="plain" aria-label=lift_of on:click=move |_| on_lift(block.clone())>{texts.blocking.lift}</button>
        </li>
    }
}
