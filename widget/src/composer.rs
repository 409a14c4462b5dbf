//! Where the visitor writes: grows with the text, Enter sends, Shift+Enter breaks the line, Up in an empty field changes the last message.
//! What is written and not sent outlives a reload. While a form stands in its place, it is only hidden.

use shared::model::MAX_TEXT;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use crate::browser;
use crate::more;
use crate::panel::set_length;
use crate::state::Chat;
use crate::view::*;

/// Kept for the tab: what stands in the composer.
pub const DRAFT: &str = "draft";
/// What browsers tell for a key that an input method has taken, where they do not set `isComposing` (Safari).
const KEY_OF_INPUT_METHOD: u32 = 229;

/// Fills the composer, whose field `shell.js` has made and the visitor writes in by now.
pub fn composer(chat: Chat, form: Element) {
    let Chat { texts, .. } = chat;
    let field = chat.field.get_value();
    let send = move || {
        let text = chat.field.with_value(|field| field.value().trim().to_owned());
        if !text.is_empty() && !change(chat, &text) {
            put_text(chat, "");
            chat.relay.with_value(|relay| relay.say(text, None));
        }
        focus(chat);
    };
    browser::listen(&field, "input", move |_| {
        changed(chat);
        if chat.editing.with_untracked(Option::is_none) {
            chat.relay.with_value(|relay| relay.typing(&chat.field.with_value(HtmlTextAreaElement::value)));
        }
    });
    browser::listen(&field, "keydown", move |event| {
        let event: KeyboardEvent = event.unchecked_into();
        let composing = event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD;
        let is_empty = || chat.field.with_value(|field| field.value().is_empty());
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            send();
        } else if event.key() == "ArrowUp" && is_empty() && begin(chat) {
            event.prevent_default();
        }
    });
    browser::listen(&form, "submit", move |event| {
        event.unchecked_into::<Event>().prevent_default();
        send();
    });
    field.set_max_length(MAX_TEXT as i32);
    let tools: fn(Element, Chat) = more::tools;
    let changing = (html::span().child(texts.editing), button("plain", texts.cancel, texts.cancel, move || stop(chat)));
    put(html::div().class("changing").child(changing), &form, Some(&field));
    let after =
        (html::div().class("tools").directive(tools, chat), html::button().class("send icon").attr("aria-label", texts.send));
    put(after, &form, None);
    watch(move || form.set_class_name(&class(chat)));
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
    _ = chat.field.try_with_value(more::focus);
}

/// Puts the last message into the composer, if it can be changed still. What stood there comes back afterwards.
pub fn begin(chat: Chat) -> bool {
    let found = chat.state.with_untracked(|state| state.changeable().map(|(thread, seq, text)| ((thread, seq), text.to_owned())));
    let Some((place, text)) = found else { return false };
    chat.editing.set(Some(place));
    put_text(chat, &text);
    true
}

/// Ends changing a message.
pub fn stop(chat: Chat) {
    chat.editing.set(None);
    let draft = chat.home.with_value(|home| home.load_for_tab(DRAFT));
    put_text(chat, &draft.unwrap_or_default());
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

fn put_text(chat: Chat, text: &str) {
    chat.field.with_value(|field| field.set_value(text));
    changed(chat);
}

/// Keeps the draft and makes the field as high as its text.
fn changed(chat: Chat) {
    chat.field.with_value(|field| {
        let draft = field.value();
        if chat.editing.with_untracked(Option::is_none) {
            chat.home.with_value(|home| home.keep_for_tab(DRAFT, Some(draft.as_str()).filter(|draft| !draft.is_empty())));
        }
        resize(field);
    });
}

/// `panel.css` sets the most. Measured from nothing, the field also shrinks; an empty one has the height of its style.
fn resize(field: &HtmlTextAreaElement) {
    _ = HtmlElement::style(field).remove_property("height");
    if !field.value().is_empty() {
        set_length(field, "height", field.offset_height() - field.client_height() + field.scroll_height());
    }
}
