//! The little that the panel wants from the browser: storage, time, dates in the visitor's language, events. Every closure handed to
//! the browser has the one type [`Handler`], because each further type costs bytes in wasm and glue.

use std::cell::{OnceCell, RefCell};

use js_sys::{Object, Reflect};
use shared::ids::{MessageId, Millis};
use shared::model::Page;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Element, EventTarget, HtmlTextAreaElement, Storage};

use crate::i18n::{EN, Texts};
use crate::view::{StoredValue, document, window};

/// Kept for the tab by `greet.js`: id and text of the greeting that the page has shown, each on a line.
pub const GREETING: &str = "greeting";

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

/// Listens until the panel that is being built goes away again; outside of that, for as long as the page lives.
pub fn listen(target: &EventTarget, name: &'static str, call: impl FnMut(JsValue) + 'static) {
    let handler = handler(call);
    // Adding a listener fails for nothing but a missing target.
    _ = target.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    // What an owner keeps is dropped with it.
    StoredValue::new_local(Listener { target: target.clone(), name, handler });
}

/// Ends when dropped.
struct Listener {
    target: EventTarget,
    name: &'static str,
    handler: Handler,
}

impl Drop for Listener {
    fn drop(&mut self) {
        _ = self.target.remove_event_listener_with_callback(self.name, self.handler.as_ref().unchecked_ref());
    }
}

/// Something to do in the browser's next frame, unless this was dropped before.
pub struct OnFrame {
    handler: Handler,
    asked: Option<i32>,
}

impl OnFrame {
    /// Does nothing yet.
    pub fn new(call: impl FnMut(JsValue) + 'static) -> Self {
        Self { handler: handler(call), asked: None }
    }

    /// Asks for the next frame. Without a frame there is nothing to do.
    pub fn ask(&mut self) {
        self.forget();
        self.asked = window().request_animation_frame(self.handler.as_ref().unchecked_ref()).ok();
    }

    fn forget(&mut self) {
        if let Some(asked) = self.asked.take() {
            // Frames that were drawn already are none any more.
            _ = window().cancel_animation_frame(asked);
        }
    }
}

impl Drop for OnFrame {
    fn drop(&mut self) {
        self.forget();
    }
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

/// Whether the visitor can see the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// An object with these properties.
pub fn object(parts: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh object cannot fail.
        _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
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
    /// Language tag that dates follow: the language of the texts, as the visitor's country writes it.
    pub locale: String,
    /// What the page wants to be the first line of every conversation.
    pub greeting: Option<String>,
    /// What only the relay's own pages have: it lets them open sockets for a site that does not list the relay.
    pub ticket: Option<String>,
    /// The signed token by which the page says who the visitor is.
    pub identity: RefCell<Option<String>>,
    /// The token of a link from an email, to be used once.
    pub resume: RefCell<Option<String>>,
    host: Element,
    /// Stand in for the browser's storage, over visits and for the tab, where that is another page's.
    stores: Option<[Storage; 2]>,
    /// Address, title and referrer of the page around a frame, kept up to date by the frame's script.
    around: JsValue,
    time: OnceCell<Option<DateTimeFormat>>,
    day: OnceCell<Option<DateTimeFormat>>,
}

impl Home {
    /// Reads the loader's settings. Dates are in the language of the texts, as the visitor's country writes them.
    pub fn new(settings: &JsValue, language: &str, host: Element) -> Self {
        let text = |name| property(settings, name);
        let locale = text("locale").or_else(|| window().navigator().language());
        let locale = locale.filter(|locale| locale.starts_with(language)).unwrap_or_else(|| language.to_owned());
        Self {
            site: text("key").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            // http becomes ws, https becomes wss.
            relay: ["ws", text("relay").unwrap_or_default().get(4..).unwrap_or_default()].concat(),
            greeting: text("greeting"),
            ticket: text("ticket"),
            // Empty once a shutdown has taken it back.
            identity: RefCell::new(text("identity").filter(|token| !token.is_empty())),
            resume: RefCell::new(text("resume")),
            stores: stores(settings),
            around: Reflect::get(settings, &"page".into()).unwrap_or_default(),
            locale,
            host,
            time: OnceCell::new(),
            day: OnceCell::new(),
        }
    }

    /// Hour and minute.
    pub fn time(&self, at: Millis) -> String {
        self.times().map(|format| format.format(at as f64)).unwrap_or_default()
    }

    /// Weekday, day and month.
    pub fn day(&self, at: Millis) -> String {
        let make = || date_format(&self.locale, &[("weekday", "long"), ("day", "numeric"), ("month", "long")]);
        self.day.get_or_init(make).as_ref().map(|format| format.format(at as f64)).unwrap_or_default()
    }

    /// IANA name of the visitor's time zone.
    pub fn time_zone(&self) -> Option<String> {
        property(&self.times()?.resolved_options(), "timeZone")
    }

