//! A visitor's link on the bench, and short words for frames and for what a link did.

use shared::close::ErrorCode;
use shared::frame::{Ack, Backfill, Delivery, Entries, ErrorFrame};
use shared::ids::{ConversationId, MessageId, Millis, Seq, VisitorId};
use shared::link::{Action, Emit, Link};
use shared::model::{Author, Body, Entry, Panel, Say, Seen, State, Thread};
use shared::visitor::{self, FromRelay, Pong, ToRelay, Welcome};

pub type Did = Action<ToRelay, FromRelay>;

pub const DAWN: Millis = 1_700_000_000_000;
pub const SECOND: Millis = 1_000;

/// A visitor's link, a clock, and a memory of nothing: every call returns what the link did.
pub struct Bench {
    pub link: Link<visitor::Dialect>,
    pub now: Millis,
    pub socket: u32,
}

impl Bench {
    pub fn new(outbox: Vec<Say>) -> Self {
        Self { link: Link::new(visitor::Dialect::default(), 7, outbox), now: DAWN, socket: 0 }
    }

    /// Connected and greeted, nothing pending.
    pub fn online() -> Self {
        let mut bench = Self::new(Vec::new());
        bench.restart();
        bench.greet(0);
        bench
    }

    pub fn did(&mut self) -> Vec<Did> {
        let did: Vec<Did> = std::iter::from_fn(|| self.link.poll()).collect();
        for action in &did {
            if let Action::Open(socket) = action {
                self.socket = *socket;
            }
        }
        did
    }

    pub fn restart(&mut self) -> Vec<Did> {
        self.link.restart(self.now);
        self.did()
    }

    /// The open socket is greeted; the conversation has come as far as `head`.
    pub fn greet(&mut self, head: Seq) -> Vec<Did> {
        self.link.opened(self.now, self.socket);
        self.did();
        self.hears(welcome(head))
    }

    pub fn hears(&mut self, frame: FromRelay) -> Vec<Did> {
        self.link.received(self.now, self.socket, frame);
        self.did()
    }

    pub fn closes(&mut self, code: Option<u16>) -> Vec<Did> {
        self.link.closed(self.now, self.socket, code);
        self.did()
    }

    pub fn says(&mut self, number: u8) -> Vec<Did> {
        self.link.say(self.now, say(number));
        self.did()
    }

    pub fn after(&mut self, span: Millis) -> Vec<Did> {
        self.now += span;
        self.link.tick(self.now);
        self.did()
    }

    /// Time passes until the link wants to be called; how long that was, and what it did.
    pub fn next(&mut self) -> (Millis, Vec<Did>) {
        let span = self.link.deadline().expect("a deadline") - self.now;
        (span, self.after(span))
    }
}

pub fn conversation() -> ConversationId {
    ConversationId("00000000-0000-7000-8000-000000000001".parse().expect("a UUID"))
}

pub fn id(number: u8) -> MessageId {
    MessageId::v7(DAWN, [number; 10])
}

pub fn say(number: u8) -> Say {
    Say::text(id(number), None, format!("text {number}"))
}

pub fn entry(seq: Seq, prev: Seq) -> Entry {
    Entry { seq, prev, id: id(100), at: DAWN, by: Author::Visitor, body: Body::Text("from elsewhere".into()) }
}

pub fn live(seq: Seq, prev: Seq) -> FromRelay {
    FromRelay::Entry(Delivery { conversation: conversation(), entry: entry(seq, prev) })
}

pub fn page(seqs: &[Seq], more: bool) -> FromRelay {
    let entries = seqs.iter().map(|&seq| entry(seq, seq.saturating_sub(1))).collect();
    FromRelay::Entries(Entries { conversation: conversation(), entries, more })
}

pub fn ack(number: u8, seq: Seq, prev: Seq) -> FromRelay {
    FromRelay::Ack(Ack { id: id(number), conversation: conversation(), seq, prev, at: DAWN })
}

pub fn refusal(number: Option<u8>, code: ErrorCode, retry_after_ms: Option<Millis>) -> FromRelay {
    FromRelay::Error(ErrorFrame { id: number.map(id), code, message: "no".into(), retry_after_ms })
}

pub fn welcome(head: Seq) -> FromRelay {
    let thread = (head > 0).then(|| Thread {
        id: conversation(),
        state: State::Queued,
        head,
        agent: None,
        position: None,
        estimate_ms: None,
        read: 0,
    });
    let visitor = VisitorId(conversation().0);
    FromRelay::Welcome(Welcome {
        visitor,
        token: None,
        thread,
        answering: true,
        back_at: None,
        site: String::new(),
        settings: 0,
        panel: Panel::default(),
        now: DAWN,
    })
}

pub fn pong(head: Seq) -> FromRelay {
    FromRelay::Pong(Pong { now: DAWN, heads: vec![Seen { conversation: conversation(), seq: head }] })
}

pub fn writes(did: &[Did]) -> Vec<&ToRelay> {
    did.iter().filter_map(|action| if let Action::Write(_, frame) = action { Some(frame) } else { None }).collect()
}

pub fn said(did: &[Did]) -> Vec<MessageId> {
    writes(did).into_iter().filter_map(|frame| if let ToRelay::Say(say) = frame { Some(say.id) } else { None }).collect()
}

pub fn asked(did: &[Did]) -> Vec<Seq> {
    let after = |frame: &ToRelay| if let ToRelay::Backfill(Backfill { after, .. }) = frame { Some(*after) } else { None };
    writes(did).into_iter().filter_map(after).collect()
}

pub fn told(did: &[Did]) -> Vec<Seq> {
    let seq = |action: &Did| match action {
        Action::Emit(Emit::Entry(_, entry)) => Some(entry.seq),
        Action::Emit(Emit::Sent(_, ack)) => Some(ack.seq),
        _ => None,
    };
    did.iter().filter_map(seq).collect()
}
