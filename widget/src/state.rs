//! What the panel knows: the lines of the log, the thread, the connection. [`State::apply`] is the only way in which it learns from
//! the relay; components read it through one signal ([`Chat`]). Pure but for `Chat`, so that it is tested without a browser.

use std::rc::Rc;

use shared::close::ErrorCode;
use shared::frame::Ack;
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::link::{Emit, Status};
use shared::model::{Author, Body, Entry, Event, Say, State as Stand, Thread};
use shared::visitor::FromRelay;

use crate::browser::Home;
use crate::i18n::Texts;
use crate::lines::{Line, Mark, PENDING, What};
use crate::socket::Relay;
use crate::view::{LocalStorage, RwSignal, StoredValue};

/// An agent who says nothing more about typing has stopped (protocol: lapses after 6 s).
const TYPING_LAPSES: Millis = 6_000;

/// What every component is handed.
#[derive(Clone, Copy)]
pub struct Chat {
    /// The texts of the visitor's language.
    pub texts: &'static Texts,
    /// What is known.
    pub state: RwSignal<State>,
    /// Whether the panel is open.
    pub open: RwSignal<bool>,
    /// The way to the relay.
    pub relay: StoredValue<Relay, LocalStorage>,
    /// The page around the panel.
    pub home: StoredValue<Rc<Home>, LocalStorage>,
}

/// What the notice above the composer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing.
    None,
    /// The connection is broken and being mended.
    Reconnecting,
    /// The relay has refused this page for good.
    Unavailable,
    /// In the queue: place and expected wait in ms, as far as known.
    Queued(Option<u32>, Option<Millis>),
    /// Written while nobody is there to answer.
    Later,
}

/// See the module.
#[derive(Debug)]
pub struct State {
    /// In order of conversation and seq, pending ones last.
    pub lines: Vec<Line>,
    /// The latest conversation, as the relay last described it.
    pub thread: Option<Thread>,
    /// Whether somebody may answer soon; believed until the relay says otherwise.
    pub answering: bool,
    /// Name of the site.
    pub site: String,
    /// Who is typing, and until when that is believed.
    pub typing: Option<(String, Millis)>,
    /// Up to which seq of the latest conversation the visitor has read.
    pub read_to: Seq,
    notice: Notice,
    /// Conversations in order of appearance.
    threads: Vec<ConversationId>,
    /// What the relay's clock is ahead of this one.
    ahead: Millis,
}

impl State {
    /// The state before the relay has said anything: what an earlier page left in the outbox is shown as pending.
    pub fn new(site: String, outbox: &[Say]) -> Self {
        let mut state = Self {
            lines: Vec::new(),
            thread: None,
            answering: true,
            site,
            typing: None,
            read_to: 0,
            notice: Notice::None,
            threads: Vec::new(),
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
            // Visitors follow all they have, and no other request of theirs is worth a word when refused.
            Emit::Glimpse(_) | Emit::Refused(_) => {}
        }
    }

    /// Time has passed: what lapses by itself.
    pub fn tick(&mut self, now: Millis) {
        if self.typing.as_ref().is_some_and(|&(_, until)| until <= now) {
            self.typing = None;
        }
    }

    /// Whether there is a conversation that is not closed, or one on its way.
    pub fn is_live(&self) -> bool {
        self.is_open() || self.lines.iter().any(|line| matches!(line.what, What::Own(_, Mark::Pending)))
    }

