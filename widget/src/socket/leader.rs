//! The panel among the other tabs of its browser: comes, goes, and does what [`Tabs`](crate::tabs::Tabs) decides.

use shared::link::{Action, Link};
use shared::visitor::Dialect;
use wasm_bindgen::prelude::JsValue;

use super::channel::Channel;
use super::kept::{place_of, stored_outbox};
use super::{Inner, Relay, fresh_seed};
use crate::browser::{self, now};
use crate::composer::DRAFT;
use crate::news::News;
use crate::state::State;
use crate::tabs::Step;
use crate::typing::Typist;
use crate::view::*;

impl Relay {
    /// Joins the other tabs, if it has not.
    pub(super) fn join(&self) {
        {
            let inner = &mut *self.0.borrow_mut();
            if inner.tabs.has_joined() {
                return;
            }
            inner.tabs.join();
            if !inner.channel.as_mut().is_some_and(Channel::join) {
                inner.tabs.lead();
            }
        }
        self.link(|link| link.restart(now()));
    }

    /// Leaves them, and the relay.
    pub(super) fn leave(&self) {
        self.link(Link::stop);
        self.0.borrow_mut().tabs.leave();
        self.run();
        if let Some(channel) = &mut self.0.borrow_mut().channel {
            channel.leave();
        }
    }

    pub(super) fn granted(&self, release: JsValue) {
        {
            let inner = &mut *self.0.borrow_mut();
            if inner.channel.as_mut().is_some_and(|channel| channel.holds(release)) {
                inner.tabs.lead();
            }
        }
        self.go_on();
    }

    /// The browser settles its promises after the end, too: then there is nothing to go on with.
    fn go_on(&self) {
        if !self.has_ended() {
            self.run();
        }
    }

    pub(super) fn ended(&self, error: &JsValue) {
        {
            let inner = &mut *self.0.borrow_mut();
            match inner.channel.as_mut().and_then(|channel| channel.ended(error)) {
                Some(true) => inner.tabs.lose(),
                Some(false) => inner.tabs.lead(),
                None => {}
            }
        }
        self.go_on();
    }

    pub(super) fn heard_tab(&self, event: &JsValue) {
        if let Some(text) = browser::property(event, "data") {
            let inner = &mut *self.0.borrow_mut();
            inner.tabs.heard(now(), &text);
            // Timers of tabs in the background run late, messages do not: whoever asks for the leader keeps its clock going.
            inner.link.tick(now());
        }
        self.run();
    }

    /// Another tab has written to storage.
    pub(super) fn reread(&self) {
        self.0.borrow_mut().recall();
        self.run();
    }
}

impl Inner {
    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Post(text) => {
                if let Some(channel) = &self.channel {
                    channel.post(&text);
                }
            }
            Step::Steal => {
                if let Some(channel) = &mut self.channel {
                    channel.steal();
                }
            }
            Step::Send(text) => {
                if let Some((_, socket, _)) = &self.socket {
                    // Fails only while the socket is not open; then its close is on the way, and the link says again what matters.
                    _ = socket.send_with_str(&text);
                }
            }
            Step::Opened(number) => self.link.opened(now(), number),
            Step::Closed(number, code) => self.link.closed(now(), number, code),
            Step::Frame(number, text) => self.receive(number, &text),
            Step::Anew => self.anew(),
            Step::Identify(identity) => {
                self.home.identity.replace(Some(identity));
                self.anew();
            }
            Step::Forget => self.forget(),
            Step::Wake => self.link.wake(now()),
            Step::Adopt => {
                for say in stored_outbox(&self.home) {
                    self.link.say(now(), say);
                }
            }
            Step::Shut => self.drop_socket(),
            // Carried out by `run`, which can give the socket its handler.
            Step::Open(_) => {}
            Step::Ring => self.ring(),
        }
    }

    pub(super) fn anew(&mut self) {
        self.link.stop();
        self.link.restart(now());
    }

    /// Somebody has logged out in another tab: whoever comes next is nobody yet.
    pub(super) fn forget(&mut self) {
        for id in std::mem::take(&mut self.kept) {
            self.home.keep(&place_of(id), None);
        }
        self.link.stop();
        // Closes the socket, and tells that it has.
        while let Some(action) = self.link.poll() {
            if matches!(action, Action::Shut(_)) {
                self.tabs.shut();
            }
        }
        self.link = Link::new(Dialect::default(), fresh_seed(), Vec::new());
        self.typist = Typist::default();
        self.news = News::default();
        self.home.identity.take();
        self.open.set(false);
        self.state.set(State::new(self.home.name.clone(), &[], Vec::new()));
        self.home.keep_for_tab(DRAFT, None);
        self.home.empty_field();
        self.link.restart(now());
    }
}
