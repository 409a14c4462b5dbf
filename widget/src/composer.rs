//! Where the visitor writes: grows with the text, Enter sends, Shift+Enter breaks the line, Up in an empty field changes the last message.
//! What is written and not sent outlives a reload. While a form stands in its place, it is only hidden.

use shared::model::MAX_TEXT;
use web_sys::{Element, Event, HtmlElement, HtmlTextAreaElement, KeyboardEvent, SubmitEvent};

use crate::more;
use crate::panel::set_length;
use crate::state::Chat;
use crate::view::*;

/// Kept for the tab: what stands in the composer.
pub const DRAFT: &str = "draft";
/// What browsers tell for a key that an input method has taken, where they do not set `isComposing` (Safari).
const KEY_OF_INPUT_METHOD: u32 = 229;

/// The composer.
pub fn composer(chat: Chat) -> impl RenderHtml {
    let Chat { texts, field, .. } = chat;
    let send = move || {
        let text = field.get_untracked().map(|field| field.value().trim().to_owned()).unwrap_or_default();
        if !text.is_empty() && !change(chat, &text) {
            put(chat, "");
            chat.relay.with_value(|relay| relay.say(text, None));
        }
        focus(chat);
    };
    let on_input = move |_: Event| {
        if let Some(field) = field.get_untracked() {
            changed(chat, &field);
            if chat.editing.with_untracked(Option::is_none) {
                chat.relay.with_value(|relay| relay.typing(&field.value()));
            }
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let composing = event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD;
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            send();
        } else if event.key() == "ArrowUp" && field.get_untracked().is_some_and(|field| field.value().is_empty()) && begin(chat) {
            event.prevent_default();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let message = html::textarea()
        .class("message")
        .attr("aria-label", texts.message)
        .attr("placeholder", texts.placeholder)
        .attr("rows", "1")
        .attr("maxlength", MAX_TEXT.to_string())
        .attr("dir", "auto")
        .attr("enterkeyhint", "send")
        .node_ref(field)
        .on(ev::keydown, call(on_key))
        .on(ev::input, call(on_input));
    let tools: fn(Element, Chat) = more::tools;
    // Once the composer has the focus: for the first look into the tab's storage, pages wait for the browser's own process.
    soon(move || {
        if let (Some(field), Some(draft)) = (chat.field.get_untracked(), chat.home.with_value(|home| home.load_for_tab(DRAFT))) {
            field.set_value(&draft);
        }
    });
    html::form().class(live(move || class(chat))).on(ev::submit, call(on_submit)).child((
        html::div()
            .class("changing")
            .child((html::span().child(texts.editing), button("plain", texts.cancel, texts.cancel, move || stop(chat)))),
        message,
        html::div().class("tools").directive(tools, chat),
        html::button().class("send icon").attr("aria-label", texts.send),
    ))
}

/// What `panel.css` shows of it: tools as the site offers them, and the way back while a message is changed.
fn class(chat: Chat) -> String {
    let (form, files, voice) = chat.state.with(|state| {
        let files = state.panel.files.is_some();
        (state.wants_form() || state.wants_contact(), files, files && state.panel.voice)
    });
    [
        if form { "none" } else { "composer" },
        if chat.editing.with(Option::is_some) { " edits" } else { "" },
        if files { " files" } else { "" },
        if voice { " voiced" } else { "" },
    ]
    .concat()
}

/// Goes to where the visitor writes. While a form stands there, or is on its way, the dialog itself gets the focus; the form takes it on.
pub fn focus(chat: Chat) {
    if let Some(field) = chat.field.try_get_untracked().flatten() {
        more::focus(&field);
    }
}

/// Puts the last message into the composer, if it can be changed still. What stood there comes back afterwards.
pub fn begin(chat: Chat) -> bool {
    let found = chat.state.with_untracked(|state| state.changeable().map(|(thread, seq, text)| ((thread, seq), text.to_owned())));
    let Some((place, text)) = found else { return false };
    if let Some(field) = chat.field.get_untracked() {
        chat.editing.set(Some(place));
        field.set_value(&text);
        resize(&field);
    }
    true
}

/// Ends changing a message.
pub fn stop(chat: Chat) {
    chat.editing.set(None);
    let draft = chat.home.with_value(|home| home.load_for_tab(DRAFT));
    put(chat, &draft.unwrap_or_default());
    focus(chat);
}

/// Changes the message that stands in the composer; whether there was one. While the relay cannot be asked, it stays there.
fn change(chat: Chat, text: &str) -> bool {
    let Some(place) = chat.editing.get_untracked() else { return false };
    if chat.relay.with_value(|relay| relay.edit(place, text.to_owned())) {
        stop(chat);
    }
    true
}

fn put(chat: Chat, text: &str) {
    if let Some(field) = chat.field.get_untracked() {
        field.set_value(text);
        changed(chat, &field);
    }
}

/// Keeps the draft and makes the field as high as its text.
fn changed(chat: Chat, field: &HtmlTextAreaElement) {
    let draft = field.value();
    if chat.editing.with_untracked(Option::is_none) {
        chat.home.with_value(|home| home.keep_for_tab(DRAFT, Some(draft.as_str()).filter(|draft| !draft.is_empty())));
    }
    resize(field);
}

/// `panel.css` sets the most. Measured from nothing, the field also shrinks; an empty one has the height of its style.
fn resize(field: &HtmlTextAreaElement) {
    _ = HtmlElement::style(field).remove_property("height");
    if !field.value().is_empty() {
        set_length(field, "height", field.offset_height() - field.client_height() + field.scroll_height());
    }
}
