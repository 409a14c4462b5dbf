//! A report as tables that spreadsheets read (RFC 4180), times in seconds.

use shared::api::{Figures, Report, Slice, Spread};
use shared::ids::Millis;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// By day.
    Days,
    /// By hour.
    Hours,
    /// By page.
    Pages,
    /// By team.
    Teams,
    /// By agent.
    Agents,
}

const COLUMNS: &str = "conversations,messages,answered,abandoned,resolved,reopened,waiting mean s,waiting median s,waiting 90% s,response mean s,response median s,\
response 90% s,handling mean s,handling median s,handling 90% s,rated 1,rated 2,rated 3,rated 4,rated 5";

/// The table's name, as part of a file's.
pub fn name(table: Table) -> &'static str {
    match table {
        Table::Days => "days",
        Table::Hours => "hours",
        Table::Pages => "pages",
        Table::Teams => "teams",
        Table::Agents => "agents",
    }
}

/// The table.
pub fn write(report: &Report, table: Table) -> String {
    let slices = |head: &str, slices: &[Slice]| {
        let rows = slices.iter().map(|slice| format!("{},{}", cell(&slice.name), figures(&slice.figures)));
        lines(format!("{head},{COLUMNS}"), rows)
    };
    match table {
        Table::Days => slices("day", &report.days),
        Table::Hours => slices("hour", &report.hours),
        Table::Pages => slices("page", &report.pages),
        Table::Teams => slices("team", &report.teams),
        Table::Agents => {
            let head = "agent,conversations,response mean s,response median s,response 90% s,handling mean s,handling median s,handling 90% s,\
                        rated 1,rated 2,rated 3,rated 4,rated 5,slot time used s,slot time offered s";
            let rows = report.agents.iter().map(|agent| {
                let slots = [agent.slots.used, agent.slots.offered].map(seconds).join(",");
                let times = [spread(agent.response), spread(agent.handling)].join(",");
                format!("{},{},{times},{},{slots}", cell(&agent.agent.name), agent.conversations, join(&agent.ratings))
            });
            lines(head.to_owned(), rows)
        }
    }
}

fn lines(head: String, rows: impl Iterator<Item = String>) -> String {
    std::iter::once(head).chain(rows).map(|line| line + "\r\n").collect()
}

fn figures(figures: &Figures) -> String {
    let Figures { conversations, messages, answered, abandoned, resolved, reopened, waiting, response, handling, ratings } =
        figures;
    let times = [*waiting, *response, *handling].map(spread).join(",");
    format!("{conversations},{messages},{answered},{abandoned},{resolved},{reopened},{times},{}", join(ratings))
}

/// Nothing where there is nothing to tell: a zero would be a very short time.
fn spread(spread: Spread) -> String {
    if spread.count == 0 { ",,".to_owned() } else { [spread.mean, spread.median, spread.most].map(seconds).join(",") }
}

fn seconds(time: Millis) -> String {
    format!("{}.{:03}", time / 1_000, time % 1_000)
}

fn join(counts: &[u32]) -> String {
    counts.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// A text in quotes. One that a spreadsheet would take for a formula gets an apostrophe, which makes it a text there.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
