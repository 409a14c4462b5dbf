//! The way to the relay: carries out what the link decides on a browser WebSocket, or through the tab that has one ([`Tabs`]), keeps
//! outbox and token in storage, and wakes the link when network or visitor come back. Everything that happens goes into
//! [`State::apply`]; components only call [`Relay`].

mod channel;
mod kept;
mod leader;
mod requests;
mod settle;
mod wire;

use std::cell::RefCell;
use std::rc::Rc;

use shared::close::BAD_TOKEN;
use shared::ids::{MessageId, Millis, Seq};
use shared::link::{Action, Emit, Link, Status};
use shared::model::Page;
use shared::visitor::{Dialect, FromRelay, Hello, ToRelay, Typing};
use wasm_bindgen::JsCast;
use web_sys::{EventTarget, WebSocket};

use crate::browser::{self, Handler, Home, handler, listen, now};
use crate::codec;
use crate::news::{self, News};
use crate::socket::channel::Channel;
use crate::socket::kept::stored_outbox;
use crate::socket::requests::Asked;
use crate::state::State;
use crate::tabs::{Sight, Step, Tabs};
use crate::typing::Typist;
use crate::view::*;

const TOKEN: &str = "token";
/// Read by the loader: there is a conversation to come back to.
const LIVE: &str = "live";
/// Up to where the visitor has read: conversation and seq.
const READ: &str = "read";

/// How long after its address a page may set its title.
const TITLE_TIME: Millis = 300;

/// A cheap handle; all clones are one connection, which lives until [`Relay::stop`].
#[derive(Clone)]
pub struct Relay(Rc<RefCell<Inner>>);

struct Inner {
    link: Link<Dialect>,
    tabs: Tabs,
    /// Nothing where tabs cannot share: each works alone.
    channel: Option<Channel>,
    typist: Typist,
    home: Rc<Home>,
    state: RwSignal<State>,
    open: RwSignal<bool>,
    /// The socket under its number. Its handler is kept with it: a browser must never call a dropped closure.
    socket: Option<(u32, WebSocket, Handler)>,
    timer: Option<i32>,
    on_timer: Option<Handler>,
    /// The link's outbox as it stands in storage.
    kept: Vec<MessageId>,
    /// The page that the relay was told about.
    told_page: Page,
    /// The last read mark that the relay was told on this connection.
    told_read: Seq,
    told_unread: u32,
    told_live: bool,
    /// When to look whether the page has changed.
    look_at: Option<Millis>,
    /// What a module waits to hear.
    asked: Option<Asked>,
    news: News,
}

impl Relay {
    /// Reads what is stored. Nothing is sent before [`Relay::start`].
    pub fn new(home: Rc<Home>, open: RwSignal<bool>) -> (Self, RwSignal<State>) {
        let outbox = stored_outbox(&home);
        let state = RwSignal::new(State::new(
            home.name.clone(),
            &outbox,
            outbox.iter().filter_map(|say| requests::uploaded(&home, say)).collect(),
        ));
        let inner = Inner {
            tabs: Tabs::new(codec::write_uuid(browser::fresh_id().0), Sight::Hidden),
            channel: None,
            kept: outbox.iter().map(|say| say.id).collect(),
            link: Link::new(Dialect::default(), fresh_seed(), outbox),
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
            look_at: None,
            asked: None,
            news: News::default(),
        };
        (Self(Rc::new(RefCell::new(inner))), state)
    }

    /// Connects, and stays connected until the page goes away; done once.
    pub fn start(&self) {
        if self.0.borrow().on_timer.is_some() {
            return;
        }
        let relay = self.clone();
        self.0.borrow_mut().on_timer = Some(handler(move |_| relay.tick()));
        let (lock, end, word) = (self.clone(), self.clone(), self.clone());
        let on_lock = handler(move |release| lock.granted(release));
        let on_end = handler(move |error| end.ended(&error));
        let on_word = handler(move |event| word.heard_tab(&event));
        let home = self.0.borrow().home.clone();
        if home.is_kept() {
            self.0.borrow_mut().channel = Channel::new(home.key("tabs"), on_lock, on_end, on_word);
        }
        let page: &EventTarget = &window();
        let document: &EventTarget = &document();
        for (target, name, returns) in
            [(page, "online", false), (document, "visibilitychange", false), (page, "pageshow", true), (document, "resume", true)]
        {
            let relay = self.clone();
            listen(target, name, move |_| relay.awaken(returns));
        }
        // A page that goes to sleep gives up lock, channel and socket: browsers keep none that holds them, or keep it half dead.
        for (target, name) in [(page, "pagehide"), (document, "freeze")] {
            let relay = self.clone();
            listen(target, name, move |_| relay.leave());
        }
        let relay = self.clone();
        listen(page, "storage", move |_| relay.reread());
        // Sites that draw their next page by script. Where the browser does not tell of it, a click is what most often leads there.
        let navigation = js_sys::Reflect::get(page, &"navigation".into()).ok();
        let signs = match navigation.as_ref().and_then(JsCast::dyn_ref::<EventTarget>) {
            Some(navigation) => vec![(navigation, "currententrychange")],
            None => vec![(page, "click"), (page, "popstate"), (page, "hashchange")],
        };
        for (target, name) in signs {
            let relay = self.clone();
            listen(target, name, move |_| relay.look_soon());
        }
        self.join();
    }

    /// Network or visitor may have come back, or the page itself `returns`. One that goes becomes invisible last of all, and stays away.
    fn awaken(&self, returns: bool) {
        let visible = browser::is_visible();
        if visible || returns {
            self.join();
        }
        if visible {
            // Whatever page another tab has told meanwhile, the visitor looks at this one.
            self.0.borrow_mut().told_page = Page::default();
            self.link(|link| link.wake(now()));
        } else {
            self.run();
        }
    }

