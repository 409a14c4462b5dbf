//! When somebody is there, by the clock on the wall of the site's place. Pure; the time comes in as an argument.
//!
//! The wall clock decides, whatever it does: an hour that a spring night leaves out opens nothing, one that an autumn night has twice
//! is open twice. A time zone that this relay does not know counts as always open, so that nobody is locked out by it.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span as Length, Timestamp, Zoned};
use shared::ids::Millis;
use shared::model::{Hours, Span, minute_of};

/// How far ahead an opening is looked for, in days: every holiday that there may be, in a row, and the week after.
const AHEAD: i32 = 110;

/// Whether it is open at this time.
pub fn is_open(hours: &Hours, now: Millis) -> bool {
    let Some((zone, now)) = place(hours, now) else { return true };
    is_open_at(hours, &now.to_zoned(zone))
}

/// Outside opening hours: when they begin again. `None`: it is open, or never opens.
pub fn opens_at(hours: &Hours, now: Millis) -> Option<Millis> {
    let (zone, at) = place(hours, now)?;
    if is_open_at(hours, &at.to_zoned(zone.clone())) {
        return None;
    }
    next(hours, &zone, at, true)
}

/// When it opens or closes next.
pub fn changes_at(hours: &Hours, now: Millis) -> Option<Millis> {
    let (zone, at) = place(hours, now)?;
    let open = is_open_at(hours, &at.to_zoned(zone.clone()));
    next(hours, &zone, at, !open)
}

/// The place's time zone and the instant, unless one of them is none.
fn place(hours: &Hours, now: Millis) -> Option<(TimeZone, Timestamp)> {
    Some((TimeZone::get(&hours.time_zone).ok()?, Timestamp::from_millisecond(now).ok()?))
}

fn is_open_at(hours: &Hours, now: &Zoned) -> bool {
    let minute = 60 * u32::from(now.hour().unsigned_abs()) + u32::from(now.minute().unsigned_abs());
    bounds(spans(hours, now.date())).any(|(from, to)| (from..to).contains(&minute))
}

/// The first instant after this one at which it is `wanted`.
fn next(hours: &Hours, zone: &TimeZone, after: Timestamp, wanted: bool) -> Option<Millis> {
    let today = after.to_zoned(zone.clone()).date();
    for day in 0..AHEAD {
        let date = today.checked_add(Length::new().days(day)).ok()?;
        let mut turns: Vec<Timestamp> = turns(hours, zone, date).into_iter().filter(|turn| *turn > after).collect();
        turns.sort_unstable();
        if let Some(turn) = turns.into_iter().find(|turn| is_open_at(hours, &turn.to_zoned(zone.clone())) == wanted) {
            return Some(turn.as_millisecond());
        }
    }
    None
}

/// Instants of a day at which it may open or close: midnight, the ends of spans, and where the clock is put forward or back.
fn turns(hours: &Hours, zone: &TimeZone, date: Date) -> Vec<Timestamp> {
    let mut turns = Vec::new();
    let midnight = date.to_datetime(Time::midnight());
    let tomorrow = date.tomorrow().map(|date| date.to_datetime(Time::midnight())).unwrap_or(midnight);
    let ends = bounds(spans(hours, date)).flat_map(|(from, to)| [from, to]);
    let times = ends.filter_map(|minute| midnight.checked_add(Length::new().minutes(i64::from(minute))).ok());
    for time in times.chain([midnight, tomorrow]) {
        turns.extend(instants(zone, time));
    }
    let (first, last) = (zone.to_ambiguous_timestamp(midnight).earlier(), zone.to_ambiguous_timestamp(tomorrow).later());
    if let (Ok(first), Ok(last)) = (first, last) {
        turns.extend(zone.following(first).map(|turn| turn.timestamp()).take_while(|turn| *turn <= last));
    }
    turns
}

/// Every instant at which the clock on the wall shows this time: none, one or two.
fn instants(zone: &TimeZone, time: DateTime) -> Vec<Timestamp> {
    let found = zone.to_ambiguous_timestamp(time);
    match found.offset() {
        AmbiguousOffset::Gap { .. } => Vec::new(),
        AmbiguousOffset::Unambiguous { .. } => found.earlier().into_iter().collect(),
        AmbiguousOffset::Fold { .. } => [found.earlier(), found.later()].into_iter().flatten().collect(),
    }
}

/// The spans of a day.
fn spans(hours: &Hours, date: Date) -> &[Span] {
    let name = date.to_string();
    if let Some(holiday) = hours.holidays.iter().find(|holiday| holiday.date == name) {
        return &holiday.spans;
    }
    let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    hours.week.get(weekday).map(Vec::as_slice).unwrap_or_default()
}

/// The first minute of each span and the one after its last.
fn bounds(spans: &[Span]) -> impl Iterator<Item = (u32, u32)> {
    spans.iter().filter_map(|span| minute_of(&span.from).zip(minute_of(&span.to)))
}
