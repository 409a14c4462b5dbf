//! What the panel knows: the lines of the log, the thread, the connection. [`State::apply`] is the only way in which it learns from
//! the relay; components read it through one signal ([`Chat`]). Pure but for `Chat`, so that it is tested without a browser.

mod notice;
mod offers;
mod unread;

use std::rc::Rc;
use std::sync::Arc;

use shared::close::ErrorCode;
use shared::frame::Ack;
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::link::{Emit, Status};
use shared::model::{
    Answer, Author, Body, CloseReason, EDIT_WITHIN, Entry, Event, File, Menu, Panel, Say, State as Stand, Thread,
};
use shared::visitor::FromRelay;

use wasm_bindgen::JsValue;
use web_sys::HtmlTextAreaElement;

use crate::browser::Home;
use crate::codec::UNKNOWN;
use crate::i18n::Texts;
use crate::lines::{Line, Mark, PENDING, What};
use crate::socket::Relay;
use crate::view::{LocalStorage, RwSignal, StoredValue};

pub use notice::Notice;
pub use offers::Deed;

/// An agent who says nothing more about typing has stopped (protocol: lapses after 6 s).
const TYPING_LAPSES: Millis = 6_000;
/// How long a refusal is told: long enough to read the sentence twice.
const REFUSAL_LAPSES: Millis = 8_000;

/// What every component is handed.
#[derive(Clone, Copy)]
pub struct Chat {
    /// The texts of the visitor's language.
    pub texts: &'static Texts,
    /// What is known.
    pub state: RwSignal<State>,
    /// Whether the panel is open.
    pub open: RwSignal<bool>,
    /// The module whose tool stands above the composer (`more.rs`); empty: none.
    pub tool: RwSignal<&'static str>,
    /// The message that stands in the composer to be changed.
    pub editing: RwSignal<Option<(ConversationId, Seq)>>,
    /// Where the visitor writes.
    pub field: StoredValue<HtmlTextAreaElement, LocalStorage>,
    /// The way to the relay.
    pub relay: StoredValue<Relay, LocalStorage>,
    /// What modules that load on demand are told.
    pub told: StoredValue<JsValue, LocalStorage>,
    /// The page around the panel.
    pub home: StoredValue<Rc<Home>, LocalStorage>,
}

/// See the module.
#[derive(Debug)]
pub struct State {
    /// In order of conversation and seq, pending ones last.
    pub lines: Vec<Line>,
    /// The latest conversation, as the relay last described it.
    pub thread: Option<Thread>,
    /// Whether the relay has told how things stand.
    pub welcomed: bool,
    /// Whether somebody may answer soon; believed until the relay says otherwise.
    pub answering: bool,
    /// Name of the site.
    pub site: String,
    /// Who is typing, and until when that is believed.
    pub typing: Option<(String, Millis)>,
    /// Up to which seq of the latest conversation the visitor has read.
    pub read_to: Seq,
    /// What the site asks and offers.
    pub panel: Panel,
    /// What the visitor answered to the form before the chat, until it goes with a message.
    pub answers: Option<Vec<Answer>>,
    /// Whether the next message begins a new conversation.
    pub fresh: bool,
    /// Files that were uploaded here: messages on their way name them only.
    files: Vec<Arc<Body>>,
    /// The conversation that was rated, or that the visitor does not want to rate.
    rated: Option<usize>,
    /// The own message that can be changed still, and until when by this clock.
    changeable: Option<(MessageId, Millis)>,
    /// Until when a refusal is told.
    refused: Option<Millis>,
    /// Whether they came by a link that opens nothing; until they say something.
    old_link: bool,
    notice: Notice,
    /// Conversations in order of appearance.
    threads: Vec<ConversationId>,
    /// How often this tab was told to ring.
    pub rings: u32,
    /// What the relay's clock is ahead of this one.
    ahead: Millis,
}

impl State {
    /// The state before the relay has said anything: what an earlier page left in the outbox is shown as pending.
    pub fn new(site: String, outbox: &[Say], files: Vec<File>) -> Self {
        let mut state = Self {
            lines: Vec::new(),
            thread: None,
            welcomed: false,
            answering: true,
            site,
            typing: None,
            read_to: 0,
            panel: Panel::default(),
            answers: None,
            fresh: false,
            files: files.into_iter().map(|file| Arc::new(Body::File(file))).collect(),
            rated: None,
            changeable: None,
            refused: None,
            old_link: false,
            notice: Notice::None,
            threads: Vec::new(),
            rings: 0,
            ahead: 0,
        };
        for say in outbox {
            state.pending(say);
        }
        state
    }

