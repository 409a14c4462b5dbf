//! Reports: figures of some days, each with its meaning, as numbers, charts and tables.
//!
//! - [`chart`]: bars · [`tables`]: the same as tables, and by agent

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Figures, Report, Slice, Spread};

use crate::browser;
use crate::locale::{Language, language, texts};
use crate::rest::{self, RestError};
use crate::state;
use crate::text::fill;
use crate::time;
use crate::view::parts::Refusal;

mod chart;
mod tables;

use chart::Chart;
use tables::{Agents, Slices};

/// Days before today that a report shows at first.
const AT_FIRST: i64 = 29;
/// One day in ms.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    from: String,
    until: String,
    site: String,
    zone: String,
}

impl Asked {
    /// As a request, of one table or of all.
    fn path(&self, table: Option<&str>) -> String {
        let Self { from, until, site, zone } = self;
        let more = [("site", site.as_str()), ("csv", table.unwrap_or_default())];
        let more: String =
            more.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("&{name}={value}")).collect();
        format!("/api/reports?from={from}&until={until}&zone={zone}{more}")
    }
}

/// The reports page.
#[component]
pub fn Reports() -> impl IntoView {
    let texts = texts();
    let words = texts.reports;
    let desk = expect_context::<state::Desk>();
    let now = browser::now();
    let (from, until) = (RwSignal::new(time::date_of(now - AT_FIRST * DAY)), RwSignal::new(time::date_of(now)));
    let site = RwSignal::new(String::new());
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let shown: RwSignal<Option<(Asked, Report)>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let ask = move || {
        let zone = time::zone().unwrap_or_default();
        let asked = Asked { from: from.get_untracked(), until: until.get_untracked(), site: site.get_untracked(), zone };
        busy.set(true);
        spawn_local(async move {
            match rest::report(&asked.path(None)).await {
                Ok(report) => {
                    problem.try_set(None);
                    shown.try_set(Some((asked, report)));
                }
                Err(RestError::Refused(shared::close::ErrorCode::InvalidField)) => {
                    problem.try_set(Some(words.range_wrong));
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
            busy.try_set(false);
        });
    };
    ask();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask();
    };
    let sites = move || {
        let option = |site: &shared::model::Site| view! { <option value=site.key.0.clone()>{site.name.clone()}</option> };
        desk.sites.with(|sites| sites.iter().map(option).collect_view())
    };
    view! {
        <main id="page" class="sheet reports">
            <h1>{words.title}</h1>
            <form class="report-form" on:submit=submit aria-busy=move || busy.get().to_string()>
                <label>{words.from}<input type="date" required prop:value=move || from.get() on:input=move |event| from.set(event_target_value(&event))/></label>
                <label>{words.until}<input type="date" required prop:value=move || until.get() on:input=move |event| until.set(event_target_value(&event))/></label>
                <label>{texts.site}<select on:change=move |event| site.set(event_target_value(&event))><option value="">{words.all_sites}</option>{sites}</select></label>
                <button class="primary">{words.show}</button>
            </form>
            <Refusal words=problem/>
            {move || match shown.get() {
                Some((asked, report)) => view! { <Shown asked report/> }.into_any(),
                None => view! { <p class="hint" role="status">{move || busy.get().then_some(texts.loading)}</p> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn Shown(asked: Asked, report: Report) -> impl IntoView {
    let words = texts().reports;
    let language = language();
    let Report { all, days, hours, pages, teams, agents, slots, cut, zone, .. } = report;
    let csv = |table, title| view! { <a class="plain" href=asked.path(Some(table)) download="">{fill(words.csv, &[("title", title)])}</a> };
    let Figures { conversations, messages, answered, abandoned, resolved, reopened, waiting, response, handling, ratings } = all;
    let count = |title, is, number: u32| view! { <Tile title is value=number.to_string() more=String::new()/> };
    let times = |title, is, spread: Spread| {
        let more = if spread.count == 0 {
            String::new()
        } else {
            let most = fill(words.nine_tenths, &[("time", &time::span(spread.most, language))]);
            format!("{} · {most} · {}", words.median, fill(words.of_count, &[("count", &spread.count.to_string())]))
        };
        view! { <Tile title is value=span(spread, language) more/> }
    };
    let pages: Vec<Slice> = pages.into_iter().map(named).collect();
    let rated: u32 = ratings.iter().sum();
    let judged = resolved + reopened;
    let of_judged = if judged == 0 {
        String::new()
    } else {
        fill(words.of_judged, &[("resolved", &resolved.to_string()), ("count", &judged.to_string())])
    };
    let of_rated = if rated == 0 { String::new() } else { fill(words.of_count, &[("count", &rated.to_string())]) };
    view! {
        <p class="lead hint">{fill(words.lead, &[("zone", &zone)])}</p>
        {cut.then(|| view! { <p class="problem">{words.cut}</p> })}
        {(conversations == 0).then(|| view! { <p role="status">{words.empty}</p> })}
        <dl class="tiles">
            {count(words.conversations, words.conversations_is, conversations)}
            {count(words.answered, words.answered_is, answered)}
            {count(words.abandoned, words.abandoned_is, abandoned)}
            {count(words.messages, words.messages_is, messages)}
            <Tile title=words.resolved is=words.resolved_is value=tables::resolution(resolved, reopened) more=of_judged/>
            {times(words.waiting, words.waiting_is, waiting)}
            {times(words.response, words.response_is, response)}
            {times(words.handling, words.handling_is, handling)}
            <Tile title=words.rating is=words.rating_is value=mean(ratings) more=of_rated/>
            <Tile title=words.slots is=words.slots_is value=tables::share(slots) more=String::new()/>
        </dl>
        <section class="panel"><div class="title"><h2>{words.by_day}</h2>{csv("days", words.by_day)}</div>
            <Chart title=words.by_day slices=days.clone()/><Slices head=words.day slices=days/></section>
        <section class="panel"><div class="title"><h2>{words.by_hour}</h2>{csv("hours", words.by_hour)}</div>
            <Chart title=words.by_hour slices=hours.clone()/><Slices head=words.hour slices=hours/></section>
        {(!teams.is_empty()).then(|| view! {
            <section class="panel"><div class="title"><h2>{words.by_team}</h2>{csv("teams", words.by_team)}</div>
                <Slices head=words.team slices=teams/><p class="hint">{words.teams_are}</p></section>
        })}
        <section class="panel"><div class="title"><h2>{words.by_agent}</h2>{csv("agents", words.by_agent)}</div>
            <Agents agents/><p class="hint">{words.agents_are}</p></section>
        <section class="panel"><div class="title"><h2>{words.by_page}</h2>{csv("pages", words.by_page)}</div>
            <Slices head=texts().page slices=pages/></section>
    }
}

fn named(slice: Slice) -> Slice {
    if slice.name.is_empty() { Slice { name: texts().reports.no_page.to_owned(), ..slice } } else { slice }
}

/// A figure with its meaning.
#[component]
fn Tile(title: &'static str, is: &'static str, value: String, more: String) -> impl IntoView {
    view! { <div class="tile"><dt>{title}</dt><dd><strong>{value}</strong><span class="hint">{more}</span><p class="hint">{is}</p></dd></div> }
}

/// The median, or a dash where there is nothing to tell.
fn span(spread: Spread, language: Language) -> String {
    if spread.count == 0 { "–".to_owned() } else { time::span(spread.median, language) }
}

/// The mean of ratings with one decimal.
fn mean(ratings: [u32; 5]) -> String {
    let count: u32 = ratings.iter().sum();
    let sum: u32 = ratings.iter().zip(1..).map(|(count, score)| count * score).sum();
    if count == 0 { "–".to_owned() } else { format!("{:.1}", f64::from(sum) / f64::from(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_requests() {
        assert_eq!((mean([0; 5]).as_str(), mean([1, 0, 0, 0, 2]).as_str()), ("–", "3.7"));
        let asked =
            Asked { from: "2026-11-01".into(), until: "2026-11-30".into(), site: "shop".into(), zone: "Europe/Paris".into() };
        assert_eq!(
            asked.path(Some("days")),
            "/api/reports?from=2026-11-01&until=2026-11-30&zone=Europe/Paris&site=shop&csv=days"
        );
    }
}
