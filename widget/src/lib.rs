//! The chat panel that visitors see, mounted by `loader.js` into the shadow root that it made.
//!
//! - [`browser`]: what the panel wants from the browser; [`socket`]: the way to the relay; [`codec`], [`json`]: its frames
//! - [`state`]: what is known and its one `apply`; [`lines`], [`typing`]: its pure parts; [`i18n`]: texts
//! - [`panel`] and below it one file per component, made with Leptos' element builders ([`view`]): its `view!` macro would turn
//!   static parts into `innerHTML`, which pages with Trusted Types refuse

mod banner;
mod browser;
mod codec;
mod composer;
mod header;
mod i18n;
mod json;
mod lines;
mod log;
mod panel;
mod socket;
mod state;
mod typing;
mod view;

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{CssStyleSheet, ShadowRoot};

use crate::browser::Home;
use crate::socket::Relay;
use crate::state::Chat;
use crate::view::*;

/// Mounts the panel into the loader's shadow root and connects it. `settings` are the loader's own: `key`, `relay`, `locale`, `name`,
/// and `texts`, the file of the visitor's language where it has come.
/// `wish` is whether the visitor wants it open; without one, it is as this tab last left it.
/// Returns a function that opens (`true`) or closes (`false`) the panel; the panel tells what became of it by `bulle:*` events.
#[wasm_bindgen]
pub fn mount(root: ShadowRoot, settings: JsValue, wish: JsValue) -> JsValue {
    dress(&root);
    let texts = browser::texts(&settings);
    let home = Rc::new(Home::new(&settings, texts.lang, root.host()));
    let restored = wish.as_bool().is_none() && home.load_for_tab(panel::OPEN).is_some();
    let open = RwSignal::new(wish.is_truthy() || restored);
    let (relay, state) = Relay::new(home.clone(), open);
    let started = relay.clone();
    if let Ok(place) = document().create_element("div") {
        // Appending to a root that the loader just made cannot fail.
        _ = root.append_child(&place);
        let view = move || {
            let chat = Chat { texts, state, open, relay: StoredValue::new_local(relay), home: StoredValue::new_local(home) };
            panel::panel(chat, restored)
        };
        mount_for_good(&place, view);
    }
    started.start();
    browser::handler(move |wish| open.set(wish.is_truthy())).into_js_value()
}

/// Constructable style sheets need no permission from the page's content security policy.
fn dress(root: &ShadowRoot) {
    if let Ok(sheet) = CssStyleSheet::new() {
        _ = sheet.replace_sync(include_str!(concat!(env!("OUT_DIR"), "/panel.css")));
        let sheets = js_sys::Reflect::get(root, &"adoptedStyleSheets".into()).map(|sheets| js_sys::Array::from(&sheets));
        if let Ok(sheets) = sheets {
            sheets.push(&sheet);
            _ = js_sys::Reflect::set(root, &"adoptedStyleSheets".into(), &sheets);
        }
    }
}
