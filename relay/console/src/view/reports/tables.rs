//! Figures as tables: by day, hour and page, folded away below their chart, and by agent.

use leptos::prelude::*;
use shared::api::{AgentFigures, Slice, SlotUse};

use super::{mean, span};
use crate::locale::{language, texts};

/// Figures of slices. Days without a conversation are left out.
#[component]
pub fn Slices(head: &'static str, slices: Vec<Slice>) -> impl IntoView {
    let words = texts().reports;
    let language = language();
    let rows = slices.into_iter().filter(|slice| slice.figures.conversations > 0).map(|Slice { name, figures }| {
        view! {
            <tr><th scope="row" dir="auto">{name}</th><td>{figures.conversations}</td><td>{figures.answered}</td><td>{figures.abandoned}</td><td>{figures.messages}</td><td>{resolution(figures.resolved, figures.reopened)}</td>
                <td>{span(figures.waiting, language)}</td><td>{span(figures.response, language)}</td><td>{span(figures.handling, language)}</td><td>{mean(figures.ratings)}</td></tr>
        }
    });
    view! {
        <details class="figures">
            <summary>{words.table}</summary>
            <div class="wide" tabindex="0" role="region" aria-label=head>
                <table class="team">
                    <thead><tr>
                        {[head, words.conversations, words.answered, words.abandoned, words.messages, words.resolved, words.waiting, words.response, words.handling, words.rating]
                            .map(|title| view! { <th scope="col">{title}</th> })}
                    </tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
}

/// Figures of agents.
#[component]
pub fn Agents(agents: Vec<AgentFigures>) -> impl IntoView {
    let words = texts().reports;
    let language = language();
    let rows = agents.into_iter().map(|AgentFigures { agent, conversations, response, handling, ratings, slots }| {
        view! {
            <tr><th scope="row" dir="auto">{agent.name}</th><td>{conversations}</td><td>{span(response, language)}</td><td>{span(handling, language)}</td>
                <td>{mean(ratings)}</td><td>{share(slots)}</td></tr>
        }
    });
    view! {
        <div class="wide" tabindex="0" role="region" aria-label=words.by_agent>
            <table class="team">
                <thead><tr>
                    {[words.agent, words.conversations, words.agent_response, words.handling, words.rating, words.slots].map(|title| view! { <th scope="col">{title}</th> })}
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

/// What was resolved of what is known of, in percent.
pub fn resolution(resolved: u32, reopened: u32) -> String {
    let judged = u64::from(resolved) + u64::from(reopened);
    (u64::from(resolved) * 100).checked_div(judged).map_or_else(|| "–".to_owned(), |share| format!("{share} %"))
}

/// What was used of what was offered, in percent.
pub fn share(slots: SlotUse) -> String {
    if slots.offered == 0 { "–".to_owned() } else { format!("{} %", slots.used.saturating_mul(100) / slots.offered) }
}
