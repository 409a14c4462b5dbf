//! Makes any value of any type that goes over a socket. Structs are listed with all their fields, so that a new field does not
//! compile before it is made here too.

use shared::agent;
use shared::close::ErrorCode;
use shared::frame::*;
use shared::ids::*;
use shared::model::*;
use shared::visitor;
use uuid::Uuid;

/// Where the values come from: a stream of numbers with a fondness for extremes.
pub struct Source(pub u64);

impl Source {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

pub trait Make {
    fn make(source: &mut Source) -> Self;
}

macro_rules! numbers {
    ($($number:ident),+) => {$(
        impl Make for $number {
            fn make(source: &mut Source) -> Self {
                let any = source.next() as $number;
                source.pick(&[any, 0, 1, $number::MAX, $number::MIN])
            }
        }
    )+};
}
numbers!(u64, u32, u8, i64, i32);

impl Make for bool {
    fn make(source: &mut Source) -> Self {
        source.pick(&[true, false])
    }
}

impl Make for String {
    fn make(source: &mut Source) -> Self {
        let pieces = [
            "",
            "a",
            " ",
            "\n",
            "\"",
            "\\",
            "{\"t\":\"say\"}",
            "\u{0}",
            "\u{7f}",
            "é",
            "\u{2028}",
            "👩‍👩‍👧",
            "\u{10ffff}",
            "</script>",
        ];
        (0..source.below(6)).map(|_| source.pick(&pieces)).collect()
    }
}

impl<T: Make> Make for Option<T> {
    fn make(source: &mut Source) -> Self {
        bool::make(source).then(|| T::make(source))
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(source: &mut Source) -> Self {
        (0..source.below(3)).map(|_| T::make(source)).collect()
    }
}

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl Make for $id {
            fn make(source: &mut Source) -> Self {
                Self(Uuid::from_u64_pair(source.next(), source.next()))
            }
        }
    )+};
}
ids!(SiteId, VisitorId, AgentId, ConversationId, MessageId, FileId, TeamId);

impl Make for SiteKey {
    fn make(source: &mut Source) -> Self {
        Self(String::make(source))
    }
}

macro_rules! structs {
    ($($path:path { $($field:ident),* $(,)? })+) => {$(
        impl Make for $path {
            fn make(source: &mut Source) -> Self {
                let _ = &source;
                Self { $($field: Make::make(source)),* }
            }
        }
    )+};
}

/// Enums whose variants hold one value, and those that hold none.
macro_rules! enums {
    ($($path:path { $($variant:ident($body:ty)),* ; $($unit:ident),* })+) => {$(
        impl Make for $path {
            fn make(source: &mut Source) -> Self {
                let makers: &[fn(&mut Source) -> Self] = &[
                    $(|source| Self::$variant(<$body>::make(source)),)*
                    $(|_| Self::$unit,)*
                ];
                source.pick(makers)(source)
            }
        }
    )+};
}

/// Enums without content, and the list of all their values.
macro_rules! names {
    ($($name:ident { $($unit:ident)* })+) => {$(
        impl Make for $name {
            fn make(source: &mut Source) -> Self {
                source.pick(Self::ALL)
            }
        }

        impl Names for $name {
            const ALL: &'static [Self] = &[$(Self::$unit),*];

            fn is_listed(self) -> bool {
                match self {
                    $(Self::$unit)|* => true,
                }
            }
        }
    )+};
}

/// An enum that is a bare name on the wire.
pub trait Names: Copy + 'static {
    const ALL: &'static [Self];

    /// Does not compile while a variant is missing in `ALL`.
    fn is_listed(self) -> bool;
}

names! {
    State { Queued Active Parked Closed }
    Presence { Online Away Offline }
    Role { Agent Supervisor Admin }
    AssignedHow { Dispatched Taken Stretched Transferred TakenOver }
    RequeueReason { AgentGone Unanswered HandedOver AgentDisabled AgentInactive VisitorSpoke VisitorReturned }
    ParkReason { VisitorGone VisitorSilent NobodyThere AgentInactive OutsideHours }
    CloseReason { Agent Visitor Expired Dismissed Merged }
    AwayReason { Break Meal Meeting Training Work Other Inactive Unanswered Unknown }
    FieldKind { Name Email Phone Text Choice }
    ErrorCode {
        BadFrame UnknownFrame AlreadyGreeted BadHello HelloTimeout BadToken SecondFactor EnrolFirst BadIdentity ForeignOrigin UnknownSite Blocked UnsupportedVersion EmptyText
        TextTooLong InvalidField IdReused NotFound Forbidden NotYours WrongState TooLate NotLast NoFreeSlot AgentUnavailable OfferGone LinkExpired RateLimited
        StoreUnavailable Internal Unknown
    }
}

