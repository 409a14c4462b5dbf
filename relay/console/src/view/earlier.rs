//! An earlier conversation of the same visitor, read only, in place of the thread; and the log of any conversation of the past.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::Conversation;

use crate::browser;
use crate::layout;
use crate::locale::texts;
use crate::rest::{self, RestError};
use crate::row::Row;
use crate::time;
use crate::view::each::each;
use crate::view::inbox::Panes;
use crate::view::line::ThreadLine;
use crate::view::parts::visitor_name;

/// The conversation and the way back.
#[component]
pub fn Earlier(talk: Conversation) -> impl IntoView {
    let texts = texts();
    let panes = expect_context::<Panes>();
    let name = visitor_name(&talk.visitor, texts);
    let began = time::moment(talk.opened_at, crate::locale::language());
    let row = Row::new(talk);
    view! {
        <header class="head">
            <div class="head-who"><h1>{name}</h1><p class="hint">{texts.earlier_reading}" · "{began}</p></div>
            <button class="plain" on:click=move |_| panes.earlier.set(None)>{texts.back_to_current}</button>
        </header>
        <PastLog row label=texts.earlier_reading/>
    }
}

/// All entries of a conversation, fetched once.
#[component]
pub fn PastLog(
    /// The conversation, which is filled.
    row: Row,
    /// What the log is called.
    label: &'static str,
) -> impl IntoView {
    let texts = texts();
    let outcome: RwSignal<Option<Result<(), RestError>>> = RwSignal::new(None);
    let filling = StoredValue::new(row.clone());
    let load = move || {
        outcome.set(None);
        spawn_local(async move {
            let Some(filling) = filling.try_get_value() else { return };
            let entries = rest::entries(filling.id).await;
            outcome.try_set(Some(entries.map(|entries| entries.into_iter().for_each(|entry| filling.entry(entry)))));
        });
    };
    load();
    let talk = RwSignal::from(row.talk.clone());
    let read = Memo::new(move |_| talk.with(|talk| talk.visitor_read));
    let name = Memo::new(move |_| talk.with(|talk| visitor_name(&talk.visitor, texts)));
    let lines = RwSignal::from(row.lines.clone());
    let placed = move || lines.with(|lines| layout::placed(lines, time::local_day));
    let today = time::local_day(browser::now());
    let row = StoredValue::new(row);
    view! {
        <div class="log-frame">
            <div class="log is-earlier" role="log" aria-label=label tabindex="0">
                {move || match outcome.get() {
                    None => view! { <p class="hint">{texts.loading}</p> }.into_any(),
                    Some(Err(error)) => view! {
                        <p role="alert" class="problem">{error.words(texts)}</p>
                        <button class="plain" on:click=move |_| load()>{texts.try_again}</button>
                    }
                    .into_any(),
                    Some(Ok(())) => ().into_any(),
                }}
                {each(placed, layout::Placed::key, move |placed| view! { <ThreadLine placed name today read row=row.get_value()/> })}
            </div>
        </div>
    }
}
