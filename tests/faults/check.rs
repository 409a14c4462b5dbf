//! Judges a recorded history: a pure function from what happened to what should not have. Called at the end of a run, and by its own
//! tests, which feed it each kind of wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use shared::ids::{Millis, Seq};
use shared::model::{Body, Event, State};
use uuid::Uuid;

use crate::history::{Diary, Did, Fault, History, Place, Stored};
use crate::replay;

/// How long a client may take after a fault to be back by itself: it hears of a dead connection 40 s after its last sign of life at
/// the latest (a ping after 30 s at most, and 10 s for the answer), and waits 30 s at most before it tries again.
pub const BACK_WITHIN: Millis = 35_000;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Acknowledged, and not in the store; or refused, and there all the same.
    Lost,
    /// In the store, or shown to somebody, twice.
    Doubled,
    /// Out of order: in the store by its author's order, or as somebody was shown it.
    Reordered,
    /// A number is missing, in the store or in what somebody was shown.
    Gap,
    /// Said and never answered, or never shown to whom it was for.
    Undelivered,
    /// An agent held more chats than they have slots.
    Capacity,
    /// Somebody was served before another who had waited longer.
    Fifo,
    /// A conversation went where it cannot go from where it was.
    Transition,
    /// A client was not back in time.
    Recovery,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of which kind.
    pub wrong: Wrong,
    /// What exactly.
    pub what: String,
}

impl Violation {
    /// A violation.
    pub fn new(wrong: Wrong, what: impl Into<String>) -> Self {
        Self { wrong, what: what.into() }
    }
}

/// Everything that is wrong with a history.
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = stored(history);
    for client in &history.clients {
        found.extend(told(history, client));
        found.extend(shown(history, client));
    }
    found.extend(replay::desk(history));
    found.extend(recoveries(history).into_iter().filter(|recovery| recovery.took > BACK_WITHIN).map(|recovery| {
        let Recovery { client, fault, took } = recovery;
        Violation::new(Wrong::Recovery, format!("{client} was back {took} ms after the end of: {fault}"))
    }));
    found
}

/// Who wrote a text, and as which of their lines.
fn line_of(text: &str) -> Option<(&str, u64)> {
    let (author, line) = text.rsplit_once(" line ")?;
    Some((author, line.parse().ok()?))
}

/// The store by itself: numbers without gaps, nothing twice, every author's lines in order.
fn stored(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut heads: BTreeMap<Uuid, Seq> = BTreeMap::new();
    let mut ids = HashSet::new();
    let mut texts = HashSet::new();
    let mut lines: HashMap<(Uuid, &str), u64> = HashMap::new();
    for entry in &history.entries {
        let head = heads.entry(entry.conversation).or_default();
        if entry.seq != *head + 1 {
            found.push(Violation::new(Wrong::Gap, format!("{}: {} follows {head}", entry.conversation, entry.seq)));
        }
        *head = entry.seq;
        if !ids.insert((entry.author, entry.id)) {
            found.push(Violation::new(Wrong::Doubled, format!("the store holds {} twice", entry.id)));
        }
        let Body::Text(text) = &entry.body else { continue };
        if !texts.insert(text) {
            found.push(Violation::new(Wrong::Doubled, format!("the store holds {text:?} twice")));
        }
        if let Some((author, line)) = line_of(text)
            && let Some(before) = lines.insert((entry.conversation, author), line)
            && before > line
        {
            found.push(Violation::new(Wrong::Reordered, format!("{text:?} stands after line {before}")));
        }
    }
    for (conversation, standing) in &history.standings {
        let head = heads.get(conversation).copied().unwrap_or_default();
        if head != standing.head {
            found.push(Violation::new(Wrong::Gap, format!("{conversation} ends at {head}, not at {}", standing.head)));
        }
    }
    found
}

/// What a client was told of its own messages: every ack holds, every message has an answer.
fn told(history: &History, client: &Diary) -> Vec<Violation> {
    let mut found = Vec::new();
    let places: HashMap<Uuid, (Uuid, Seq)> =
        history.entries.iter().map(|entry| (entry.id, (entry.conversation, entry.seq))).collect();
    let mut open = BTreeMap::new();
    let mut acked: HashMap<Uuid, Place> = HashMap::new();
    let mut refused = HashSet::new();
    for (_, did) in &client.events {
        match did {
            Did::Said { id, text } => {
                open.insert(*id, text);
            }
            Did::Acked(place) => {
                let text = open.remove(&place.id);
                let what = || format!("{:?} of {}, acknowledged as {}", text, client.name, place.seq);
                if places.get(&place.id) != Some(&(place.conversation, place.seq)) {
                    found.push(Violation::new(Wrong::Lost, what()));
                }
                if acked.insert(place.id, *place).is_some() {
                    found.push(Violation::new(Wrong::Doubled, format!("{}, twice", what())));
                }
            }
            Did::Refused(id) => {
                open.remove(id);
                refused.insert(*id);
            }
            Did::Saw(_) | Did::Heard => {}
        }
    }
    for id in refused.iter().filter(|id| places.contains_key(id)) {
        found.push(Violation::new(Wrong::Lost, format!("{id} of {} was refused, but stands in the store", client.name)));
    }
    for text in open.into_values() {
        found.push(Violation::new(Wrong::Undelivered, format!("{text:?} of {} has no answer", client.name)));
    }
    found
}

