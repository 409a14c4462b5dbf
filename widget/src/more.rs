//! The way to the modules that load on demand (`widget/more/*.js`): loads one, tells it what it needs, and carries out what it asks for.
//! Each exports one function that gets the element it may fill and an object. They bring texts and styles of their own.

use js_sys::{Object, Reflect};
use shared::model::Contact;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlTextAreaElement};

use crate::browser::handler;
use crate::codec;
use crate::composer;
use crate::state::{Chat, Deed};
use crate::view::*;

// Defined in `glue.js`, which the build appends to wasm-bindgen's own.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = bulleMore)]
    fn load(told: &JsValue, name: &str, place: Option<&Element>, json: Option<&str>, token: Option<&str>);

    /// Puts a text into an element, with its web addresses as links.
    #[wasm_bindgen(js_name = bulleWords)]
    pub fn words(place: &Element, text: &str);

    /// Gives the focus to a field, or to the dialog around it while it is hidden.
    #[wasm_bindgen(js_name = bulleFocus)]
    pub fn focus(field: &HtmlTextAreaElement);

    #[wasm_bindgen(js_name = bulleChoices)]
    fn make_choices(place: &Element, told: &JsValue, kind: &str, labels: &str, wish: &str, first: u32);

    #[wasm_bindgen(js_name = bulleDeeds)]
    fn make_deeds(log: &Element, told: &JsValue, deeds: &str, retry: &str);

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

/// Loads a module and hands it an element, unless another one has been asked for by then, or by no name none; without an element, the place
/// of uploads. `json` is whatever it works on.
pub fn more(chat: Chat, name: &str, place: Option<&Element>, json: Option<&str>) {
    let token = chat.relay.with_value(|relay| relay.token());
    chat.told.with_value(|told| load(told, name, place, json, token.as_deref()));
}

/// The buttons beside the composer: emoji, files, voice. The first is there from the beginning and stays where it is when the relay has told
/// whether the others may come.
pub fn tools(place: Element, chat: Chat) {
    let labels = [chat.texts.emoji, chat.texts.attach, chat.texts.voice].join("|");
    chat.told.with_value(|told| make_tools(&place, told, &labels));
}

/// Buttons under the log for the quick replies on offer.
pub fn replies(place: Element, chat: Chat) {
    let mut before = String::new();
    watch(move || {
        let labels = chat.state.with(|state| state.choices().join("\n"));
        if labels != before {
            chat.told.with_value(|told| make_choices(&place, told, "reply", &labels, "reply", 0));
            before = labels;
        }
    });
}

/// What can be done about own messages, as buttons below them.
pub fn deeds(log: Element, chat: Chat) {
    let texts = chat.texts;
    let mut before = (None, Deed::None, 0);
    watch(move || {
        let now = chat.state.with(|state| {
            let last = state.last_own();
            (last, last.map_or(Deed::None, |id| state.deed(id)), state.in_trouble().count())
        });
        if now != before {
            let labels = match now.1 {
                Deed::None => String::new(),
                Deed::Delete => ["\n", texts.delete].concat(),
                Deed::Edit => [texts.edit, "\n", texts.delete].concat(),
            };
            chat.told.with_value(|told| make_deeds(&log, told, &labels, texts.retry));
            before = now;
        }
    });
}

/// What a module or a button asks for: `[wish, …]`.
fn carry_out(chat: Chat, asked: &JsValue) {
    // A module may come to its end after the panel.
    if chat.told.try_with_value(|_| ()).is_none() {
        return;
    }
    let texts: [Option<String>; 4] =
        std::array::from_fn(|place| Reflect::get_u32(asked, place as u32).ok().and_then(|text| text.as_string()));
    let [wish, first, second, third] = texts;
    let (wish, first) = (wish.unwrap_or_default(), first.unwrap_or_default());
    chat.relay.with_value(|relay| {
        match wish.as_str() {
            "say" => relay.say(first, second.map(|email| Contact { name: third, email })),
            "reply" => relay.say(second.unwrap_or_default(), None),
            "file" => {
                if let Some(file) = codec::read_file(&first) {
                    relay.say_file(file);
                }
            }
            "upload" => return more(chat, "files", None, rules(chat).as_deref()),
            "tool" => return toggle(chat, if first == "voice" { "voice" } else { "emoji" }),
            "retry" => {
                let failed =
                    first.parse().ok().and_then(|place| chat.state.with_untracked(|state| state.in_trouble().nth(place)));
                if let Some(id) = failed {
                    relay.retry(id);
                }
            }
            "deed" if first == "0" => _ = composer::begin(chat),
            "deed" => {
                if let Some(id) = chat.state.with_untracked(|state| state.last_own()) {
                    relay.delete(id);
                }
            }
            "answer" => chat.state.update(|state| state.answers = Some(codec::read_answers(&first))),
            "rate" if !relay.rate(first.parse().unwrap_or(0), second) => return,
            "rate" | "spare" => chat.state.update(|state| state.spare_rating()),
            "anew" => chat.state.update(|state| state.start_over()),
            "mail" => {
                if let Some(tell) = Reflect::get_u32(asked, 2).ok().and_then(|tell| tell.dyn_into().ok()) {
                    relay.mail(first, tell);
                }
                return;
            }
            // What is left is "done": the tool goes away.
            _ => chat.tool.set(""),
        }
        // What it goes to may be drawn only now.
        soon(move || composer::focus(chat));
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
                "voice" => rules(chat),
                // Whether it can be sent by email, too.
                "transcript" => chat.state.with_untracked(|state| state.panel.email).then(|| "true".to_owned()),
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
