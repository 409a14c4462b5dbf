//! The rest of examples/cluster, which no test here can run: each file is read by whoever knows its language, and what it says of the relay,
//! of the project and of the other files is compared with these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tests::relay::{RelayProcess, binary};

mod compose;
mod docker;
mod kubernetes;
mod unit;

/// The most that a relay takes to stop, in seconds (relay/README.md, Operations).
const STOPS_WITHIN: u64 = 10;

/// A file of the example.
fn file(name: &str) -> PathBuf {
    root().join("examples/cluster").join(name)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(name: &str) -> String {
    let path = file(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All documents of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A tool that `make recipes` installs: what it says of these files of the example.
fn judges(tool: &str, arguments: &[&str], files: &[&Path]) -> Output {
    let tools = tests::browsers::tools().unwrap();
    let known = std::env::var_os("PATH").unwrap_or_default();
    let places = [tools.join("bin"), tools.join("node_modules/.bin")].into_iter().chain(std::env::split_paths(&known));
    let path = std::env::join_paths(places).unwrap();
    // Found by a shell, because the new PATH is that of the tool, not of whoever looks for it.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec \"$@\"", "sh", tool]).args(arguments).args(files).env("PATH", path);
    let done = command.output().unwrap();
    assert_ne!(done.status.code(), Some(127), "no {tool}: `make recipes` installs it");
    done
}

/// The same, where nothing may be wrong.
fn accepts(tool: &str, arguments: &[&str], files: &[&Path]) {
    let done = judges(tool, arguments, files);
    assert!(done.status.success(), "{tool}: {}", said(&done));
}

/// The same for a file with one thing wrong in it: a tool that finds nothing there finds nothing anywhere.
fn refuses(tool: &str, arguments: &[&str], name: &str, good: &str, bad: &str, words: &str) {
    let text = read(name);
    assert!(text.contains(good), "{name} has no {good:?}");
    let folder = tests::relay::folder();
    let broken = folder.path().join(Path::new(name).file_name().unwrap());
    std::fs::write(&broken, text.replacen(good, bad, 1)).unwrap();
    let done = judges(tool, arguments, &[&broken]);
    assert!(!done.status.success() && said(&done).contains(words), "{bad:?}: {}", said(&done));
}

fn said(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

/// The relay takes these settings, all of them.
fn relay_takes(settings: &BTreeMap<String, String>) -> String {
    let folder = tests::relay::folder();
    let mut command = Command::new(binary());
    let done = command.arg("check-config").env_clear().envs(settings).current_dir(folder.path()).output().unwrap();
    assert!(done.status.success(), "{settings:?}: {}", said(&done));
    said(&done)
}

/// Seconds of `15s`.
fn seconds(text: &str) -> u64 {
    text.strip_suffix('s').and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text:?} are no seconds"))
}

/// A setting that the relay does not know ends it with the code by which supervisors tell that to start it again is of no use.
#[test]
fn bad_settings_end_a_relay_with_2() {
    let folder = tests::relay::folder();
    let settings = folder.path().join("bulle.toml");
    std::fs::write(&settings, "lisen = 1").unwrap();
    let done = RelayProcess::runs(&["--config", settings.to_str().unwrap(), "serve"], folder.path());
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
}

#[test]
fn the_bus_takes_any_password() {
    for password in ["secret", "12e4", "0123", "true"] {
        let mut command = Command::new(crate::servers::find_nats().unwrap());
        command.arg("-t").arg("--config").arg(file("nats.conf")).env("QUOTED_PASSWORD", format!("\"{password}\""));
        let done = command.output().unwrap();
        assert!(done.status.success(), "{password}: {}", said(&done));
    }
}
