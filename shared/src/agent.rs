//! Frames between the console (or a bot) and the relay, on `/ws/agent`.

use crate::frame::{Ack, Backfill, Delete, Delivery, Done, Edit, Entries, ErrorFrame, Heads, Ping, Read, ReadMark, frames};
use crate::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId, TeamId};
use crate::link::Heard;
use crate::model::{Agent, Away, Board, Conversation, Person, Presence, Say, Seen, Site, Team, is_false, wire};
use serde::{Deserialize, Serialize};

/// Most chats of others that are listed for a supervisor; past them they are counted.
pub const MAX_OTHERS: usize = 500;
/// Longest time for which a visitor can be blocked, in ms: ten years; longer is for good.
pub const MAX_BLOCK: Millis = 10 * 365 * 24 * 60 * 60 * 1_000;

wire! {
    /// The first frame. The console is known by its cookie; others send a token.
    #[derive(Default)]
    pub struct Hello {
        /// A session or API token; left out where the cookie speaks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// The last seq seen of each conversation at hand; what lies after follows the `welcome` in `entries` frames.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub seen: Vec<Seen>,
    }

    /// Greets back with the whole state.
    pub struct Welcome {
        /// The agent who is greeted.
        pub me: AgentId,
        /// Everything open.
        pub inbox: Inbox,
        /// The relay's clock.
        pub now: Millis,
    }

    /// The whole state of an agent's inbox.
    pub struct Inbox {
        /// The team, oneself among them.
        pub agents: Vec<Agent>,
        /// The teams that conversations can be for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub teams: Vec<Team>,
        /// The sites.
        pub sites: Vec<Site>,
        /// One board per site.
        pub boards: Vec<Board>,
        /// Active and parked conversations that are assigned to this agent, and those offered to them.
        pub chats: Vec<Conversation>,
        /// Notes that name this agent, and whispers to them, that they have not read yet, oldest first; at most
        /// [`MAX_ROWS`](crate::model::MAX_ROWS).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub mentions: Vec<Mention>,
    }

    /// A note that names this agent, or a whisper to them. They may read the conversation.
    pub struct Mention {
        /// The conversation as it is now.
        pub conversation: Conversation,
        /// The seq of the note. A `read` up to it takes the mention off the list.
        pub seq: Seq,
        /// Who wrote it.
        pub by: Person,
        /// When.
        pub at: Millis,
        /// It is a whisper.
        #[serde(default, skip_serializing_if = "is_false")]
        pub whisper: bool,
    }

    /// What an inbox's `mentions` are now, after a change.
    pub struct Mentions {
        /// All of them.
        pub mentions: Vec<Mention>,
    }

    /// Be available, or not.
    pub struct SetPresence {
        /// Names the request.
        pub id: MessageId,
        /// `online` or `away`.
        pub presence: Presence,
        /// Why one is away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub away: Option<Away>,
    }

    /// Take a conversation that is queued, or parked and yours or nobody's. Answered by `done` or `error`.
    #[derive(Copy)]
    pub struct Take {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
        /// Take it even though all slots are full, where the site allows it: one extra chat at most, recorded.
        #[serde(default)]
        pub stretch: bool,
    }

    /// Offer one's active chat to another agent, hand it to a team, or give it back to the queue.
    #[derive(Copy)]
    pub struct Transfer {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
        /// To whom; left out: back to the front of the queue, without the sender.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub to: Option<AgentId>,
        /// Instead of `to`: to the front of the queue, for this team, without the sender.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub team: Option<TeamId>,
    }

    /// Make a queued conversation more urgent, or less.
    #[derive(Copy)]
    pub struct Prioritize {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
        /// From -2 to 2: greater goes first, 0 is as usual.
        pub priority: i32,
    }

    /// A request about one conversation: `accept` or `decline` a transfer, `take_over` a colleague's chat, `close` it, or `dismiss` a
    /// "thanks" after the end.
    #[derive(Copy)]
    pub struct About {
        /// Names the request.
        pub id: MessageId,
        /// Which conversation.
        pub conversation: ConversationId,
    }

    /// Supervisors: list the open chats that others have, and tell of their changes from now on; or no more. Answered by `others`, or by
    /// `done` where it is turned off.
    #[derive(Copy)]
    pub struct Oversee {
        /// Names the request.
        pub id: MessageId,
        /// From now on, or no more.
        pub on: bool,
    }

    /// The answer to `oversee`. From then on each of these chats that changes, and each new one, comes as `chat`, once a second at most.
    pub struct Others {
        /// The request.
        pub id: MessageId,
        /// Active and parked conversations that other agents have: active ones first, then those whose visitors have waited longest
        /// for an answer; at most [`MAX_OTHERS`].
        pub chats: Vec<Conversation>,
        /// How many there are.
        pub total: u32,
    }

    /// Keeps the visitor of a conversation out of its site, and ends it if it is open. Replaces an earlier block of the same visitor.
    /// Allowed to whoever may end it. Answered by `done` or `error`.
    pub struct Block {
        /// Names the request.
        pub id: MessageId,
        /// Whose visitor.
        pub conversation: ConversationId,
        /// Not them alone but everybody from the networks they are connected from now (24 bits of IPv4, 48 of IPv6); supervisors only.
        #[serde(default, skip_serializing_if = "is_false")]
        pub network: bool,
        /// For how long, in ms, at most [`MAX_BLOCK`]; left out: until it is lifted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub for_ms: Option<Millis>,
        /// Why, for the team; cut at [`MAX_FIELD`](crate::model::MAX_FIELD) characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub reason: String,
    }

    /// What this console shows now. Replaces what it said before; decides which drafts and live entries it is sent.
    #[derive(Default)]
    pub struct Show {
        /// Queue rows in view, at most 50: their visitors' drafts are sent.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub rows: Vec<ConversationId>,
        /// The thread in view, whoever has it: its entries, drafts and changes are sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub open: Option<ConversationId>,
    }

    /// The agent is writing, or has stopped. Sent at most once every 3 s while writing.
    #[derive(Copy)]
    pub struct Typing {
        /// In which conversation.
        pub conversation: ConversationId,
        /// Writing, or stopped.
        pub on: bool,
        /// It is a note: only colleagues are told.
        #[serde(default, skip_serializing_if = "is_false")]
        pub note: bool,
    }

    /// Somebody is at the console: sent when they use it, at most once a minute. An agent of whom nothing of the kind is heard for as long as the
    /// operator has set is away by itself.
    #[derive(Copy)]
    pub struct Active {}

    /// Asks for the whole inbox again. Answered by `inbox`.
    #[derive(Copy)]
    pub struct GetInbox {}

    /// A conversation that concerns this agent changed: replaces what was known. One that is no longer assigned or offered to
    /// them has left their chats.
    pub struct Chat {
        /// The conversation as it is now.
        pub conversation: Conversation,
    }

    /// The visitor is writing. Lapses by itself after 6 s. Where the site keeps drafts from agents, all of them are `…`.
    pub struct VisitorTyping {
        /// In which conversation.
        pub conversation: ConversationId,
        /// What stands in their composer, cut at 500 characters; empty: stopped.
        pub draft: String,
    }

    /// Which agents have the open thread open, too, all of them anew. Sent once a second at most, to those alone.
    pub struct Viewers {
        /// The conversation.
        pub conversation: ConversationId,
        /// Who has it in view, oneself among them.
        pub agents: Vec<AgentId>,
        /// Who of them is writing a message or a note in it. Lapses by itself after 6 s.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub typing: Vec<AgentId>,
    }

    /// An agent's presence, capacity or slots changed.
    pub struct AgentUpdate {
        /// The agent as they are now.
        pub agent: Agent,
    }

    /// The teams that conversations can be for have changed.
    pub struct Teams {
        /// All of them, by name.
        pub teams: Vec<Team>,
    }

    /// Desk revision of one site.
    #[derive(Copy)]
    pub struct Rev {
        /// The site.
        pub site: SiteId,
        /// Its revision; another one than the board's: ask for the inbox.
        pub rev: u64,
    }

    /// The answer to `ping`.
    pub struct Pong {
        /// The relay's clock.
        pub now: Millis,
        /// Heads of the agent's open conversations: ahead of the client's means a missed entry.
        pub heads: Heads,
        /// Desk revision of each site.
        pub revs: Vec<Rev>,
    }
}

