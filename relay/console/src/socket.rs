//! The live connection: drives `shared::link` with a browser WebSocket, timers and storage, and hands what it emits to the desk.
//! The only file that touches the socket. Views act through [`Live`].

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use shared::SUBPROTOCOL;
use shared::agent::{Active, Dialect, Oversee, SetPresence, ToRelay, Typing};
use shared::close;
use shared::ids::{AgentId, ConversationId, MessageId, Millis};
use shared::link::{Action, Emit, Link};
use shared::model::{Away, Presence, Say};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

use crate::bell;
use crate::browser;
use crate::lean;
use crate::state::{Desk, Order};
use crate::verbs::{Problem, Verb};

/// Moves clocks and lapses drafts.
pub const TICK: Duration = Duration::from_secs(1);

/// Least time between two words of somebody using the console, in ms.
const TOUCHES: Millis = 60_000;

/// The live console, in context: the desk to read and the connection to act on. `Copy`: every copy is the same.
#[derive(Clone, Copy)]
pub struct Live {
    /// What is known.
    pub desk: Desk,
    driver: StoredValue<Rc<RefCell<Driver>>, LocalStorage>,
}

struct Driver {
    link: Link<Dialect>,
    socket: Option<Wire>,
    timer: Option<TimeoutHandle>,
    /// Every message of the outbox has its own key under this prefix, so that two tabs of one agent share the storage without
    /// overwriting each other. A message that two tabs send is still one: its id is the same.
    prefix: String,
    stored: HashSet<MessageId>,
}

/// A socket with its listeners, which live as long as it.
struct Wire {
    number: u32,
    socket: WebSocket,
    _opened: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Drop for Wire {
    /// A socket outlives its value by its closing handshake: it must not call listeners that are gone.
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _closed_already = self.socket.close();
    }
}

impl Live {
    /// Connects as this agent, for as long as the current owner lives.
    pub fn start(me: AgentId) -> Self {
        let desk = Desk::new();
        let prefix = format!("bulle.outbox.{me}.");
        let outbox = kept_outbox(&prefix);
        let stored = outbox.iter().map(|say| say.id).collect();
        let link = Link::new(Dialect::default(), u64::from_le_bytes(browser::random()), outbox.clone());
        let driver = Rc::new(RefCell::new(Driver { link, socket: None, timer: None, prefix, stored }));
        let live = Self { desk, driver: StoredValue::new_local(driver) };
        desk.clock.set(browser::now());
        for say in outbox {
            desk.apply(Emit::Pending(say), browser::now());
        }

        let online = window_event_listener(ev::online, move |_| live.wake());
        let visible = window_event_listener(ev::visibilitychange, move |_| {
            if browser::is_visible() {
                live.wake();
            }
        });
        // A page that rests in the back/forward cache is a closed console: whoever has it is told by other means, and given no chats.
        let rests = StoredValue::new(false);
        let leaving = window_event_listener_untyped("pagehide", move |_| {
            live.release_all();
            live.stop();
            rests.set_value(true);
        });
        let returning = window_event_listener_untyped("pageshow", move |_| {
            if rests.get_value() {
                rests.set_value(false);
                live.drive(|link| link.restart(browser::now()));
            }
        });
        // Whatever touches the console says that somebody is there.
        let touched = StoredValue::new(browser::now());
        let touches = move || {
            let now = browser::now();
            if now - touched.get_value() >= TOUCHES && live.write(ToRelay::Active(Active {})) {
                touched.set_value(now);
            }
        };
        let keys = window_event_listener(ev::keydown, move |_| touches());
        let pointer = window_event_listener(ev::pointermove, move |_| touches());
        let press = window_event_listener(ev::pointerdown, move |_| touches());
        let ticking = set_interval_with_handle(move || desk.tick(browser::now()), TICK).ok();
        on_cleanup(move || {
            leaving.remove();
            returning.remove();
            live.stop();
            online.remove();
            visible.remove();
            for listener in [keys, pointer, press] {
                listener.remove();
            }
            if let Some(ticking) = ticking {
                ticking.clear();
            }
        });
        live.drive(|link| link.restart(browser::now()));
        live
    }

