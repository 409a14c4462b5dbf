//! What can be done about one's own last message for a minute: change it where it stands, or take it back.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use shared::ids::{MessageId, Seq};
use shared::model::{Body, MAX_TEXT};

use crate::browser;
use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;

/// The message of the thread in view that may be changed, in context; none in threads that are only read.
#[derive(Clone, Copy)]
pub struct Amendable(Memo<Option<(MessageId, Seq)>>);

impl Amendable {
    /// Follows the thread and the clock.
    pub fn of(row: Row, live: Live) -> Self {
        // The clock ticks once a second; whoever reads this hears only of changes.
        Self(Memo::new(move |_| row.amendable(live.desk.me.get()?, live.desk.clock.get())))
    }

    fn seq(self, id: MessageId) -> Option<Seq> {
        self.0.get().filter(|(known, _)| *known == id).map(|(_, seq)| seq)
    }
}

/// The buttons below a message, while it may be changed. Files can only be taken back.
#[component]
pub fn Deeds(id: MessageId, is_text: bool, row: Row) -> impl IntoView {
    let words = texts().composing;
    let live = expect_context::<Live>();
    let amendable = use_context::<Amendable>();
    let seq = move || amendable.and_then(|amendable| amendable.seq(id));
    let amending = RwSignal::from(row.amending.clone());
    let row = StoredValue::new(row);
    let change = move |_| amending.set(Some(id));
    let take_back = move |_| {
        if let Some(seq) = untrack(seq) {
            row.with_value(|row| live.take_back(row, seq));
            browser::focus("#composer");
        }
    };
    let shown = Memo::new(move |_| seq().is_some() && amending.get() != Some(id));
    move || {
        shown.get().then(|| {
            view! {
                <span class="deeds">
                    {is_text.then(|| view! { <button type="button" class="quiet" on:click=change>{words.change}</button> })}
                    <button type="button" class="quiet" on:click=take_back>{words.take_back}</button>
                </span>
            }
        })
    }
}

/// The message as a field, in its place in the thread. Enter saves, Escape leaves it as it was.
#[component]
pub fn Amending(id: MessageId, body: Body, row: Row) -> impl IntoView {
    let texts = texts();
    let words = texts.composing;
    let live = expect_context::<Live>();
    let amendable = use_context::<Amendable>();
    let was = body_text(&body).unwrap_or_default().to_owned();
    let text = RwSignal::new(was.clone());
    let field: NodeRef<html::Textarea> = NodeRef::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            let _focusable_by_construction = field.focus();
        }
    });
    let row = StoredValue::new(row);
    let leave = move || {
        row.with_value(|row| row.amending.set(None));
        browser::focus("#composer");
    };
    let wrong = Memo::new(move |_| {
        text.with(|text| match text.trim().chars().count() {
            0 => Some(texts.refusal_empty),
            length if length > MAX_TEXT => Some(texts.refusal_long),
            _ => None,
        })
    });
    let save = move || {
        let now = text.with_untracked(|text| text.trim().to_owned());
        match untrack(|| amendable.and_then(|amendable| amendable.seq(id))) {
            _ if wrong.get_untracked().is_some() => {}
            Some(seq) if now != was => {
                row.with_value(|row| live.change(row, seq, now));
                browser::focus("#composer");
            }
            Some(_) => leave(),
            // Its minute is over. What was written stays in view.
            None => {}
        }
    };
    let over = move || amendable.and_then(|amendable| amendable.seq(id)).is_none();
    let problem = move || wrong.get().or_else(|| over().then_some(texts.refusal_late));
    let saves = save.clone();
    let pressed = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if !event.shift_key() && !event.is_composing() => saves(),
            "Escape" => leave(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    view! {
        <form class="amending" on:submit=move |event: SubmitEvent| { event.prevent_default(); save(); }>
            <textarea rows="2" aria-label=words.changing node_ref=field prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event)) on:keydown=pressed></textarea>
            <p role="alert" class="problem" class:hidden=move || problem().is_none()>{problem}</p>
            <div class="amending-foot">
                <button type="button" class="quiet" on:click=move |_| leave()>{texts.cancel}</button>
                <button type="submit" class="plain" disabled=move || problem().is_some()>{words.save_change}</button>
            </div>
        </form>
    }
}

/// What of a message can be changed.
pub fn body_text(body: &Body) -> Option<&str> {
    match body {
        Body::Text(text) | Body::Note(text) => Some(text),
        _ => None,
    }
}
