//! The chat panel that visitors see, built by [`mount`] into the shell that `shell.js` has put on the page.
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
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, ShadowRoot};

use crate::browser::Home;
use crate::socket::Relay;
use crate::state::Chat;
use crate::view::*;

#[wasm_bindgen]
extern "C" {
    /// What `shell.js` has put on the page, and takes off it again.
    pub type Shell;

    /// Around the dialog and what stands beside it.
    #[wasm_bindgen(method, getter)]
    fn place(this: &Shell) -> Element;

    /// The dialog: a header, and last the form.
    #[wasm_bindgen(method, getter)]
    fn panel(this: &Shell) -> HtmlElement;

    /// Before the name, in the header.
    #[wasm_bindgen(method, getter)]
    fn face(this: &Shell) -> Element;

    /// The name.
    #[wasm_bindgen(method, getter)]
    fn title(this: &Shell) -> Element;

    /// Below the name.
    #[wasm_bindgen(method, getter)]
    fn presence(this: &Shell) -> Element;

    /// The button that closes it, in the header.
    #[wasm_bindgen(method, getter)]
    fn close(this: &Shell) -> Element;

    /// The composer.
    #[wasm_bindgen(method, getter)]
    fn form(this: &Shell) -> Element;

    /// Where the visitor writes, in the form.
    #[wasm_bindgen(method, getter)]
    fn field(this: &Shell) -> HtmlTextAreaElement;
}

/// A panel on the page.
struct Panel {
    relay: Relay,
    open: RwSignal<bool>,
    home: Rc<Home>,
    owner: Owner,
}

/// Builds the panel into its shell and connects it; settings and wish are those that `shell.js` tells of.
/// Returns a function that takes commands `[name, value]` (see [`Panel::obey`]), never from inside a `bulle:*` event. The panel tells by those events
/// what became of them.
#[wasm_bindgen]
pub fn mount(shell: Shell, root: ShadowRoot, settings: JsValue, wish: JsValue) -> JsValue {
    let mut panel = Some(Panel::new(&shell, &root, &settings, &wish));
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
    fn new(shell: &Shell, root: &ShadowRoot, settings: &JsValue, wish: &JsValue) -> Self {
        let texts = browser::texts(settings);
        let home = Rc::new(Home::new(settings, texts.lang, root.host()));
        prepare();
        let owner = Owner::new();
        // All is made inside of it, so that all goes with it.
        owner.with(|| {
            let restored = wish.as_bool().is_none() && home.load_for_tab(panel::OPEN).is_some();
            let open = RwSignal::new(wish.is_truthy() || restored);
            let (relay, state) = Relay::new(home.clone(), open);
            let (tool, editing, field) = (RwSignal::new(""), RwSignal::new(None), StoredValue::new_local(shell.field()));
            let kept = (StoredValue::new_local(relay.clone()), StoredValue::new_local(home.clone()));
            let told = StoredValue::new_local(JsValue::UNDEFINED);
            let chat = Chat { texts, state, open, tool, editing, field, told, relay: kept.0, home: kept.1 };
            told.set_value(more::told(chat));
            panel::panel(chat, shell, restored);
            begin(chat);
            Self { relay, open, home, owner: owner.clone() }
        })
    }

    /// `open` (true or false), `say` (a text), `identity` (a signed token), `look` (the page may have changed).
    fn obey(&self, name: &str, value: &JsValue) {
        // What is said before the panel has connected must find the way all the same.
        self.owner.with(|| self.relay.start());
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

    /// Leaves no listener, timer or socket; the nodes go with the shell. What is stored is the loader's to forget.
    fn stop(self) {
        self.relay.stop();
        let Self { owner, relay, .. } = self;
        // Effects that are due still read signals, which end with their owner.
        soon(move || {
            owner.cleanup();
            drop(relay);
        });
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
