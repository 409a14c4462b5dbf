//! Where the visitor writes: grows with the text, Enter sends, Shift+Enter breaks the line. While nobody is there to answer, the
//! same form asks for an email address too. What is written and not sent outlives a reload of the page.

use shared::model::MAX_TEXT;
use web_sys::{Event, HtmlElement, HtmlTextAreaElement, KeyboardEvent, SubmitEvent};

use crate::panel::set_length;
use crate::state::Chat;
use crate::view::*;

/// Kept for the tab: what stands in the composer.
pub const DRAFT: &str = "draft";
/// What browsers tell for a key that an input method has taken, where they do not set `isComposing` (Safari).
const KEY_OF_INPUT_METHOD: u32 = 229;

/// The composer.
pub fn composer(chat: Chat) -> impl RenderHtml {
    let Chat { state, texts, .. } = chat;
    let message = NodeRef::<html::Textarea>::new();
    let email = NodeRef::<html::Input>::new();
    let away = move || state.with(|state| state.wants_contact());
    let send = move || {
        let (Some(message), Some(email)) = (message.get_untracked(), email.get_untracked()) else { return };
        let text = message.value().trim().to_owned();
        if !text.is_empty() {
            // The browser has checked the address; a field that is not shown is disabled and not asked.
            let email = (!email.disabled()).then(|| email.value().trim().to_owned());
            message.set_value("");
            changed(chat, &message);
            chat.relay.with_value(|relay| relay.say(text, email));
        }
        // Fails for nothing that is in the page.
        _ = message.focus();
    };
    let on_key = move |event: KeyboardEvent| {
        let composing = event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD;
        // A letter for later has paragraphs: there, only the button sends.
        if event.key() == "Enter" && !event.shift_key() && !composing && !state.with_untracked(|state| state.wants_contact()) {
            event.prevent_default();
            send();
        }
    };
    let on_input = move |_: Event| {
        if let Some(message) = message.get_untracked() {
            changed(chat, &message);
            chat.relay.with_value(|relay| relay.typing(&message.value()));
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let field = html::textarea()
        .attr("aria-label", texts.message)
        .attr("placeholder", texts.placeholder)
        .attr("rows", "1")
        .attr("maxlength", MAX_TEXT.to_string())
        .attr("dir", "auto")
        .attr("enterkeyhint", "send")
        .prop("value", chat.home.with_value(|home| home.load_for_tab(DRAFT)).unwrap_or_default())
        .node_ref(message)
        .on(ev::keydown, call(on_key))
        .on(ev::input, call(on_input));
    let address = html::input()
        .attr("type", "email")
        .attr("autocomplete", "email")
        .attr("required", "")
        .attr("aria-label", texts.email)
        .attr("placeholder", texts.email)
        .attr("disabled", live(move || !away()))
        .node_ref(email);
    html::form()
        .class(live(move || if away() { "offline".to_owned() } else { "composer".to_owned() }))
        .on(ev::submit, call(on_submit))
        .child((
            html::p().child(texts.offline),
            field,
            address,
            html::button().class("send icon").attr("aria-label", texts.send),
            html::button().class("main").child(texts.leave),
        ))
}

/// Keeps the draft and makes the field as high as its text; `panel.css` sets the most.
fn changed(chat: Chat, field: &HtmlTextAreaElement) {
    let draft = field.value();
    chat.home.with_value(|home| home.keep_for_tab(DRAFT, Some(draft.as_str()).filter(|draft| !draft.is_empty())));
    // Measured from nothing, it also shrinks; an empty field has the height of its style.
    _ = HtmlElement::style(field).remove_property("height");
    if !draft.is_empty() {
        set_length(field, "height", field.offset_height() - field.client_height() + field.scroll_height());
    }
}
