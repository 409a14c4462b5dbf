//! The offline form: a message and an address for the answer, in the composer's place while nobody is there.

use leptos::prelude::*;
use leptos::{ev, html};

use crate::composer::{changed, field, take};
use crate::state::Chat;

/// The form. The browser checks the address.
pub fn offline(chat: Chat) -> AnyView {
    let email = NodeRef::<html::Input>::new();
    let message = NodeRef::<html::Textarea>::new();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let (Some(email), Some(message)) = (email.get_untracked(), message.get_untracked())
            && let Some(text) = take(chat, &message)
        {
            chat.relay.with_value(|relay| relay.say(text, Some(email.value().trim().to_owned())));
        }
    };
    let keep = move |_| {
        if let Some(message) = message.get_untracked() {
            changed(chat, &message);
        }
    };
    html::form()
        .class("offline")
        .on(ev::submit, submit)
        .child((
            html::p().child(chat.texts.offline),
            field(chat).attr("required", true).node_ref(message).on(ev::input, keep),
            html::input()
                .attr("type", "email")
                .attr("autocomplete", "email")
                .attr("required", true)
                .attr("aria-label", chat.texts.email)
                .attr("placeholder", chat.texts.email)
                .node_ref(email),
            html::button().class("main").child(chat.texts.leave),
        ))
        .into_any()
}