    /// Learns what the link has to tell.
    pub fn apply(&mut self, now: Millis, emit: Emit<FromRelay>) {
        match emit {
            Emit::Status(status) => self.connection(status),
            Emit::Pending(say) => self.pending(&say),
            Emit::Sent(say, ack) => self.sent(say, ack),
            Emit::Failed(say, error) => self.failed(say.id, error.code),
            Emit::Entry(conversation, entry) => self.entry(conversation, entry),
            Emit::Frame(frame) => self.frame(now, frame),
            Emit::Refused(error) if error.code == ErrorCode::LinkExpired => self.old_link = true,
            // Whatever the visitor asked for has a name; what the panel does by itself is not worth a word when refused.
            Emit::Refused(error) => self.refused = error.id.map(|_| now + REFUSAL_LAPSES),
            // Visitors follow all they have.
            Emit::Glimpse(_) => {}
        }
        let last = self.last_line().filter(|line| matches!(line.what, What::Own(_, Mark::Sent)));
        self.changeable = last.map(|line| (line.id, line.at + EDIT_WITHIN - self.ahead));
        self.tick(now);
    }

    /// Time has passed: what lapses by itself.
    pub fn tick(&mut self, now: Millis) {
        self.typing.take_if(|typing| typing.1 <= now);
        self.changeable.take_if(|changeable| changeable.1 <= now);
        self.refused.take_if(|until| *until <= now);
    }

    /// When [`State::tick`] wants to be called.
    pub fn deadline(&self) -> Option<Millis> {
        let typing = self.typing.as_ref().map(|typing| typing.1);
        [typing, self.changeable.map(|changeable| changeable.1), self.refused].into_iter().flatten().min()
    }

    /// Whether there is a conversation that is not closed, or one on its way: after what the visitor said last, nothing has ended it.
    pub fn is_live(&self) -> bool {
        let last = self.lines.iter().rev().find(|line| !matches!(line.what, What::Own(_, Mark::Failed(_))));
        self.is_open() || last.is_some_and(|line| matches!(line.what, What::Own(..)))
    }

