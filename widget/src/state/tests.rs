//! What the panel knows after this and that has happened.

use super::*;
use shared::frame::ErrorFrame;
use shared::ids::AgentId;
use shared::model::{Deleted, Edited, Form, Person, Rating};

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
    entry_of(number, seq, by, Body::Text("hello".into()))
}

fn happens(number: u8, seq: Seq, event: Event) -> Emit<FromRelay> {
    entry_of(number, seq, Author::System, Body::Event(event))
}

fn entry_of(number: u8, seq: Seq, by: Author, body: Body) -> Emit<FromRelay> {
    Emit::Entry(conversation(1), Entry { seq, prev: seq - 1, id: id(number), at: NOW, by, body })
}

fn after(emits: impl IntoIterator<Item = Emit<FromRelay>>) -> State {
    let mut state = State::new("Demo".into(), &[], Vec::new());
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
    let away = || Emit::Frame(FromRelay::Answering(shared::visitor::Answering { answering: false, back_at: None }));
    assert!(after([away()]).wants_contact());
    assert!(!after([away(), Emit::Pending(say(1))]).wants_contact());
    // Nor before the relay has told how the conversation stands that this began, or began anew.
    assert!(!after([away(), Emit::Pending(say(1)), ack(1, 1)]).wants_contact());
    let error = ErrorFrame { id: Some(id(1)), code: ErrorCode::InvalidField, message: "no".into(), retry_after_ms: None };
    assert!(after([away(), Emit::Pending(say(1)), Emit::Failed(say(1), error)]).wants_contact());
}

#[test]
fn a_broken_connection_is_told_until_it_is_mended() {
    let mut state = after([Emit::Status(Status::Waiting(5)), Emit::Status(Status::Connecting)]);
    assert_eq!(state.notice(), Notice::Reconnecting);
    state.apply(NOW, Emit::Status(Status::Online));
    assert_eq!(state.notice(), Notice::None);
}

fn thread(state: Stand) -> Emit<FromRelay> {
    let thread = Thread { id: conversation(1), state, head: 9, agent: Some(mia()), position: None, estimate_ms: None, read: 0 };
    Emit::Frame(FromRelay::Thread(shared::visitor::ThreadUpdate { thread }))
}

fn texts_of(state: &State) -> Vec<String> {
    let text = |line: &Line| match &line.what {
        What::Own(body, _) | What::Theirs(_, body) => body.preview().unwrap_or("gone").to_owned(),
        other => format!("{other:?}"),
    };
    state.lines.iter().map(text).collect()
}

#[test]
fn changes_are_made_to_the_lines_they_name() {
    let edit = |seq, text: &str| Event::Edited(Edited { seq, text: text.into(), note: false });
    let mut state =
        after([ack(1, 1), entry(2, 2, Author::Agent(mia())), happens(3, 3, edit(1, "hi!")), happens(4, 4, edit(1, "hey!"))]);
    assert_eq!(texts_of(&state), ["hey!", "hello"]);
    assert_eq!((state.lines[0].version, state.lines[1].version), (2, 0));
    state.apply(NOW, happens(5, 5, Event::Deleted(Deleted { seq: 2, note: false })));
    state.apply(NOW, happens(6, 6, edit(40, "elsewhere")));
    assert_eq!(texts_of(&state), ["hey!", "gone"]);
    assert_eq!(state.unread(), 0);
}

#[test]
fn what_is_not_known_keeps_its_place() {
    let state = after([ack(1, 1), entry_of(2, 2, Author::Agent(mia()), UNKNOWN)]);
    assert_eq!(state.lines[1].what, What::Unknown);
    assert_eq!(state.head(), Some((conversation(1), 2)));
}

#[test]
fn the_last_own_message_can_be_changed_for_a_minute() {
    let mut state = after([ack(1, 1), ack(2, 2), entry(3, 3, Author::Agent(mia()))]);
    assert_eq!((state.deed(id(1)), state.deed(id(2))), (Deed::None, Deed::Edit));
    assert_eq!(state.changeable(), Some((conversation(1), 2, "hi")));
    assert_eq!(state.deadline(), Some(NOW + EDIT_WITHIN));
    state.tick(NOW + EDIT_WITHIN - 1);
    assert_eq!(state.deed(id(2)), Deed::Edit);
    state.tick(NOW + EDIT_WITHIN);
    assert_eq!((state.deed(id(2)), state.changeable()), (Deed::None, None));
}

#[test]
fn a_refused_message_can_be_sent_again() {
    let error = ErrorFrame { id: Some(id(1)), code: ErrorCode::WrongState, message: String::new(), retry_after_ms: None };
    let mut state = after([Emit::Pending(say(1)), Emit::Failed(say(1), error)]);
    assert_eq!(state.in_trouble().collect::<Vec<_>>(), [id(1)]);
    assert_eq!(state.take_failed(id(1)), Some(Arc::new(Body::Text("hi".into()))));
    assert!(state.lines.is_empty());
}

#[test]
fn a_refused_request_is_told_for_a_while() {
    let error = ErrorFrame { id: Some(id(1)), code: ErrorCode::WrongState, message: String::new(), retry_after_ms: None };
    let mut state = after([Emit::Refused(error)]);
    assert_eq!(state.notice(), Notice::Refused);
    state.tick(NOW + REFUSAL_LAPSES);
    assert_eq!(state.notice(), Notice::None);
}

#[test]
fn quick_replies_are_gone_once_something_was_said() {
    let menu = || Body::Menu(Menu { text: "Which?".into(), choices: vec!["A".into(), "B".into()] });
    let mut state = after([entry_of(1, 1, Author::Agent(mia()), menu()), entry(2, 2, Author::Agent(mia()))]);
    assert_eq!(state.choices(), ["A", "B"]);
    state.apply(NOW, Emit::Pending(say(3)));
    assert!(state.choices().is_empty());
    let over = after([entry_of(1, 1, Author::Agent(mia()), menu()), happens(2, 2, Event::Closed(CloseReason::Agent))]);
    assert!(over.choices().is_empty());
}

#[test]
fn the_form_is_asked_once_and_its_answers_go_with_the_first_message() {
    let mut state = after([]);
    state.panel.form = Some(Form { fields: Vec::new(), consent: None });
    assert!(state.wants_form());
    let answers = vec![Answer { label: "Name".into(), value: "Ada".into() }];
    state.answers = Some(answers.clone());
    assert!(!state.wants_form());
    let (mut first, mut second) = (say(1), say(2));
    state.complete(&mut first);
    state.complete(&mut second);
    assert_eq!((first.answers, first.fresh, second.answers), (answers, false, Vec::new()));
    assert!(!state.wants_form());
}

#[test]
fn an_ended_chat_is_rated_once_and_can_be_begun_anew() {
    let mut state = after([ack(1, 1), happens(2, 2, Event::Closed(CloseReason::Agent)), thread(Stand::Closed)]);
    assert!(state.is_over() && !state.wants_rating());
    state.panel.rating = true;
    assert!(state.wants_rating());
    state.apply(NOW, happens(3, 3, Event::Rated(Rating { score: 4, comment: None })));
    assert!(state.is_over() && !state.wants_rating());
    state.start_over();
    assert!(state.lines.is_empty() && !state.is_over());
    let mut say = say(3);
    state.complete(&mut say);
    assert!(say.fresh && !state.fresh);
}
