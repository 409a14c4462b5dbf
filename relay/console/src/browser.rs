//! The little that the console needs of the browser: clock, chance, storage, focus, clipboard. Every call may fail quietly, as
//! browsers without storage or clipboard do; callers say what that means.

use js_sys::Reflect;
use shared::ids::{MessageId, Millis};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CustomEvent, CustomEventInit, Document, FileList, HtmlElement, Storage, VisibilityState, Window};

/// The window, if there is one (unit tests have none).
pub fn window() -> Option<Window> {
    if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// This browser's clock.
pub fn now() -> Millis {
    js_sys::Date::now() as Millis
}

/// Random bytes from the browser's cryptographic source; weak ones where it has none, good enough for names that need only differ.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let strong = window()
        .and_then(|window| window.crypto().ok())
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok());
    if strong.is_none() {
        bytes.fill_with(|| (js_sys::Math::random() * 256.0) as u8);
    }
    bytes
}

/// A new name for a message or request.
pub fn new_id() -> MessageId {
    MessageId::v7(now(), random())
}

/// A text that the page has put aside for the console, under these names.
pub fn global(names: &[&str]) -> Option<String> {
    let start: JsValue = window()?.into();
    names.iter().try_fold(start, |value, name| Reflect::get(&value, &(*name).into()).ok())?.as_string()
}

/// Puts a text aside under these names, of which all but the last are there.
pub fn put_global(names: &[&str], text: &str) {
    let Some((last, path)) = names.split_last() else { return };
    let Some(start) = window().map(JsValue::from) else { return };
    if let Ok(place) = path.iter().try_fold(start, |value, name| Reflect::get(&value, &(*name).into())) {
        let _refused_by_what_is_no_object = Reflect::set(&place, &(*last).into(), &text.into());
    }
}

/// Tells the page's programs, this one too, that something has happened. They hear it before this returns.
pub fn tell(event: &str, text: &str) {
    let told = CustomEventInit::new();
    told.set_detail(&text.into());
    if let (Some(window), Ok(event)) = (window(), CustomEvent::new_with_event_init_dict(event, &told)) {
        let _nobody_refuses_it = window.dispatch_event(&event);
    }
}

/// What was told with an event.
pub fn told(event: &CustomEvent) -> String {
    event.detail().as_string().unwrap_or_default()
}

/// The part of the address after the path, from `#` on; the address loses it.
pub fn fragment() -> Option<String> {
    let window = window()?;
    let part = window.location().hash().ok().filter(|part| !part.is_empty())?;
    let path = window.location().pathname().ok()?;
    window.history().ok()?.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path)).ok()?;
    Some(part)
}

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = window() {
        let _refused_by_sandboxes = window.location().reload();
    }
}

/// Whether somebody can see the page.
pub fn is_visible() -> bool {
    document().is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// The storage that outlives the page.
pub fn storage() -> Option<Storage> {
    window()?.local_storage().ok()?
}

/// A kept value.
pub fn kept(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Keeps a value, where the browser lets us.
pub fn keep(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _refused_when_full_or_blocked = storage.set_item(key, value);
    }
}

/// Forgets a value.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _refused_when_blocked = storage.remove_item(key);
    }
}

/// Where what an agent is writing outlives a reload, but not the tab.
fn session_storage() -> Option<Storage> {
    window()?.session_storage().ok()?
}

/// What was being written under this name before the page was reloaded.
pub fn draft(key: &str) -> Option<String> {
    session_storage()?.get_item(key).ok()?
}

/// Keeps what is being written; nothing is kept of an empty text.
pub fn keep_draft(key: &str, text: &str) {
    if let Some(storage) = session_storage() {
        let _refused_when_full_or_blocked = if text.is_empty() { storage.remove_item(key) } else { storage.set_item(key, text) };
    }
}

/// Forgets everything that was being written under names that begin like this.
pub fn forget_drafts(prefix: &str) {
    let Some(storage) = session_storage() else { return };
    let keys: Vec<String> = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok()?).collect();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        let _refused_when_blocked = storage.remove_item(key);
    }
}

/// Moves the focus to the first element that the selector finds.
pub fn focus(selector: &str) -> bool {
    let found = document().and_then(|document| document.query_selector(selector).ok()?);
    let element = found.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}

/// The same, for what may not be drawn yet: in one of the next frames.
pub fn focus_soon(selector: &'static str) {
    focus_within(selector, FRAMES);
}

/// Frames that a part of the page may take to be there.
const FRAMES: u8 = 10;

fn focus_within(selector: &'static str, frames: u8) {
    if !focus(selector) && frames > 0 {
        leptos::prelude::request_animation_frame(move || focus_within(selector, frames - 1));
    }
}

/// Scrolls the element of this id into view, no farther than needed.
pub fn reveal(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Whether the first element that the selector finds has the focus.
pub fn is_focused(selector: &str) -> bool {
    focused().is_some_and(|focused| focused.matches(selector).unwrap_or(false))
}

/// Clicks the first element that the selector finds.
pub fn press(selector: &str) {
    let found = document().and_then(|document| document.query_selector(selector).ok()?);
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}

/// The files that a paste (`clipboardData`) or a drop (`dataTransfer`) brings, if it brings any.
pub fn given_files(event: &JsValue, carrier: &str) -> Option<FileList> {
    let files = Reflect::get(&Reflect::get(event, &carrier.into()).ok()?, &"files".into()).ok()?;
    files.dyn_into::<FileList>().ok().filter(|files| files.length() > 0)
}

/// Whether something with files in it is dragged: their names come with the drop only.
pub fn carries_files(event: &JsValue) -> bool {
    let types = Reflect::get(event, &"dataTransfer".into()).and_then(|carrier| Reflect::get(&carrier, &"types".into()));
    types.is_ok_and(|types| js_sys::Array::from(&types).includes(&"Files".into(), 0))
}

/// Whether what is dragged goes elsewhere than to another element of the page.
pub fn leaves_window(event: &JsValue) -> bool {
    Reflect::get(event, &"relatedTarget".into()).is_ok_and(|target| target.is_null())
}

/// The focused element.
pub fn focused() -> Option<HtmlElement> {
    document()?.active_element()?.dyn_into().ok()
}

/// Puts a text on the clipboard; whether it got there.
pub async fn copy(text: &str) -> bool {
    // Pages on plain http (other than loopback) have no clipboard at all: reading the missing property gives undefined.
    let Some(navigator) = window().map(|window| window.navigator()) else { return false };
    let clipboard = navigator.clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}
