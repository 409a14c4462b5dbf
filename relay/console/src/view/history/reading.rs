//! One whole conversation, read only, with its tags and its transcript to take away.

use leptos::prelude::*;
use shared::model::Conversation;

use super::finding::Finding;
use crate::browser;
use crate::locale::{language, texts};
use crate::row::Row;
use crate::time;
use crate::view::earlier::PastLog;
use crate::view::parts::visitor_name;
use crate::view::tags::Tags;

/// The conversation.
#[component]
pub fn Reading(talk: Conversation, finding: Finding) -> impl IntoView {
    let texts = texts();
    let words = texts.history;
    let name = visitor_name(&talk.visitor, texts);
    let began = time::moment(talk.opened_at, language());
    let zone = time::zone().unwrap_or_default();
    let transcript = |form: &str| format!("/api/conversations/{}/transcript?form={form}&zone={zone}", talk.id);
    let (as_text, as_json) = (transcript("text"), transcript("json"));
    let row = Row::new(talk);
    // Browsers without printing, as some on phones, have nothing else to offer.
    let print = move |_| drop(browser::window().map(|window| window.print()));
    view! {
        <header class="head">
            <button type="button" class="quiet back history-back" aria-label=texts.back on:click=move |_| finding.open.set(None)>"‹"</button>
            <div class="head-who"><h2>{name}</h2><p class="hint">{words.reading}" · "{began}</p></div>
            <span class="exports" role="group" aria-label=words.transcript>
                <a class="plain" href=as_text download="">{words.as_text}</a>
                <a class="plain" href=as_json download="">{words.as_json}</a>
                <button type="button" class="plain" on:click=print>{words.print}</button>
            </span>
        </header>
        <div class="history-tags"><Tags row=row.clone()/></div>
        <PastLog row label=words.reading/>
    }
}
