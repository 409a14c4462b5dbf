//! Times for people: spans are pure and tested; days and clock times come from the browser's own `Intl`, in the console's language.
//! A visitor's time zone is untrusted text that makes `Intl` throw, so every such call is one that may fail.

use js_sys::{Date, Function, Intl, Object, Reflect};
use shared::ids::Millis;
use wasm_bindgen::{JsCast, JsValue};

use crate::locale::Language;

/// One minute.
const MINUTE: Millis = 60_000;
/// One day.
const DAY: Millis = 24 * 60 * MINUTE;

/// A span as short as it can be read: `12 s`, `3 min`, `1 h 05`, `2 d`.
pub fn span(millis: Millis, language: Language) -> String {
    let seconds = millis.max(0) / 1_000;
    let day = match language {
        Language::English => "d",
        Language::French => "j",
    };
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {:02}", minutes % 60),
        (days, ..) => format!("{days} {day}"),
    }
}

/// The number of the day in which a moment lies, `offset` minutes west of UTC.
pub fn day_number(at: Millis, offset: i64) -> i64 {
    (at - offset * MINUTE).div_euclid(DAY)
}

/// The number of the day in this browser's time zone.
pub fn local_day(at: Millis) -> i64 {
    day_number(at, date(at).get_timezone_offset() as i64)
}

/// The time of day in this browser's zone: `14:05`.
pub fn clock(at: Millis, language: Language) -> String {
    format(at, language, &[("hour", "2-digit"), ("minute", "2-digit")]).unwrap_or_default()
}

/// A day in words: `Monday, 3 November`.
pub fn day(at: Millis, language: Language) -> String {
    format(at, language, &[("weekday", "long"), ("day", "numeric"), ("month", "long")]).unwrap_or_default()
}

/// A day and time: `3 Nov 2026, 14:05`.
pub fn moment(at: Millis, language: Language) -> String {
    let parts = [("day", "numeric"), ("month", "short"), ("year", "numeric"), ("hour", "2-digit"), ("minute", "2-digit")];
    format(at, language, &parts).unwrap_or_default()
}

/// The weekday and time in another zone; `None` when the browser does not know it.
pub fn clock_in(at: Millis, zone: &str, language: Language) -> Option<String> {
    format(at, language, &[("weekday", "short"), ("hour", "2-digit"), ("minute", "2-digit"), ("timeZone", zone)])
}

/// The day of a moment in this browser's zone, as date fields have it: `2026-11-03`.
pub fn date_of(at: Millis) -> String {
    let date = date(at);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// When that day begins in this browser's zone, or one that many days later; `None`: it is no day.
pub fn day_begins(day: &str, later: i32) -> Option<Millis> {
    let mut parts = day.splitn(3, '-').map(str::parse::<i32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let at = Date::new_with_year_month_day(u32::try_from(year).ok()?, month - 1, day + later).get_time();
    at.is_finite().then_some(at as Millis)
}

/// The weekday (1 is Monday) and the minute of the day in this browser's zone.
pub fn weekday_and_minute(at: Millis) -> (u8, u16) {
    let date = date(at);
    let day = date.get_day();
    let minute = date.get_hours() * 60 + date.get_minutes();
    (if day == 0 { 7 } else { u8::try_from(day).unwrap_or(7) }, u16::try_from(minute).unwrap_or(0))
}

/// A weekday's name; 1 is Monday.
pub fn weekday(day: u8, language: Language) -> String {
    // 5 January 1970 was a Monday; noon is that day in every zone.
    let at = DAY * (3 + Millis::from(day)) + DAY / 2;
    format(at, language, &[("weekday", "long"), ("timeZone", "UTC")]).unwrap_or_default()
}

/// Minutes after midnight as time fields have them: `08:05`.
pub fn minutes_shown(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The minutes after midnight that a time field holds.
pub fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The name of this browser's time zone.
pub fn zone() -> Option<String> {
    let options = Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new()).resolved_options();
    Reflect::get(&options, &"timeZone".into()).ok()?.as_string()
}

fn date(at: Millis) -> Date {
    Date::new(&JsValue::from_f64(at as f64))
}

/// `Intl.DateTimeFormat` through [`Reflect`], because its constructor throws at unknown time zones.
fn format(at: Millis, language: Language, parts: &[(&str, &str)]) -> Option<String> {
    let options = Object::new();
    for (name, value) in parts {
        Reflect::set(&options, &(*name).into(), &(*value).into()).ok()?;
    }
    let arguments = js_sys::Array::of2(&language.formats().into(), &options);
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let maker: Function = Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into().ok()?;
    let formatter: Intl::DateTimeFormat = Reflect::construct(&maker, &arguments).ok()?.unchecked_into();
    formatter.format().call1(&JsValue::NULL, &date(at)).ok()?.as_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let shown = [-5, 0, 59_999, 60_000, 3_599_999, 3_900_000, 2 * DAY + 1].map(|millis| span(millis, Language::English));
        assert_eq!(shown, ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h 05", "2 d"]);
        assert_eq!(span(DAY, Language::French), "1 j");
    }

    #[test]
    fn times_of_day_are_written_and_read() {
        assert_eq!((minutes_shown(0).as_str(), minutes_shown(8 * 60 + 5).as_str()), ("00:00", "08:05"));
        assert_eq!((minutes("08:05"), minutes("23:59:30")), (Some(485), Some(1_439)));
        assert_eq!((minutes(""), minutes("24:00"), minutes("12:6"), minutes("12:60")), (None, None, None, None));
    }

    #[test]
    fn days_begin_at_local_midnight() {
        assert_eq!(day_number(0, 0), 0);
        assert_eq!(day_number(-1, 0), -1);
        assert_eq!(day_number(DAY - MINUTE, -60), 1, "an hour east of UTC the day has begun");
        assert_eq!(day_number(30 * MINUTE, 60), -1, "an hour west it has not");
    }
}
