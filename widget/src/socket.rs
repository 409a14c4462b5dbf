//! The way to the relay: carries out what the link decides on a browser WebSocket, keeps outbox and token in storage, and wakes the
//! link when network or visitor come back. Everything that happens goes into [`State::apply`]; components only call [`Relay`].

use std::cell::RefCell;
use std::rc::Rc;

use shared::SUBPROTOCOL;
use shared::close::BAD_TOKEN;
use shared::frame::{PageView, Read};
use shared::ids::{MessageId, Millis, Seq};
use shared::link::{Action, Emit, Link, Status};
use shared::model::{Contact, Page, Say};
use shared::visitor::{Close, Dialect, FromRelay, Hello, ToRelay, Typing};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use web_sys::{CloseEvent, EventTarget, MessageEvent, WebSocket};

use crate::browser::{self, Handler, Home, handler, listen, now};
use crate::codec;
use crate::state::State;
use crate::typing::Typist;
use crate::view::*;

const TOKEN: &str = "token";
const OUTBOX: &str = "outbox";
/// Read by the loader: there is a conversation to come back to.
const LIVE: &str = "live";
/// Up to where the visitor has read: conversation and seq.
const READ: &str = "read";

/// A cheap handle; all clones are one connection, which lives as long as the page.
#[derive(Clone)]
pub struct Relay(Rc<RefCell<Inner>>);

struct Inner {
    link: Link<Dialect>,
    typist: Typist,
    home: Rc<Home>,
    state: RwSignal<State>,
    open: RwSignal<bool>,
    /// The socket under its number. Its handler is kept with it: a browser must never call a dropped closure.
    socket: Option<(u32, WebSocket, Handler)>,
    timer: Option<i32>,
    on_timer: Option<Handler>,
    /// Messages that this tab put into storage; the outbox there is shared with other tabs.
    mine: Vec<MessageId>,
    /// The page that the relay was told about.
    told_page: Page,
    /// The last read mark that the relay was told on this connection.
    told_read: Seq,
    told_unread: u32,
    told_live: bool,
}

impl Relay {
    /// Reads what is stored. Nothing is sent before [`Relay::start`].
    pub fn new(home: Rc<Home>, open: RwSignal<bool>) -> (Self, RwSignal<State>) {
        let outbox = stored_outbox(&home);
        let state = RwSignal::new(State::new(home.name.clone(), &outbox));
        let seed = browser::fresh_id().0.as_u64_pair().1;
        let inner = Inner {
            mine: outbox.iter().map(|say| say.id).collect(),
            link: Link::new(Dialect::default(), seed, outbox),
            typist: Typist::default(),
            told_live: home.load(LIVE).is_some(),
            home,
            state,
            open,
            socket: None,
            timer: None,
            on_timer: None,
            told_page: Page::default(),
            told_read: 0,
            told_unread: 0,
        };
        (Self(Rc::new(RefCell::new(inner))), state)
    }

    /// Connects, and stays connected until the page goes away.
    pub fn start(&self) {
        let relay = self.clone();
        self.0.borrow_mut().on_timer = Some(handler(move |_| relay.tick()));
        let page = window();
        let relay = self.clone();
        listen(&page, "online", move |_| relay.link(|link| link.wake(now())));
        let relay = self.clone();
        listen(&document(), "visibilitychange", move |_| {
            if browser::is_visible() {
                relay.link(|link| link.wake(now()));
            }
        });
        // Sites that draw their next page by script; a title that comes later is told with whatever happens next.
        if let Ok(navigation) = js_sys::Reflect::get(&page, &"navigation".into())
            && let Some(navigation) = navigation.dyn_ref::<EventTarget>()
        {
            let relay = self.clone();
            listen(navigation, "navigatesuccess", move |_| relay.run());
        }
        // A page that goes into the back-forward cache gives up its socket and comes back as if it had lost it.
        let relay = self.clone();
        listen(&page, "pagehide", move |_| relay.link(Link::stop));
        let relay = self.clone();
        listen(&page, "pageshow", move |_| relay.link(|link| link.restart(now())));
        self.link(|link| link.restart(now()));
    }

    /// Says something; with an address when nobody is there to answer now.
    pub fn say(&self, text: String, email: Option<String>) {
        let contact = email.map(|email| Contact { name: None, email });
        let greeting = self.0.borrow().home.take_greeting();
        let say = Say { contact, greeting, ..Say::text(browser::fresh_id(), None, text) };
        self.0.borrow_mut().typist.sent();
        self.link(|link| link.say(now(), say));
    }