    /// The network may be back: tries at once.
    pub fn wake(self) {
        self.drive(|link| link.wake(browser::now()));
    }

    fn stop(self) {
        self.drive(Link::stop);
        if let Some(driver) = self.driver.try_get_value()
            && let Some(timer) = driver.borrow_mut().timer.take()
        {
            timer.clear();
        }
    }

    /// Asks the relay to do something to a conversation.
    pub fn ask(self, conversation: ConversationId, verb: Verb) {
        // A message that is held back was written before this was asked.
        self.release(conversation);
        let id = browser::new_id();
        // Noted first: the answer must find it.
        self.desk.asked(id, conversation, verb);
        if !self.write(verb.frame(id, conversation))
            && let Some(row) = self.desk.row(conversation)
        {
            row.doing.set(None);
            row.problem.set(Some(Problem::Offline));
        }
    }

    /// Asks for another presence; `away`: why.
    pub fn set_presence(self, presence: Presence, away: Option<Away>) {
        let id = browser::new_id();
        self.desk.asked_presence(id, presence);
        if !self.write(ToRelay::Presence(SetPresence { id, presence, away })) {
            self.desk.wanted.set(None);
            self.desk.presence_problem.set(Some(Problem::Offline));
        }
    }

    /// Says something; it is kept until the relay has it.
    pub fn say(self, say: Say) {
        let mentions = if say.note { self.desk.named_in(&say.text) } else { Vec::new() };
        self.drive(|link| link.say(browser::now(), Say { mentions, ..say }));
    }

    /// Whispers to the agent who has the chat.
    pub fn whisper(self, conversation: ConversationId, text: String) {
        self.say(Say { note: true, whisper: true, ..Say::text(browser::new_id(), Some(conversation), text) });
    }

    /// Tells that somebody writes, or stopped; a note only colleagues.
    pub fn typing(self, conversation: ConversationId, on: bool, note: bool) {
        self.write(ToRelay::Typing(Typing { conversation, on, note }));
    }

    /// Lists what others have, from now on, or no more.
    pub fn oversee(self, on: bool) {
        self.write(ToRelay::Oversee(Oversee { id: browser::new_id(), on }));
    }

    /// Opens a conversation, or none.
    pub fn open(self, id: Option<ConversationId>) {
        let orders = self.desk.show_thread(id);
        self.carry_out(orders);
        self.pump();
        self.look();
    }

    /// Tells the relay what is in view.
    pub fn show(self) {
        self.carry_out(vec![self.desk.show()]);
        self.pump();
    }

    /// Marks the open conversation as read, if somebody is there to read it.
    pub fn look(self) {
        if browser::is_visible()
            && let Some(order) = self.desk.look()
        {
            if let Order::Send(ToRelay::Read(read)) = &order {
                bell::read(read.conversation, read.seq);
            }
            self.carry_out(vec![order]);
            self.pump();
        }
    }

    /// Writes a frame; whether there is a connection for it.
    pub(crate) fn write(self, frame: ToRelay) -> bool {
        self.drive(|link| link.send(frame)).unwrap_or(false)
    }

    /// Gives the link something to do and carries out what follows.
    fn drive<T>(self, act: impl FnOnce(&mut Link<Dialect>) -> T) -> Option<T> {
        let driver = self.driver.try_get_value()?;
        let result = act(&mut driver.borrow_mut().link);
        self.pump();
        Some(result)
    }

