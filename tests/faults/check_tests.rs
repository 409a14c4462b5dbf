//! The checker finds each kind of wrong, and nothing in what is right.

use shared::ids::AgentId;
use shared::model::{Assigned, AssignedHow, CloseReason, Person, RequeueReason};

use super::*;
use crate::history::Standing;

const ADA: u128 = 1;
const GRACE: u128 = 2;
/// Visitors are 10, 11 …, and their conversations 110, 111 …
const VISITOR: u128 = 10;
const CHAT: u128 = 100;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A history that grows by what happens. Every happening takes a second.
struct Story {
    history: History,
    now: Millis,
}

impl Story {
    /// Two agents with one slot each, and three visitors.
    fn begin() -> Self {
        let mut history = History { prefer_for: 5_000, reopen_wait: 5_000, ..History::default() };
        history.capacities = [(id(ADA), 1), (id(GRACE), 1)].into();
        for (name, is_agent, number) in [
            ("ada", true, ADA),
            ("grace", true, GRACE),
            ("v0", false, VISITOR),
            ("v1", false, VISITOR + 1),
            ("v2", false, VISITOR + 2),
        ] {
            let diary = Diary { name: name.into(), is_agent, id: Some(id(number)), ..Diary::default() };
            history.clients.push(diary);
        }
        Self { history, now: 0 }
    }

    fn entry(&mut self, visitor: u128, author: Option<u128>, body: Body) -> Place {
        self.now += 1_000;
        let conversation = id(CHAT + visitor);
        let start = Standing { visitor: id(visitor), state: State::Queued, agent: None, head: 0 };
        let standing = self.history.standings.entry(conversation).or_insert(start);
        standing.head += 1;
        match &body {
            Body::Event(Event::Assigned(assigned)) => {
                (standing.state, standing.agent) = (State::Active, Some(assigned.agent.id.0))
            }
            Body::Event(Event::Requeued(_) | Event::Reopened) => (standing.state, standing.agent) = (State::Queued, None),
            Body::Event(Event::Closed(_)) => standing.state = State::Closed,
            _ => {}
        }
        let seq = standing.head;
        let (entry, internal) = (id(1_000 + self.history.entries.len() as u128), body.is_internal());
        let author = author.map(id);
        self.history.entries.push(Stored { conversation, seq, id: entry, at: self.now, author, internal, body });
        let seen = self.history.entries.iter().rev().skip(1);
        let prev = seen.filter(|before| before.conversation == conversation && !before.internal).map(|before| before.seq).next();
        Place { id: entry, conversation, seq, prev: prev.unwrap_or_default() }
    }

    fn client(&mut self, name: &str) -> &mut Vec<(Millis, Did)> {
        &mut self.history.clients.iter_mut().find(|client| client.name == name).unwrap().events
    }

    fn note(&mut self, name: &str, did: Did) {
        let now = self.now;
        self.client(name).push((now, did));
    }

    /// A visitor writes, and is told that it is on disk.
    fn says(&mut self, number: u128, line: u64) -> Place {
        let (name, text) = (format!("v{number}"), format!("v{number} line {line}"));
        let place = self.entry(VISITOR + number, Some(VISITOR + number), Body::Text(text.clone()));
        self.note(&name, Did::Said { id: place.id, text });
        self.note(&name, Did::Acked(place));
        place
    }

    fn event(&mut self, number: u128, event: Event) {
        let internal = Body::Event(event.clone()).is_internal();
        let place = self.entry(VISITOR + number, None, Body::Event(event));
        if !internal {
            self.note(&format!("v{number}"), Did::Saw(place));
        }
    }

    fn gives(&mut self, number: u128, agent: u128, how: AssignedHow) {
        let agent = Person { id: AgentId(id(agent)), name: "A".into() };
        self.event(number, Event::Assigned(Assigned { agent, how }));
    }

    /// Agents in these stories see all that they must, so that each test is about one thing.
    fn wrongs(mut self) -> Vec<Wrong> {
        let held: Vec<_> = self.history.standings.iter().filter(|(_, standing)| standing.state == State::Active).collect();
        let held: Vec<(Uuid, Uuid)> = held.iter().filter_map(|(chat, standing)| Some((**chat, standing.agent?))).collect();
        for (chat, agent) in held {
            let entries = self.history.entries.iter().filter(|entry| entry.conversation == chat);
            let saw = entries
                .map(|entry| (0, Did::Saw(Place { id: entry.id, conversation: chat, seq: entry.seq, prev: entry.seq - 1 })));
            let saw: Vec<_> = saw.collect();
            self.history.clients.iter_mut().find(|client| client.id == Some(agent)).unwrap().events.extend(saw);
        }
        (self.history.settled, self.history.ended) = (self.now, self.now);
        let mut wrongs: Vec<_> = check(&self.history).into_iter().map(|violation| violation.wrong).collect();
        wrongs.dedup();
        wrongs
    }
}

/// Two chats, one after the other.
fn right() -> Story {
    let mut story = Story::begin();
    story.says(0, 1);
    story.gives(0, ADA, AssignedHow::Dispatched);
    story.says(1, 1);
    story.gives(1, GRACE, AssignedHow::Dispatched);
    story.says(2, 1);
    story.says(0, 2);
    story
}

#[test]
fn what_is_right_is_not_wrong() {
    assert_eq!(right().wrongs(), []);
    let mut story = right();
    story.event(0, Event::Closed(CloseReason::Agent));
    story.gives(2, ADA, AssignedHow::Dispatched);
    story.says(0, 3);
    story.event(0, Event::Reopened);
    story.event(2, Event::Requeued(RequeueReason::HandedOver));
    // The one that Ada handed over waits longer, but she had given it up.
    story.gives(0, ADA, AssignedHow::Dispatched);
    assert_eq!(story.wrongs(), []);
}

