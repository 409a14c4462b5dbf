//! The little that the panel wants from the browser: storage, time, dates in the visitor's language, events. Every closure handed to
//! the browser has the one type [`Handler`], because each further type costs bytes in wasm and glue.

use js_sys::{Object, Reflect};
use shared::ids::{MessageId, Millis};
use shared::model::Page;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Element, EventTarget, Storage};

use crate::i18n::{EN, Texts};
use crate::view::{document, window};

/// A closure for the browser to call.
pub type Handler = Closure<dyn FnMut(JsValue)>;

#[wasm_bindgen]
extern "C" {
    /// `Intl.DateTimeFormat`; js-sys has its `format` only as a getter of a function.
    #[wasm_bindgen(js_namespace = Intl)]
    type DateTimeFormat;

    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(locale: &str, options: &Object) -> Result<DateTimeFormat, JsValue>;

    #[wasm_bindgen(method)]
    fn format(this: &DateTimeFormat, at: f64) -> String;

    #[wasm_bindgen(method, js_name = resolvedOptions)]
    fn resolved_options(this: &DateTimeFormat) -> Object;

    #[wasm_bindgen(js_namespace = Intl)]
    type PluralRules;

    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(locale: &str) -> Result<PluralRules, JsValue>;

    #[wasm_bindgen(method)]
    fn select(this: &PluralRules, number: u32) -> String;
}

/// A number in words of a language.
pub struct Count {
    /// Its digits.
    pub number: String,
    /// Its plural category.
    pub category: String,
}

/// Counts in a language that there are texts in.
pub fn count(language: &str, number: u32) -> Count {
    let digits = js_sys::Number::from(number).to_locale_string(language);
    // Fails for no tag of ours.
    let category = PluralRules::new(language).map(|rules| rules.select(number)).unwrap_or_default();
    Count { number: digits.into(), category }
}

/// Makes a closure for the browser.
pub fn handler(call: impl FnMut(JsValue) + 'static) -> Handler {
    Closure::wrap(Box::new(call))
}

/// Listens for as long as the page lives.
pub fn listen(target: &EventTarget, name: &str, call: impl FnMut(JsValue) + 'static) {
    let handler = handler(call);
    // Adding a listener fails for nothing but a missing target.
    _ = target.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// The clock, in ms since the epoch.
pub fn now() -> Millis {
    js_sys::Date::now() as Millis
}

/// What the visitor's time zone adds to UTC at that time.
pub fn offset(at: Millis) -> Millis {
    (js_sys::Date::new(&JsValue::from_f64(at as f64)).get_timezone_offset() * -60_000.0) as Millis
}

/// A new id for a message or request. Without a source of randomness the clock alone has to do.
pub fn fresh_id() -> MessageId {
    let mut random = [0; 10];
    if let Ok(crypto) = window().crypto() {
        _ = crypto.get_random_values_with_u8_array(&mut random);
    }
    MessageId::v7(now(), random)
}

/// The page that the visitor is on.
pub fn page() -> Page {
    let url = window().location().href().unwrap_or_default();
    Page { url, title: document().title(), referrer: document().referrer() }
}

/// Whether the visitor can see the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// A text among the properties of an object.
pub fn property(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}

/// The texts that the loader has fetched, or English.
pub fn texts(settings: &JsValue) -> &'static Texts {
    match Reflect::get(settings, &"texts".into()) {
        Ok(file) if file.is_object() => Texts::read(&|key| property(&file, key)),
        _ => &EN,
    }
}

/// The page around the panel: the site's settings, the host element, what is stored here for this site.
pub struct Home {
    /// Public key of the site.
    pub site: String,
    /// Name of the site.
    pub name: String,
    /// Where the relay's sockets are: `wss://relay.example`.
    pub relay: String,
    /// IANA name of the visitor's time zone.
    pub time_zone: Option<String>,
    host: Element,
    time: Option<DateTimeFormat>,
    day: Option<DateTimeFormat>,
}

impl Home {
    /// Reads the loader's settings. Dates are in the language of the texts, as the visitor's country writes them.
    pub fn new(settings: &JsValue, language: &str, host: Element) -> Self {
        let text = |name| property(settings, name);
        let locale = text("locale").or_else(|| window().navigator().language());
        let locale = locale.filter(|locale| locale.starts_with(language)).unwrap_or_else(|| language.to_owned());
        let time = date_format(&locale, &[("hour", "numeric"), ("minute", "2-digit")]);
        let day = date_format(&locale, &[("weekday", "long"), ("day", "numeric"), ("month", "long")]);
        Self {
            site: text("key").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            // http becomes ws, https becomes wss.
            relay: ["ws", text("relay").unwrap_or_default().trim_start_matches("http")].concat(),
            time_zone: time.as_ref().and_then(|format| property(&format.resolved_options(), "timeZone")),
            host,
            time,
            day,
        }
    }

    /// Hour and minute.
    pub fn time(&self, at: Millis) -> String {
        self.time.as_ref().map(|format| format.format(at as f64)).unwrap_or_default()
    }

    /// Weekday, day and month.
    pub fn day(&self, at: Millis) -> String {
        self.day.as_ref().map(|format| format.format(at as f64)).unwrap_or_default()
    }

    /// Tells loader and page: `bulle:<name>` on the host element.
    pub fn announce(&self, name: &str, detail: JsValue) {
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_detail(&detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict(&["bulle:", name].concat(), &init) {
            // Fails for an event that is being dispatched already; this one is new.
            _ = self.host.dispatch_event(&event);
        }
    }

    /// Reads what is kept over visits. Where storage is blocked, nothing is there.
    pub fn load(&self, name: &str) -> Option<String> {
        self.read(window().local_storage().ok()?, name)
    }

    /// Keeps a text over visits, or forgets it. Where storage is blocked or full, the panel works from memory.
    pub fn keep(&self, name: &str, text: Option<&str>) {
        self.write(window().local_storage(), name, text);
    }

    /// Reads what is kept for this tab.
    pub fn load_for_tab(&self, name: &str) -> Option<String> {
        self.read(window().session_storage().ok()?, name)
    }

    /// Keeps a text for this tab, or forgets it.
    pub fn keep_for_tab(&self, name: &str, text: Option<&str>) {
        self.write(window().session_storage(), name, text);
    }

    fn read(&self, storage: Option<Storage>, name: &str) -> Option<String> {
        storage?.get_item(&self.key(name)).ok()?
    }

    fn write(&self, storage: Result<Option<Storage>, JsValue>, name: &str, text: Option<&str>) {
        let Ok(Some(storage)) = storage else { return };
        _ = match text {
            Some(text) => storage.set_item(&self.key(name), text),
            None => storage.remove_item(&self.key(name)),
        };
    }

    fn key(&self, name: &str) -> String {
        ["bulle:", &self.site, ":", name].concat()
    }
}

/// A formatter for the locale, or for the browser's own when the site's is no language tag.
fn date_format(locale: &str, options: &[(&str, &str)]) -> Option<DateTimeFormat> {
    let object = Object::new();
    for (name, value) in options {
        // Setting a property of a fresh object cannot fail.
        _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    DateTimeFormat::new(locale, &object).or_else(|_| DateTimeFormat::new("en", &object)).ok()
}