    /// Tells what stands in the composer, when it is time to.
    pub fn typing(&self, draft: &str) {
        self.0.borrow_mut().typist.write(now(), draft);
        self.tick();
    }

    /// Ends the conversation; whether the relay could be asked.
    pub fn end(&self) -> bool {
        let Some((conversation, _)) = self.0.borrow().state.with_untracked(State::head) else { return false };
        let mut asked = false;
        self.link(|link| asked = link.send(ToRelay::Close(Close { id: browser::fresh_id(), conversation })));
        asked
    }

    /// The panel was opened or closed.
    pub fn look(&self) {
        self.run();
    }

    fn link(&self, call: impl FnOnce(&mut Link<Dialect>)) {
        call(&mut self.0.borrow_mut().link);
        self.run();
    }

    fn tick(&self) {
        {
            let inner = &mut *self.0.borrow_mut();
            inner.link.tick(now());
            if let Some(draft) = inner.typist.tick(now()) {
                inner.link.send(ToRelay::Typing(Typing { draft }));
            }
            if inner.state.with_untracked(|state| state.typing.is_some()) {
                inner.state.update(|state| state.tick(now()));
            }
        }
        self.run();
    }

    /// Carries out everything that the link wants, then sets the clock for the next time.
    fn run(&self) {
        loop {
            let action = self.0.borrow_mut().link.poll();
            match action {
                Some(Action::Open(number)) => self.open(number),
                Some(Action::Shut(_)) => self.0.borrow_mut().drop_socket(),
                Some(Action::Write(number, frame)) => self.0.borrow().write(number, &frame),
                Some(Action::Persist(outbox)) => self.0.borrow_mut().persist(outbox),
                Some(Action::Emit(emit)) => self.0.borrow_mut().apply(emit),
                None if self.0.borrow_mut().settle() => {}
                None => break,
            }
        }
        self.0.borrow_mut().wind();
    }

