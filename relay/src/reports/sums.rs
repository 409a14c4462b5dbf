//! Figures of many conversations: of all, by day, by hour, by page, by team, by agent.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use shared::api::{AgentFigures, Figures, Slice, SlotUse, Spread};
use shared::ids::{AgentId, Millis, TeamId};
use shared::model::Person;

use super::course::{Course, Part, Stay};

/// Pages that are told.
const MOST_PAGES: usize = 20;

/// Days in a time zone.
#[derive(Clone, Debug)]
pub struct Range {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// Where.
    pub zone: TimeZone,
}

/// A time during which an agent was online with that many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub agent: AgentId,
    /// From when.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
    /// With how many slots.
    pub slots: u32,
}

impl Range {
    /// When it begins and when it is over; `None`: the calendar does not reach that far.
    pub fn edges(&self) -> Option<(Millis, Millis)> {
        let begins = |day: Date| day.to_zoned(self.zone.clone()).ok().map(|at| at.timestamp().as_millisecond());
        Some((begins(self.from)?, begins(self.until.tomorrow().ok()?)?))
    }

    fn days(&self) -> impl Iterator<Item = Date> {
        let until = self.until;
        self.from.series(1.day()).take_while(move |day| *day <= until)
    }
}

/// All parts of a report that are about conversations.
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    /// Of them all.
    pub all: Figures,
    /// By day.
    pub days: Vec<Slice>,
    /// By hour.
    pub hours: Vec<Slice>,
    /// By page.
    pub pages: Vec<Slice>,
    /// By team.
    pub teams: Vec<Slice>,
    /// By agent, in the order of `team`.
    pub agents: Vec<AgentFigures>,
    /// Of all agents.
    pub slots: SlotUse,
}

/// Sums up. `team` is everybody there ever was; who neither had a conversation nor a shift is left out.
pub fn sum(courses: &[Course], shifts: &[Shift], range: &Range, team: &[Person]) -> Sums {
    let (begins, ends) = range.edges().unwrap_or_default();
    let started = |course: &Course| Timestamp::from_millisecond(course.began).unwrap_or_default().to_zoned(range.zone.clone());
    let mut by_day: BTreeMap<Date, Vec<&Course>> = range.days().map(|day| (day, Vec::new())).collect();
    let mut by_hour: Vec<Vec<&Course>> = vec![Vec::new(); 24];
    let mut by_page: HashMap<&str, Vec<&Course>> = HashMap::new();
    let mut by_team: HashMap<TeamId, (&str, Vec<&Course>)> = HashMap::new();
    for course in courses {
        let at = started(course);
        by_day.entry(at.date()).or_default().push(course);
        if let Some(hour) = usize::try_from(at.hour()).ok().and_then(|hour| by_hour.get_mut(hour)) {
            hour.push(course);
        }
        by_page.entry(course.page.as_deref().unwrap_or_default()).or_default().push(course);
        if let Some(routed) = &course.team {
            // The latest conversation comes first, and so the latest name of a team.
            by_team.entry(routed.team).or_insert_with(|| (&routed.name, Vec::new())).1.push(course);
        }
    }
    let slice = |name: String, courses: &[&Course]| Slice { name, figures: figures(courses) };
    let mut pages: Vec<Slice> = by_page.iter().map(|(page, courses)| slice((*page).to_owned(), courses)).collect();
    pages.sort_by(|one, other| other.figures.conversations.cmp(&one.figures.conversations).then(one.name.cmp(&other.name)));
    pages.truncate(MOST_PAGES);
    let mut teams: Vec<Slice> = by_team.into_values().map(|(name, courses)| slice(name.to_owned(), &courses)).collect();
    teams.sort_by(|one, other| one.name.cmp(&other.name));
    let agents: Vec<AgentFigures> = team.iter().filter_map(|person| of_agent(person, courses, shifts, (begins, ends))).collect();
    Sums {
        all: figures(&courses.iter().collect::<Vec<_>>()),
        days: by_day.iter().map(|(day, courses)| slice(day.to_string(), courses)).collect(),
        hours: by_hour.iter().enumerate().map(|(hour, courses)| slice(format!("{hour:02}"), courses)).collect(),
        pages,
        teams,
        slots: SlotUse {
            used: agents.iter().map(|agent| agent.slots.used).sum(),
            offered: agents.iter().map(|agent| agent.slots.offered).sum(),
        },
        agents,
    }
}

fn figures(courses: &[&Course]) -> Figures {
    let count = |holds: &dyn Fn(&Course) -> bool| number(courses.iter().filter(|course| holds(course)).count());
    let answered = || courses.iter().filter(|course| course.is_answered());
    Figures {
        conversations: number(courses.len()),
        messages: count(&|course| course.is_message),
        answered: count(&Course::is_answered),
        abandoned: count(&Course::is_abandoned),
        resolved: count(&|course| course.is_resolved),
        reopened: count(&|course| course.is_reopened),
        waiting: spread(answered().filter_map(|course| course.waited).collect()),
        response: spread(courses.iter().filter_map(|course| course.response).collect()),
        handling: spread(answered().map(|course| course.handled()).collect()),
        ratings: ratings(courses.iter().copied()),
    }
}

fn of_agent(person: &Person, courses: &[Course], shifts: &[Shift], (begins, ends): (Millis, Millis)) -> Option<AgentFigures> {
    let id = person.id;
    let within = |from: Millis, to: Millis| (to.min(ends) - from.max(begins)).max(0);
    let parts: Vec<(&Course, &Part)> =
        courses.iter().filter_map(|course| Some((course, course.parts.iter().find(|part| part.agent == id)?))).collect();
    let theirs = |course: &&Course| -> Vec<Stay> { course.stays.iter().copied().filter(|stay| stay.agent == id).collect() };
    let offered = shifts.iter().filter(|shift| shift.agent == id);
    let offered: Millis = offered.map(|shift| within(shift.from, shift.to) * Millis::from(shift.slots)).sum();
    if parts.is_empty() && offered == 0 {
        return None;
    }
    let held: Vec<Vec<Stay>> = parts.iter().map(|(course, _)| theirs(course)).collect();
    Some(AgentFigures {
        agent: person.clone(),
        conversations: number(parts.len()),
        response: spread(parts.iter().filter_map(|(_, part)| Some(part.wrote? - part.from)).collect()),
        handling: spread(held.iter().map(|stays| stays.iter().map(|stay| stay.to - stay.from).sum()).collect()),
        ratings: ratings(parts.iter().map(|(course, _)| *course).filter(|course| course.last() == Some(id))),
        slots: SlotUse { used: held.iter().flatten().map(|stay| within(stay.from, stay.to)).sum(), offered },
    })
}

fn ratings<'a>(courses: impl Iterator<Item = &'a Course>) -> [u32; 5] {
    let mut counts = [0; 5];
    for course in courses {
        let place = course.rating.and_then(|score| usize::from(score).checked_sub(1));
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    counts
}

/// Of an even number of times the median is the lower one of the two in the middle: a time that there was.
fn spread(mut times: Vec<Millis>) -> Spread {
    times.sort_unstable();
    let count = times.len();
    let at = |numerator: usize| {
        count.checked_sub(1).and_then(|_| times.get((count * numerator).div_ceil(10) - 1)).copied().unwrap_or(0)
    };
    let sum: Millis = times.iter().sum();
    let mean = Millis::try_from(count).ok().filter(|count| *count > 0).map_or(0, |count| sum / count);
    Spread { count: number(count), mean, median: at(5), most: at(9) }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
