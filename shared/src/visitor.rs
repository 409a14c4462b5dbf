//! Frames between the widget and the relay, on `/ws/visitor?site=KEY`.

use crate::frame::{
    Ack, Backfill, Delete, Delivery, Done, Edit, Entries, ErrorFrame, Heads, PageView, Ping, Read, ReadMark, frames,
};
use crate::ids::{ConversationId, MessageId, Millis, VisitorId};
use crate::link::Heard;
use crate::model::{Page, Panel, Person, Say, Seen, Thread, wire};
use serde::{Deserialize, Serialize};

wire! {
    /// The first frame: who is there and how far they have come.
    #[derive(Default)]
    pub struct Hello {
        /// The visitor's token from an earlier `welcome`; left out by a new visitor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// A signed identity token of the site owner's (a JWT), which makes this visitor a verified one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub identity: Option<String>,
        /// The token of a link from an email, which makes this browser the visitor whom the email went to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resume: Option<String>,
        /// The last seq seen of each conversation at hand.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub seen: Vec<Seen>,
        /// The page they are on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub page: Option<Page>,
        /// Language tag of the browser (BCP 47).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<String>,
        /// IANA time zone of the browser.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub time_zone: Option<String>,
    }

    /// Greets back with everything that does not come by seq. The entries after `hello.seen` follow in `entries` frames.
    pub struct Welcome {
        /// The visitor's id.
        pub visitor: VisitorId,
        /// The token of a new visitor, or of one who was just verified: keep it, in place of any other, before the first `say`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// The visitor's latest conversation, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub thread: Option<Thread>,
        /// Whether somebody may answer soon; if not, offer the offline form.
        pub answering: bool,
        /// Outside the site's opening hours: when they begin again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub back_at: Option<Millis>,
        /// Name of the site.
        pub site: String,
        /// Revision of the site's settings.
        pub settings: u64,
        /// What the panel asks and offers.
        #[serde(default, skip_serializing_if = "Panel::is_bare")]
        pub panel: Panel,
        /// The relay's clock.
        pub now: Millis,
    }

    /// The visitor is writing. Sent at most once a second, and once when they stop.
    pub struct Typing {
        /// What stands in the composer, cut at 500 characters; empty: stopped.
        pub draft: String,
    }

    /// The visitor ends the conversation. Answered by `done`.
    #[derive(Copy)]
    pub struct Close {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
    }

    /// The visitor rates their conversation, active or closed; the last rating counts. Answered by `done`.
    pub struct Rate {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
        /// 1 (bad) to 5 (good).
        pub score: u8,
        /// Why, at most [`MAX_TEXT`](crate::model::MAX_TEXT) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub comment: Option<String>,
    }

    /// Asks for the conversation by email, where `welcome.panel.email` says that there is any. Answered by `done`.
    pub struct Transcript {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
        /// Where to send it.
        pub email: String,
    }

    /// Something about the thread changed: state, agent, position in the queue. Whole; replaces what was known.
    pub struct ThreadUpdate {
        /// The thread as it is now.
        pub thread: Thread,
    }

    /// Whether somebody may answer soon has changed.
    #[derive(Copy, Hash)]
    pub struct Answering {
        /// As in `welcome`.
        pub answering: bool,
        /// As in `welcome`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub back_at: Option<Millis>,
    }

    /// The agent is writing, or has stopped. Lapses by itself after 6 s.
    pub struct AgentTyping {
        /// In which conversation.
        pub conversation: ConversationId,
        /// Who.
        pub agent: Person,
        /// Writing, or stopped.
        pub on: bool,
    }

    /// The answer to `ping`.
    pub struct Pong {
        /// The relay's clock.
        pub now: Millis,
        /// Head of the visitor's conversation, as far as they may see it: ahead of the client's means a missed entry.
        pub heads: Heads,
    }
}

frames! {
    /// What a visitor's client sends.
    ToRelay {
        /// First frame.
        "hello" => Hello(Hello),
        /// A message.
        "say" => Say(Say),
        /// Writing.
        "typing" => Typing(Typing),
        /// Read mark.
        "read" => Read(Read),
        /// New page.
        "page" => Page(PageView),
        /// End of the chat.
        "close" => Close(Close),
        /// A change of a message.
        "edit" => Edit(Edit),
        /// A message taken back.
        "delete" => Delete(Delete),
        /// A rating.
        "rate" => Rate(Rate),
        /// The conversation by email.
        "transcript" => Transcript(Transcript),
        /// Fetch what was missed.
        "backfill" => Backfill(Backfill),
        /// Alive?
        "ping" => Ping(Ping),
    }
}

frames! {
    /// What the relay sends to visitors.
    FromRelay {
        /// Answer to `hello`.
        "welcome" => Welcome(Welcome),
        /// A new entry.
        "entry" => Entry(Delivery),
        /// Several entries in order.
        "entries" => Entries(Entries),
        /// A message is on disk.
        "ack" => Ack(Ack),
        /// A request was carried out.
        "done" => Done(Done),
        /// Something was refused.
        "error" => Error(ErrorFrame),
        /// The thread changed.
        "thread" => Thread(ThreadUpdate),
        /// Availability changed.
        "answering" => Answering(Answering),
        /// The agent writes.
        "typing" => Typing(AgentTyping),
        /// The agent has read.
        "read" => Read(ReadMark),
        /// Alive.
        "pong" => Pong(Pong),
    }
}

/// What a visitor's [`Link`](crate::link::Link) says in `hello`.
#[derive(Clone, Debug, Default)]
pub struct Dialect {
    /// Everything but `seen`, which the link fills in.
    pub hello: Hello,
}

impl crate::link::Dialect for Dialect {
    type ToRelay = ToRelay;
    type FromRelay = FromRelay;
    const FOLLOW_ALL: bool = true;

    fn hello(&self, seen: Vec<Seen>) -> ToRelay {
        ToRelay::Hello(Hello { seen, ..self.hello.clone() })
    }
    fn say(say: Say) -> ToRelay {
        ToRelay::Say(say)
    }
    fn ping() -> ToRelay {
        ToRelay::Ping(Ping {})
    }
    fn backfill(backfill: Backfill) -> ToRelay {
        ToRelay::Backfill(backfill)
    }
    fn sort(frame: FromRelay) -> Heard<FromRelay> {
        match frame {
            FromRelay::Welcome(welcome) => {
                let heads = welcome.thread.iter().map(|thread| Seen { conversation: thread.id, seq: thread.head }).collect();
                Heard::Welcome(FromRelay::Welcome(welcome), heads)
            }
            FromRelay::Entry(delivery) => Heard::Entry(delivery),
            FromRelay::Entries(entries) => Heard::Entries(entries),
            FromRelay::Ack(ack) => Heard::Ack(ack),
            FromRelay::Error(error) => Heard::Error(error),
            FromRelay::Pong(pong) => {
                let heads = pong.heads.clone();
                Heard::Pong(FromRelay::Pong(pong), heads)
            }
            other => Heard::Other(other),
        }
    }
}
