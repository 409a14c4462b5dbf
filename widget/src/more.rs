//! The way to the modules that load on demand (`widget/more/*.js`): loads one, tells it what it needs, and carries out what it asks for.
//! Each exports one function that gets the element it may fill and an object. They bring texts and styles of their own.

use js_sys::{Object, Reflect};
use shared::model::Contact;
use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::browser::{handler, property};
use crate::codec;
use crate::composer;
use crate::state::Chat;
use crate::view::*;

// Defined in `glue.js`, which the build appends to wasm-bindgen's own.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = bulleMore)]
    fn load(told: &JsValue, name: &str, place: Option<&Element>, json: Option<&str>, token: Option<&str>);

    /// Puts a text into an element, with its web addresses as links.
    #[wasm_bindgen(js_name = bulleWords)]
    pub fn words(place: &Element, text: &str);

    #[wasm_bindgen(js_name = bulleTools)]
    fn make_tools(place: &Element, told: &JsValue, labels: &str);
}

/// What every module is told, made once for a panel.
pub fn told(chat: Chat) -> JsValue {
    let told = Object::new();
    let ask = handler(move |asked| carry_out(chat, &asked)).into_js_value();
    chat.home.with_value(|home| {
        // ws becomes http, wss becomes https.
        let relay = ["http", home.relay.get(2..).unwrap_or_default()].concat();
        for (name, value) in [
            ("relay", relay.as_str().into()),
            ("site", home.site.as_str().into()),
            ("locale", home.locale.as_str().into()),
            ("lang", chat.texts.lang.into()),
            ("ask", ask),
        ] {
            // Setting a property of an object made here cannot fail.
            _ = Reflect::set(&told, &name.into(), &value);
        }
    });
    told.into()
}

/// Loads a module and hands it an element; without one, the place of uploads. `json` is whatever it works on.
pub fn more(chat: Chat, name: &str, place: Option<&Element>, json: Option<&str>) {
    let token = chat.relay.with_value(|relay| relay.token());
    chat.told.with_value(|told| load(told, name, place, json, token.as_deref()));
}

/// The buttons beside the composer: files, emoji, voice.
pub fn tools(place: Element, chat: Chat) {
    let labels = [chat.texts.attach, chat.texts.emoji, chat.texts.voice].join("|");
    chat.told.with_value(|told| make_tools(&place, told, &labels));
}

/// What a module asks for: `{ wish, … }`.
fn carry_out(chat: Chat, asked: &JsValue) {
    let text = |name| property(asked, name);
    let some = |name| text(name).unwrap_or_default();
    chat.relay.with_value(|relay| match some("wish").as_str() {
        "say" => {
            let contact = text("email").map(|email| Contact { name: text("name"), email });
            relay.say(some("text"), contact);
        }
        "file" => {
            if let Some(file) = codec::read_file(&some("file")) {
                relay.say_file(file);
            }
        }
        "upload" => more(chat, "files", None, rules(chat).as_deref()),
        "tool" => toggle(chat, if some("tool") == "voice" { "voice" } else { "emoji" }),
        "answer" => {
            chat.state.update(|state| state.answers = Some(codec::read_answers(&some("answers"))));
            composer::focus(chat);
        }
        "rate" => {
            let score = some("score").parse().unwrap_or(0);
            if relay.rate(score, text("comment")) {
                chat.state.update(|state| state.spare_rating());
                composer::focus(chat);
            }
        }
        "spare" => {
            chat.state.update(|state| state.spare_rating());
            composer::focus(chat);
        }
        "mail" => {
            relay.mail(some("email"));
        }
        // What is left is "done": the tool goes away.
        _ => {
            chat.tool.set("");
            composer::focus(chat);
        }
    });
}

/// Opens a tool above the composer, or closes it.
pub fn toggle(chat: Chat, tool: &'static str) {
    chat.tool.update(|open| *open = if *open == tool { "" } else { tool });
}

/// A place that a module fills while `which` names one, and that is empty otherwise.
pub fn slot(chat: Chat, class: &'static str, which: fn(Chat) -> &'static str) -> impl RenderHtml {
    let node = NodeRef::<html::Div>::new();
    let mut before = "";
    watch(move || {
        let name = which(chat);
        if name != before
            && let Some(place) = node.get()
        {
            before = name;
            place.set_text_content(None);
            let json = match name {
                "" => return,
                "voice" => rules(chat),
                _ => chat.state.with_untracked(|state| state.panel.form.as_ref().map(codec::write_form)),
            };
            more(chat, name, Some(&place), json.as_deref());
        }
    });
    html::div().class(class).node_ref(node)
}

/// Which files may be sent.
fn rules(chat: Chat) -> Option<String> {
    chat.state.with_untracked(|state| state.panel.files.as_ref().map(codec::write_rules))
}