frames! {
    /// What an agent's client sends.
    ToRelay {
        /// First frame.
        "hello" => Hello(Hello),
        /// A message or note.
        "say" => Say(Say),
        /// Available or not.
        "presence" => Presence(SetPresence),
        /// Take a conversation.
        "take" => Take(Take),
        /// Hand a chat over.
        "transfer" => Transfer(Transfer),
        /// Make a conversation more or less urgent.
        "prioritize" => Prioritize(Prioritize),
        /// Accept a transfer.
        "accept" => Accept(About),
        /// Decline a transfer.
        "decline" => Decline(About),
        /// Take a colleague's chat.
        "take_over" => TakeOver(About),
        /// End a conversation.
        "close" => Close(About),
        /// A reopened one needs no answer.
        "dismiss" => Dismiss(About),
        /// Keep a visitor out.
        "block" => Block(Block),
        /// List what others have.
        "oversee" => Oversee(Oversee),
        /// What is in view.
        "show" => Show(Show),
        /// Writing.
        "typing" => Typing(Typing),
        /// Read mark.
        "read" => Read(Read),
        /// A change of a message.
        "edit" => Edit(Edit),
        /// A message taken back.
        "delete" => Delete(Delete),
        /// Fetch entries.
        "backfill" => Backfill(Backfill),
        /// At the console.
        "active" => Active(Active),
        /// Fetch the inbox.
        "get_inbox" => GetInbox(GetInbox),
        /// Alive?
        "ping" => Ping(Ping),
    }
}

