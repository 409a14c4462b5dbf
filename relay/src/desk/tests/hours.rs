//! Opening hours: whatever the place and whatever its clocks do, the answers are those of somebody who looks at the wall every minute.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use shared::ids::Millis;
use shared::model::{Holiday, Hours, Span};

use super::{DAY, HOUR, MINUTE};
use crate::desk::hours::{changes_at, is_open, opens_at};

/// Among them: half an hour of summer time, a year without, one at midnight, one that skipped a day, one with quarters of an hour.
const PLACES: [&str; 8] = [
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
];

fn at(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn span(from: u32, to: u32) -> Span {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    Span { from: clock(from), to: clock(to) }
}

fn weekdays(place: &str, spans: &[(u32, u32)]) -> Hours {
    let day: Vec<Span> = spans.iter().map(|(from, to)| span(60 * from, 60 * to)).collect();
    let week = (0..7).map(|weekday| if weekday < 5 { day.clone() } else { Vec::new() }).collect();
    Hours { time_zone: place.into(), week, holidays: Vec::new() }
}

/// What the clock on the wall shows: date, weekday from Monday, minute.
fn wall(place: &str, now: Millis) -> (String, usize, u32) {
    let now = Timestamp::from_millisecond(now).unwrap().to_zoned(TimeZone::get(place).unwrap());
    let weekday = now.date().weekday().to_monday_zero_offset() as usize;
    (now.date().to_string(), weekday, 60 * now.hour() as u32 + now.minute() as u32)
}

fn plainly(hours: &Hours, now: Millis) -> bool {
    let (date, weekday, minute) = wall(&hours.time_zone, now);
    let spans = hours.holidays.iter().find(|day| day.date == date).map_or(&hours.week[weekday], |day| &day.spans);
    let number = |text: &str| 60 * text[..2].parse::<u32>().unwrap() + text[3..].parse::<u32>().unwrap();
    spans.iter().any(|span| number(&span.from) <= minute && minute < number(&span.to))
}

/// Three days, minute by minute.
fn first_change(hours: &Hours, now: Millis) -> Option<Millis> {
    let was = plainly(hours, now);
    let next_minute = (now / MINUTE + 1) * MINUTE;
    (0..3 * 24 * 60).map(|minute| next_minute + minute * MINUTE).find(|at| plainly(hours, *at) != was)
}

fn day() -> impl Strategy<Value = Vec<Span>> {
    // Mostly at night, where clocks change.
    let from = prop_oneof![3 => 0..240_u32, 1 => 0..1_440_u32];
    vec((from, prop_oneof![4 => 1..120_u32, 1 => Just(1_440)]), 0..3).prop_map(|mut spans| {
        spans.sort_unstable();
        let mut end = 0;
        let mut day = Vec::new();
        for (from, length) in spans {
            let (from, to) = (from.max(end), (from + length).min(1_440));
            if from < to {
                day.push(span(from, to));
                end = to;
            }
        }
        day
    })
}

/// A place, and a time around one of the changes of its clocks.
fn moment() -> impl Strategy<Value = (&'static str, Millis)> {
    let around = (select(PLACES.to_vec()), 0..16_usize, prop_oneof![-DAY..DAY, -2 * HOUR..2 * HOUR]);
    around.prop_map(|(place, change, offset)| {
        let zone = TimeZone::get(place).unwrap();
        let from: Timestamp = "2010-06-01T00:00:00Z".parse().unwrap();
        let changes: Vec<Timestamp> = zone.following(from).map(|change| change.timestamp()).take(16).collect();
        let turn = changes.get(change).or(changes.last()).map_or(from.as_millisecond(), |turn| turn.as_millisecond());
        (place, turn + offset)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_clock_on_the_wall_decides(
        (place, now) in moment(),
        week in vec(day(), 7),
        holidays in vec((0..4_i64, day()), 0..2),
    ) {
        let holidays = holidays
            .into_iter()
            .map(|(days, spans)| Holiday { date: wall(place, now + days * DAY).0, name: String::new(), spans })
            .collect();
        let hours = Hours { time_zone: place.into(), week, holidays };
        prop_assert_eq!(is_open(&hours, now), plainly(&hours, now));
        let (change, expected) = (changes_at(&hours, now), first_change(&hours, now));
        match expected {
            Some(expected) => prop_assert_eq!(change, Some(expected)),
            // Further away than was looked.
            None => prop_assert!(change.is_none_or(|change| change > now + 3 * DAY - HOUR)),
        }
        let opens = opens_at(&hours, now);
        prop_assert_eq!(opens, if is_open(&hours, now) { None } else { change });
    }
}

#[test]
fn office_hours_begin_again_on_monday() {
    let hours = weekdays("Europe/Paris", &[(9, 12), (14, 18)]);
    // Friday the 27th of March 2026, 18:30 in Paris; clocks go forward on Sunday.
    assert_eq!(opens_at(&hours, at("2026-03-27T17:30:00Z")), Some(at("2026-03-30T07:00:00Z")));
    assert_eq!(opens_at(&hours, at("2026-03-27T08:00:00Z")), None, "it is open");
    assert_eq!(changes_at(&hours, at("2026-03-27T08:00:00Z")), Some(at("2026-03-27T11:00:00Z")), "lunch");
}

#[test]
fn a_night_that_has_an_hour_twice_is_open_in_both() {
    let mut hours = weekdays("Europe/Paris", &[(9, 18)]);
    hours.week[6] = vec![span(150, 165)];
    // 2:30 to 2:45 on the 25th of October 2026, once in summer time and once not.
    for (now, open) in [("00:29", false), ("00:30", true), ("00:45", false), ("01:30", true), ("01:45", false)] {
        assert_eq!(is_open(&hours, at(&format!("2026-10-25T{now}:00Z"))), open, "{now}");
    }
    // And never on the 29th of March, which has no 2:30.
    assert_eq!(opens_at(&hours, at("2026-03-29T00:00:00Z")), Some(at("2026-03-30T07:00:00Z")));
}

#[test]
fn holidays_are_closed_or_have_their_own_hours() {
    let mut hours = weekdays("America/New_York", &[(9, 17)]);
    let holiday = |date: &str, spans| Holiday { date: date.into(), name: String::new(), spans };
    hours.holidays = vec![holiday("2026-12-25", Vec::new()), holiday("2026-12-26", vec![span(600, 720)])];
    let christmas = at("2026-12-25T15:00:00Z");
    assert!(!is_open(&hours, christmas));
    assert_eq!(opens_at(&hours, christmas), Some(at("2026-12-26T15:00:00Z")), "a Saturday with hours of its own");
}

#[test]
fn who_never_opens_says_so_and_an_unknown_place_is_open() {
    let never = weekdays("Europe/Paris", &[]);
    assert!(!is_open(&never, 0) && opens_at(&never, 0).is_none() && changes_at(&never, 0).is_none());
    let nowhere = weekdays("Moon/Tranquility", &[]);
    assert!(is_open(&nowhere, 0) && opens_at(&nowhere, 0).is_none());
}