structs! {
    Person { id, name }
    Assigned { agent, how }
    Contact { name, email }
    Page { url, title, referrer }
    Entry { seq, prev, id, at, by, body }
    Seen { conversation, seq }
    Say { id, conversation, text, note, whisper, mentions, contact, file, choices, cards, answers, greeting, fresh }
    File { id, name, media_type, size, path, width, height, duration_ms }
    Whisper { to, text }
    Menu { text, choices }
    Card { title, text, image, buttons }
    CardButton { label, url }
    Answer { label, value }
    Edited { seq, text, note }
    Deleted { seq, note }
    Rating { score, comment }
    Merged { into }
    Routed { team, name }
    Prioritized { priority }
    Words { lang, greeting, here, away, later }
    Panel { words, form, files, voice, rating, email }
    Form { fields, consent }
    Field { label, kind, required, options }
    FileRules { most_bytes, types }
    Thread { id, state, head, agent, position, estimate_ms, read }
    Visitor { id, name, email, locale, time_zone, verified, rev }
    Conversation {
        id, site, visitor, state, agent, head, opened_at, queued_at, priority, team, preview, last_at, unanswered, page, visitor_online,
        visitor_gone_at,
        visitor_read, agent_read, previous, preferred, offer, tags,
    }
    Preferred { agent, until }
    Offer { to, from, until }
    Agent { id, name, role, presence, away, capacity, slots_used, bot, languages }
    Site { id, key, name }
    Team { id, name, members, sites }
    Board { site, rev, picked, waiting, queue, unassigned, messages }

    Ping {}
    Backfill { conversation, after }
    Read { conversation, seq }
    Ack { id, conversation, seq, prev, at }
    Done { id }
    Delivery { conversation, entry }
    Entries { conversation, entries, more }
    ReadMark { conversation, seq }
    ErrorFrame { id, code, message, retry_after_ms }
    PageView { page }
    Edit { id, conversation, seq, text }
    Delete { id, conversation, seq }

    visitor::Hello { token, identity, resume, seen, page, locale, time_zone }
    visitor::Welcome { visitor, token, thread, answering, back_at, site, settings, panel, now }
    visitor::Typing { draft }
    visitor::Close { id, conversation }
    visitor::Rate { id, conversation, score, comment }
    visitor::Transcript { id, conversation, email }
    visitor::ThreadUpdate { thread }
    visitor::Answering { answering, back_at }
    visitor::AgentTyping { conversation, agent, on }
    visitor::Pong { now, heads }

    agent::Hello { token, seen }
    agent::Welcome { me, inbox, now }
    agent::Inbox { agents, teams, sites, boards, chats, mentions }
    agent::Mention { conversation, seq, by, at, whisper }
    agent::Mentions { mentions }
    agent::SetPresence { id, presence, away }
    agent::Active {}
    Away { reason, note }
    agent::Take { id, conversation, stretch }
    agent::Transfer { id, conversation, to, team }
    agent::Prioritize { id, conversation, priority }
    agent::About { id, conversation }
    agent::Block { id, conversation, network, for_ms, reason }
    agent::Show { rows, open }
    agent::Typing { conversation, on, note }
    agent::Oversee { id, on }
    agent::Others { id, chats, total }
    agent::Viewers { conversation, agents, typing }
    agent::GetInbox {}
    agent::Chat { conversation }
    agent::VisitorTyping { conversation, draft }
    agent::AgentUpdate { agent }
    agent::Teams { teams }
    agent::Rev { site, rev }
    agent::Pong { now, heads, revs }
}

enums! {
    Author { Agent(Person); Visitor, System }
    Body { Text(String), Note(String), Whisper(Whisper), Event(Event), File(File), Menu(Menu), Cards(Vec<Card>); Deleted }
    Event { Assigned(Assigned), Requeued(RequeueReason), Parked(ParkReason), Closed(CloseReason), Contact(Contact),
        Answered(Vec<Answer>), Greeted(String), Edited(Edited), Deleted(Deleted), Rated(Rating), Merged(Merged),
        Routed(Routed), Prioritized(Prioritized); Resumed, Reopened }
    visitor::ToRelay {
        Hello(visitor::Hello), Say(Say), Typing(visitor::Typing), Read(Read), Page(PageView), Close(visitor::Close),
        Edit(Edit), Delete(Delete), Rate(visitor::Rate), Transcript(visitor::Transcript), Backfill(Backfill), Ping(Ping);
    }
    visitor::FromRelay {
        Welcome(visitor::Welcome), Entry(Delivery), Entries(Entries), Ack(Ack), Done(Done), Error(ErrorFrame),
        Thread(visitor::ThreadUpdate), Answering(visitor::Answering), Typing(visitor::AgentTyping), Read(ReadMark),
        Pong(visitor::Pong);
    }
    agent::ToRelay {
        Hello(agent::Hello), Say(Say), Presence(agent::SetPresence), Take(agent::Take), Transfer(agent::Transfer),
        Prioritize(agent::Prioritize), Accept(agent::About), Decline(agent::About), Close(agent::About), TakeOver(agent::About), Dismiss(agent::About), Block(agent::Block),
        Oversee(agent::Oversee), Show(agent::Show),
        Typing(agent::Typing), Read(Read), Edit(Edit), Delete(Delete), Backfill(Backfill), Active(agent::Active), GetInbox(agent::GetInbox), Ping(Ping);
    }
    agent::FromRelay {
        Welcome(agent::Welcome), Inbox(agent::Inbox), Entry(Delivery), Entries(Entries), Ack(Ack), Done(Done), Error(ErrorFrame),
        Board(Board), Chat(agent::Chat), Others(agent::Others), Viewers(agent::Viewers), Mentions(agent::Mentions), Agent(agent::AgentUpdate), Teams(agent::Teams), Typing(agent::VisitorTyping), Read(ReadMark), Pong(agent::Pong);
    }
}
