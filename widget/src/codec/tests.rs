//! Both codecs side by side: what serde writes is read the same, what is written is read by serde as it was meant.

use proptest::option;
use proptest::prelude::*;
use shared::frame::{Backfill, PageView, Ping, Read};
use shared::ids::{AgentId, ConversationId, MessageId, VisitorId};
use shared::visitor::{Close, Hello, Typing};

use super::*;

/// Ids of every kind, and times and seqs as large as JavaScript's whole numbers.
const WHOLE: i64 = 1 << 53;

fn conversation() -> impl Strategy<Value = ConversationId> {
    any::<[u8; 10]>().prop_map(|random| ConversationId::v7(5, random))
}

fn message() -> impl Strategy<Value = MessageId> {
    any::<[u8; 10]>().prop_map(|random| MessageId::v7(5, random))
}

fn agent() -> impl Strategy<Value = Person> {
    (any::<[u8; 10]>(), any::<String>()).prop_map(|(random, name)| Person { id: AgentId::v7(5, random), name })
}

fn seq() -> impl Strategy<Value = u64> {
    0..WHOLE as u64
}

fn any_author() -> impl Strategy<Value = Author> {
    prop_oneof![Just(Author::Visitor), Just(Author::System), agent().prop_map(Author::Agent)]
}

