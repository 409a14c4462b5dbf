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
    fn days_begin_at_local_midnight() {
        assert_eq!(day_number(0, 0), 0);
        assert_eq!(day_number(-1, 0), -1);
        assert_eq!(day_number(DAY - MINUTE, -60), 1, "an hour east of UTC the day has begun");
        assert_eq!(day_number(30 * MINUTE, 60), -1, "an hour west it has not");
    }
}
