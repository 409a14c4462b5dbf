//! What tabs of one browser share: a lock, which one of them holds, and a channel, on which they talk. The driver asks for both when
//! its page comes and gives both up when it goes; who leads is decided by [`Tabs`](crate::tabs::Tabs).

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, BroadcastChannel};

use crate::browser::{Handler, property};
use crate::view::window;

#[wasm_bindgen]
extern "C" {
    /// `LockManager`; web-sys has it only among its unstable parts.
    type Locks;

    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, options: &Object, granted: &Function) -> Result<Promise, JsValue>;
}

/// Lock and channel of one panel. Its handlers live as long as the page: promises that the browser holds may call them at any time.
pub struct Channel {
    name: String,
    locks: Locks,
    /// Called by the browser when the lock is granted: returns something that is settled when the lock is to be given back.
    granted: Function,
    on_end: Handler,
    on_word: Handler,
    _on_lock: Handler,
    /// The channel while the tab is among the others, and what withdraws its wish for the lock.
    joined: Option<(BroadcastChannel, AbortController)>,
    /// Gives the lock back; at hand while this tab holds it.
    release: Option<Function>,
}

impl Channel {
    /// `on_lock` is called with a function that gives the lock back, once it is granted; `on_end` with an error when it is taken away, when
    /// the wish for it was withdrawn, and when there can be none; `on_word` with the event of each message.
    /// Nothing where the browser has no locks.
    pub fn new(name: String, on_lock: Handler, on_end: Handler, on_word: Handler) -> Option<Self> {
        let locks = Reflect::get(&window().navigator(), &"locks".into()).ok().filter(JsValue::is_object)?;
        // The browser waits for whatever `granted` returns. `valueOf`, bound to an object with a method `then`, returns that, and the browser
        // calls `then` with the function that settles it: so one type of closure does for all.
        let then = Object::new();
        Reflect::set(&then, &"then".into(), on_lock.as_ref()).ok()?;
        let value_of: Function = Reflect::get(&then, &"valueOf".into()).ok()?.dyn_into().ok()?;
        let granted = value_of.bind0(&then);
        Some(Self {
            name,
            locks: locks.unchecked_into(),
            granted,
            on_end,
            on_word,
            _on_lock: on_lock,
            joined: None,
            release: None,
        })
    }

    /// Opens the channel and gets into the queue for the lock; whether that can be.
    pub fn join(&mut self) -> bool {
        let (Ok(channel), Ok(abort)) = (BroadcastChannel::new(&self.name), AbortController::new()) else { return false };
        channel.set_onmessage(Some(self.on_word.as_ref().unchecked_ref()));
        self.joined = Some((channel, abort));
        self.queue()
    }

    /// Gives everything back.
    pub fn leave(&mut self) {
        if let Some((channel, abort)) = self.joined.take() {
            channel.close();
            abort.abort();
        }
        self.give_back();
    }

    /// Says something to all other tabs.
    pub fn post(&self, text: &str) {
        if let Some((channel, _)) = &self.joined {
            // Fails for nothing but a closed channel and what cannot be copied.
            _ = channel.post_message(&text.into());
        }
    }

    /// Takes the lock, whoever has it.
    pub fn steal(&mut self) {
        if let Some((_, abort)) = &mut self.joined {
            abort.abort();
            if let Ok(fresh) = AbortController::new() {
                *abort = fresh;
            }
            self.request("steal", &JsValue::TRUE);
        }
    }

    /// The lock was granted; whether this tab still wants it.
    pub fn holds(&mut self, release: JsValue) -> bool {
        self.release = release.dyn_into().ok();
        if self.joined.is_none() {
            self.give_back();
        }
        self.joined.is_some()
    }

    /// The lock, or the wish for it, has come to an end. `Some(true)`: it was taken away. `Some(false)`: there are no locks here.
    pub fn ended(&mut self, error: &JsValue) -> Option<bool> {
        self.joined.as_ref()?;
        let lost = self.release.take().is_some();
        if lost {
            self.queue();
        }
        (lost || property(error, "name").as_deref() != Some("AbortError")).then_some(lost)
    }

    fn queue(&self) -> bool {
        self.joined.as_ref().is_some_and(|(_, abort)| self.request("signal", &abort.signal()))
    }

    fn request(&self, option: &str, value: &JsValue) -> bool {
        let options = Object::new();
        // Setting a property of a fresh object cannot fail.
        _ = Reflect::set(&options, &option.into(), value);
        self.locks.request(&self.name, &options, &self.granted).map(|promise| promise.catch(&self.on_end)).is_ok()
    }

    fn give_back(&mut self) {
        if let Some(release) = self.release.take() {
            // Settles a promise, which cannot fail.
            _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}