    fn open(&self, number: u32) {
        let mut inner = self.0.borrow_mut();
        inner.drop_socket();
        inner.greet();
        let url = [&inner.home.relay, "/ws/visitor?site=", &inner.home.site].concat();
        let Ok(socket) = WebSocket::new_with_str(&url, SUBPROTOCOL) else {
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

    fn heard(&self, number: u32, event: &JsValue) {
        if let Some(message) = event.dyn_ref::<MessageEvent>() {
            let text = message.data().as_string().unwrap_or_default();
            // A frame that this version does not know is none of its business.
            if let Some(frame) = codec::decode(&text) {
                self.link(|link| link.received(now(), number, frame));
            }
        } else if let Some(close) = event.dyn_ref::<CloseEvent>() {
            self.link(|link| link.closed(now(), number, Some(close.code())));
        } else {
            self.link(|link| link.opened(now(), number));
        }
    }
}

impl Inner {
    /// Brings what `hello` says up to date. Another tab may have become somebody in the meantime.
    fn greet(&mut self) {
        self.told_page = browser::page();
        let stored = self.home.load(TOKEN);
        let hello = &mut self.link.dialect_mut().hello;
        *hello = Hello {
            token: stored.or_else(|| hello.token.take()),
            identity: None,
            resume: None,
            seen: Vec::new(),
            page: Some(self.told_page.clone()),
            locale: window().navigator().language(),
            time_zone: self.home.time_zone.clone(),
        };
    }

    fn write(&self, number: u32, frame: &ToRelay) {
        if let Some((current, socket, _)) = &self.socket
            && *current == number
        {
            // Fails only while the socket is not open; then its close is on the way, and the link says again what matters.
            _ = socket.send_with_str(&codec::encode(frame));
        }
    }

    fn drop_socket(&mut self) {
        // This may run inside the very handler: the glue counts calls and frees it after the last.
        if let Some((_, socket, _on_event)) = self.socket.take() {
            socket.set_onopen(None);
            socket.set_onmessage(None);
            socket.set_onclose(None);
            _ = socket.close();
        }
    }

    fn apply(&mut self, emit: Emit<FromRelay>) {
        match &emit {
            Emit::Status(Status::Refused(BAD_TOKEN)) => return self.greet_anew(),
            Emit::Frame(FromRelay::Welcome(welcome)) => {
                self.told_read = 0;
                if let Some(token) = &welcome.token
                    && !self.take_token(token)
                {
                    return;
                }
            }
            _ => {}
        }
        let restored = self.state.with_untracked(State::head).map(|head| head.0);
        self.state.update(|state| state.apply(now(), emit));
        let latest = self.state.with_untracked(State::head).map(|head| head.0);
        if restored != latest
            && let Some((conversation, seq)) = self.home.load(READ).as_deref().and_then(|text| text.split_once(' '))
            && latest.is_some_and(|latest| codec::write_uuid(latest.0) == conversation)
        {
            self.state.update(|state| state.read_to = seq.parse().unwrap_or(0));
        }
    }

    /// The relay does not know the visitor (any more): greets as a new one, or as whom another tab has become in the meantime, who
    /// says what is still in the outbox.
    fn greet_anew(&mut self) {
        let refused = self.link.dialect_mut().hello.token.take();
        if self.home.load(TOKEN) == refused {
            self.home.keep(TOKEN, None);
        }
        for thread in self.state.with_untracked(State::threads) {
            self.link.unfollow(thread);
        }
        self.link.restart(now());
    }

    /// Keeps a new token. When another tab became somebody first, this one joins it and is greeted again.
    fn take_token(&mut self, token: &str) -> bool {
        let stored = self.home.load(TOKEN);
        let first = stored.is_none();
        if first {
            self.home.keep(TOKEN, Some(token));
        } else {
            // Nothing more may go out under the token that nobody keeps.
            self.drop_socket();
            self.link.stop();
            self.link.restart(now());
        }
        self.link.dialect_mut().hello.token = Some(stored.unwrap_or_else(|| token.to_owned()));
        first
    }

    /// The outbox in storage is shared: only this tab's own messages are replaced.
    fn persist(&mut self, outbox: Vec<Say>) {
        let mut all = stored_outbox(&self.home);
        all.retain(|say| !self.mine.contains(&say.id));
        self.mine.extend(outbox.iter().map(|say| say.id));
        all.extend(outbox);
        let text = (!all.is_empty()).then(|| codec::write_outbox(&all));
        self.home.keep(OUTBOX, text.as_deref());
    }

    /// After all was applied: read mark, badge and the loader's flag follow the state. Whether the link has work again.
    fn settle(&mut self) -> bool {
        let (head, live, read_to) = self.state.with_untracked(|state| (state.head(), state.is_live(), state.read_to));
        if self.told_live != live {
            self.told_live = live;
            self.home.keep(LIVE, live.then_some("1"));
        }
        let page = browser::page();
        let mut wrote = page != self.told_page && self.link.send(ToRelay::Page(PageView { page: page.clone() }));
        if wrote {
            self.told_page = page;
        }
        if let Some((conversation, seq)) = head.filter(|&(_, seq)| seq > 0)
            && self.open.get_untracked()
            && browser::is_visible()
        {
            if seq > self.told_read && self.link.send(ToRelay::Read(Read { conversation, seq })) {
                self.told_read = seq;
                wrote = true;
            }
            if seq > read_to {
                self.state.update(|state| state.read_to = seq);
                self.home.keep(READ, Some(&[&codec::write_uuid(conversation.0), " ", &seq.to_string()].concat()));
            }
        }
        let unread = self.state.with_untracked(State::unread);
        if self.told_unread != unread {
            self.told_unread = unread;
            self.home.announce("unread", unread.into());
        }
        wrote
    }

    /// Sets the one timer to the earliest deadline.
    fn wind(&mut self) {
        let typing = self.state.with_untracked(|state| state.typing.as_ref().map(|typing| typing.1));
        let deadline = [self.link.deadline(), self.typist.deadline(), typing].into_iter().flatten().min();
        if let Some(timer) = self.timer.take() {
            window().clear_timeout_with_handle(timer);
        }
        if let (Some(deadline), Some(on_timer)) = (deadline, &self.on_timer) {
            let delay = (deadline - now()).clamp(0, Millis::from(i32::MAX)) as i32;
            let call = on_timer.as_ref().unchecked_ref();
            self.timer = window().set_timeout_with_callback_and_timeout_and_arguments_0(call, delay).ok();
        }
    }
}

fn stored_outbox(home: &Home) -> Vec<Say> {
    home.load(OUTBOX).map(|text| codec::read_outbox(&text)).unwrap_or_default()
}
