//! Figures against ones that were worked out by hand. Two days in Paris, where the second is shorter by nothing; times in seconds after
//! midnight of 2 November 2026 (23:00 UTC of the day before).
//!
//! | | began | what happened |
//! |---|---|---|
//! | A | 36000 (10:00) | for Sales; waits, Ada has it at 36060, writes at 36090; ends at 36360; rated 5 |
//! | B | 36600 (10:10) | for Sales, later for Billing; waits, Ada has it at 36800, writes nothing, it goes back at 36860; Bob has it at 36900, writes at 36910; ends at 37100; rated 2, then 3 |
//! | C | 39600 (11:00) | for Sales, which was called Shop then; waits, the visitor leaves the queue at 39900: abandoned |
//! | D | 75600 (21:00) | nobody is there: a message. Next day Ada takes it at 122400, writes at 122460, sets aside at 122700, it goes on at 123000 and is still open at 124000 |
//! | E | 118800 (day 2, 09:00) | waits still, since then |
//!
//! - Waiting: A 60, B 200 (36600 to 36800; the second wait does not count). C waited 300 and nobody had it. D did not wait. Mean of A and B 130,
//!   median the lower one of two, 60; nine tenths 200.
//! - First response, from the first message: A 90, B 310, D 122460 − 75600 = 46860. Mean 15753.333; median 310; nine tenths 46860.
//! - Handling: A 300; B 60 + 200 = 260; D 300 + 1000 = 1300. Mean 620; median 300.
//! - Teams: Billing had B, Sales A and C.
//! - Ada had A, B, D: responses 30 and 60 (none in B); handling 300, 60, 1300; slots 1660; rated 5 (B was Bob's last).
//!   Online from 28800 to 64800 with 3 slots: 108000 of slot time; from 120000 on, until the report at 124000, with 2: 8000. In all 116000.
//! - Bob had B: response 10, handling 200; online 36000 to 37800 with 1: 1800.

use jiff::civil::date;
use jiff::tz::TimeZone;
use shared::api::{Figures, SlotUse, Spread};
use shared::ids::{AgentId, MessageId, Millis, TeamId};
use shared::model::{
    Assigned, AssignedHow, Author, Body, CloseReason, Entry, Event, ParkReason, Person, Rating, RequeueReason, Routed,
};
use uuid::Uuid;

use super::course::{Course, follow};
use super::sums::{Range, Shift, Sums, sum};

fn range() -> Range {
    Range { from: date(2026, 11, 2), until: date(2026, 11, 3), zone: TimeZone::get("Europe/Paris").unwrap() }
}

fn at(seconds: Millis) -> Millis {
    range().edges().unwrap().0 + seconds * 1_000
}

fn person(number: u128, name: &str) -> Person {
    Person { id: AgentId(Uuid::from_u128(number)), name: name.to_owned() }
}

fn ada() -> Person {
    person(1, "Ada")
}

fn bob() -> Person {
    person(2, "Bob")
}

enum What {
    Visitor,
    Agent(Person),
    Happened(Event),
}

fn has(agent: Person) -> What {
    What::Happened(Event::Assigned(Assigned { agent, how: AssignedHow::Dispatched }))
}

fn sent_to(team: u128, name: &str) -> What {
    What::Happened(Event::Routed(Routed { team: TeamId(Uuid::from_u128(team)), name: name.to_owned() }))
}

fn rates(score: u8) -> What {
    What::Happened(Event::Rated(Rating { score, comment: None }))
}

/// One conversation: its page, and what happened in it, the first being its beginning.
fn course(page: &str, happened: Vec<(Millis, What)>) -> Course {
    course_until(124_000, page, happened)
}

/// The same, as a report tells it that is made then.
fn course_until(now: Millis, page: &str, happened: Vec<(Millis, What)>) -> Course {
    let began = at(happened[0].0);
    let entries = happened.into_iter().zip(1..).map(|((seconds, what), seq)| {
        let (by, body) = match what {
            What::Visitor => (Author::Visitor, Body::Text("hello".to_owned())),
            What::Agent(person) => (Author::Agent(person), Body::Text("hi".to_owned())),
            What::Happened(event) => (Author::System, Body::Event(event)),
        };
        Entry { seq, prev: seq - 1, id: MessageId(Uuid::from_u128(u128::from(seq))), at: at(seconds), by, body }
    });
    follow(began, Some(page.to_owned()), entries, at(now))
}