#[test]
fn a_lost_message_is_found() {
    let mut story = right();
    let place = story.says(2, 2);
    story.history.entries.pop();
    story.history.standings.get_mut(&place.conversation).unwrap().head -= 1;
    assert!(story.wrongs().contains(&Wrong::Lost));
    let mut story = right();
    let place = story.says(2, 2);
    story.note("v2", Did::Refused(place.id));
    assert_eq!(story.wrongs(), [Wrong::Lost]);
}

#[test]
fn a_doubled_message_is_found() {
    let mut story = right();
    let place = story.says(2, 2);
    let again = story.entry(VISITOR + 2, Some(VISITOR + 2), Body::Text("v2 line 2".into()));
    story.note("v2", Did::Saw(again));
    assert_ne!(place.id, again.id);
    assert_eq!(story.wrongs(), [Wrong::Doubled]);
    let mut story = right();
    let place = story.says(2, 2);
    story.note("v2", Did::Saw(place));
    assert_eq!(story.wrongs(), [Wrong::Doubled]);
}

#[test]
fn a_wrong_order_is_found() {
    let mut story = right();
    story.says(2, 3);
    story.says(2, 2);
    assert_eq!(story.wrongs(), [Wrong::Reordered]);
    let mut story = right();
    story.says(2, 2);
    let events = story.client("v2");
    let length = events.len();
    events.swap(length - 1, length - 3);
    assert!(story.wrongs().contains(&Wrong::Reordered));
}

#[test]
fn a_gap_is_found() {
    let mut story = right();
    story.history.entries.last_mut().unwrap().seq += 1;
    assert!(story.wrongs().contains(&Wrong::Gap));
    let mut story = right();
    story.history.standings.get_mut(&id(CHAT + VISITOR)).unwrap().head += 1;
    assert_eq!(story.wrongs(), [Wrong::Gap]);
}

#[test]
fn what_never_arrives_is_found() {
    let mut story = right();
    story.note("v2", Did::Said { id: id(9), text: "v2 line 2".into() });
    assert_eq!(story.wrongs(), [Wrong::Undelivered]);
    let mut story = right();
    story.entry(VISITOR, Some(ADA), Body::Text("ada line 1".into()));
    assert_eq!(story.wrongs(), [Wrong::Undelivered]);
}

#[test]
fn too_many_chats_are_found() {
    let mut story = right();
    story.gives(2, ADA, AssignedHow::Taken);
    assert_eq!(story.wrongs(), [Wrong::Capacity]);
}

#[test]
fn who_is_served_out_of_turn_is_found() {
    let mut story = Story::begin();
    story.says(0, 1);
    story.says(1, 1);
    story.gives(1, ADA, AssignedHow::Dispatched);
    assert_eq!(story.wrongs(), [Wrong::Fifo]);
    let mut story = Story::begin();
    story.says(0, 1);
    story.says(1, 1);
    story.gives(1, ADA, AssignedHow::Taken);
    assert_eq!(story.wrongs(), [], "an agent may pick");
}

#[test]
fn a_preference_excuses_only_while_it_runs() {
    for (pause, wrongs) in [(0, vec![]), (10_000, vec![Wrong::Fifo])] {
        let mut story = Story::begin();
        story.says(0, 1);
        story.gives(0, ADA, AssignedHow::Dispatched);
        story.event(0, Event::Closed(CloseReason::Agent));
        story.says(0, 2);
        story.event(0, Event::Reopened);
        story.says(1, 1);
        story.now += pause;
        story.gives(1, GRACE, AssignedHow::Dispatched);
        assert_eq!(story.wrongs(), wrongs, "{pause}");
    }
}

#[test]
fn an_illegal_transition_is_found() {
    let mut story = right();
    story.gives(0, GRACE, AssignedHow::Dispatched);
    assert!(story.wrongs().contains(&Wrong::Transition), "from one agent to another without a transfer");
    let mut story = right();
    story.event(2, Event::Resumed);
    assert!(story.wrongs().contains(&Wrong::Transition));
    let mut story = right();
    story.history.standings.get_mut(&id(CHAT + VISITOR + 2)).unwrap().state = State::Parked;
    assert_eq!(story.wrongs(), [Wrong::Transition], "the tables say something else");
    let mut story = right();
    story.entry(VISITOR + 2, Some(ADA), Body::Text("ada line 1".into()));
    assert!(story.wrongs().contains(&Wrong::Transition), "answered without having it");
}

#[test]
fn who_is_not_back_in_time_is_found() {
    let fault = |began, ended, client: Option<&str>| Fault { kind: "cut", began, ended, client: client.map(str::to_owned) };
    let mut story = right();
    story.history.faults = vec![fault(story.now, story.now, Some("v2"))];
    story.now += BACK_WITHIN;
    story.says(2, 2);
    assert_eq!(story.wrongs(), [Wrong::Recovery]);
    let mut story = right();
    story.history.faults = vec![fault(story.now, story.now, Some("v2"))];
    story.says(2, 2);
    assert_eq!(story.wrongs(), []);
    // A second fault before they are back: the time counts from its end.
    let mut story = right();
    let now = story.now;
    story.history.faults = vec![fault(now, now, Some("v2")), fault(now + 20_000, now + 20_000, Some("v2"))];
    story.now += 20_000 + BACK_WITHIN - 2_000;
    story.says(2, 2);
    assert_eq!(story.wrongs(), []);
}
