//! The table of metrics is what the documentation lists, and what dashboard and alerts ask for exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::*;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The table as the documentation has it.
fn table() -> String {
    let mut table = "| metric | kind | unit | labels | tells |\n|---|---|---|---|---|\n".to_owned();
    for Metric { name, kind, unit, labels, help } in ALL {
        let kind = format!("{kind:?}").to_lowercase();
        let unit = if *unit == Unit::Count { "" } else { unit.as_str() };
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        table += &format!("| `{name}` | {kind} | {unit} | {labels} | {help} |\n");
    }
    table
}

/// `BULLE_BLESS=1` writes it.
#[test]
fn the_documentation_lists_every_metric() {
    const BEGIN: &str = "<!-- metrics: written by `BULLE_BLESS=1 cargo test -p relay documentation_lists` -->\n";
    const END: &str = "<!-- end of metrics -->";
    let text = read("README.md");
    let (before, rest) = text.split_once(BEGIN).expect("the README has a place for the table");
    let (listed, after) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("BULLE_BLESS").is_some() {
        std::fs::write(file("README.md"), format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(listed, table(), "run this test with BULLE_BLESS=1");
    }
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    let mut names = BTreeSet::new();
    for metric in ALL {
        let name = metric.name;
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.starts_with("bulle_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        let base = name.trim_end_matches("_total");
        match metric.unit {
            Unit::Seconds => assert!(base.ends_with("_seconds"), "{name}"),
            Unit::Bytes => assert!(base.ends_with("_bytes"), "{name}"),
            _ => assert!(!base.ends_with("_seconds") && !base.ends_with("_bytes"), "{name}"),
        }
        assert!(!metric.help.is_empty() && !metric.help.contains('\n') && !metric.help.contains('|'), "{name}");
    }
}

/// Names in a query: metrics as they are asked for, and labels.
fn check_query(query: &str) {
    let count = |of: char| query.chars().filter(|character| *character == of).count();
    for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
        assert_eq!(count(open), count(close), "{open}{close} in {query}");
    }
    assert_eq!(count('"') % 2, 0, "\" in {query}");
    let mut labels: BTreeSet<&str> = ["le", "instance", "job"].into();
    let mut found = 0;
    for word in query.split(|character: char| !character.is_ascii_alphanumeric() && character != '_') {
        if !word.starts_with("bulle_") && !word.starts_with("process_") {
            continue;
        }
        found += 1;
        let metric = ALL.iter().find(|metric| match metric.kind {
            Kind::Histogram => ["_bucket", "_sum", "_count"].iter().any(|suffix| word.strip_suffix(suffix) == Some(metric.name)),
            Kind::Counter | Kind::Gauge => word == metric.name,
        });
        let metric = metric.unwrap_or_else(|| panic!("no metric is called {word}: {query}"));
        labels.extend(metric.labels);
        let counted = metric.kind != Kind::Gauge;
        let before = &query[..query.find(word).unwrap_or_default()];
        assert!(!counted || before.contains("rate(") || before.contains("increase("), "{word} only grows: {query}");
    }
    assert!(found > 0 || query.starts_with("up{"), "nothing of the relay's in {query}");
    for part in query.split('{').skip(1).filter_map(|part| part.split('}').next()) {
        for matcher in part.split(',').filter(|matcher| !matcher.trim().is_empty()) {
            let label = matcher.split(['=', '!', '~']).next().unwrap_or_default().trim();
            assert!(labels.contains(label), "no label {label} in {query}");
        }
    }
    for part in query.split("by (").skip(1).filter_map(|part| part.split(')').next()) {
        for label in part.split(',').map(str::trim) {
            assert!(labels.contains(label), "no label {label} in {query}");
        }
    }
}

/// All values of a key, anywhere below.
fn values<'a>(of: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match of {
        Value::Object(entries) => {
            found.extend(entries.get(key));
            entries.values().for_each(|value| values(value, key, found));
        }
        Value::Array(entries) => entries.iter().for_each(|value| values(value, key, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_what_is_there_and_leaves_nothing_out() {
    let text = read("../examples/cluster/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    values(&dashboard, "expr", &mut queries);
    assert!(queries.len() > 30);
    queries.iter().for_each(|query| check_query(query.as_str().unwrap()));
    let mut ids = Vec::new();
    values(&dashboard["panels"], "id", &mut ids);
    assert_eq!(ids.iter().map(|id| id.as_u64()).collect::<BTreeSet<_>>().len(), ids.len(), "panels have ids of their own");
    // The warning is the alert's; the dashboard shows the space itself.
    for metric in ALL.iter().filter(|metric| metric.name != DISK_LOW) {
        assert!(text.contains(metric.name), "no panel shows {}", metric.name);
    }
}

/// Prometheus' rule file, as far as this one needs it; nothing else may be in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for")]
    hold: Option<String>,
    labels: std::collections::BTreeMap<String, String>,
    annotations: std::collections::BTreeMap<String, String>,
}

#[test]
fn the_alerts_ask_for_what_is_there() {
    let rules: Rules = serde_saphyr::from_str(&read("../examples/cluster/alerts.yml")).unwrap();
    let mut alerts = BTreeSet::new();
    for group in rules.groups {
        assert_eq!(group.name, "bulle");
        for rule in group.rules {
            check_query(&rule.expr);
            let hold = rule.hold.as_deref().map(|hold| hold.strip_suffix('m').and_then(|minutes| minutes.parse::<u32>().ok()));
            assert!(hold.is_none_or(|minutes| minutes.is_some()), "{}", rule.alert);
            assert!(matches!(rule.labels["severity"].as_str(), "page" | "ticket"), "{}", rule.alert);
            assert!(["summary", "description"].iter().all(|text| rule.annotations.contains_key(*text)), "{}", rule.alert);
            assert!(alerts.insert(rule.alert.clone()), "{} is there twice", rule.alert);
        }
    }
    assert!(alerts.len() >= 10);
}