fn courses() -> Vec<Course> {
    use What::{Agent, Happened, Visitor};
    let closed = || Happened(Event::Closed(CloseReason::Agent));
    vec![
        course(
            "shop/",
            vec![
                (36_000, Visitor),
                (36_000, sent_to(8, "Sales")),
                (36_060, has(ada())),
                (36_090, Agent(ada())),
                (36_360, closed()),
                (36_400, rates(5)),
            ],
        ),
        course(
            "shop/cart",
            vec![
                (36_600, Visitor),
                (36_600, sent_to(8, "Sales")),
                (36_800, has(ada())),
                (36_860, sent_to(9, "Billing")),
                (36_860, Happened(Event::Requeued(RequeueReason::Unanswered))),
                (36_900, has(bob())),
                (36_910, Agent(bob())),
                (37_100, closed()),
                (37_150, rates(2)),
                (37_160, rates(3)),
            ],
        ),
        course(
            "shop/",
            vec![(39_600, Visitor), (39_600, sent_to(8, "Shop")), (39_900, Happened(Event::Parked(ParkReason::VisitorGone)))],
        ),
        course(
            "shop/",
            vec![
                (75_600, Visitor),
                (75_600, Happened(Event::Parked(ParkReason::NobodyThere))),
                (122_400, has(ada())),
                (122_460, Agent(ada())),
                (122_700, Happened(Event::Parked(ParkReason::VisitorSilent))),
                (123_000, Happened(Event::Resumed)),
            ],
        ),
        course("shop/", vec![(118_800, Visitor)]),
    ]
}

fn sums() -> Sums {
    let shift = |agent: Person, from, to, slots| Shift { agent: agent.id, from: at(from), to: at(to), slots };
    let shifts = [
        shift(ada(), 28_800, 64_800, 3),
        shift(ada(), 120_000, 124_000, 2),
        shift(bob(), 36_000, 37_800, 1),
        // The day before: no part of it.
        shift(bob(), -7_200, -3_600, 1),
    ];
    sum(&courses(), &shifts, &range(), &[ada(), bob(), person(3, "Eve")])
}

fn spread(count: u32, mean: Millis, median: Millis, most: Millis) -> Spread {
    Spread { count, mean, median: median * 1_000, most: most * 1_000 }
}

#[test]
fn the_figures_of_all_are_those_worked_out_by_hand() {
    let expected = Figures {
        conversations: 5,
        messages: 1,
        answered: 3,
        abandoned: 1,
        // Nothing has rested for 7 days when this report is made.
        resolved: 0,
        reopened: 0,
        waiting: spread(2, 130_000, 60, 200),
        response: spread(3, 15_753_333, 310, 46_860),
        handling: spread(3, 620_000, 300, 1_300),
        ratings: [0, 0, 1, 0, 1],
    };
    assert_eq!(sums().all, expected);
}

#[test]
fn agents_are_told_apart() {
    let sums = sums();
    let [ada, bob] = sums.agents.as_slice() else { panic!("Eve did nothing: {:?}", sums.agents) };
    assert_eq!((ada.conversations, ada.response, ada.ratings), (3, spread(2, 45_000, 30, 60), [0, 0, 0, 0, 1]));
    assert_eq!(ada.handling, spread(3, 553_333, 300, 1_300));
    assert_eq!(ada.slots, SlotUse { used: 1_660_000, offered: 116_000_000 });
    assert_eq!((bob.conversations, bob.response, bob.ratings), (1, spread(1, 10_000, 10, 10), [0, 0, 1, 0, 0]));
    assert_eq!(bob.slots, SlotUse { used: 200_000, offered: 1_800_000 });
    assert_eq!(sums.slots, SlotUse { used: 1_860_000, offered: 117_800_000 });
}

#[test]
fn days_and_hours_are_those_of_the_zone() {
    let sums = sums();
    let days: Vec<_> = sums.days.iter().map(|day| (day.name.as_str(), day.figures.conversations)).collect();
    assert_eq!(days, [("2026-11-02", 4), ("2026-11-03", 1)]);
    let hours: Vec<_> = sums.hours.iter().map(|hour| hour.figures.conversations).collect();
    assert_eq!((hours[9], hours[10], hours[11], hours[21], hours.iter().sum::<u32>()), (1, 2, 1, 1, 5));
    let pages: Vec<_> = sums.pages.iter().map(|page| (page.name.as_str(), page.figures.conversations)).collect();
    assert_eq!(pages, [("shop/", 4), ("shop/cart", 1)]);
    let teams: Vec<_> = sums.teams.iter().map(|team| (team.name.as_str(), team.figures.conversations)).collect();
    assert_eq!(teams, [("Billing", 1), ("Sales", 2)]);
}

