//! One client of the simulation: a link of either dialect behind one face, its storage, and an application that checks
//! everything it is told against the relay's log.

use std::collections::{HashMap, HashSet};

use shared::frame::{Ack, Delivery};
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::link::{Action, Emit, Link, Status};
use shared::model::Say;
use shared::{agent, visitor};

use crate::relay::{Author, DOOMED, Relay};

/// A link whose frames are texts, so that both dialects look alike and the codec takes part.
pub trait AnyLink {
    fn restart(&mut self, now: Millis);
    fn stop(&mut self);
    fn wake(&mut self, now: Millis);
    fn opened(&mut self, now: Millis, socket: u32);
    fn closed(&mut self, now: Millis, socket: u32, code: Option<u16>);
    fn received(&mut self, now: Millis, socket: u32, text: &str);
    fn say(&mut self, now: Millis, say: Say);
    fn follow(&mut self, now: Millis, conversation: ConversationId, head: Seq);
    fn unfollow(&mut self, conversation: ConversationId);
    fn tick(&mut self, now: Millis);
    fn deadline(&self) -> Option<Millis>;
    fn status(&self) -> Status;
    fn is_idle(&self) -> bool;
    fn poll(&mut self) -> Option<Action<String, String>>;
}

macro_rules! any_link {
    ($module:ident) => {
        impl AnyLink for Link<$module::Dialect> {
            fn restart(&mut self, now: Millis) {
                Link::restart(self, now);
            }
            fn stop(&mut self) {
                Link::stop(self);
            }
            fn wake(&mut self, now: Millis) {
                Link::wake(self, now);
            }
            fn opened(&mut self, now: Millis, socket: u32) {
                Link::opened(self, now, socket);
            }
            fn closed(&mut self, now: Millis, socket: u32, code: Option<u16>) {
                Link::closed(self, now, socket, code);
            }
            fn received(&mut self, now: Millis, socket: u32, text: &str) {
                Link::received(self, now, socket, $module::FromRelay::decode(text).expect("the model speaks the protocol"));
            }
            fn say(&mut self, now: Millis, say: Say) {
                Link::say(self, now, say);
            }
            fn follow(&mut self, now: Millis, conversation: ConversationId, head: Seq) {
                Link::follow(self, now, conversation, head);
            }
            fn unfollow(&mut self, conversation: ConversationId) {
                Link::unfollow(self, conversation);
            }
            fn tick(&mut self, now: Millis) {
                Link::tick(self, now);
            }
            fn deadline(&self) -> Option<Millis> {
                Link::deadline(self)
            }
            fn status(&self) -> Status {
                Link::status(self)
            }
            fn is_idle(&self) -> bool {
                self.status() == Status::Online && self.outbox().next().is_none()
            }
            fn poll(&mut self) -> Option<Action<String, String>> {
                Some(match Link::poll(self)? {
                    Action::Open(socket) => Action::Open(socket),
                    Action::Shut(socket) => Action::Shut(socket),
                    Action::Write(socket, frame) => Action::Write(socket, frame.encode()),
                    Action::Persist(outbox) => Action::Persist(outbox),
                    Action::Emit(emit) => Action::Emit(match emit {
                        Emit::Status(status) => Emit::Status(status),
                        Emit::Pending(say) => Emit::Pending(say),
                        Emit::Sent(say, ack) => Emit::Sent(say, ack),
                        Emit::Failed(say, error) => Emit::Failed(say, error),
                        Emit::Entry(conversation, entry) => Emit::Entry(conversation, entry),
                        Emit::Glimpse(delivery) => Emit::Glimpse(delivery),
                        Emit::Refused(error) => Emit::Refused(error),
                        Emit::Frame(frame) => Emit::Frame(frame.encode()),
                    }),
                })
            }
        }
    };
}
any_link!(visitor);
any_link!(agent);

/// Browser or console: what survives a reload, what does not, and what the tests want to know.
pub struct Client {
    pub author: Author,
    pub link: Box<dyn AnyLink>,
    /// Counts reloads: what belongs to an earlier life is gone.
    pub life: u32,
    /// What the client's clock shows beyond the world's.
    pub clock_error: Millis,
    /// When the driver's timer fires, in the world's time.
    pub alarm: Option<Millis>,
    /// Reload after so many more actions.
    pub crash_in: Option<usize>,
    storage: Vec<Say>,
    /// Last entry told of each followed conversation.
    told: HashMap<ConversationId, Seq>,
    /// Every id that was said, with its lane, in order.
    pub said: Vec<(Option<ConversationId>, MessageId)>,
    /// What was shown as pending, in any life.
    pub shown: HashSet<MessageId>,
    /// What the relay will never take. A crash may swallow the news, so that not all of it is told as failed.
    pub doomed: HashSet<MessageId>,
    failed: HashSet<MessageId>,
    /// Frames written, to find links that spin.
    pub written: usize,
}

