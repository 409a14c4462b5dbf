//! Both codecs side by side: what serde writes is read the same, what is written is read by serde as it was meant.

use proptest::option;
use proptest::prelude::*;
use shared::frame::{Backfill, Delete, Edit, PageView, Ping, Read};
use shared::ids::{AgentId, ConversationId, MessageId, VisitorId};
use shared::model::{Card, CardButton, Field, FieldKind, File, FileRules, Form, Menu, Panel, Words};
use shared::visitor::{Close, Hello, Rate, Transcript, Typing};

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
    let reason = prop::sample::select(vec![
        CloseReason::Agent,
        CloseReason::Visitor,
        CloseReason::Expired,
        CloseReason::Dismissed,
        CloseReason::Merged,
    ]);
    prop_oneof![
        Just(Event::Reopened),
        any::<String>().prop_map(Event::Greeted),
        (seq(), any::<String>()).prop_map(|(seq, text)| Event::Edited(Edited { seq, text, note: false })),
        seq().prop_map(|seq| Event::Deleted(Deleted { seq, note: false })),
        (any::<u8>(), option::of(any::<String>())).prop_map(|(score, comment)| Event::Rated(Rating { score, comment })),
        conversation().prop_map(|into| Event::Merged(Merged { into })),
        reason.prop_map(Event::Closed),
        (agent(), how).prop_map(|(agent, how)| Event::Assigned(Assigned { agent, how })),
    ]
}

fn any_file() -> impl Strategy<Value = File> {
    let texts = (any::<String>(), any::<String>(), any::<String>());
    let measures = (option::of(any::<u32>()), option::of(any::<u32>()), option::of(0..WHOLE));
    (any::<[u8; 10]>(), texts, seq(), measures).prop_map(
        |(random, (name, media_type, path), size, (width, height, duration_ms))| File {
            id: FileId::v7(5, random),
            name,
            media_type,
            size,
            path,
            width,
            height,
            duration_ms,
        },
    )
}

fn some_texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any::<String>(), 0..3)
}

fn any_card() -> impl Strategy<Value = Card> {
    let button = (any::<String>(), option::of(any::<String>())).prop_map(|(label, url)| CardButton { label, url });
    (any::<String>(), option::of(any::<String>()), option::of(any_file()), prop::collection::vec(button, 0..3))
        .prop_map(|(title, text, image, buttons)| Card { title, text, image, buttons })
}

fn any_form() -> impl Strategy<Value = Form> {
    let kinds = vec![FieldKind::Name, FieldKind::Email, FieldKind::Phone, FieldKind::Text, FieldKind::Choice];
    let field = (any::<String>(), prop::sample::select(kinds), any::<bool>(), some_texts())
        .prop_map(|(label, kind, required, options)| Field { label, kind, required, options });
    (prop::collection::vec(field, 0..3), option::of(any::<String>())).prop_map(|(fields, consent)| Form { fields, consent })
}

fn any_panel() -> impl Strategy<Value = Panel> {
    let rules = (seq(), some_texts()).prop_map(|(most_bytes, types)| FileRules { most_bytes, types });
    let text = || option::of(any::<String>());
    let words = (text(), text(), text(), text(), text()).prop_map(|(lang, greeting, here, away, later)| Words {
        lang,
        greeting,
        here,
        away,
        later,
    });
    (prop::collection::vec(words, 0..3), option::of(any_form()), option::of(rules), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(words, form, files, voice, rating, email)| Panel { words, form, files, voice, rating, email })
}

fn any_answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = (any::<String>(), any::<String>()).prop_map(|(label, value)| Answer { label, value });
    prop::collection::vec(answer, 0..3)
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let body = prop_oneof![
        any::<String>().prop_map(Body::Text),
        any_event().prop_map(Body::Event),
        any_file().prop_map(Body::File),
        (any::<String>(), some_texts()).prop_map(|(text, choices)| Body::Menu(Menu { text, choices })),
        prop::collection::vec(any_card(), 0..3).prop_map(Body::Cards),
        Just(Body::Deleted),
    ];
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
        (any::<bool>(), option::of(0..WHOLE)),
        any::<String>(),
        seq(),
        any_panel(),
        0..WHOLE,
    )
        .prop_map(|(visitor, token, thread, (answering, back_at), site, settings, panel, now)| {
            let visitor = VisitorId::v7(5, visitor);
            FromRelay::Welcome(Welcome { visitor, token, thread, answering, back_at, site, settings, panel, now })
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
        (any::<bool>(), option::of(0..WHOLE))
            .prop_map(|(answering, back_at)| FromRelay::Answering(Answering { answering, back_at })),
        (conversation(), seq()).prop_map(|(conversation, seq)| FromRelay::Read(ReadMark { conversation, seq })),
        (0..WHOLE, heads).prop_map(|(now, heads)| FromRelay::Pong(Pong { now, heads })),
    ]
}

