//! The service of systemd.

use std::collections::BTreeMap;

use super::{STOPS_WITHIN, accepts, file, judges, read, relay_takes, said, seconds};

/// Of 100: services are called safe below 20, and one without any of it has 96.
const MOST_EXPOSED: &str = "20";
const PROGRAM: &str = "/usr/local/bin/bulle";

/// What a line sets; the last one counts.
fn value(name: &str) -> String {
    let text = read("bulle.service");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(&format!("{name}=")));
    lines.next_back().unwrap_or_else(|| panic!("{name} is not set")).to_owned()
}

#[test]
fn systemd_takes_it() {
    let folder = tests::relay::folder();
    let unit = folder.path().join("bulle.service");
    let bulle = tests::relay::binary();
    // Whether the program is there is looked at as well.
    let text = read("bulle.service").replace(PROGRAM, bulle.to_str().unwrap());
    let verified = |text: &str| {
        std::fs::write(&unit, text).unwrap();
        said(&judges("systemd-analyze", &["verify", "--man=no"], &[&unit]))
    };
    assert_eq!(verified(&text), "");
    for (good, bad) in [("DynamicUser", "DynamicUsers"), ("=on-failure", "=on-failures"), ("@system-service", "@system-servant")]
    {
        assert!(text.contains(good));
        assert_ne!(verified(&text.replace(good, bad)), "", "{bad}");
    }
}

#[test]
fn it_may_do_little() {
    let exposure = ["security", "--offline=true", "--no-pager", "--threshold", MOST_EXPOSED];
    accepts("systemd-analyze", &exposure, &[&file("bulle.service")]);
    let folder = tests::relay::folder();
    let open = folder.path().join("bulle.service");
    std::fs::write(&open, read("bulle.service").replace("CapabilityBoundingSet=", "#")).unwrap();
    assert!(!judges("systemd-analyze", &exposure, &[&open]).status.success());
}

#[test]
fn it_is_stopped_and_started_as_the_relay_wants_it() {
    assert_eq!(value("ExecStart"), format!("{PROGRAM} serve"));
    assert_eq!(value("KillSignal"), "SIGTERM");
    assert!(seconds(&value("TimeoutStopSec")) > STOPS_WITHIN);
    // `bad_settings_end_a_relay_with_2`
    assert_eq!((value("Restart"), value("RestartPreventExitStatus")), ("on-failure".into(), "2".into()));
    assert_eq!(value("LoadCredential"), "bulle.toml:/etc/bulle/bulle.toml");
    assert_eq!(value("Environment"), "BULLE_CONFIG=%d/bulle.toml BULLE_DATA=%S/bulle");
    let settings = file("bulle.toml").display().to_string();
    let report = relay_takes(&BTreeMap::from([("BULLE_CONFIG".to_owned(), settings)]));
    assert!(report.contains("# store is set and not shown") && report.contains("# bus is set and not shown"), "{report}");
}