impl Client {
    pub fn new(author: Author, seed: u64) -> Self {
        Self {
            author,
            link: link(author, seed, Vec::new()),
            life: 0,
            clock_error: 0,
            alarm: None,
            crash_in: None,
            storage: Vec::new(),
            told: HashMap::new(),
            said: Vec::new(),
            shown: HashSet::new(),
            doomed: HashSet::new(),
            failed: HashSet::new(),
            written: 0,
        }
    }

    /// The page is loaded anew: everything but the storage is gone. Agents follow again what they followed.
    pub fn reload(&mut self, now: Millis, seed: u64) {
        self.link = link(self.author, seed, self.storage.clone());
        self.life += 1;
        self.crash_in = None;
        let followed: Vec<_> = self.told.drain().map(|(conversation, _)| conversation).collect();
        self.link.restart(now + self.clock_error);
        if matches!(self.author, Author::Agent(_)) {
            for conversation in followed {
                self.follow(now, conversation, 0);
            }
        }
    }

    pub fn follow(&mut self, now: Millis, conversation: ConversationId, head: Seq) {
        self.told.entry(conversation).or_insert(0);
        self.link.follow(now + self.clock_error, conversation, head);
    }

    pub fn unfollow(&mut self, conversation: ConversationId) {
        self.told.remove(&conversation);
        self.link.unfollow(conversation);
    }

    pub fn say(&mut self, now: Millis, say: Say) {
        self.said.push((say.conversation, say.id));
        if say.text.starts_with(DOOMED) {
            self.doomed.insert(say.id);
        }
        self.link.say(now + self.clock_error, say);
    }

    pub fn persist(&mut self, outbox: Vec<Say>) {
        self.storage = outbox;
    }

    /// The application: every claim of the link is checked when it is made.
    pub fn hear(&mut self, relay: &Relay, emit: Emit<String>) {
        let stored = |id: MessageId| self.storage.iter().any(|say| say.id == id);
        match emit {
            Emit::Pending(say) => {
                assert!(stored(say.id), "shown before it was stored");
                assert!(self.shown.insert(say.id), "shown twice");
            }
            Emit::Sent(say, ack) => {
                assert_eq!(say.id, ack.id);
                assert!(!stored(say.id), "still stored although it was sent");
                self.next(relay, &ack, &say.text);
            }
            Emit::Failed(say, _) => {
                assert!(!stored(say.id), "still stored although it failed");
                assert!(self.doomed.contains(&say.id), "gave up what the relay would take");
                assert!(self.failed.insert(say.id), "failed twice");
            }
            Emit::Entry(conversation, entry) => {
                let ack = Ack { id: entry.id, conversation, seq: entry.seq, prev: entry.prev, at: entry.at };
                self.next(relay, &ack, relay.text_of(&entry));
            }
            Emit::Glimpse(Delivery { conversation, entry }) => {
                assert!(!self.follows(conversation), "a glimpse of what is followed");
                assert_eq!(relay.record(conversation, entry.seq).id, entry.id);
            }
            Emit::Status(_) | Emit::Refused(_) | Emit::Frame(_) => {}
        }
    }

    /// Whether everything that this client may see was told.
    pub fn is_up_to_date(&self, relay: &Relay) -> bool {
        self.link.is_idle()
            && relay.conversations_of(self.author).into_iter().all(|conversation| {
                !self.follows(conversation)
                    || self.told.get(&conversation).copied().unwrap_or(0) == relay.head(conversation, self.author)
            })
    }

    fn follows(&self, conversation: ConversationId) -> bool {
        matches!(self.author, Author::Visitor(_)) || self.told.contains_key(&conversation)
    }

    /// The one told must be the next one visible to this client after the last one told.
    fn next(&mut self, relay: &Relay, ack: &Ack, text: &str) {
        let record = relay.record(ack.conversation, ack.seq);
        assert_eq!((record.id, record.text.as_str()), (ack.id, text), "told something else than the relay has");
        assert!(record.visible_to(self.author), "saw an internal note");
        if self.follows(ack.conversation) {
            let last = self.told.entry(ack.conversation).or_insert(0);
            assert_eq!(relay.prev(ack.conversation, ack.seq, self.author), *last, "entry {} is not the next one", ack.seq);
            *last = ack.seq;
        }
    }
}

fn link(author: Author, seed: u64, outbox: Vec<Say>) -> Box<dyn AnyLink> {
    let token = Some(author.token());
    match author {
        Author::Visitor(_) => {
            let hello = visitor::Hello { token, ..visitor::Hello::default() };
            Box::new(Link::new(visitor::Dialect { hello }, seed, outbox))
        }
        Author::Agent(_) => {
            let hello = agent::Hello { token, ..agent::Hello::default() };
            Box::new(Link::new(agent::Dialect { hello }, seed, outbox))
        }
    }
}
