//! What was measured, one line at a time: a table for people, or one JSON object a line for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Limit, Row};
use crate::dispatch::Dispatch;
use crate::idle::Idle;
use crate::pairs::{Closed, Open};
use crate::sim;

/// Prints results as they come.
pub struct Report {
    json: bool,
    missed: usize,
}

impl Report {
    /// Nothing has been printed.
    pub fn new(json: bool) -> Self {
        Self { json, missed: 0 }
    }

    /// Memory of idle connections.
    pub fn idle(&self, of: &str, idle: &Idle) {
        let value = json!({"connections": idle.connections, "before_bytes": idle.before, "bytes_each": idle.each.round()});
        let text =
            format!("{:.1} KB each of {}, {:.1} MB before", idle.each / 1024.0, idle.connections, idle.before as f64 / 1048576.0);
        self.line(of, "idle", &text, value);
    }

    /// A closed loop.
    pub fn closed(&self, of: &str, closed: &Closed<Duration>) {
        let value = json!({"pairs": closed.pairs, "per_second": closed.per_second, "cpu_ms_per_1000": closed.cpu_ms()});
        let text =
            format!("{:.0} messages/s with {} pairs, {:.1} ms CPU per 1,000", closed.per_second, closed.pairs, closed.cpu_ms());
        self.line(of, "chat, closed loop", &text, value);
    }

    /// An open loop.
    pub fn open(&self, of: &str, open: &Open) {
        let Open { rate, per_second, p50_ms, p99_ms, max_ms } = open;
        let value = json!({"rate": rate, "per_second": per_second, "p50_ms": p50_ms, "p99_ms": p99_ms, "max_ms": max_ms});
        let text = format!("{per_second:.0} of {rate}/s, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.1} ms");
        self.line(of, "chat, open loop", &text, value);
    }

    /// Freed slots.
    pub fn dispatch<R>(&self, dispatch: &Dispatch<R>) {
        let Dispatch { agents, queued, freed, p50_ms, p99_ms, max_ms, .. } = dispatch;
        let value =
            json!({"agents": agents, "queued": queued, "freed": freed, "p50_ms": p50_ms, "p99_ms": p99_ms, "max_ms": max_ms});
        let text = format!(
            "{freed} slots of {agents} agents, {queued} queued: p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.1} ms"
        );
        self.line("relay", "dispatch", &text, value);
    }

    /// Rules of a simulated desk.
    pub fn desk_sim(&self, rows: &[sim::Row]) {
        if !self.json {
            println!("| rule | mean wait, s | p50 | p90 | p99 | gave up, % | slots in use, % | fairness | overtaken |");
            println!("|---|---|---|---|---|---|---|---|---|");
        }
        for sim::Row { name, figures, has_agents } in rows {
            if self.json {
                println!("{}", json!({"rule": name, "figures": figures}));
                continue;
            }
            let with = |digits: usize, unit: f64, figure: sim::Interval| {
                format!("{:.digits$} ± {:.digits$}", figure.mean * unit, figure.plus_minus * unit)
            };
            let seconds = |figure| with(1, 1.0, figure);
            let share = |figure| with(2, 100.0, figure);
            let fairness = if *has_agents { with(4, 1.0, figures.fairness) } else { "–".into() };
            println!(
                "| {name} | {} | {} | {} | {} | {} | {} | {fairness} | {:.0} |",
                seconds(figures.mean),
                seconds(figures.p50),
                seconds(figures.p90),
                seconds(figures.p99),
                share(figures.gave_up),
                share(figures.slot_use),
                figures.overtaken.mean
            );
        }
    }

    /// What something costs, figure by figure.
    pub fn costs(&self, what: &str, costs: &[(&str, f64)]) {
        if self.json {
            let costs: serde_json::Map<_, _> = costs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            println!("{}", json!({"what": what, "costs": costs}));
            return;
        }
        println!("{what}");
        for (name, value) in costs {
            println!("  {name:<26} {:>10}", figure(*value));
        }
    }

    /// A start.
    pub fn start(&self, store: &str, ready_ms: f64) {
        self.line(
            "relay",
            "start to ready",
            &format!("{ready_ms:.0} ms, {store}"),
            json!({"store": store, "ready_ms": ready_ms}),
        );
    }

    /// Memory at rest.
    pub fn rest(&self, bytes: u64) {
        self.line("relay", "at rest", &format!("{:.1} MB", bytes as f64 / 1048576.0), json!({"bytes": bytes}));
    }

    /// A budget.
    pub fn row(&mut self, row: &Row) {
        let budget = match row.limit {
            Limit::AtMost(most) | Limit::AtMostMore(most) => Some(("≤", most)),
            Limit::AtLeast(least) => Some(("≥", least)),
            Limit::Unset => None,
        };
        let (value, met) = (row.value(), row.met());
        self.missed += usize::from(!met);
        if self.json {
            let Row { what, measured, floor, unit, .. } = row;
            let (bound, budget) = budget.unzip();
            println!(
                "{}",
                json!({"what": what, "measured": measured, "floor": floor, "unit": unit, "value": value, "bound": bound, "budget": budget, "met": budget.map(|_| met)})
            );
            return;
        }
        let unit = match (&row.limit, row.floor) {
            (Limit::AtMostMore(_), _) | (_, None) => row.unit,
            (_, Some(_)) => "×",
        };
        let figures = match row.floor {
            Some(floor) => format!("{} beside {} {}", figure(row.measured), figure(floor), row.unit),
            None => format!("{} {}", figure(row.measured), row.unit),
        };
        let verdict = match budget {
            None => "no budget".to_owned(),
            Some((bound, budget)) if met => format!("budget {bound} {budget} {unit:<3} met"),
            Some((bound, budget)) => {
                format!("budget {bound} {budget} {unit:<3} MISSED by {:.0} %", (value / budget - 1.0).abs() * 100.0)
            }
        };
        println!("{:<37} {figures:<36} {:>8} {unit:<3} {verdict}", row.what, figure(value));
    }

    /// Something that cannot be measured here, and why.
    pub fn skipped(&self, what: &str, why: &str) {
        if self.json {
            println!("{}", json!({"what": what, "skipped": why}));
        } else {
            println!("{what:<37} SKIPPED: {why}");
        }
    }

    /// How many budgets were missed.
    pub fn end(&self) {
        if !self.json {
            println!("{}", if self.missed == 0 { "all budgets met".into() } else { format!("{} budgets missed", self.missed) });
        }
    }

    fn line(&self, of: &str, what: &str, text: &str, mut value: Value) {
        if !self.json {
            println!("{of:<6} {what:<18} {text}");
            return;
        }
        if let Value::Object(fields) = &mut value {
            fields.insert("of".into(), of.into());
            fields.insert("what".into(), what.into());
        }
        println!("{value}");
    }
}

/// Three digits that matter, or whole thousands.
fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
