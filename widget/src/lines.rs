//! What the log shows, as plain data: lines in order, and how they are arranged into rows with days and groups.
//! Pure, so that it is tested without a browser; `log.rs` draws the rows.

use std::sync::Arc;

use shared::close::ErrorCode;
use shared::ids::{MessageId, Millis, Seq};
use shared::model::{Body, Event};

/// A place after everything that the relay has numbered.
pub const PENDING: (usize, Seq) = (usize::MAX, Seq::MAX);

const MINUTE: Millis = 60_000;
const DAY: Millis = 24 * 60 * MINUTE;

/// How a message of the visitor's own stands. Whether it was read follows from the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// In the outbox.
    Pending,
    /// On disk at the relay.
    Sent,
    /// Refused for good.
    Failed(ErrorCode),
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The visitor's own message. Rows are copies of lines, bodies are shared.
    Own(Arc<Body>, Mark),
    /// A message of the agent with this name.
    Theirs(String, Arc<Body>),
    /// Something that happened.
    Event(Event),
    /// What a newer relay says.
    Unknown,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Chosen by the author before sending, so that a pending message keeps its place in the page when it is acknowledged.
    pub id: MessageId,
    /// Which conversation (in order of appearance) and its number there; [`PENDING`] until the relay tells.
    pub place: (usize, Seq),
    /// When it was committed; for pending ones, when it was written.
    pub at: Millis,
    /// Its content.
    pub what: What,
    /// How often that has changed.
    pub version: u32,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A day begins: days since the epoch in the visitor's time zone, and a time in it.
    Day(i64, Millis),
    /// A line; whether it opens a group (same author, same minute).
    Line(Line, bool),
}

/// What makes a row the same row. The minute, the version and the head of a group are part of it, because they are drawn once.
pub type RowKey = (u128, i64, u32, bool);

impl Row {
    /// See [`RowKey`].
    pub fn key(&self) -> RowKey {
        match self {
            Self::Day(day, _) => (0, *day, 0, true),
            Self::Line(line, head) => (line.id.0.as_u128(), line.at / MINUTE, line.version, *head),
        }
    }
}

/// The number of the day that a time falls on; `offset` is what the visitor's time zone adds to UTC then.
pub fn day_of(at: Millis, offset: Millis) -> i64 {
    (at + offset).div_euclid(DAY)
}

/// Arranges ordered lines: a row for every new day, and a new group whenever author or minute changes.
pub fn arrange(lines: &[Line], offset: impl Fn(Millis) -> Millis) -> Vec<Row> {
    let mut rows = Vec::with_capacity(lines.len() + 2);
    let mut before: Option<(&Line, i64)> = None;
    for line in lines {
        let day = day_of(line.at, offset(line.at));
        let same_day = before.is_some_and(|(_, other)| other == day);
        if !same_day {
            rows.push(Row::Day(day, line.at));
        }
        let grouped =
            same_day && before.is_some_and(|(other, _)| same_author(other, line) && other.at / MINUTE == line.at / MINUTE);
        rows.push(Row::Line(line.clone(), !grouped));
        before = Some((line, day));
    }
    rows
}

fn same_author(one: &Line, other: &Line) -> bool {
    match (&one.what, &other.what) {
        (What::Own(..), What::Own(..)) => true,
        (What::Theirs(one, _), What::Theirs(other, _)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8, at: Millis, author: &str) -> Line {
        let what = match author {
            "" => What::Own(Arc::new(Body::Text("text".into())), Mark::Sent),
            "event" => What::Event(Event::Reopened),
            name => What::Theirs(name.into(), Arc::new(Body::Text("text".into()))),
        };
        Line { id: MessageId::v7(0, [number; 10]), place: (0, number.into()), at, what, version: 0 }
    }

    fn shape(rows: &[Row]) -> String {
        rows.iter()
            .map(|row| match row {
                Row::Day(..) => '|',
                Row::Line(_, true) => 'H',
                Row::Line(_, false) => '.',
            })
            .collect()
    }

    #[test]
    fn groups_by_author_and_minute() {
        let lines = [
            line(1, 1_000, ""),
            line(2, 59_000, ""),
            line(3, 60_000, ""),
            line(4, 61_000, "Mia"),
            line(5, 62_000, "Mia"),
            line(6, 63_000, "Tom"),
            line(7, 64_000, "event"),
            line(8, 65_000, "event"),
        ];
        assert_eq!(shape(&arrange(&lines, |_| 0)), "|H.HH.HHH");
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let hour = 60 * MINUTE;
        let lines = [line(1, 22 * hour - 1, ""), line(2, 22 * hour, ""), line(3, 24 * hour, "")];
        assert_eq!(shape(&arrange(&lines, |_| 2 * hour)), "|H|HH");
        assert_eq!(shape(&arrange(&lines, |_| 0)), "|HH|H");
        assert_eq!(day_of(-1, 0), -1);
    }

    #[test]
    fn an_acknowledged_message_stays_the_same_row() {
        let mut pending = line(1, 5_000, "");
        pending.place = PENDING;
        let before = arrange(&[pending.clone()], |_| 0);
        pending.place = (0, 1);
        pending.at = 5_400;
        let after = arrange(&[pending], |_| 0);
        assert_eq!(before.iter().map(Row::key).collect::<Vec<_>>(), after.iter().map(Row::key).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_message_is_drawn_again() {
        let mut one = line(1, 5_000, "");
        let before = Row::Line(one.clone(), true).key();
        one.version += 1;
        assert_ne!(before, Row::Line(one, true).key());
    }
}
