//! The link under arbitrary events, with a relay that says whatever it likes: it never panics, tells entries in order and once, keeps
//! every message until it was told what became of it, and has at most one of a conversation on its way.

use std::collections::{BTreeMap, BTreeSet};

use shared::close::ErrorCode;
use shared::frame::{Ack, Delivery, Entries, ErrorFrame};
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, VisitorId};
use shared::link::{Action, Dialect, Emit, Link, Status};
use shared::model::{Author, Body, Entry, Person, Say, Seen};
use shared::{agent, visitor};
use uuid::Uuid;

use super::Choices;

/// Lets a visitor's and an agent's link live through what the bytes say.
pub fn live(bytes: &[u8]) {
    Life::<visitor::Dialect>::new(visitor::Dialect::default()).lead(Choices::of(bytes), visitors_frame);
    Life::<agent::Dialect>::new(agent::Dialect::default()).lead(Choices::of(bytes), agents_frame);
}

/// A link and what it must hold to.
struct Life<D: Dialect> {
    link: Link<D>,
    now: Millis,
    socket: u32,
    /// Accepted and not heard of since.
    pending: BTreeSet<MessageId>,
    stored: BTreeSet<MessageId>,
    /// Last entry told of each conversation that has been followed all the time.
    told: BTreeMap<ConversationId, Seq>,
}

impl<D: Dialect> Life<D> {
    fn new(dialect: D) -> Self {
        let (pending, stored) = (BTreeSet::new(), BTreeSet::new());
        Self { link: Link::new(dialect, 7, Vec::new()), now: 0, socket: 0, pending, stored, told: BTreeMap::new() }
    }

    fn lead(mut self, mut choices: Choices<'_>, frame: fn(&mut Choices<'_>) -> D::FromRelay) {
        while !choices.is_over() {
            match choices.byte() % 12 {
                0 => self.link.restart(self.now),
                1 => self.link.opened(self.now, self.socket),
                2 => {
                    let code = [None, Some(1006), Some(4008), Some(4401), Some(4402)][usize::from(choices.byte() % 5)];
                    self.link.closed(self.now, self.socket.wrapping_sub(u32::from(choices.byte() % 2)), code);
                }
                3..=6 => self.link.received(self.now, self.socket, frame(&mut choices)),
                7 => self.says(&mut choices),
                8 => {
                    // Forwards most of the time; clocks are also set back, and far ahead.
                    let step = [1, 500, 11_000, 30_000, -60_000, 1 << 40, i64::MAX, i64::MIN][usize::from(choices.byte() % 8)];
                    self.now = self.now.saturating_add(step);
                    self.link.tick(self.now);
                }
                9 => self.link.wake(self.now),
                10 => {
                    let conversation = choices.conversation();
                    self.link.follow(self.now, conversation, choices.number());
                }
                _ => match choices.byte() % 3 {
                    0 => self.link.stop(),
                    1 => {
                        let conversation = choices.conversation();
                        self.link.unfollow(conversation);
                        // Its place is forgotten: it may be told again from the beginning.
                        self.told.remove(&conversation);
                    }
                    _ => drop(self.link.deadline()),
                },
            }
            self.obeys();
        }
        let kept: BTreeSet<_> = self.link.outbox().map(|say| say.id).collect();
        assert_eq!(kept, self.pending, "what was accepted and not answered is still there");
    }

    fn says(&mut self, choices: &mut Choices<'_>) {
        let text = if choices.byte() == 0 { "x".repeat(8_001) } else { "hi".to_owned() };
        let id = choices.message();
        let conversation = (!D::FOLLOW_ALL).then(|| choices.conversation());
        self.link.say(self.now, Say::text(id, conversation, text));
    }

    /// Does what the link asks for, in order.
    fn obeys(&mut self) {
        // Far more than any single event may set off; a link that asks for ever would hang every client.
        for _ in 0..1_000 {
            let Some(action) = self.link.poll() else { return };
            match action {
                Action::Open(socket) => self.socket = socket,
                Action::Shut(_) => {}
                Action::Write(socket, _) => {
                    assert_eq!(socket, self.socket, "frames go to the current socket");
                }
                Action::Persist(says) => {
                    self.stored = says.iter().map(|say| say.id).collect();
                    assert_eq!(self.stored.len(), says.len(), "nothing is stored twice");
                }
                Action::Emit(emit) => self.hears(emit),
            }
        }
        panic!("the link never rests");
    }

    fn hears(&mut self, emit: Emit<D::FromRelay>) {
        match emit {
            Emit::Pending(say) => {
                assert!(self.stored.contains(&say.id), "stored before it is shown");
                assert!(self.pending.insert(say.id), "accepted twice");
            }
            Emit::Sent(say, ack) => {
                assert!(self.pending.remove(&say.id), "told twice");
                if let Some(told) = self.told.get_mut(&ack.conversation) {
                    *told = (*told).max(ack.seq);
                }
            }
            Emit::Failed(say, error) => {
                assert!(self.pending.remove(&say.id), "told twice");
                assert!(!error.code.is_temporary(), "given up for good only where trying again is of no use");
            }
            Emit::Entry(conversation, entry) => {
                let told = self.told.entry(conversation).or_default();
                assert!(entry.seq > *told, "{conversation}: {} after {told}", entry.seq);
                *told = entry.seq;
            }
            Emit::Status(Status::Waiting(at)) => assert!(at >= self.now, "waiting for what is over"),
            Emit::Status(_) | Emit::Glimpse(_) | Emit::Refused(_) | Emit::Frame(_) => {}
        }
    }
}

