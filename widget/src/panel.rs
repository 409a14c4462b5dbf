//! The dialog itself: opens and closes, keeps clear of the phone's keyboard, and holds the other components.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::browser;
use crate::state::Chat;
use crate::view::*;
use crate::{banner, composer, header, log, more, unread};

/// Kept for the tab while the panel is open, so that it opens again on the next page.
pub const OPEN: &str = "open";

/// The dialog. One that is `restored` on the next page leaves the focus where the page wants it.
pub fn panel(chat: Chat, restored: bool) -> impl Render {
    let node = NodeRef::<html::Div>::new();
    let (open, home) = (chat.open, chat.home);
    Effect::new(move |before: Option<bool>| {
        let open = open.get();
        if before.unwrap_or(false) == open {
            return open;
        }
        let Some(element) = node.get_untracked() else { return open };
        let had_focus = element.contains(active_element(&element).as_ref());
        element.set_hidden(!open);
        // Before all else that opening takes.
        if open && !(restored && before.is_none()) {
            composer::focus(chat);
        }
        home.with_value(|home| {
            home.keep_for_tab(OPEN, open.then_some("1"));
            home.mark("aria-expanded", Some(if open { "true" } else { "false" }), !open && had_focus);
            home.announce(if open { "open" } else { "close" }, JsValue::from_bool(!open && had_focus));
        });
        chat.relay.with_value(|relay| relay.look());
        open
    });
    fit(node);
    // The innermost thing that is open goes first.
    let close = move |event: KeyboardEvent| {
        if event.key() != "Escape" || event.is_composing() {
        } else if chat.editing.with_untracked(Option::is_some) {
            composer::stop(chat);
        } else if !chat.tool.get_untracked().is_empty() {
            chat.tool.set("");
            composer::focus(chat);
        } else {
            open.set(false);
        }
    };
    let dialog = html::div()
        .class("panel")
        .attr("data-drop", chat.texts.drop)
        .attr("tabindex", "-1")
        .attr("role", "dialog")
        .attr("lang", chat.texts.lang)
        .attr("dir", chat.texts.dir)
        .attr("aria-label", chat.texts.chat)
        .attr("hidden", "")
        .node_ref(node)
        .on(ev::keydown, call(close))
        .child((
            header::header(chat),
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
            composer::composer(chat),
        ));
    (dialog, unread::unread(chat))
}

/// The focused element as seen from inside the shadow root.
fn active_element(element: &HtmlElement) -> Option<web_sys::Node> {
    let root = element.get_root_node();
    let active = root.dyn_ref::<web_sys::ShadowRoot>()?.active_element()?;
    Some(active.into())
}

/// On phones the panel fills what the keyboard leaves of the screen; `panel.css` uses the two lengths only there.
fn fit(node: NodeRef<html::Div>) {
    let Some(viewport) = window().visual_viewport() else { return };
    let measured = viewport.clone();
    let fit = move |_| {
        if let Some(element) = node.get_untracked() {
            // Whole pixels: writing fractions in decimal takes 10 KB of wasm.
            set_length(&element, "--height", measured.height() as i32);
            set_length(&element, "--top", measured.offset_top() as i32);
        }
    };
    browser::listen(&viewport, "resize", fit.clone());
    browser::listen(&viewport, "scroll", fit);
}

/// Sets a style property in pixels, by script, which style policies allow.
pub fn set_length(element: &HtmlElement, name: &str, pixels: i32) {
    // Fails for no element of the panel: its style is not read-only.
    _ = element.style().set_property(name, &[&pixels.to_string(), "px"].concat());
}