fn any_event() -> impl Strategy<Value = Event> {
    let how =
        prop::sample::select(vec![AssignedHow::Dispatched, AssignedHow::Taken, AssignedHow::Stretched, AssignedHow::Transferred]);
    let reason =
        prop::sample::select(vec![CloseReason::Agent, CloseReason::Visitor, CloseReason::Expired, CloseReason::Dismissed]);
    prop_oneof![
        Just(Event::Reopened),
        reason.prop_map(Event::Closed),
        (agent(), how).prop_map(|(agent, how)| Event::Assigned(Assigned { agent, how })),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let body = prop_oneof![any::<String>().prop_map(Body::Text), any_event().prop_map(Body::Event)];
    (seq(), seq(), message(), -WHOLE..WHOLE, any_author(), body).prop_map(|(seq, prev, id, at, by, body)| Entry {
        seq,
        prev,
        id,
        at,
        by,
        body,
    })
}

fn any_thread() -> impl Strategy<Value = Thread> {
    let state = prop::sample::select(vec![State::Queued, State::Active, State::Parked, State::Closed]);
    (conversation(), state, seq(), option::of(agent()), option::of(any::<u32>()), option::of(0..WHOLE), seq()).prop_map(
        |(id, state, head, agent, position, estimate_ms, read)| Thread { id, state, head, agent, position, estimate_ms, read },
    )
}

fn from_relay() -> impl Strategy<Value = FromRelay> {
    let welcome = (
        any::<[u8; 10]>(),
        option::of(any::<String>()),
        option::of(any_thread()),
        any::<bool>(),
        any::<String>(),
        seq(),
        0..WHOLE,
    )
        .prop_map(|(visitor, token, thread, answering, site, settings, now)| {
            let visitor = VisitorId::v7(5, visitor);
            FromRelay::Welcome(Welcome { visitor, token, thread, answering, site, settings, panel: Panel::default(), now })
        });
    let entries = (conversation(), prop::collection::vec(any_entry(), 0..4), any::<bool>())
        .prop_map(|(conversation, entries, more)| FromRelay::Entries(Entries { conversation, entries, more }));
    let ack = (message(), conversation(), seq(), seq(), 0..WHOLE)
        .prop_map(|(id, conversation, seq, prev, at)| FromRelay::Ack(Ack { id, conversation, seq, prev, at }));
    let code = prop::sample::select(vec![
        ErrorCode::RateLimited,
        ErrorCode::StoreUnavailable,
        ErrorCode::Internal,
        ErrorCode::TextTooLong,
        ErrorCode::Unknown,
    ]);
    let error = (option::of(message()), code, any::<String>(), option::of(0..WHOLE))
        .prop_map(|(id, code, message, retry_after_ms)| FromRelay::Error(ErrorFrame { id, code, message, retry_after_ms }));
    let typing = (conversation(), agent(), any::<bool>())
        .prop_map(|(conversation, agent, on)| FromRelay::Typing(AgentTyping { conversation, agent, on }));
    let heads = prop::collection::vec((conversation(), seq()).prop_map(|(conversation, seq)| Seen { conversation, seq }), 0..3);
    prop_oneof![
        welcome,
        entries,
        ack,
        error,
        typing,
        (conversation(), any_entry()).prop_map(|(conversation, entry)| FromRelay::Entry(Delivery { conversation, entry })),
        message().prop_map(|id| FromRelay::Done(Done { id })),
        any_thread().prop_map(|thread| FromRelay::Thread(ThreadUpdate { thread })),
        any::<bool>().prop_map(|answering| FromRelay::Answering(Answering { answering })),
        (conversation(), seq()).prop_map(|(conversation, seq)| FromRelay::Read(ReadMark { conversation, seq })),
        (0..WHOLE, heads).prop_map(|(now, heads)| FromRelay::Pong(Pong { now, heads })),
    ]
}

fn any_page() -> impl Strategy<Value = Page> {
    (any::<String>(), any::<String>(), any::<String>()).prop_map(|(url, title, referrer)| Page { url, title, referrer })
}

fn any_say() -> impl Strategy<Value = Say> {
    let contact = (option::of(any::<String>()), any::<String>()).prop_map(|(name, email)| Contact { name, email });
    (message(), any::<String>(), option::of(contact)).prop_map(|(id, text, contact)| Say { contact, ..Say::text(id, None, text) })
}

fn to_relay() -> impl Strategy<Value = ToRelay> {
    let seen = prop::collection::vec((conversation(), seq()).prop_map(|(conversation, seq)| Seen { conversation, seq }), 0..3);
    let text = || option::of(any::<String>());
    let hello = (text(), seen, option::of(any_page()), text(), text()).prop_map(|(token, seen, page, locale, time_zone)| {
        ToRelay::Hello(Hello { token, identity: None, resume: None, seen, page, locale, time_zone })
    });
    prop_oneof![
        hello,
        any_say().prop_map(ToRelay::Say),
        any::<String>().prop_map(|draft| ToRelay::Typing(Typing { draft })),
        (conversation(), seq()).prop_map(|(conversation, seq)| ToRelay::Read(Read { conversation, seq })),
        any_page().prop_map(|page| ToRelay::Page(PageView { page })),
        (message(), conversation()).prop_map(|(id, conversation)| ToRelay::Close(Close { id, conversation })),
        (conversation(), seq()).prop_map(|(conversation, after)| ToRelay::Backfill(Backfill { conversation, after })),
        Just(ToRelay::Ping(Ping {})),
    ]
}

proptest! {
    #[test]
    fn reads_the_relays_frames_as_serde_does(frame in from_relay()) {
        prop_assert_eq!(decode(&frame.encode()), Some(frame));
    }

    #[test]
    fn writes_the_visitors_frames_as_serde_does(frame in to_relay()) {
        prop_assert_eq!(ToRelay::decode(&encode(&frame)).ok(), Some(frame.clone()));
        prop_assert_eq!(encode(&frame), frame.encode());
    }

    #[test]
    fn an_outbox_outlives_storage(outbox in prop::collection::vec(any_say(), 0..4)) {
        prop_assert_eq!(read_outbox(&write_outbox(&outbox)), outbox);
    }

    #[test]
    fn a_cut_frame_is_no_frame(frame in from_relay(), cut: prop::sample::Index) {
        let text = frame.encode();
        let end = text.floor_char_boundary(cut.index(text.len()));
        prop_assert_eq!(decode(&text[..end]), None);
    }
}

#[test]
fn every_tag_of_the_relay_is_known() {
    for tag in FromRelay::TAGS {
        let arm = ["\"", tag, "\" => "].concat();
        assert!(include_str!("../codec.rs").contains(&arm), "{tag}");
    }
}

#[test]
fn a_temporary_refusal_is_never_taken_for_a_permanent_one() {
    for code in shared_codes() {
        let text = serde_json::to_string(&code).expect("codes are JSON");
        assert_eq!(error_code(text.trim_matches('"')).is_temporary(), code.is_temporary(), "{text}");
    }
}

fn shared_codes() -> [ErrorCode; 6] {
    use ErrorCode::{BadFrame, EmptyText, Internal, RateLimited, StoreUnavailable, WrongState};
    [RateLimited, StoreUnavailable, Internal, EmptyText, WrongState, BadFrame]
}

#[test]
fn storage_may_hold_anything() {
    for text in ["", "null", "{}", "[1]", "[{\"id\":\"x\",\"text\":\"hi\"}]"] {
        assert!(read_outbox(text).is_empty(), "{text}");
    }
}