fn entry(choices: &mut Choices<'_>) -> Entry {
    let (seq, prev, id) = (choices.number(), choices.number(), choices.message());
    Entry { seq, prev, id, at: 0, by: Author::Visitor, body: Body::Text(String::new()) }
}

fn delivery(choices: &mut Choices<'_>) -> Delivery {
    Delivery { conversation: choices.conversation(), entry: entry(choices) }
}

fn entries(choices: &mut Choices<'_>) -> Entries {
    let conversation = choices.conversation();
    let most = choices.byte() % 4;
    Entries { conversation, entries: (0..most).map(|_| entry(choices)).collect(), more: choices.byte() % 2 == 1 }
}

fn ack(choices: &mut Choices<'_>) -> Ack {
    let (id, conversation) = (choices.message(), choices.conversation());
    Ack { id, conversation, seq: choices.number(), prev: choices.number(), at: 0 }
}

fn error(choices: &mut Choices<'_>) -> ErrorFrame {
    let codes = [ErrorCode::RateLimited, ErrorCode::TextTooLong, ErrorCode::Internal, ErrorCode::Unknown];
    let code = codes[usize::from(choices.byte() % 4)];
    let id = (!choices.byte().is_multiple_of(4)).then(|| choices.message());
    let retry_after_ms = choices.byte().is_multiple_of(2).then(|| choices.number().cast_signed());
    ErrorFrame { id, code, message: String::new(), retry_after_ms }
}

fn heads(choices: &mut Choices<'_>) -> Vec<Seen> {
    let most = choices.byte() % 3;
    (0..most).map(|_| Seen { conversation: choices.conversation(), seq: choices.number() }).collect()
}

fn visitors_frame(choices: &mut Choices<'_>) -> visitor::FromRelay {
    use visitor::FromRelay;
    match choices.byte() % 8 {
        0 | 1 => FromRelay::Welcome(visitor::Welcome {
            visitor: VisitorId(Uuid::nil()),
            token: None,
            thread: None,
            answering: true,
            back_at: None,
            site: String::new(),
            settings: 1,
            panel: shared::model::Panel::default(),
            now: 0,
        }),
        2 => FromRelay::Entry(delivery(choices)),
        3 => FromRelay::Entries(entries(choices)),
        4 => FromRelay::Ack(ack(choices)),
        5 => FromRelay::Error(error(choices)),
        6 => FromRelay::Pong(visitor::Pong { now: 0, heads: heads(choices) }),
        _ => FromRelay::Typing(visitor::AgentTyping {
            conversation: choices.conversation(),
            agent: Person { id: AgentId(Uuid::nil()), name: String::new() },
            on: true,
        }),
    }
}

fn agents_frame(choices: &mut Choices<'_>) -> agent::FromRelay {
    use agent::FromRelay;
    let inbox = || agent::Inbox {
        agents: Vec::new(),
        teams: Vec::new(),
        sites: Vec::new(),
        boards: Vec::new(),
        chats: Vec::new(),
        mentions: Vec::new(),
    };
    match choices.byte() % 8 {
        0 | 1 => FromRelay::Welcome(agent::Welcome { me: AgentId(Uuid::nil()), inbox: inbox(), now: 0 }),
        2 => FromRelay::Entry(delivery(choices)),
        3 => FromRelay::Entries(entries(choices)),
        4 => FromRelay::Ack(ack(choices)),
        5 => FromRelay::Error(error(choices)),
        6 => FromRelay::Pong(agent::Pong { now: 0, heads: heads(choices), revs: Vec::new() }),
        _ => FromRelay::Inbox(inbox()),
    }
}
