//! Where the visitor writes: grows with the text, Enter sends, Shift+Enter breaks the line. What is written and not sent outlives
//! a reload of the page.

use leptos::prelude::*;
use leptos::{ev, html};
use shared::model::MAX_TEXT;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement};

use crate::header::icon;
use crate::state::Chat;

/// Kept for the tab: what stands in the composer.
const DRAFT: &str = "draft";
/// What browsers tell for a key that an input method has taken, where they do not set `isComposing` (Safari).
const KEY_OF_INPUT_METHOD: u32 = 229;

/// The composer.
pub fn composer(chat: Chat) -> AnyView {
    let node = NodeRef::<html::Textarea>::new();
    let send = move || {
        if let Some(field) = node.get_untracked() {
            if let Some(text) = take(chat, &field) {
                chat.relay.with_value(|relay| relay.say(text, None));
                changed(chat, &field);
            }
            _ = field.focus();
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let composing = event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD;
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            send();
        }
    };
    let on_input = move |_| {
        if let Some(field) = node.get_untracked() {
            changed(chat, &field);
            chat.relay.with_value(|relay| relay.typing(&field.value()));
        }
    };
    html::div()
        .class("composer")
        .child((
            field(chat).attr("enterkeyhint", "send").node_ref(node).on(ev::keydown, on_key).on(ev::input, on_input),
            icon("send", chat.texts.send, send),
        ))
        .into_any()
}

/// The field for a message, with what an earlier page left in it; the offline form has the same.
pub fn field(chat: Chat) -> html::HtmlElement<html::Textarea, impl leptos::attr::Attribute, ()> {
    html::textarea()
        .attr("aria-label", chat.texts.message)
        .attr("placeholder", chat.texts.placeholder)
        .attr("rows", "1")
        .attr("maxlength", MAX_TEXT.to_string())
        .attr("dir", "auto")
        .prop("value", chat.home.with_value(|home| home.load_for_tab(DRAFT)).unwrap_or_default())
}

/// Empties the field; nothing where there is only white space.
pub fn take(chat: Chat, field: &HtmlTextAreaElement) -> Option<String> {
    let text = field.value().trim().to_owned();
    if text.is_empty() {
        return None;
    }
    field.set_value("");
    chat.home.with_value(|home| home.keep_for_tab(DRAFT, None));
    Some(text)
}

/// Keeps the draft and makes the field as high as its text; `panel.css` sets the most.
pub fn changed(chat: Chat, field: &HtmlTextAreaElement) {
    let draft = field.value();
    chat.home.with_value(|home| home.keep_for_tab(DRAFT, Some(draft.as_str()).filter(|draft| !draft.is_empty())));
    let style = field.unchecked_ref::<HtmlElement>().style();
    _ = style.set_property("height", "auto");
    _ = style.set_property("height", &[&field.scroll_height().to_string(), "px"].concat());
}
