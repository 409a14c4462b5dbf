//! What operators see of a running relay: its metrics after a story, its readiness, a disk that fills.

use relay::metrics::{self, Kind};
use reqwest::Method;
use serde_json::json;
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::agent::Agent;
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;

async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The sum of all series of a metric whose labels contain this.
fn value(text: &str, name: &str, labels: &str) -> f64 {
    let series = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name) && line.contains(labels));
    let values: Vec<f64> = series.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(!values.is_empty(), "no {name}{{{labels}}} in\n{text}");
    values.iter().sum()
}

#[tokio::test]
async fn every_metric_is_there_after_a_story_and_tells_what_happened() {
    let relay = RelayProcess::start(&[("BULLE_METRICS_LISTEN", "127.0.0.1:0")]);
    let (office, admin) = relay.first_admin().await;
    let account = office.hire(&admin, "Ada", Role::Agent).await.unwrap();
    let ada = Agent::new(&office, &account);
    ada.comes_online().await;
    let mut guests = Vec::new();
    for _ in 0..4 {
        let guest = Visitor::new(relay.address(), "demo");
        guest.opens_chat().await;
        guest.says("a question about shoes").await;
        guests.push(guest);
    }
    let chat = guests[0].conversation();
    ada.has(chat).await;
    ada.says(chat, "an answer").await;
    guests[0].sees("an answer").await;
    office.sign_in("root@bulle.example", PASSWORD).await.unwrap();
    let mut stranger = Raw::open(&Door::visitor(relay.address(), "nobody")).await;
    stranger.is_closed().await;
    let (mut confused, _) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    confused.sends(r#"{"t":"dance"}"#).await;
    confused.hears_error().await;

    let (_, text) = get(&relay.metrics()).await;
    for metric in metrics::ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert!(text.contains(&format!("# TYPE {} {kind}\n", metric.name)), "no {} in\n{text}", metric.name);
        assert!(text.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{}", metric.name);
    }
    for (name, labels, expected) in [
        (metrics::MESSAGES, "author=\"visitor\"", 4.0),
        (metrics::MESSAGES, "author=\"agent\"", 1.0),
        (metrics::CONNECTIONS, "kind=\"visitor\"", 5.0),
        (metrics::CONNECTIONS, "kind=\"agent\"", 1.0),
        (metrics::GREETED, "", 6.0),
        (metrics::SLOTS_USED, "", 3.0),
        (metrics::SLOTS_OFFERED, "", 3.0),
        (metrics::QUEUED, "site=\"demo\"", 1.0),
        (metrics::AGENTS, "presence=\"online\"", 1.0),
        (metrics::AGENTS, "presence=\"offline\"", 1.0),
        (metrics::ASSIGNMENTS, "how=\"dispatched\"", 3.0),
        (metrics::SIGN_INS, "outcome=\"ok\"", 1.0),
        (metrics::CLOSES, "code=\"4404\"", 1.0),
        (metrics::REFUSALS, "reason=\"unknown_frame\"", 1.0),
        (metrics::STORE_ERRORS, "", 0.0),
        (metrics::RESYNCS, "", 0.0),
        ("bulle_ack_latency_seconds_count", "", 5.0),
    ] {
        assert_eq!(value(&text, name, labels), expected, "{name}{{{labels}}}");
    }
    for (name, labels) in [
        ("bulle_delivery_latency_seconds_count", ""),
        ("bulle_commit_duration_seconds_sum", ""),
        ("bulle_http_request_duration_seconds_count", "status=\"2xx\""),
        (metrics::COMMITS, ""),
        (metrics::BUS_NOTICES, "notice=\"said\""),
        (metrics::QUEUE_PEAK, ""),
        (metrics::OLDEST_WAIT_SECONDS, "site=\"demo\""),
        (metrics::DATABASE_BYTES, ""),
        (metrics::WAL_BYTES, ""),
        (metrics::DISK_FREE_BYTES, ""),
        (metrics::PROCESS_RESIDENT_BYTES, ""),
        (metrics::PROCESS_OPEN_FDS, ""),
    ] {
        assert!(value(&text, name, labels) > 0.0, "{name}{{{labels}}}");
    }
    for personal in ["Ada", "bulle.example", "shoes", "127.0.0.1", &chat.to_string(), &ada.id().to_string()] {
        assert!(!text.contains(personal), "{personal} in\n{text}");
    }
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_is_told_everywhere_and_logged_once() {
    // More than any disk has.
    let settings =
        [("BULLE_DISK_LOW", "9000000000000000"), ("BULLE_METRICS_LISTEN", "127.0.0.1:0"), ("BULLE_LOG_FORMAT", "json")];
    let relay = RelayProcess::start(&settings);
    for _ in 0..3 {
        let (_, text) = get(&relay.metrics()).await;
        assert_eq!(value(&text, metrics::DISK_LOW, ""), 1.0);
        let (status, ready) = get(&format!("http://{}/readyz", relay.address())).await;
        assert_eq!((status, ready.as_str()), (200, "ready\ndisk space is low\n"), "it still serves");
    }
    let log = relay.logged();
    assert_eq!(log.matches("disk space is low").count(), 1, "{log}");
    let relay = RelayProcess::start(&[]);
    let office = tests::accounts::Office::new(relay.address());
    assert_eq!(office.request(Method::GET, "/readyz").send().await.unwrap().body, "ready\n");
}
