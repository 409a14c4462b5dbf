//! The load generator runs: each of its measurements, as small as it gets.

use std::process::Command;

use serde_json::Value;

fn measured(arguments: &str) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulle-load"));
    let output = command.args(arguments.split(' ')).arg("--json").output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments}: {lines}{}", String::from_utf8_lossy(&output.stderr));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn chats_are_measured_over_the_relay_and_over_the_floor() {
    for arguments in ["floor --pairs 2 --seconds 1 --rate 50 --connections 20", "chat --pairs 2 --seconds 1 --rate 50"] {
        let lines = measured(arguments);
        assert!(
            lines.iter().any(|line| line["what"] == "chat, closed loop" && line["per_second"].as_f64() > Some(0.0)),
            "{lines:?}"
        );
        assert!(lines.iter().any(|line| line["what"] == "chat, open loop" && line["p99_ms"].as_f64() > Some(0.0)), "{lines:?}");
    }
}

#[test]
fn idle_visitors_are_measured() {
    assert_eq!(measured("idle --connections 40")[0]["connections"], 40);
}

#[test]
fn freed_slots_are_measured() {
    let line = &measured("dispatch --agents 2 --queued 6 --freed 6")[0];
    assert!(line["p99_ms"].as_f64() > Some(0.0), "{line}");
}

#[test]
fn starts_are_measured() {
    assert_eq!(measured("start --messages 2000").len(), 2);
}
