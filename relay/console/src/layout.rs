//! How lines become a readable thread: a day before the first line of each day, and lines of one author within minutes as a group.
//! Pure; `view/thread.rs` draws the result.

use shared::ids::{MessageId, Millis};
use shared::model::{Author, Body, CloseReason, Event};

use crate::row::Line;

/// Lines of one author within this time stand together, with one name.
const TOGETHER: Millis = 5 * 60_000;

/// A line with what stands around it.
#[derive(Clone)]
pub struct Placed {
    /// The line.
    pub line: Line,
    /// A new day begins with it.
    pub new_day: bool,
    /// It goes on with the group of the line before.
    pub joined: bool,
}

impl Placed {
    /// Tells lines apart whose surroundings changed, so that keyed lists draw them again.
    pub fn key(&self) -> (MessageId, bool, bool, u32) {
        (self.line.id, self.new_day, self.joined, self.line.changes)
    }
}

/// Places the lines; `day_of` numbers the days in the reader's time zone.
pub fn placed(lines: &[Line], day_of: impl Fn(Millis) -> i64) -> Vec<Placed> {
    let mut before: Option<&Line> = None;
    let place = |line: &Line, before: Option<&Line>| {
        let new_day = before.is_none_or(|before| day_of(before.at) != day_of(line.at));
        let joined = before.is_some_and(|before| {
            !new_day
                && before.by == line.by
                && kind(before) == kind(line)
                && kind(line) != Kind::Event
                && line.at - before.at < TOGETHER
        });
        Placed { line: line.clone(), new_day, joined }
    };
    // A change has no line of its own: it shows in the line that it changed. And where a conversation went is said once, not by its end too.
    let silent = |event: &Event| matches!(event, Event::Edited(_) | Event::Deleted(_) | Event::Closed(CloseReason::Merged));
    let shown = lines.iter().filter(|line| !matches!(&line.body, Body::Event(event) if silent(event)));
    shown
        .map(|line| {
            let placed = place(line, before);
            before = Some(line);
            placed
        })
        .collect()
}

#[derive(PartialEq, Eq)]
enum Kind {
    Text,
    Note,
    Whisper,
    Event,
}

fn kind(line: &Line) -> Kind {
    match line.body {
        Body::Text(_) | Body::File(_) | Body::Menu(_) | Body::Cards(_) | Body::Deleted | Body::Unknown(_) => Kind::Text,
        Body::Note(_) => Kind::Note,
        Body::Whisper(_) => Kind::Whisper,
        Body::Event(_) => Kind::Event,
    }
}

/// Whether the line was written by a visitor.
pub fn is_visitors(line: &Line) -> bool {
    line.by == Author::Visitor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;
    use crate::samples::{conversation, entry, person};
    use leptos::prelude::*;
    use shared::model::{Entry, Merged};

    #[test]
    fn days_and_groups() {
        let row = Row::new(conversation(1));
        let at = |seq, at, by| Entry { at, ..entry(seq, by, "x") };
        row.entry(at(1, 0, Author::Visitor));
        row.entry(at(2, 1_000, Author::Visitor));
        row.entry(at(3, 2_000, Author::Agent(person(9))));
        row.entry(at(4, TOGETHER + 3_000, Author::Agent(person(9))));
        row.entry(at(5, TOGETHER + 10_000, Author::Agent(person(9))));
        let day_of = |at: Millis| i64::from(at >= TOGETHER + 10_000);
        let found: Vec<(bool, bool)> =
            placed(&row.lines.get_untracked(), day_of).iter().map(|placed| (placed.new_day, placed.joined)).collect();
        assert_eq!(found, [(true, false), (false, true), (false, false), (false, false), (true, false)]);
    }

    #[test]
    fn where_a_conversation_went_is_said_once() {
        let row = Row::new(conversation(1));
        let told = |seq, event| Entry { body: Body::Event(event), ..entry(seq, Author::System, "") };
        row.entry(told(1, Event::Merged(Merged { into: conversation(2).id })));
        row.entry(told(2, Event::Closed(CloseReason::Merged)));
        row.entry(told(3, Event::Closed(CloseReason::Agent)));
        let shown: Vec<Body> = placed(&row.lines.get_untracked(), |_| 0).into_iter().map(|placed| placed.line.body).collect();
        let events = [Event::Merged(Merged { into: conversation(2).id }), Event::Closed(CloseReason::Agent)];
        assert_eq!(shown, events.map(Body::Event));
    }
}
