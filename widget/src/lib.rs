//! The chat panel that visitors see, mounted by `loader.js` into the shadow root that it made.
//!
//! - [`browser`]: what the panel wants from the browser; [`socket`]: the way to the relay; [`codec`], [`json`]: its frames
//! - [`tabs`]: one socket for all tabs of the browser
//! - [`state`]: what is known and its one `apply`; [`news`]: what the page is told of it; [`lines`], [`typing`]: its pure parts; [`i18n`]: texts
//! - [`more`]: the modules that load on demand
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
mod more;
mod news;
mod panel;
mod said;
mod socket;
mod state;
mod tabs;
mod typing;
mod unread;
mod view;

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{CssStyleSheet, Element, Event, HtmlTextAreaElement, KeyboardEvent, ShadowRoot};

use crate::browser::Home;
use crate::socket::Relay;
use crate::state::Chat;
use crate::view::*;

/// A panel on the page.
struct Panel {
    relay: Relay,
    open: RwSignal<bool>,
    home: Rc<Home>,
    view: Mounted,
}

/// Mounts the panel into the loader's shadow root and connects it. `settings` are the loader's own: `key`, `relay`, `locale`, `name`,
/// `texts` (the file of the visitor's language, where it has come), and where they are known `identity`, `resume`, `ticket`, `stores` (see [`Home`]).
/// `wish` is whether the visitor wants it open; without one, it is as this tab last left it.
/// Returns a function that takes commands `[name, value]` (see [`Panel::obey`]), never from inside a `bulle:*` event: the loader waits for
/// the next microtask. The panel tells by those events what became of them.
#[wasm_bindgen]
pub fn mount(root: ShadowRoot, settings: JsValue, wish: JsValue) -> JsValue {
    dress(&root);
    if let Some(theme) = browser::property(&settings, "theme") {
        // `panel.css` goes by it. Fails for no name of an attribute.
        _ = root.host().set_attribute("data-theme", &theme);
    }
    let place = document().create_element("div").ok();
    // Appending to a root that the loader just made cannot fail; and there, `div` is an element's name.
    let mut panel =
        place.filter(|place| root.append_child(place).is_ok()).map(|place| Panel::new(&root, &place, &settings, &wish));
    let obey = move |command: JsValue| {
        let part = |place| js_sys::Reflect::get_u32(&command, place).unwrap_or_default();
        let (name, value) = (part(0).as_string().unwrap_or_default(), part(1));
        match name.as_str() {
            "stop" => {
                if let Some(panel) = panel.take() {
                    panel.stop();
                }
            }
            name => {
                if let Some(panel) = &panel {
                    panel.obey(name, &value);
                }
            }
        }
    };
    browser::handler(obey).into_js_value()
}

impl Panel {
    fn new(root: &ShadowRoot, place: &Element, settings: &JsValue, wish: &JsValue) -> Self {
        let texts = browser::texts(settings);
        let home = Rc::new(Home::new(settings, texts.lang, root.host()));
        // All is made inside the view, so that all goes with it.
        let (view, (relay, open)) = mount_in(place, || {
            let restored = wish.as_bool().is_none() && home.load_for_tab(panel::OPEN).is_some();
            let open = RwSignal::new(wish.is_truthy() || restored);
            let (relay, state) = Relay::new(home.clone(), open);
            keep_keys(&root.host());
            let parts = (relay.clone(), open);
            let (relay, home) = (StoredValue::new_local(relay), StoredValue::new_local(home.clone()));
            let told = StoredValue::new_local(JsValue::UNDEFINED);
            let (tool, editing, field) = (RwSignal::new(""), RwSignal::new(None), NodeRef::new());
            let chat = Chat { texts, state, open, tool, editing, field, told, relay, home };
            told.set_value(more::told(chat));
            let view = panel::panel(chat, restored);
            begin(chat);
            (view, parts)
        });
        Self { relay, open, home, view }
    }

    /// `open` (true or false), `say` (a text), `identity` (a signed token), `look` (the page may have changed).
    fn obey(&self, name: &str, value: &JsValue) {
        // What is said before the panel has connected must find the way all the same.
        self.view.within(|| self.relay.start());
        match (name, value.as_string()) {
            ("open", _) => self.open.set(value.is_truthy()),
            ("say", Some(text)) => self.relay.say(text, None),
            ("identity", Some(token)) => {
                self.home.identity.replace(Some(token));
                self.relay.greet_again();
            }
            // Names of later loaders mean nothing here.
            _ => self.relay.look(),
        }
    }

    /// Leaves nothing on the page: no node, listener, timer or socket. What is stored is the loader's to forget.
    fn stop(self) {
        self.relay.stop();
        let Self { view, relay, .. } = self;
        // Effects that are due still read signals, which end with the view.
        soon(move || drop((view, relay)));
    }
}

/// Connects, in a task of its own: the panel stands there and the composer has the focus before anything asks for the network. Not after a
/// panel that is gone by then; what listens goes with the view.
fn begin(chat: Chat) {
    let owner = Owner::current().unwrap_or_default();
    let start = browser::handler(move |_| {
        if let Some(relay) = chat.relay.try_get_value() {
            owner.with(|| relay.start());
        }
    });
    // Fails in no window.
    _ = window().set_timeout_with_callback(start.into_js_value().unchecked_ref());
}

/// What is typed in the panel is no business of the page's: its shortcuts and its blockers of keys, menus and the clipboard do not hear of
/// it. What a page that listens before everybody else has taken as its shortcut was meant for the message, and is put there.
fn keep_keys(host: &Element) {
    for name in ["keydown", "keypress", "keyup", "beforeinput", "input", "copy", "cut", "paste", "contextmenu", "selectstart"] {
        browser::listen(host, name, |event| {
            let event: Event = event.unchecked_into();
            event.stop_propagation();
            if let Some(key) =
                event.dyn_ref::<KeyboardEvent>().filter(|key| event.type_() == "keydown" && key.default_prevented())
            {
                let letter = key.key();
                if letter.chars().count() == 1 && !key.ctrl_key() && !key.meta_key() {
                    insert(&event.composed_path().get(0), &letter);
                }
            }
        });
    }
}

/// Puts a letter where the caret is, as if it had been typed.
fn insert(field: &JsValue, letter: &str) {
    if field.dyn_ref::<Element>().is_none_or(|field| !matches!(field.tag_name().as_str(), "TEXTAREA" | "INPUT")) {
        return;
    }
    // Inputs have the same methods; those that know no caret refuse them.
    let field: &HtmlTextAreaElement = field.unchecked_ref();
    let Ok(Some(at)) = field.selection_start() else { return };
    let at = at + letter.encode_utf16().count() as u32;
    if field.set_range_text(letter).is_ok()
        && field.set_selection_range(at, at).is_ok()
        && let Ok(event) = Event::new("input")
    {
        // Fails for an event that is being dispatched already; this one is new.
        _ = field.dispatch_event(&event);
    }
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