    /// Made when it is first wanted: the first one of a page takes browsers a quarter of the time from click to composer.
    fn times(&self) -> Option<&DateTimeFormat> {
        let make = || date_format(&self.locale, &[("hour", "numeric"), ("minute", "2-digit")]);
        self.time.get_or_init(make).as_ref()
    }

    /// The page that the visitor is on: this one, or the one around a frame.
    pub fn page(&self) -> Page {
        let text = |name| property(&self.around, name).unwrap_or_default();
        if self.around.is_object() {
            return Page { url: text("url"), title: text("title"), referrer: text("referrer") };
        }
        let url = window().location().href().unwrap_or_default();
        Page { url, title: bare(&document().title()).to_owned(), referrer: document().referrer() }
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

    /// Where things are kept over visits (0) or for the tab (1); nowhere where storage is blocked.
    fn storage(&self, which: usize) -> Option<Storage> {
        match &self.stores {
            Some(stores) => Some(stores[which].clone()),
            None if which == 0 => window().local_storage().ok()?,
            None => window().session_storage().ok()?,
        }
    }

    /// Marks the launcher, where there is one, by an attribute.
    pub fn mark(&self, name: &str, value: Option<&str>) {
        let launcher = self.host.shadow_root().and_then(|root| root.get_element_by_id("bulle"));
        let Some(launcher) = launcher else { return };
        // Both fail for nothing that is in the page.
        _ = match value {
            Some(value) => launcher.set_attribute(name, value),
            None => launcher.remove_attribute(name),
        };
    }

    /// Empties the field in which the visitor writes.
    pub fn empty_field(&self) {
        let field = self.host.shadow_root().and_then(|root| root.query_selector(".message").ok()?);
        if let Some(field) = field {
            field.unchecked_ref::<HtmlTextAreaElement>().set_value("");
        }
    }

    /// Reads what is kept over visits. Where storage is blocked, nothing is there.
    pub fn load(&self, name: &str) -> Option<String> {
        self.read(0, name)
    }

    /// Keeps a text over visits, or forgets it. Where storage is blocked or full, the panel works from memory.
    pub fn keep(&self, name: &str, text: Option<&str>) {
        self.write(0, name, text);
    }

    /// Whether what is kept will be there on the next page, and in other tabs.
    pub fn is_kept(&self) -> bool {
        self.stores.is_none() && self.storage(0).is_some()
    }

    /// Everything that is kept under names that begin like this.
    pub fn kept(&self, start: &str) -> Vec<String> {
        let Some(storage) = self.storage(0) else { return Vec::new() };
        let start = self.key(start);
        let names = (0..storage.length().unwrap_or(0)).filter_map(|place| storage.key(place).ok()?);
        names.filter(|name| name.starts_with(&start)).filter_map(|name| storage.get_item(&name).ok()?).collect()
    }

    /// Reads what is kept for this tab.
    pub fn load_for_tab(&self, name: &str) -> Option<String> {
        self.read(1, name)
    }

    /// Keeps a text for this tab, or forgets it.
    pub fn keep_for_tab(&self, name: &str, text: Option<&str>) {
        self.write(1, name, text);
    }

    /// The id of the greeting that the next message answers; only one message does.
    pub fn take_greeting(&self) -> Option<String> {
        let kept = self.load_for_tab(GREETING)?;
        self.keep_for_tab(GREETING, None);
        kept.split_once('\n').map(|(id, _)| id.to_owned())
    }

    fn read(&self, which: usize, name: &str) -> Option<String> {
        self.storage(which)?.get_item(&self.key(name)).ok()?
    }

    fn write(&self, which: usize, name: &str, text: Option<&str>) {
        let Some(storage) = self.storage(which) else { return };
        _ = match text {
            Some(text) => storage.set_item(&self.key(name), text),
            None => storage.remove_item(&self.key(name)),
        };
    }

    /// The name under which this site's things are kept, and its tabs meet.
    pub fn key(&self, name: &str) -> String {
        ["bulle:", &self.site, ":", name].concat()
    }
}

/// A title without the number of unread messages before it (`more/unread.js`).
fn bare(title: &str) -> &str {
    let counted = title.strip_prefix('(').and_then(|rest| rest.split_once(") "));
    counted.filter(|(count, _)| count.bytes().all(|digit| digit.is_ascii_digit())).map_or(title, |(_, title)| title)
}

/// `settings.stores`: two objects with the methods of `Storage`.
fn stores(settings: &JsValue) -> Option<[Storage; 2]> {
    let stores = Reflect::get(settings, &"stores".into()).ok().filter(JsValue::is_object)?;
    let store = |place| Reflect::get_u32(&stores, place).map(JsCast::unchecked_into);
    Some([store(0).ok()?, store(1).ok()?])
}

/// A formatter for the locale, or for the browser's own when the site's is no language tag.
fn date_format(locale: &str, options: &[(&str, &str)]) -> Option<DateTimeFormat> {
    let options: Vec<_> = options.iter().map(|&(name, value)| (name, value.into())).collect();
    let object = object(&options);
    DateTimeFormat::new(locale, &object).or_else(|_| DateTimeFormat::new("en", &object)).ok()
}
