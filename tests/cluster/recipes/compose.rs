//! The compose file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{STOPS_WITHIN, accepts, documents, file, read, refuses, relay_takes, seconds};

const RELAYS: [&str; 3] = ["relay1", "relay2", "relay3"];
/// Publishing is what the balancer is for.
const LINT: [&str; 3] = ["--disable-rule", "no-unbound-port-interfaces", "--quiet"];

fn services() -> Map<String, Value> {
    documents("compose.yaml")[0]["services"].as_object().unwrap().clone()
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// `${NAME:?why}` as Docker puts in what is asked for.
fn filled(text: &str, with: &BTreeMap<String, String>, asked: &mut BTreeSet<String>) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (inside, after) = rest.split_once('}').unwrap();
    let name: String = inside.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect();
    let value = with.get(&name).cloned().unwrap_or_default();
    asked.insert(name);
    format!("{before}{value}{}", filled(after, with, asked))
}

#[test]
fn its_words_are_composes() {
    accepts("dclint", &LINT, &[&file("compose.yaml")]);
    refuses("dclint", &LINT, "compose.yaml", "stop_grace_period:", "stop_period:", "additional properties");
    refuses("dclint", &LINT, "compose.yaml", "read_only: true", "read_only: [1]", "must be");
}

#[test]
fn only_the_balancer_is_published_and_all_are_confined() {
    let services = services();
    let published: Vec<_> = services.iter().filter(|(_, service)| service.get("ports").is_some()).map(|(name, _)| name).collect();
    assert_eq!(published, ["balancer"]);
    for (name, service) in &services {
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        assert!(service["stop_grace_period"].is_string(), "{name}");
    }
    for name in ["balancer", "postgres", "nats"] {
        assert_eq!(services[name]["healthcheck"]["test"][0], "CMD", "{name}");
        // The relays' own image says it for them.
        assert!(services[name]["user"].as_str().is_some_and(|user| user != "root" && user != "0"), "{name}");
    }
    // What holds the data is reached by relays alone, and reaches nobody.
    assert_eq!(words(&services["postgres"]["networks"]), BTreeSet::from(["inside"]));
    assert_eq!(words(&services["nats"]["networks"]), BTreeSet::from(["inside"]));
    assert!(services["balancer"]["networks"].get("inside").is_none());
    assert_eq!(documents("compose.yaml")[0]["networks"]["inside"]["internal"], true);
}

#[test]
fn the_relays_share_all_that_they_have_to() {
    let services = services();
    for relay in RELAYS {
        let service = &services[relay];
        assert_eq!(service["volumes"], json!(["files:/data"]), "{relay}");
        assert_eq!(service["environment"], services["relay1"]["environment"]);
        assert!(seconds(service["stop_grace_period"].as_str().unwrap()) > STOPS_WITHIN);
        assert_eq!(service["depends_on"]["postgres"]["condition"], "service_healthy");
        assert_eq!(service["read_only"], true);
        assert_eq!(words(&service["networks"]), BTreeSet::from(["inside", "outside"]));
    }
    let balancer = &services["balancer"];
    for (number, relay) in (1..).zip(RELAYS) {
        assert_eq!(balancer["environment"][format!("RELAY_{number}")], format!("{relay}:8080"));
    }
    // As NATS wants it: see `the_bus_takes_any_password`.
    assert_eq!(services["nats"]["environment"], json!({"QUOTED_PASSWORD": "\"${NATS_PASSWORD:?set it in .env}\""}));
    // The rest of it as `haproxy::it_ends_tls` tries it.
    assert_eq!(balancer["environment"]["LISTEN"], ":8443 ssl crt /run/secrets/certificate alpn http/1.1");
    assert_eq!(words(&balancer["volumes"]), BTreeSet::from(["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]));
    let trusted = &services["relay1"]["environment"]["BULLE_TRUSTED_PROXIES"];
    assert_eq!(trusted, &balancer["networks"]["outside"]["ipv4_address"]);
}

#[test]
fn the_relay_takes_what_it_is_told_and_no_secret_stands_there() {
    let given: BTreeMap<_, _> = read("env.example")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), if value.is_empty() { "secret".to_owned() } else { value.to_owned() }))
        .collect();
    let mut asked = BTreeSet::new();
    filled(&read("compose.yaml"), &given, &mut asked);
    // It has a default.
    assert!(asked.remove("BULLE_TAG"));
    assert_eq!(asked, given.keys().cloned().collect());

    let mut settings = BTreeMap::new();
    for (name, value) in services()["relay1"]["environment"].as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if name == "BULLE_STORE" || name == "BULLE_BUS" {
            assert!(text.contains("_PASSWORD:?set it in .env}@"), "{name}");
        }
        settings.insert(name.clone(), filled(&text, &given, &mut asked));
    }
    let report = relay_takes(&settings);
    assert!(report.contains("# store is set and not shown") && report.contains("# bus is set and not shown"), "{report}");
}
