//! The socket itself: opened, heard, and dropped. When, the link decides. Where WebSockets do not pass, it is none, but looks like one.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::{Inner, Relay};
use crate::browser::{handler, now};

// Defined in `glue.js`.
#[wasm_bindgen]
extern "C" {
    /// A WebSocket, or what does the same another way, as the place in storage and the attempts before this one tell.
    #[wasm_bindgen(catch, js_name = bulleSocket)]
    fn connect(url: &str, place: &str) -> Result<WebSocket, JsValue>;
}

impl Relay {
    pub(super) fn open(&self, number: u32) {
        let mut inner = self.0.borrow_mut();
        inner.drop_socket();
        let ticket = inner.home.ticket.as_deref().map_or([""; 2], |ticket| ["&ticket=", ticket]).concat();
        let url = [&inner.home.relay, "/ws/visitor?site=", &inner.home.site, &ticket].concat();
        let Ok(socket) = connect(&url, &inner.home.key("events")) else {
            inner.link.closed(now(), number, None);
            return;
        };
        let relay = self.clone();
        let on_event = handler(move |event| relay.heard(number, &event));
        let function = Some(on_event.as_ref().unchecked_ref());
        socket.set_onopen(function);
        socket.set_onmessage(function);
        socket.set_onclose(function);
        inner.socket = Some((number, socket, on_event));
    }

    pub(super) fn heard(&self, number: u32, event: &JsValue) {
        if let Some(message) = event.dyn_ref::<MessageEvent>() {
            let text = message.data().as_string().unwrap_or_default();
            self.0.borrow_mut().tabs.frame(&text);
            self.0.borrow_mut().receive(number, &text);
            self.run();
        } else if let Some(close) = event.dyn_ref::<CloseEvent>() {
            self.link(|link| link.closed(now(), number, Some(close.code())));
        } else {
            self.link(|link| link.opened(now(), number));
        }
    }
}

impl Inner {
    pub(super) fn drop_socket(&mut self) {
        // This may run inside the very handler: the glue counts calls and frees it after the last.
        if let Some((_, socket, _on_event)) = self.socket.take() {
            socket.set_onopen(None);
            socket.set_onmessage(None);
            socket.set_onclose(None);
            _ = socket.close();
        }
    }
}