#[test]
fn a_day_on_which_clocks_change_has_its_own_length() {
    let day = |month, day| {
        let range = Range { from: date(2026, month, day), until: date(2026, month, day), ..range() };
        range.edges().map(|(from, until)| (until - from) / 3_600_000)
    };
    assert_eq!((day(10, 25), day(3, 29), day(11, 2)), (Some(25), Some(23), Some(24)));
}

#[test]
fn tables_are_safe_to_open() {
    let sums = sums();
    let mut agents = sums.agents;
    agents[0].agent.name = "=HYPERLINK(\"x\")".to_owned();
    let report = shared::api::Report {
        site: None,
        from: "2026-11-02".into(),
        until: "2026-11-03".into(),
        zone: "Europe/Paris".into(),
        all: sums.all,
        days: sums.days,
        hours: sums.hours,
        pages: sums.pages,
        teams: sums.teams,
        agents,
        slots: sums.slots,
        cut: false,
    };
    let table = super::csv::write(&report, super::csv::Table::Agents);
    let rows: Vec<&str> = table.split("\r\n").collect();
    assert!(rows[1].starts_with("\"'=HYPERLINK(\"\"x\"\")\",3,45.000,30.000,60.000,"), "{}", rows[1]);
    assert_eq!(rows[1].matches(',').count(), rows[0].matches(',').count());
    let days = super::csv::write(&report, super::csv::Table::Days);
    assert!(days.contains("\"2026-11-03\",1,0,0,0,0,0,,,,,,,,,,0,0,0,0,0\r\n"), "{days}");
}

/// Seven days are 604800 s. All but the last ended at 2000, so they have rested long enough at 606800.
///
/// | what happened | is |
/// |---|---|
/// | Ada had it; it rests | resolved, from 606800 on |
/// | Ada had it; at 3000 its visitor writes again, Ada has it again, it ends at 4000 | reopened |
/// | Ada had it; at 3000 its visitor says thanks, at 3100 that is dismissed | resolved: the end at 2000 stands |
/// | Ada had it; at 3000 its visitor writes again, and it waits still | reopened |
/// | nobody had it; at 3000 its visitor writes again, Ada has it, it ends at 4000 | resolved at 608800: the first end was nobody's |
/// | Ada had it, it went on in another one of the same visitor | neither |
/// | nobody had it | neither |
#[test]
fn what_rests_is_resolved_and_what_its_visitor_takes_up_again_is_not() {
    use What::{Happened, Visitor};
    let closed = |reason| Happened(Event::Closed(reason));
    let reopened = || Happened(Event::Reopened);
    let had = || vec![(1_000, Visitor), (1_010, has(ada())), (2_000, closed(CloseReason::Agent))];
    let all = |now: Millis| {
        let with = |more: Vec<(Millis, What)>| course_until(now, "shop/", had().into_iter().chain(more).collect());
        let nobodys = |more: Vec<(Millis, What)>| {
            let begins = vec![(1_000, Visitor), (2_000, closed(CloseReason::Visitor))];
            course_until(now, "shop/", begins.into_iter().chain(more).collect())
        };
        [
            with(vec![]),
            with(vec![(3_000, Visitor), (3_000, reopened()), (3_010, has(ada())), (4_000, closed(CloseReason::Agent))]),
            with(vec![(3_000, Visitor), (3_000, reopened()), (3_100, closed(CloseReason::Dismissed))]),
            with(vec![(3_000, Visitor), (3_000, reopened())]),
            nobodys(vec![(3_000, Visitor), (3_000, reopened()), (3_010, has(ada())), (4_000, closed(CloseReason::Visitor))]),
            course_until(now, "shop/", vec![(1_000, Visitor), (1_010, has(ada())), (2_000, closed(CloseReason::Merged))]),
            nobodys(vec![]),
        ]
    };
    let stand = |now| all(now).map(|course| (course.is_resolved, course.is_reopened));
    let (resolved, again, neither) = ((true, false), (false, true), (false, false));
    assert_eq!(stand(606_799), [neither, again, neither, again, neither, neither, neither]);
    assert_eq!(stand(606_800), [resolved, again, resolved, again, neither, neither, neither]);
    assert_eq!(stand(608_800), [resolved, again, resolved, again, resolved, neither, neither]);
    let sums = sum(&all(608_800), &[], &range(), &[ada()]);
    assert_eq!((sums.all.resolved, sums.all.reopened), (3, 2));
}