/// What a client was shown: in order, once, without gaps, as it stands in the store; and all of it that was for them.
fn shown(history: &History, client: &Diary) -> Vec<Violation> {
    let mut found = Vec::new();
    let ids: HashMap<(Uuid, Seq), Uuid> =
        history.entries.iter().map(|entry| ((entry.conversation, entry.seq), entry.id)).collect();
    let mut seen: BTreeMap<Uuid, BTreeSet<Seq>> = BTreeMap::new();
    for (_, did) in &client.events {
        let (Did::Saw(place) | Did::Acked(place)) = did else { continue };
        let at = format!("{} at {} of {}", client.name, place.seq, place.conversation);
        let known = seen.entry(place.conversation).or_default();
        let last = known.last().copied().unwrap_or_default();
        if !known.insert(place.seq) {
            found.push(Violation::new(Wrong::Doubled, at.clone()));
        } else if place.seq < last {
            found.push(Violation::new(Wrong::Reordered, format!("{at}, after {last}")));
        } else if place.prev != last {
            found.push(Violation::new(Wrong::Gap, format!("{at}: {last} before it, not {}", place.prev)));
        }
        if ids.get(&(place.conversation, place.seq)) != Some(&place.id) {
            found.push(Violation::new(Wrong::Lost, format!("{at} saw {}, which does not stand there", place.id)));
        }
    }
    let held_since = last_assigned(history);
    let due = |entry: &&Stored| {
        // What somebody was given afterwards, they need not have seen.
        let held = !client.is_agent || held_since.get(&entry.conversation).is_none_or(|at| *at <= history.settled);
        entry.at <= history.settled && held && is_for(history, client, entry.conversation)
    };
    for entry in history.entries.iter().filter(due) {
        let known = seen.get(&entry.conversation).is_some_and(|seen| seen.contains(&entry.seq));
        if !known && (client.is_agent || !entry.internal) {
            let what = format!("{} never saw {} of {}: {:?}", client.name, entry.seq, entry.conversation, entry.body);
            found.push(Violation::new(Wrong::Undelivered, what));
        }
    }
    found
}

/// When conversations last came to an agent.
fn last_assigned(history: &History) -> HashMap<Uuid, Millis> {
    let came = |entry: &&Stored| matches!(&entry.body, Body::Event(Event::Assigned(_) | Event::Resumed));
    history.entries.iter().filter(came).map(|entry| (entry.conversation, entry.at)).collect()
}

/// Whether all of a conversation is to be shown to a client: visitors their own, agents what they hold at the end.
fn is_for(history: &History, client: &Diary, conversation: Uuid) -> bool {
    let Some(standing) = history.standings.get(&conversation) else { return false };
    if client.is_agent {
        standing.state == State::Active && standing.agent == client.id
    } else {
        Some(standing.visitor) == client.id
    }
}

/// How long one client took after a fault.
pub struct Recovery {
    /// Who.
    pub client: String,
    /// After which fault; after the last one, when another came before they were back.
    pub fault: &'static str,
    /// How long, in ms; until the end of the recording for those who never were.
    pub took: Millis,
}

/// How long every client took after every fault. A visitor is back with the first ack, because there is always something to say; an
/// agent with the first sign of life.
pub fn recoveries(history: &History) -> Vec<Recovery> {
    let mut found = Vec::new();
    for client in &history.clients {
        let mut faults: Vec<&Fault> =
            history.faults.iter().filter(|fault| fault.client.as_ref().is_none_or(|name| *name == client.name)).collect();
        faults.sort_by_key(|fault| fault.ended);
        let sign = |did: &Did| matches!(did, Did::Acked(_)) || (client.is_agent && matches!(did, Did::Saw(_) | Did::Heard));
        for (number, fault) in faults.iter().enumerate() {
            let back = client.events.iter().find(|(at, did)| *at > fault.ended && sign(did)).map(|(at, _)| *at);
            // Another one came in between: what counts is the time after that one.
            let until = back.unwrap_or(Millis::MAX);
            if faults.iter().skip(number + 1).any(|next| next.began < until) {
                continue;
            }
            let took = back.unwrap_or(history.ended) - fault.ended;
            found.push(Recovery { client: client.name.clone(), fault: fault.kind, took });
        }
    }
    found
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
