//! What an admin is changing about the desk of a site, one signal a field, and what to send of it. Pure but for the signals.

use leptos::prelude::*;
use shared::ids::TeamId;
use shared::model::{Assigning, Holiday, Hours, RoutingRule, SiteDesk, Span, minute_of};

use crate::text::Texts;

/// A desk being changed.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Whether agents pick chats themselves.
    pub picks: RwSignal<bool>,
    /// Whether there are opening hours.
    pub has_hours: RwSignal<bool>,
    /// IANA time zone.
    pub zone: RwSignal<String>,
    /// The spans of each weekday, as people write them.
    pub week: [RwSignal<String>; 7],
    /// Days that are not like their weekday.
    pub holidays: RwSignal<Vec<HolidayDraft>>,
    /// For whom new chats are.
    pub routes: RwSignal<Vec<RouteDraft>>,
    /// Tells rows from each other.
    made: StoredValue<u32>,
}

/// A holiday.
#[derive(Clone, Copy)]
pub struct HolidayDraft {
    /// Tells it from the others on this page.
    pub number: u32,
    /// `YYYY-MM-DD`.
    pub date: RwSignal<String>,
    /// Its name.
    pub name: RwSignal<String>,
    /// Its spans, as people write them.
    pub spans: RwSignal<String>,
}

/// A routing rule.
#[derive(Clone, Copy)]
pub struct RouteDraft {
    /// Tells it from the others on this page.
    pub number: u32,
    /// Pattern of addresses; empty: any.
    pub page: RwSignal<String>,
    /// Empty: any.
    pub language: RwSignal<String>,
    /// The team's id; empty: everybody.
    pub team: RwSignal<String>,
    /// As a number.
    pub priority: RwSignal<String>,
}

impl Draft {
    /// Of a desk as it is; `zone`: this browser's, for hours that begin.
    pub fn of(desk: &SiteDesk, zone: String) -> Self {
        let hours = desk.hours.as_ref();
        let day = |weekday: usize| match hours {
            Some(hours) => written(hours.week.get(weekday).map(Vec::as_slice).unwrap_or_default()),
            // What offices mostly have.
            None if weekday < 5 => "09:00–17:00".to_owned(),
            None => String::new(),
        };
        let draft = Self {
            picks: RwSignal::new(desk.assigning == Assigning::Pick),
            has_hours: RwSignal::new(hours.is_some()),
            zone: RwSignal::new(hours.map_or(zone, |hours| hours.time_zone.clone())),
            week: std::array::from_fn(|weekday| RwSignal::new(day(weekday))),
            holidays: RwSignal::default(),
            routes: RwSignal::default(),
            made: StoredValue::new(0),
        };
        for holiday in hours.into_iter().flat_map(|hours| &hours.holidays) {
            draft.add_holiday(Some(holiday));
        }
        for rule in &desk.routes {
            draft.add_route(Some(rule));
        }
        draft
    }

    /// One more day.
    pub fn add_holiday(&self, holiday: Option<&Holiday>) {
        let text = |read: fn(&Holiday) -> String| RwSignal::new(holiday.map(read).unwrap_or_default());
        let row = HolidayDraft {
            number: self.number(),
            date: text(|holiday| holiday.date.clone()),
            name: text(|holiday| holiday.name.clone()),
            spans: text(|holiday| written(&holiday.spans)),
        };
        self.holidays.update(|rows| rows.push(row));
    }

    /// One more rule.
    pub fn add_route(&self, rule: Option<&RoutingRule>) {
        let text = |read: fn(&RoutingRule) -> Option<String>| RwSignal::new(rule.and_then(read).unwrap_or_default());
        let row = RouteDraft {
            number: self.number(),
            page: text(|rule| rule.page.clone()),
            language: text(|rule| rule.language.clone()),
            team: text(|rule| rule.team.map(|team| team.to_string())),
            priority: RwSignal::new(rule.map_or(0, |rule| rule.priority).to_string()),
        };
        self.routes.update(|rows| rows.push(row));
    }

    fn number(&self) -> u32 {
        self.made.update_value(|made| *made += 1);
        self.made.get_value()
    }

