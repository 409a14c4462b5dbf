//! Who the visitor talks to, and the ways out: end the conversation (asked once), close the panel.

use leptos::prelude::*;
use leptos::{ev, html};

use crate::state::Chat;

/// The header of the panel.
pub fn header(chat: Chat) -> AnyView {
    let state = chat.state;
    let name = move || state.with(|state| state.agent().unwrap_or(&state.site).to_owned());
    let initial = move || name().chars().next().map(String::from).unwrap_or_default();
    let presence = move || {
        state.with(|state| match (state.agent(), state.answering) {
            (Some(_), _) => chat.texts.with_you,
            (None, true) => chat.texts.here,
            (None, false) => chat.texts.away,
        })
    };
    let asking = RwSignal::new(false);
    let can_end = Memo::new(move |_| state.with(|state| state.is_open()));
    html::header()
        .child((
            html::span().class("face").attr("aria-hidden", "true").child(initial),
            html::div().class("who").child((html::strong().child(name), html::span().child(presence))),
            move || can_end.get().then(|| icon("end", chat.texts.end, move || asking.set(true))),
            icon("close", chat.texts.close, move || chat.open.set(false)),
            move || (asking.get() && can_end.get()).then(|| question(chat, asking)),
        ))
        .into_any()
}

/// A button that shows a drawing (`panel.css`) and is named by a text.
pub fn icon(class: &'static str, name: &'static str, mut press: impl FnMut() + 'static) -> AnyView {
    html::button()
        .attr("type", "button")
        .class(class)
        .attr("aria-label", name)
        .attr("title", name)
        .on(ev::click, move |_| press())
        .into_any()
}

/// A button with a text.
pub fn button(class: &'static str, text: &'static str, mut press: impl FnMut() + 'static) -> AnyView {
    html::button().attr("type", "button").class(class).on(ev::click, move |_| press()).child(text).into_any()
}

fn question(chat: Chat, asking: RwSignal<bool>) -> AnyView {
    let end = move || {
        if chat.relay.with_value(|relay| relay.end()) {
            asking.set(false);
        }
    };
    html::div()
        .class("question")
        .attr("role", "alert")
        .child((
            html::span().child(chat.texts.end_question),
            button("plain", chat.texts.end_cancel, move || asking.set(false)),
            button("main", chat.texts.end, end),
        ))
        .into_any()
}
