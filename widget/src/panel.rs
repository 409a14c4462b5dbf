//! The dialog: opens and closes, and holds the other components. `shell.js` has made it.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::state::Chat;
use crate::view::*;
use crate::{Shell, banner, browser, composer, header, log, more, unread};

#[wasm_bindgen]
extern "C" {
    /// Opens or closes the panel and tells launcher and page, unless that is done; `still` leaves the focus where it is. Defined in `shell.js`.
    #[wasm_bindgen(js_name = bulleShow)]
    fn show(panel: &HtmlElement, open: bool, still: bool);
}

/// Kept for the tab while the panel is open, so that it opens again on the next page.
pub const OPEN: &str = "open";

/// Fills the dialog. One that is `restored` on the next page leaves the focus where the page wants it.
pub fn panel(chat: Chat, shell: &Shell, restored: bool) {
    let (open, home) = (chat.open, chat.home);
    let dialog = shell.panel();
    let element = dialog.clone();
    Effect::new(move |before: Option<bool>| {
        let open = open.get();
        if before.unwrap_or(false) != open {
            show(&element, open, restored && before.is_none());
            home.with_value(|home| home.keep_for_tab(OPEN, open.then_some("1")));
            chat.relay.with_value(|relay| relay.look());
        }
        open
    });
    // The innermost thing that is open goes first.
    browser::listen(&dialog, "keydown", move |event| {
        let event: KeyboardEvent = event.unchecked_into();
        if event.key() != "Escape" || event.is_composing() {
        } else if chat.editing.with_untracked(Option::is_some) {
            composer::stop(chat);
        } else if !chat.tool.get_untracked().is_empty() {
            chat.tool.set("");
            composer::focus(chat);
        } else {
            open.set(false);
        }
    });
    header::header(chat, shell);
    let form = shell.form();
    let content = (
        log::log(chat),
        more::slot(chat, "over", |chat| {
            chat.state.with(|state| {
                if state.wants_rating() {
                    "rating"
                } else if state.is_over() {
                    "over"
                } else {
                    ""
                }
            })
        }),
        banner::banner(chat),
        more::slot(chat, "tool", |chat| chat.tool.get()),
        html::div().class("tray"),
        more::slot(chat, "before", |chat| {
            chat.state.with(|state| {
                if state.wants_contact() {
                    "leave"
                } else if state.wants_form() {
                    "form"
                } else {
                    ""
                }
            })
        }),
    );
    put(content, &dialog, Some(&form));
    composer::composer(chat, form);
    put(unread::unread(chat), &shell.place(), None);
}

/// Sets a style property in pixels, by script, which style policies allow.
pub fn set_length(element: &HtmlElement, name: &str, pixels: i32) {
    // Fails for no element of the panel: its style is not read-only.
    _ = element.style().set_property(name, &[&pixels.to_string(), "px"].concat());
}