    /// Whether there is a conversation that the visitor can end.
    pub fn is_open(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.state != Stand::Closed)
    }

    /// Whether the offline form stands in the composer's place: nobody is there, and nothing is under way.
    pub fn wants_contact(&self) -> bool {
        !self.answering && !self.is_live()
    }

    /// What to tell above the composer; the worst news first.
    pub fn notice(&self) -> Notice {
        match (&self.thread, self.notice) {
            (Some(thread), Notice::None) if thread.state == Stand::Queued && self.answering => {
                Notice::Queued(thread.position, thread.estimate_ms)
            }
            (Some(thread), Notice::None) if matches!(thread.state, Stand::Queued | Stand::Parked) && !self.answering => {
                Notice::Later
            }
            (_, notice) => notice,
        }
    }

    /// Name of the agent who has the chat.
    pub fn agent(&self) -> Option<&str> {
        let thread = self.thread.as_ref().filter(|thread| thread.state != Stand::Closed)?;
        thread.agent.as_ref().map(|agent| agent.name.as_str())
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
        self.lines.iter().rev().find(|line| matches!(line.what, What::Own(..))).map(|line| line.id)
    }

    /// The latest conversation and its last entry here.
    pub fn head(&self) -> Option<(ConversationId, Seq)> {
        let latest = self.threads.len().checked_sub(1)?;
        let seq = self.lines.iter().rev().find(|line| line.place.0 == latest).map_or(0, |line| line.place.1);
        Some((self.threads[latest], seq))
    }

    /// How many messages from the other side were not read.
    pub fn unread(&self) -> u32 {
        let latest = self.threads.len().wrapping_sub(1);
        let unread =
            |line: &&Line| line.place.0 == latest && line.place.1 > self.read_to && matches!(line.what, What::Theirs(..));
        self.lines.iter().rev().filter(unread).count() as u32
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
                self.thread = welcome.thread;
                self.know();
            }
            FromRelay::Thread(update) => {
                self.thread = Some(update.thread);
                self.know();
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

    fn know(&mut self) {
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
        // RFC 9562 §5.7: the first 48 bits of a UUIDv7 are the time at which it was made.
        let at = (say.id.0.as_u128() >> 80) as Millis + self.ahead;
        self.put(Line { id: say.id, place: PENDING, at, what: What::Own(say.text.clone(), Mark::Pending) });
    }

    fn sent(&mut self, say: Say, ack: Ack) {
        let place = (self.number(ack.conversation), ack.seq);
        self.put(Line { id: say.id, place, at: ack.at, what: What::Own(say.text, Mark::Sent) });
    }

    fn failed(&mut self, id: MessageId, code: ErrorCode) {
        if let Some(What::Own(_, mark)) = self.lines.iter_mut().find(|line| line.id == id).map(|line| &mut line.what) {
            *mark = Mark::Failed(code);
        }
    }

    fn entry(&mut self, conversation: ConversationId, entry: Entry) {
        let what = match (entry.by, entry.body) {
            (Author::Visitor, Body::Text(text)) => What::Own(text, Mark::Sent),
            (Author::Agent(person), Body::Text(text)) => {
                self.typing = None;
                What::Theirs(person.name, text)
            }
            (Author::System, Body::Text(text)) => What::Theirs(self.site.clone(), text),
            (_, Body::Event(event @ (Event::Assigned(_) | Event::Closed(_) | Event::Reopened))) => What::Event(event),
            _ => return,
        };
        let place = (self.number(conversation), entry.seq);
        self.put(Line { id: entry.id, place, at: entry.at, what });
    }

    /// A line replaces the one with its id: an ack and an entry may both tell of the same message.
    fn put(&mut self, line: Line) {
        self.lines.retain(|other| other.id != line.id);
        let place = self.lines.partition_point(|other| other.place <= line.place);
        self.lines.insert(place, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::AgentId;
    use shared::model::Person;

    const NOW: Millis = 1_000;

    fn id(number: u8) -> MessageId {
        MessageId::v7(0, [number; 10])
    }

    fn conversation(number: u8) -> ConversationId {
        ConversationId::v7(0, [number; 10])
    }

    fn say(number: u8) -> Say {
        Say::text(id(number), None, "hi")
    }

    fn ack(number: u8, seq: Seq) -> Emit<FromRelay> {
        Emit::Sent(say(number), Ack { id: id(number), conversation: conversation(1), seq, prev: seq - 1, at: NOW })
    }

    fn mia() -> Person {
        Person { id: AgentId::v7(0, [9; 10]), name: "Mia".into() }
    }

    fn entry(number: u8, seq: Seq, by: Author) -> Emit<FromRelay> {
        let body = Body::Text("hello".into());
        Emit::Entry(conversation(1), Entry { seq, prev: seq - 1, id: id(number), at: NOW, by, body })
    }

    fn after(emits: impl IntoIterator<Item = Emit<FromRelay>>) -> State {
        let mut state = State::new("Demo".into(), &[]);
        for emit in emits {
            state.apply(NOW, emit);
        }
        state
    }

    fn order(state: &State) -> Vec<MessageId> {
        state.lines.iter().map(|line| line.id).collect()
    }

    #[test]
    fn pending_messages_stand_last_until_they_are_numbered() {
        let mut state = after([Emit::Pending(say(1)), Emit::Pending(say(2)), entry(3, 1, Author::Agent(mia()))]);
        assert_eq!(order(&state), [id(3), id(1), id(2)]);
        assert_eq!(state.mark(id(1)), (Mark::Pending, false));
        state.apply(NOW, ack(1, 2));
        assert_eq!(order(&state), [id(3), id(1), id(2)]);
        assert_eq!(state.mark(id(1)), (Mark::Sent, false));
    }

    #[test]
    fn an_own_message_that_comes_twice_is_shown_once() {
        let state = after([Emit::Pending(say(1)), entry(1, 1, Author::Visitor), ack(1, 1)]);
        assert_eq!(order(&state), [id(1)]);
    }

    #[test]
    fn unread_counts_only_their_messages_beyond_what_was_read() {
        let mut state = after([ack(1, 1), entry(2, 2, Author::Agent(mia())), entry(3, 3, Author::Agent(mia()))]);
        assert_eq!(state.unread(), 2);
        state.read_to = 2;
        assert_eq!(state.unread(), 1);
        assert_eq!(state.head(), Some((conversation(1), 3)));
    }

    #[test]
    fn typing_lapses() {
        let typing = shared::visitor::AgentTyping { conversation: conversation(1), agent: mia(), on: true };
        let mut state = after([Emit::Frame(FromRelay::Typing(typing))]);
        state.tick(NOW + TYPING_LAPSES - 1);
        assert!(state.typing.is_some());
        state.tick(NOW + TYPING_LAPSES);
        assert!(state.typing.is_none());
    }

    #[test]
    fn the_offline_form_waits_until_nothing_is_under_way() {
        let away = || Emit::Frame(FromRelay::Answering(shared::visitor::Answering { answering: false }));
        assert!(after([away()]).wants_contact());
        assert!(!after([away(), Emit::Pending(say(1))]).wants_contact());
    }

    #[test]
    fn a_broken_connection_is_told_until_it_is_mended() {
        let mut state = after([Emit::Status(Status::Waiting(5)), Emit::Status(Status::Connecting)]);
        assert_eq!(state.notice(), Notice::Reconnecting);
        state.apply(NOW, Emit::Status(Status::Online));
        assert_eq!(state.notice(), Notice::None);
    }
}