    fn pump(self) {
        let Some(driver) = self.driver.try_get_value() else { return };
        loop {
            let action = driver.borrow_mut().link.poll();
            match action {
                None => break,
                Some(Action::Open(number)) => {
                    let socket = self.connect(number);
                    match socket {
                        Some(socket) => driver.borrow_mut().socket = Some(socket),
                        None => driver.borrow_mut().link.closed(browser::now(), number, None),
                    }
                }
                Some(Action::Shut(number)) => {
                    driver.borrow_mut().socket.take_if(|socket| socket.number == number);
                }
                Some(Action::Write(number, frame)) => {
                    let driver = driver.borrow();
                    if let Some(wire) = driver.socket.as_ref().filter(|wire| wire.number == number) {
                        let _a_broken_socket_reports_its_end = wire.socket.send_with_str(&frame.encode());
                    }
                }
                Some(Action::Persist(outbox)) => driver.borrow_mut().persist(&outbox),
                Some(Action::Emit(event)) => {
                    let orders = self.desk.apply(event, browser::now());
                    self.carry_out(orders);
                }
            }
        }
        self.schedule(&driver);
    }

    /// Passes the desk's orders to the link; `pump` then does what follows.
    fn carry_out(self, orders: Vec<Order>) {
        let Some(driver) = self.driver.try_get_value() else { return };
        let link = &mut driver.borrow_mut().link;
        for order in orders {
            match order {
                Order::Follow(conversation, head) => link.follow(browser::now(), conversation, head),
                Order::Unfollow(conversation) => link.unfollow(conversation),
                Order::Send(frame) => {
                    link.send(frame);
                }
            }
        }
    }

    fn schedule(self, driver: &Rc<RefCell<Driver>>) {
        let mut driver = driver.borrow_mut();
        if let Some(timer) = driver.timer.take() {
            timer.clear();
        }
        driver.timer = driver.link.deadline().and_then(|at| {
            let pause = Duration::from_millis(u64::try_from(at - browser::now()).unwrap_or(0));
            set_timeout_with_handle(
                move || {
                    self.drive(|link| link.tick(browser::now()));
                },
                pause,
            )
            .ok()
        });
    }

    fn connect(self, number: u32) -> Option<Wire> {
        let location = browser::window()?.location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let address = format!("{scheme}://{}/ws/agent", location.host().ok()?);
        let socket = WebSocket::new_with_str(&address, SUBPROTOCOL).ok()?;
        let opened = Closure::new(move |_: Event| {
            self.drive(|link| link.opened(browser::now(), number));
        });
        let message = Closure::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string()
                && let Some(frame) = lean::frame(&text)
            {
                self.drive(|link| link.received(browser::now(), number, frame));
            }
        });
        let closed = Closure::new(move |event: CloseEvent| {
            let code = Some(event.code()).filter(|code| *code != NO_CLOSE_FRAME);
            self.drive(|link| link.closed(browser::now(), number, code));
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Some(Wire { number, socket, _opened: opened, _message: message, _closed: closed })
    }
}

/// What browsers report when no close frame came (RFC 6455 §7.1.5).
const NO_CLOSE_FRAME: u16 = 1006;

/// Whether a refusal means that nobody is signed in any more.
pub fn is_signed_out(code: u16) -> bool {
    code == close::BAD_TOKEN
}

impl Driver {
    fn persist(&mut self, outbox: &[Say]) {
        for say in outbox {
            if self.stored.insert(say.id)
                && let Ok(json) = serde_json::to_string(say)
            {
                browser::keep(&format!("{}{}", self.prefix, say.id), &json);
            }
        }
        let prefix = &self.prefix;
        self.stored.retain(|id| {
            let waits = outbox.iter().any(|say| say.id == *id);
            if !waits {
                browser::forget(&format!("{prefix}{id}"));
            }
            waits
        });
    }
}

/// The messages that an earlier page left behind, oldest first: their ids sort by time.
fn kept_outbox(prefix: &str) -> Vec<Say> {
    let Some(storage) = browser::storage() else { return Vec::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok()?);
    let texts = keys.filter(|key| key.starts_with(prefix)).filter_map(|key| storage.get_item(&key).ok()?);
    let mut outbox: Vec<Say> = texts.filter_map(|text| lean::read(&text).ok()).collect();
    outbox.sort_unstable_by_key(|say| say.id);
    outbox
}
