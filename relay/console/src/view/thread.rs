//! The open conversation: head with actions, the log, what the visitor is writing, and the composer.

use leptos::html;
use leptos::prelude::*;
use shared::model::State;

use crate::browser;
use crate::layout;
use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;
use crate::time;
use crate::verbs::{is_held_by_other, may_write};
use crate::view::actions::Actions;
use crate::view::amend::Amendable;
use crate::view::before::Before;
use crate::view::company::CompanyLine;
use crate::view::composer::Composer;
use crate::view::each::each;
use crate::view::inbox::Panes;
use crate::view::line::ThreadLine;
use crate::view::parts::{Avatar, state_word, visitor_initials, visitor_name};
use crate::view::shortcuts::{whisper, write};

/// How far from its end, in pixels, a log still counts as read to the end.
const NEAR_END: i32 = 48;

/// The middle pane with an open conversation.
#[component]
pub fn Thread(row: Row) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let panes = expect_context::<Panes>();
    let desk = live.desk;
    let talk = RwSignal::from(row.talk.clone());
    let name = Memo::new(move |_| talk.with(|talk| visitor_name(&talk.visitor, texts)));
    let initials = Memo::new(move |_| talk.with(|talk| visitor_initials(&talk.visitor)));
    let state = Memo::new(move |_| talk.with(|talk| talk.state));
    let site = move || {
        desk.sites.with(|sites| sites.iter().find(|site| site.id == talk.with(|talk| talk.site)).map(|site| site.name.clone()))
    };
    let writable = Memo::new(move |_| desk.me.get().is_some_and(|me| talk.with(|talk| may_write(talk, me))));
    let holder = move || {
        talk.with(|talk| talk.agent.as_ref().filter(|agent| Some(agent.id) != desk.me.get()).map(|agent| agent.name.clone()))
    };
    let why_not = move || match (state.get(), holder()) {
        (State::Closed, _) => texts.was_closed.to_owned(),
        (State::Active | State::Parked, Some(name)) => fill(texts.held_by, &[("name", &name)]),
        _ => texts.take_to_answer.to_owned(),
    };
    let offer = move || {
        let offer = talk.with(|talk| talk.offer.clone())?;
        let seconds = ((offer.until - desk.clock.get()).max(0) / 1_000).to_string();
        Some(if Some(offer.to) == desk.me.get() {
            fill(texts.offer_from, &[("name", &offer.from.name), ("seconds", &seconds)])
        } else {
            let name =
                desk.agents.with(|agents| agents.iter().find(|agent| agent.id == offer.to).map(|agent| agent.name.clone()));
            fill(texts.offered_to, &[("name", &name.unwrap_or_default()), ("seconds", &seconds)])
        })
    };
    let whispers =
        Memo::new(move |_| desk.supervises() && desk.me.get().is_some_and(|me| talk.with(|talk| is_held_by_other(talk, me))));
    // Anybody may leave a note; only whose chat it is may write to the visitor.
    let foot = {
        let row = row.clone();
        let noting = RwSignal::from(row.noting.clone());
        let composing = Memo::new(move |_| writable.get() || noting.get());
        move || {
            if composing.get() {
                view! { <Composer row=row.clone() notes_only=Signal::derive(move || !writable.get()) whispers/> }.into_any()
            } else {
                let note = move |_| write(live, true);
                let whisper = move || {
                    whispers.get().then(|| {
                        view! { <button class="quiet" data-key="w" on:click=move |_| whisper(live)>{texts.together.whisper}</button> }
                    })
                };
                view! {
                    <p class="not-mine">{why_not}{whisper}<button class="quiet" data-key="n" on:click=note>{texts.note}</button></p>
                }
                .into_any()
            }
        }
    };
    view! {
        <header class="head">
            <button class="quiet back" aria-label=texts.back on:click=move |_| live.open(None)>"‹"</button>
            <Avatar initials=initials id=row.id.0.as_u128()/>
            <div class="head-who">
                <h1>{move || name.get()}</h1>
                <p class="hint">
                    <span class=move || format!("chip {}", chip(state.get()))>{move || state_word(state.get(), texts)}</span>
                    <span>{site}</span>
                    <CompanyLine row=row.clone()/>
                </p>
            </div>
            <button class="quiet details" on:click=move |_| panes.details.set(true)>{texts.details}</button>
            <Actions row=row.clone()/>
        </header>
        {move || offer().map(|words| view! { <p class="offer" role="status">{words}</p> })}
        <Log row=row.clone() name/>
        {foot}
    }
}

/// The style of a state's chip.
pub fn chip(state: State) -> &'static str {
    match state {
        State::Queued => "is-queued",
        State::Active => "is-active",
        State::Parked => "is-parked",
        State::Closed => "is-closed",
    }
}

/// The lines. Stays at the end while the reader is there, and says so when something new came while they are not.
#[component]
fn Log(row: Row, name: Memo<String>) -> impl IntoView {
    let texts = texts();
    let log: NodeRef<html::Div> = NodeRef::new();
    let at_end = RwSignal::new(true);
    let missed = RwSignal::new(false);
    let lines = RwSignal::from(row.lines.clone());
    let typed = RwSignal::from(row.typed.clone());
    let talk = RwSignal::from(row.talk.clone());
    let read = Memo::new(move |_| talk.with(|talk| talk.visitor_read));
    let composed = RwSignal::from(row.composer.clone());
    let draft = Memo::new(move |_| typed.with(|typed| typed.as_ref().map(|typed| typed.draft.clone())));
    // Frames and scrolls may come after the log has been taken off the page.
    let drawn = move || log.try_get_untracked().flatten();
    let to_end = move || {
        if let Some(log) = drawn() {
            log.set_scroll_top(log.scroll_height());
        }
    };
    Effect::new(move |before: Option<usize>| {
        let count = lines.with(Vec::len);
        draft.track();
        composed.track(); // a growing composer takes its height from the log
        if at_end.get_untracked() {
            // After the lines of this change are drawn.
            request_animation_frame(to_end);
        } else if before.is_some_and(|before| before < count) {
            missed.set(true);
        }
        count
    });
    let scrolled = move |_| {
        if let Some(log) = drawn() {
            let near = log.scroll_height() - log.scroll_top() - log.client_height() < NEAR_END;
            at_end.set(near);
            if near {
                missed.set(false);
            }
        }
    };
    let placed = move || lines.with(|lines| layout::placed(lines, time::local_day));
    let today = time::local_day(browser::now());
    provide_context(Amendable::of(row.clone(), expect_context::<Live>()));
    let row = StoredValue::new(row);
    view! {
        <div class="log-frame">
            <div class="log" id="thread" role="log" aria-label=texts.conversation tabindex="0" node_ref=log on:scroll=scrolled>
                <Before row=row.get_value() name today log/>
                {each(placed, layout::Placed::key, move |placed| view! { <ThreadLine placed name today read row=row.get_value()/> })}
                {move || draft.get().map(|draft| view! {
                    <div class="line theirs draft">
                        <p class="line-head">{move || fill(texts.draft_of, &[("name", &name.get())])}<span class="wave" aria-hidden="true"><i></i><i></i><i></i></span></p>
                        <p class="line-body" dir="auto">{draft}</p>
                    </div>
                })}
            </div>
            <button class="to-end" class:hidden=move || !missed.get() on:click=move |_| to_end()>{texts.new_below}" ↓"</button>
        </div>
    }
}