frames! {
    /// What the relay sends to agents.
    FromRelay {
        /// Answer to `hello`.
        "welcome" => Welcome(Welcome),
        /// The whole inbox again.
        "inbox" => Inbox(Inbox),
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
        /// A site's open work.
        "board" => Board(Board),
        /// A conversation of theirs changed.
        "chat" => Chat(Chat),
        /// What others have.
        "others" => Others(Others),
        /// Notes that name them.
        "mentions" => Mentions(Mentions),
        /// Who else is here.
        "viewers" => Viewers(Viewers),
        /// An agent changed.
        "agent" => Agent(AgentUpdate),
        /// Teams changed.
        "teams" => Teams(Teams),
        /// The visitor writes.
        "typing" => Typing(VisitorTyping),
        /// The visitor has read.
        "read" => Read(ReadMark),
        /// Alive.
        "pong" => Pong(Pong),
    }
}

/// What an agent's [`Link`](crate::link::Link) says in `hello`.
#[derive(Clone, Debug, Default)]
pub struct Dialect {
    /// Everything but `seen`, which the link fills in.
    pub hello: Hello,
}

impl crate::link::Dialect for Dialect {
    type ToRelay = ToRelay;
    type FromRelay = FromRelay;
    const FOLLOW_ALL: bool = false;

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
                let heads = welcome.inbox.heads();
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

impl Inbox {
    /// The head of every conversation in it.
    pub fn heads(&self) -> Heads {
        let queued = self.boards.iter().flat_map(|board| board.queue.iter().chain(&board.messages));
        queued.chain(&self.chats).map(|row| Seen { conversation: row.id, seq: row.head }).collect()
    }
}