    /// Whether there is a conversation that the visitor can end.
    pub fn is_open(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.state != Stand::Closed)
    }

    /// How a message of the visitor's stands, and whether an agent has read it. Searched from the end, where changes happen.
    pub fn mark(&self, id: MessageId) -> (Mark, bool) {
        let line = self.lines.iter().rev().find(|line| line.id == id);
        match line.map(|line| (&line.what, line.place)) {
            Some((What::Own(_, mark), (thread, seq))) => {
                let seen = self.thread.as_ref().map_or(0, |thread| thread.read);
                // Whoever was answered in a later conversation was read in the one before.
                let read = thread.saturating_add(1) < self.threads.len() || seq <= seen;
                (*mark, read && *mark == Mark::Sent)
            }
            _ => (Mark::Sent, false),
        }
    }

    /// The visitor's last message.
    pub fn last_own(&self) -> Option<MessageId> {
        self.last_line().map(|line| line.id)
    }

    fn last_line(&self) -> Option<&Line> {
        self.lines.iter().rev().find(|line| matches!(line.what, What::Own(..)))
    }

    /// The latest conversation and its last entry here.
    pub fn head(&self) -> Option<(ConversationId, Seq)> {
        let latest = self.threads.len().checked_sub(1)?;
        let seq = self.lines.iter().rev().find(|line| line.place.0 == latest).map_or(0, |line| line.place.1);
        Some((self.threads[latest], seq))
    }

    /// Conversations heard of.
    pub fn threads(&self) -> Vec<ConversationId> {
        self.threads.clone()
    }

    fn connection(&mut self, status: Status) {
        match status {
            Status::Online | Status::Stopped => self.notice = Notice::None,
            Status::Waiting(_) => {
                self.notice = Notice::Reconnecting;
                self.typing = None;
            }
            Status::Refused(_) => self.notice = Notice::Unavailable,
            Status::Connecting => {}
        }
    }

    fn frame(&mut self, now: Millis, frame: FromRelay) {
        match frame {
            FromRelay::Welcome(welcome) => {
                self.ahead = welcome.now - now;
                self.answering = welcome.answering;
                self.site = welcome.site;
                self.typing = None;
                self.panel = welcome.panel;
                self.thread = welcome.thread;
                self.welcomed = true;
                self.count();
            }
            FromRelay::Thread(update) => {
                self.thread = Some(update.thread);
                self.count();
            }
            FromRelay::Answering(news) => self.answering = news.answering,
            FromRelay::Typing(news) => self.typing = news.on.then(|| (news.agent.name, now + TYPING_LAPSES)),
            FromRelay::Read(mark) => {
                if let Some(thread) = self.thread.as_mut().filter(|thread| thread.id == mark.conversation) {
                    thread.read = thread.read.max(mark.seq);
                }
            }
            FromRelay::Pong(pong) => self.ahead = pong.now - now,
            // The link keeps the rest to itself; `done` needs no words, its entry comes by itself.
            _ => {}
        }
    }

    fn count(&mut self) {
        if let Some(id) = self.thread.as_ref().map(|thread| thread.id) {
            self.number(id);
        }
    }

    /// A conversation's place among all; a new one gets the next.
    fn number(&mut self, conversation: ConversationId) -> usize {
        let known = self.threads.iter().position(|&other| other == conversation);
        known.unwrap_or_else(|| {
            self.threads.push(conversation);
            self.read_to = 0;
            self.threads.len() - 1
        })
    }

    fn pending(&mut self, say: &Say) {
        self.old_link = false;
        // RFC 9562 §5.7: the first 48 bits of a UUIDv7 are the time at which it was made.
        let at = (say.id.0.as_u128() >> 80) as Millis + self.ahead;
        let what = What::Own(self.body(say), Mark::Pending);
        self.put(Line { id: say.id, place: PENDING, at, what, version: 0 });
    }

    fn sent(&mut self, say: Say, ack: Ack) {
        let place = (self.number(ack.conversation), ack.seq);
        let what = What::Own(self.body(&say), Mark::Sent);
        self.put(Line { id: say.id, place, at: ack.at, what, version: 0 });
    }

    /// What a message of this browser's says. A file that storage has forgotten is told by the relay with the next page.
    fn body(&self, say: &Say) -> Arc<Body> {
        match say.file {
            None => Arc::new(Body::Text(say.text.clone())),
            Some(id) => {
                let file = self.files.iter().find(|body| matches!(&***body, Body::File(file) if file.id == id));
                file.cloned().unwrap_or_else(|| Arc::new(UNKNOWN))
            }
        }
    }

    fn failed(&mut self, id: MessageId, code: ErrorCode) {
        if let Some(What::Own(_, mark)) = self.lines.iter_mut().find(|line| line.id == id).map(|line| &mut line.what) {
            *mark = Mark::Failed(code);
        }
    }

    fn entry(&mut self, conversation: ConversationId, entry: Entry) {
        let place = (self.number(conversation), entry.seq);
        let what = match (entry.by, entry.body) {
            (_, Body::Event(Event::Edited(change))) => return self.change((place.0, change.seq), Some(change.text)),
            (_, Body::Event(Event::Deleted(change))) => return self.change((place.0, change.seq), None),
            (_, Body::Event(Event::Greeted(text))) => What::Theirs(self.site.clone(), Arc::new(Body::Text(text))),
            (_, Body::Event(event)) => {
                match event {
                    Event::Rated(_) => self.rated = Some(place.0),
                    // The other conversation goes on: this end is nobody's doing.
                    Event::Closed(CloseReason::Merged) => return,
                    _ => {}
                }
                What::Event(event)
            }
            (_, Body::Note(_)) => What::Unknown,
            (Author::Visitor, body) => What::Own(Arc::new(body), Mark::Sent),
            (Author::Agent(person), body) => {
                self.typing = None;
                What::Theirs(person.name, Arc::new(body))
            }
            (Author::System, body) => What::Theirs(self.site.clone(), Arc::new(body)),
        };
        self.put(Line { id: entry.id, place, at: entry.at, what, version: 0 });
    }

    /// Its author has changed a message, or taken it back. One that is not here was told as it is now.
    fn change(&mut self, place: (usize, Seq), text: Option<String>) {
        let Some(line) = self.lines.iter_mut().rev().find(|line| line.place == place) else { return };
        let (What::Own(body, _) | What::Theirs(_, body)) = &mut line.what else { return };
        line.version += 1;
        *body = Arc::new(match (&**body, text) {
            (Body::Menu(menu), Some(text)) => Body::Menu(Menu { text, choices: menu.choices.clone() }),
            (_, Some(text)) => Body::Text(text),
            (_, None) => Body::Deleted,
        });
    }

    /// A line replaces the one with its id: an ack and an entry may both tell of the same message.
    fn put(&mut self, line: Line) {
        self.lines.retain(|other| other.id != line.id);
        let place = self.lines.partition_point(|other| other.place <= line.place);
        self.lines.insert(place, line);
    }
}

#[cfg(test)]
mod tests;