    /// What to send.
    ///
    /// # Errors
    /// Hours that are none, in words.
    pub fn desk(&self, texts: &Texts) -> Result<SiteDesk, &'static str> {
        let read = |text: RwSignal<String>| text.with_untracked(|text| spans(text)).ok_or(texts.desk.spans_wrong);
        let hours = match self.has_hours.get_untracked() {
            false => None,
            true => {
                let week = self.week.iter().map(|day| read(*day)).collect::<Result<_, &'static str>>()?;
                let holiday = |row: &HolidayDraft| {
                    let (date, name) = (row.date.get_untracked(), row.name.with_untracked(|name| name.trim().to_owned()));
                    Ok(Holiday { date, name, spans: read(row.spans)? })
                };
                let holidays =
                    self.holidays.with_untracked(|rows| rows.iter().map(holiday).collect::<Result<_, &'static str>>())?;
                Some(Hours { time_zone: self.zone.with_untracked(|zone| zone.trim().to_owned()), week, holidays })
            }
        };
        let given = |text: RwSignal<String>| {
            let text = text.with_untracked(|text| text.trim().to_owned());
            (!text.is_empty()).then_some(text)
        };
        let rule = |row: &RouteDraft| RoutingRule {
            page: given(row.page),
            language: given(row.language),
            team: row.team.with_untracked(|team| team.parse::<TeamId>().ok()),
            priority: row.priority.with_untracked(|priority| priority.parse().unwrap_or_default()),
        };
        Ok(SiteDesk {
            assigning: if self.picks.get_untracked() { Assigning::Pick } else { Assigning::Automatic },
            hours,
            routes: self.routes.with_untracked(|rows| rows.iter().map(rule).collect()),
        })
    }
}

/// Spans as people write them: `09:00–12:00, 14:00–18:00`.
fn written(spans: &[Span]) -> String {
    spans.iter().map(|span| format!("{}–{}", span.from, span.to)).collect::<Vec<_>>().join(", ")
}

/// The spans of a text; `None`: that is none. A lone hour digit is meant as people mean it.
fn spans(text: &str) -> Option<Vec<Span>> {
    let mut end = 0;
    text.split([',', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (from, to) = part.split_once(['–', '-', '—'])?;
            let (from, to) = (clock(from)?, clock(to)?);
            let (begins, ends) = (minute_of(&from)?, minute_of(&to)?);
            let in_order = end <= begins && begins < ends;
            end = ends;
            in_order.then_some(Span { from, to })
        })
        .collect()
}

/// `9`, `9:00` and `09:00` are the same.
fn clock(text: &str) -> Option<String> {
    let (hour, minute) = text.trim().split_once([':', 'h', '.']).unwrap_or((text.trim(), "00"));
    let hour: u32 = hour.parse().ok()?;
    let minute: u32 = if minute.is_empty() { 0 } else { minute.parse().ok()? };
    Some(format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ENGLISH;
    use serde_json::json;

    #[test]
    fn what_was_not_touched_is_sent_as_it_was() {
        let day = json!([{"from": "09:00", "to": "12:00"}, {"from": "14:00", "to": "24:00"}]);
        let desk: SiteDesk = serde_json::from_value(json!({
            "assigning": "pick",
            "hours": {
                "time_zone": "Europe/Paris", "week": [day, day, [], [], day, [], []],
                "holidays": [{"date": "2026-12-25", "name": "Christmas"}, {"date": "2026-12-24", "spans": [{"from": "09:00", "to": "12:00"}]}],
            },
            "routes": [{"page": "/cart*", "language": "fr", "priority": 2}, {"priority": -1}],
        }))
        .unwrap();
        let again = Owner::new().with(|| Draft::of(&desk, String::new()).desk(&ENGLISH));
        assert_eq!(again, Ok(desk));
    }

    #[test]
    fn hours_are_read_as_people_write_them() {
        let read = |text: &str| spans(text).map(|spans| written(&spans));
        assert_eq!(read("9-12, 14:30 – 18h").as_deref(), Some("09:00–12:00, 14:30–18:00"));
        assert_eq!(read(" ").as_deref(), Some(""));
        for wrong in ["9", "12-9", "9-12, 11-13", "9-25", "a-b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn without_hours_none_are_sent() {
        let desk = Owner::new().with(|| Draft::of(&SiteDesk::default(), "Europe/Paris".to_owned()).desk(&ENGLISH));
        assert_eq!(desk, Ok(SiteDesk::default()));
    }
}
