//! What was measured, as a table for people or as one JSON object a line for programs.

use serde_json::{Value, json};

use crate::idle::Idle;
use crate::pairs::{Closed, Open};

/// Collects results and prints them.
pub struct Report {
    json: bool,
    rows: Vec<[String; 3]>,
}

impl Report {
    /// An empty report.
    pub fn new(json: bool) -> Self {
        Self { json, rows: Vec::new() }
    }

    /// Memory of idle connections.
    pub fn idle(&mut self, of: &str, idle: &Idle) {
        let value = json!({"connections": idle.connections, "before_bytes": idle.before, "bytes_each": idle.each.round()});
        self.add(of, "idle", &format!("{:.1} KB each of {}", idle.each / 1024.0, idle.connections), value);
    }

    /// A closed loop.
    pub fn closed(&mut self, of: &str, closed: &Closed) {
        let value = json!({"pairs": closed.pairs, "per_second": closed.per_second, "cpu_ms_per_1000": closed.cpu_ms});
        let text =
            format!("{:.0} messages/s with {} pairs, {:.1} ms CPU per 1,000", closed.per_second, closed.pairs, closed.cpu_ms);
        self.add(of, "chat, closed loop", &text, value);
    }

    /// An open loop.
    pub fn open(&mut self, of: &str, open: &Open) {
        let Open { rate, per_second, p50_ms, p99_ms, max_ms } = open;
        let value = json!({"rate": rate, "per_second": per_second, "p50_ms": p50_ms, "p99_ms": p99_ms, "max_ms": max_ms});
        let text = format!("{per_second:.0} of {rate}/s, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.1} ms");
        self.add(of, "chat, open loop", &text, value);
    }

    fn add(&mut self, of: &str, what: &str, text: &str, mut value: Value) {
        if self.json {
            if let Value::Object(fields) = &mut value {
                fields.insert("of".into(), of.into());
                fields.insert("what".into(), what.into());
            }
            println!("{value}");
        } else {
            self.rows.push([of.into(), what.into(), text.into()]);
        }
    }

    /// Prints the table, unless the lines are out already.
    pub fn print(&self) {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (first, second) = (width(0), width(1));
        for [of, what, text] in &self.rows {
            println!("{of:first$}  {what:second$}  {text}");
        }
    }
}