fn any_page() -> impl Strategy<Value = Page> {
    (any::<String>(), any::<String>(), any::<String>()).prop_map(|(url, title, referrer)| Page { url, title, referrer })
}

fn any_say() -> impl Strategy<Value = Say> {
    let contact = (option::of(any::<String>()), any::<String>()).prop_map(|(name, email)| Contact { name, email });
    let file = option::of(any::<[u8; 10]>().prop_map(|random| FileId::v7(5, random)));
    (message(), any::<String>(), option::of(contact), file, any_answers(), option::of(any::<String>()), any::<bool>()).prop_map(
        |(id, text, contact, file, answers, greeting, fresh)| Say {
            contact,
            file,
            answers,
            greeting,
            fresh,
            ..Say::text(id, None, text)
        },
    )
}

fn to_relay() -> impl Strategy<Value = ToRelay> {
    let seen = prop::collection::vec((conversation(), seq()).prop_map(|(conversation, seq)| Seen { conversation, seq }), 0..3);
    let text = || option::of(any::<String>());
    let hello = (text(), text(), text(), seen, option::of(any_page()), text(), text()).prop_map(
        |(token, identity, resume, seen, page, locale, time_zone)| {
            ToRelay::Hello(Hello { token, identity, resume, seen, page, locale, time_zone })
        },
    );
    prop_oneof![
        hello,
        any_say().prop_map(ToRelay::Say),
        any::<String>().prop_map(|draft| ToRelay::Typing(Typing { draft })),
        (conversation(), seq()).prop_map(|(conversation, seq)| ToRelay::Read(Read { conversation, seq })),
        any_page().prop_map(|page| ToRelay::Page(PageView { page })),
        (message(), conversation()).prop_map(|(id, conversation)| ToRelay::Close(Close { id, conversation })),
        (message(), conversation(), seq(), any::<String>()).prop_map(|(id, conversation, seq, text)| ToRelay::Edit(Edit {
            id,
            conversation,
            seq,
            text
        })),
        (message(), conversation(), seq()).prop_map(|(id, conversation, seq)| ToRelay::Delete(Delete { id, conversation, seq })),
        (message(), conversation(), any::<u8>(), text()).prop_map(|(id, conversation, score, comment)| ToRelay::Rate(Rate {
            id,
            conversation,
            score,
            comment
        })),
        (message(), conversation(), any::<String>()).prop_map(|(id, conversation, email)| ToRelay::Transcript(Transcript {
            id,
            conversation,
            email
        })),
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
    fn what_the_modules_are_told_is_what_serde_reads(file in any_file(), cards in prop::collection::vec(any_card(), 0..3), form in any_form()) {
        prop_assert_eq!(serde_json::from_str::<File>(&write_file(&file)).ok(), Some(file.clone()));
        prop_assert_eq!(serde_json::from_str::<Vec<Card>>(&write_cards(&cards)).ok(), Some(cards));
        prop_assert_eq!(serde_json::from_str::<Form>(&write_form(&form)).ok(), Some(form));
        prop_assert_eq!(read_file(&write_file(&file)), Some(file));
    }

    #[test]
    fn answers_outlive_storage(answers in any_answers()) {
        prop_assert_eq!(read_answers(&write_answers(&answers)), answers);
    }

    #[test]
    fn a_cut_frame_is_no_frame(frame in from_relay(), cut: prop::sample::Index) {
        let text = frame.encode();
        let end = text.floor_char_boundary(cut.index(text.len()));
        prop_assert_eq!(decode(&text[..end]), None);
    }
}

#[test]
fn what_a_newer_relay_says_holds_its_number() {
    let id = write_uuid(MessageId::v7(5, [1; 10]).0);
    for (by, body) in [
        (r#""visitor""#, r#"{"hologram":{"depth":3}}"#),
        (r#""visitor""#, r#""blink""#),
        (r#""system""#, r#"{"event":{"teleported":{}}}"#),
        (r#""system""#, r#"{"event":"blinked"}"#),
        (r#"{"robot":{}}"#, r#"{"file":{"id":7}}"#),
    ] {
        let entry = format!(r#"{{"seq":7,"prev":6,"id":"{id}","at":5,"by":{by},"body":{body}}}"#);
        let frame = format!(r#"{{"t":"entries","conversation":"{id}","entries":[{entry}],"more":false}}"#);
        let Some(FromRelay::Entries(entries)) = decode(&frame) else { panic!("dropped: {frame}") };
        assert_eq!((entries.entries[0].seq, &entries.entries[0].body), (7, &UNKNOWN), "{body}");
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