    /// Ends the connection and everything that would wake it; done once, and last. Other tabs forget the visitor, too.
    pub fn stop(&self) {
        self.0.borrow_mut().tabs.forget();
        self.leave();
        let inner = &mut *self.0.borrow_mut();
        // What tells of unread messages on the page hears that there are none.
        inner.state.set(State::new(inner.home.name.clone(), &[], Vec::new()));
        inner.on_timer = None;
        inner.wind();
    }

    /// Whether it was stopped, or has not begun.
    fn has_ended(&self) -> bool {
        self.0.borrow().on_timer.is_none()
    }

    /// Greets anew, as whoever the page says the visitor is.
    pub fn greet_again(&self) {
        {
            let inner = &mut *self.0.borrow_mut();
            if inner.tabs.leads() {
                inner.anew();
            } else if let Some(identity) = inner.home.identity.take() {
                inner.tabs.identify(&identity);
            }
        }
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
            inner.tabs.tick(now());
            inner.look_at = inner.look_at.filter(|&at| at > now());
            if let Some(draft) = inner.typist.tick(now()) {
                inner.link.send(ToRelay::Typing(Typing { draft }));
            }
            if inner.state.with_untracked(|state| state.deadline().is_some_and(|at| at <= now())) {
                inner.state.update(|state| state.tick(now()));
            }
        }
        self.run();
    }

    /// Carries out everything that link and tabs want, then sets the clock for the next time.
    fn run(&self) {
        loop {
            let action = self.0.borrow_mut().link.poll();
            if let Some(action) = action {
                self.0.borrow_mut().act(action);
                continue;
            }
            let step = self.0.borrow_mut().tabs.poll();
            match step {
                Some(Step::Open(number)) => self.open(number),
                Some(step) => self.0.borrow_mut().take(step),
                None if self.0.borrow_mut().settle() => {}
                None => break,
            }
        }
        self.0.borrow_mut().wind();
    }
}

impl Inner {
    /// Brings what `hello` says up to date. Another tab may have become somebody in the meantime. Who greets through another tab is
    /// whoever that one is.
    fn greet(&mut self) {
        self.told_page = self.home.page();
        let stored = self.home.load(TOKEN);
        let hello = &mut self.link.dialect_mut().hello;
        *hello = Hello {
            token: stored.or_else(|| hello.token.take()),
            identity: self.home.identity.borrow().clone(),
            resume: self.home.resume.borrow().clone(),
            seen: Vec::new(),
            page: Some(self.told_page.clone()),
            locale: window().navigator().language(),
            time_zone: self.home.time_zone(),
        };
    }

    fn act(&mut self, action: Action<ToRelay, FromRelay>) {
        match action {
            Action::Open(number) => {
                self.greet();
                self.tabs.open(now(), number);
            }
            Action::Shut(_) => self.tabs.shut(),
            Action::Write(number, mut frame) => {
                if let ToRelay::Hello(hello) = &mut frame
                    && !self.tabs.leads()
                {
                    hello.token = None;
                    if let Some(identity) = hello.identity.take() {
                        self.home.identity.take();
                        self.tabs.identify(&identity);
                    }
                }
                self.tabs.write(number, codec::encode(&frame));
            }
            Action::Persist(outbox) => self.persist(&outbox),
            Action::Emit(emit) => {
                match &emit {
                    Emit::Status(status) => self.tabs.stands(*status),
                    Emit::Frame(FromRelay::Pong(_)) => self.tabs.beat(),
                    _ => {}
                }
                self.apply(emit);
            }
        }
    }

    fn receive(&mut self, number: u32, text: &str) {
        // A frame that this version does not know is none of its business.
        if let Some(frame) = codec::decode(text) {
            self.link.received(now(), number, frame);
        }
    }

    fn apply(&mut self, emit: Emit<FromRelay>) {
        match &emit {
            Emit::Status(Status::Refused(BAD_TOKEN)) => return self.greet_anew(),
            Emit::Status(status) => news::refused(&self.home, *status),
            Emit::Frame(FromRelay::Welcome(welcome)) => {
                self.told_read = 0;
                // Each was exchanged for a token, and is not good for long.
                let resumed = self.home.resume.take().is_some();
                let vouched = self.home.identity.take().is_some() || resumed;
                self.news.greeted(welcome.now, welcome.thread.as_ref());
                if let Some(token) = &welcome.token
                    && !self.take_token(token, vouched)
                {
                    return;
                }
            }
            // It may have been written by another tab, or on a page before this one.
            Emit::Pending(say) => {
                if let Some(file) = requests::uploaded(&self.home, say) {
                    self.state.update(|state| state.know(file));
                }
            }
            Emit::Sent(say, _) | Emit::Failed(say, _) => {
                if let Some(file) = say.file {
                    requests::forget(&self.home, file);
                }
            }
            _ => {}
        }
        self.asked.take_if(|asked| asked.hears(&emit));
        let restored = self.state.with_untracked(State::head).map(|head| head.0);
        self.state.update(|state| state.apply(now(), emit));
        let latest = self.state.with_untracked(State::head).map(|head| head.0);
        if restored != latest {
            self.recall();
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

    /// Sets the one timer to the earliest deadline.
    fn wind(&mut self) {
        let lapse = self.state.with_untracked(State::deadline);
        let deadline =
            [self.link.deadline(), self.tabs.deadline(), self.typist.deadline(), lapse, self.look_at].into_iter().flatten().min();
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

fn fresh_seed() -> u64 {
    browser::fresh_id().0.as_u64_pair().1
}
