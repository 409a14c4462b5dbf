//! The dialog itself: opens and closes, keeps clear of the phone's keyboard, and holds the other components.

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use web_sys::HtmlElement;

use crate::browser;
use crate::state::Chat;
use crate::{banner, composer, header, log, offline};

/// Kept for the tab while the panel is open, so that it opens again on the next page.
pub const OPEN: &str = "open";

/// The dialog.
pub fn panel(chat: Chat) -> AnyView {
    let node = NodeRef::<html::Div>::new();
    let (open, home) = (chat.open, chat.home);
    let restored = open.get_untracked();
    Effect::new(move |before: Option<bool>| {
        let open = open.get();
        let Some(element) = node.get_untracked() else { return open };
        let changed = before.is_none_or(|before| before != open);
        if changed && (open || before.is_some()) {
            let had_focus = element.contains(active_element(&element).as_ref());
            element.set_hidden(!open);
            home.with_value(|home| {
                home.keep_for_tab(OPEN, open.then_some("1"));
                home.announce(if open { "open" } else { "close" }, JsValue::from_bool(!open && had_focus));
            });
            // A panel that opens by itself on the next page leaves the focus where the page wants it.
            if open && !(restored && before.is_none()) {
                focus_field(&element);
            }
            chat.relay.with_value(|relay| relay.look());
        }
        open
    });
    fit(node);
    html::div()
        .class("panel")
        .attr("role", "dialog")
        .attr("aria-label", chat.texts.chat)
        .attr("hidden", true)
        .node_ref(node)
        .on(ev::keydown, move |event| {
            if event.key() == "Escape" && !event.is_composing() {
                open.set(false);
            }
        })
        .child((header::header(chat), log::log(chat), banner::banner(chat), foot(chat)))
        .into_any()
}

/// The composer, or the offline form in its place.
fn foot(chat: Chat) -> impl IntoView {
    let away = Memo::new(move |_| chat.state.with(|state| state.wants_contact()));
    move || if away.get() { offline::offline(chat) } else { composer::composer(chat) }
}

fn focus_field(element: &HtmlElement) {
    if let Ok(Some(field)) = element.query_selector("textarea")
        && let Some(field) = field.dyn_ref::<HtmlElement>()
    {
        _ = field.focus();
    }
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
    let fit = {
        let viewport = viewport.clone();
        move |_| {
            if let Some(element) = node.get_untracked() {
                let style = HtmlElement::style(&element);
                _ = style.set_property("--height", &[&viewport.height().to_string(), "px"].concat());
                _ = style.set_property("--top", &[&viewport.offset_top().to_string(), "px"].concat());
            }
        }
    };
    browser::listen(&viewport, "resize", fit.clone());
    browser::listen(&viewport, "scroll", fit);
}
