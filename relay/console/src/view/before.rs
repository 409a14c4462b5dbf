//! What was said before this conversation: the one that it continues, and so on back, above it in the same log, each fetched when it is
//! asked for.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::{ConversationId, Seq};
use shared::model::Conversation;

use crate::layout;
use crate::locale::{language, texts};
use crate::rest::{self, RestError};
use crate::row::Row;
use crate::text::fill;
use crate::time;
use crate::view::each::each;
use crate::view::line::ThreadLine;

/// The conversations before one, above its lines.
#[component]
pub fn Before(
    /// The conversation.
    row: Row,
    /// The visitor's name.
    name: Memo<String>,
    /// The number of today.
    today: i64,
    /// The log that they stand in: what is being read stays where it is.
    log: NodeRef<html::Div>,
) -> impl IntoView {
    let texts = texts();
    let talk = RwSignal::from(row.talk);
    // The earliest first.
    let shown: RwSignal<Vec<Row>> = RwSignal::default();
    let before = |talk: &Conversation| talk.previous;
    let next = Memo::new(move |_| match shown.with(|shown| shown.first().map(|first| first.talk.with(before))) {
        Some(previous) => previous,
        None => talk.with(before),
    });
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let load = move |id: ConversationId| {
        busy.set(true);
        spawn_local(async move {
            let fetched = fetch(id).await;
            busy.try_set(false);
            match fetched {
                Ok(row) => {
                    let height = log.try_get_untracked().flatten().map(|log| (log.scroll_height(), log.scroll_top()));
                    problem.try_set(None);
                    shown.try_update(|shown| shown.insert(0, row));
                    request_animation_frame(move || {
                        if let (Some(log), Some((height, top))) = (log.try_get_untracked().flatten(), height) {
                            log.set_scroll_top(top + log.scroll_height() - height);
                        }
                    });
                }
                Err(error) => _ = problem.try_set(Some(error.words(texts))),
            }
        });
    };
    view! {
        {move || next.get().map(|id| view! {
            <p class="before"><button type="button" class="plain" aria-busy=move || busy.get().to_string()
                on:click=move |_| if !busy.get_untracked() { load(id) }>{texts.together.show_earlier}</button></p>
        })}
        {move || problem.get().map(|words| view! { <p role="alert" class="problem">{words}</p> })}
        {each(move || shown.get(), |row| row.id, move |row| view! { <Past row name today/> })}
        {move || shown.with(|shown| !shown.is_empty()).then(|| view! { <h2 class="day is-chat"><span>{texts.together.this_one}</span></h2> })}
    }
}

/// One of them.
#[component]
fn Past(row: Row, name: Memo<String>, today: i64) -> impl IntoView {
    let texts = texts();
    let began = row.talk.with_untracked(|talk| time::moment(talk.opened_at, language()));
    let read: Memo<Seq> = {
        let talk = RwSignal::from(row.talk.clone());
        Memo::new(move |_| talk.with(|talk| talk.visitor_read))
    };
    let lines = row.lines.with_untracked(|lines| layout::placed(lines, time::local_day));
    let lines = lines.into_iter().map(|placed| view! { <ThreadLine placed name today read row=row.clone()/> }).collect_view();
    view! {
        <h2 class="day is-chat"><span>{fill(texts.together.earlier_of, &[("date", &began)])}</span></h2>
        {lines}
    }
}

async fn fetch(id: ConversationId) -> Result<Row, RestError> {
    let row = Row::new(rest::conversation(id).await?);
    rest::entries(id).await?.into_iter().for_each(|entry| row.entry(entry));
    Ok(row)
}
