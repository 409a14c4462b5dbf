//! examples/cluster/run starts what it says, people talk through its balancer while relays end, and it leaves nothing behind.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use shared::api::{NewSite, SiteSetup};
use shared::model::{File, Role};
use tempfile::TempDir;
use tests::accounts::{Account, Office};
use tests::agent::Agent;
use tests::people::PATIENCE;
use tests::process::Server;
use tests::relay::{binary, folder, join_first_admin};
use tests::visitor::Visitor;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::interval;

/// Longer than relays, balancer, bus and database take to stop one after the other.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
const VISITORS: usize = 3;
/// How often each of them writes.
const PACE: Duration = Duration::from_millis(250);
/// The script, three relays, HAProxy, NATS and PostgreSQL.
const PROCESSES: usize = 7;

/// One relay, as the script tells of it.
struct Relay {
    address: String,
    pid: String,
    metrics: String,
}

impl Relay {
    fn gets(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid]).status().unwrap().success());
    }

    /// How many visitors or agents are connected to it.
    async fn connections(&self, kind: &str) -> usize {
        let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        let line = format!("bulle_connections{{kind=\"{kind}\"}} ");
        text.lines().find_map(|text| text.strip_prefix(&line)).map_or(0, |number| number.parse().unwrap())
    }
}

/// The script, running. Dropping it ends what it started.
struct Example {
    server: Server,
    relays: Vec<Relay>,
    ended: bool,
    /// Where everything of it lies.
    folder: TempDir,
}

impl Example {
    fn start() -> Self {
        let folder = folder();
        // PostgreSQL goes into a folder of its own in there, as another user if need be.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cluster/run"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BULLE_")) {
            command.env_remove(name);
        }
        command.env("PORT", "0").env("BULLE", binary()).env("TMPDIR", folder.path());
        let server = Server::start(&mut command).unwrap();
        let mut example = Self { server, relays: Vec::new(), ended: false, folder };
        for number in 1..=3 {
            let line = example.server.printed_line(&format!("  relay {number} ")).unwrap();
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let [_, _, address, _, pid, _, metrics] = words.try_into().unwrap();
            example.relays.push(Relay { address, pid, metrics });
        }
        example
    }

    /// Takes out the first relay to which such people are connected.
    async fn relay_of(&mut self, kind: &str) -> Relay {
        for number in 0..self.relays.len() {
            if self.relays[number].connections(kind).await > 0 {
                return self.relays.remove(number);
            }
        }
        panic!("no relay has {kind}s");
    }

    /// Processes that were started for it, by what they were started with.
    fn processes(&self) -> usize {
        let folder = self.folder.path().to_str().unwrap();
        let all = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let told = |process: &Path, file: &str| {
            // Not everything in there is a process, and some end meanwhile.
            let bytes = std::fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(folder)
        };
        all.filter(|process| told(process, "cmdline") || told(process, "environ")).count()
    }

    /// Asks it to end, and waits for that.
    async fn ends(&mut self) -> bool {
        self.ended = true;
        self.server.terminate().unwrap();
        self.server.ends(ENDS_WITHIN).await.unwrap().0.success()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        if !self.ended {
            block_in_place(|| Handle::current().block_on(self.ends()));
        }
    }
}

/// Everybody, and what they have said to each other.
struct Town {
    ada: Agent,
    visitors: Vec<Visitor>,
    said: Vec<Vec<String>>,
}

impl Town {
    /// All visitors write something, and the agent answers.
    async fn talks(&mut self, about: &str) {
        for (number, (visitor, said)) in self.visitors.iter().zip(&mut self.said).enumerate() {
            let (question, answer) = (format!("{about}, {number}?"), format!("{about}, {number}!"));
            let chat = visitor.says(&question).await.conversation;
            self.ada.has(chat).await;
            self.ada.sees(&question).await;
            self.ada.says(chat, &answer).await;
            visitor.sees(&answer).await;
            said.extend([question, answer]);
        }
    }

    /// All visitors go on writing until something has happened to a relay, and all of it arrives.
    async fn talks_until(&mut self, about: &str, happened: impl AsyncFn() -> bool) {
        let mut written = Vec::new();
        let mut ticks = interval(PACE);
        for round in 0.. {
            ticks.tick().await;
            assert!(PACE * round < PATIENCE, "{about}: nothing happens");
            for (number, (visitor, said)) in self.visitors.iter().zip(&mut self.said).enumerate() {
                let text = format!("{about}, {number}, {round}");
                written.push((visitor, visitor.starts_to_say(&text).await, text.clone()));
                said.push(text);
            }
            if happened().await {
                break;
            }
        }
        for (visitor, id, text) in written {
            visitor.is_acked(id).await;
            self.ada.sees(&text).await;
        }
    }
}

/// Whether these relays have the agent and all visitors.
async fn everybody_is_at(relays: &[Relay]) -> bool {
    let (mut agents, mut visitors) = (0, 0);
    for relay in relays {
        agents += relay.connections("agent").await;
        visitors += relay.connections("visitor").await;
    }
    (agents, visitors) == (1, VISITORS)
}

async fn site(office: &Office, admin: &Account) -> String {
    let site = NewSite { name: "Shop".to_owned() };
    let made = office.request(Method::POST, "/api/sites").by(admin).json(&site).unwrap().send().await.unwrap();
    made.value::<SiteSetup>().unwrap().key.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_end_and_nobody_loses_a_word_and_nothing_is_left() {
    let mut example = block_in_place(Example::start);
    let address = example.server.address;
    let office = Office::new(address);
    let admin = join_first_admin(&example.server, &office).await.unwrap();
    let site = site(&office, &admin).await;
    let ada = Agent::new(&office, &office.hire(&admin, "Ada", Role::Agent).await.unwrap());
    ada.comes_online().await;
    // The third one's network lets no WebSocket pass.
    let visitors = vec![Visitor::new(address, &site), Visitor::new(address, &site), Visitor::by_events(address, &site)];
    for visitor in &visitors {
        visitor.opens_chat().await;
    }
    for relay in &example.relays {
        assert!(relay.connections("agent").await + relay.connections("visitor").await > 0, "nobody came to {}", relay.address);
    }
    let mut town = Town { ada, said: vec![Vec::new(); VISITORS], visitors };
    town.talks("at first").await;

    // What was uploaded to one relay, all have.
    let upload = reqwest::Client::new().post(format!("http://{address}/api/files?site={site}&name=list.txt"));
    let upload = upload.bearer_auth(town.visitors[0].token()).header("origin", format!("http://{address}")).body("milk, bread");
    let answer = upload.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let file: File = answer.json().await.unwrap();
    for relay in &example.relays {
        let fetched = reqwest::get(format!("{}{}", relay.address, file.path)).await.unwrap();
        assert_eq!(fetched.text().await.unwrap(), "milk, bread", "{}", relay.address);
    }

    let killed = example.relay_of("agent").await;
    let before = town.ada.log().greetings;
    killed.gets("-KILL");
    let others = &example.relays;
    town.talks_until("killed", async || everybody_is_at(others).await).await;
    assert!(town.ada.log().greetings > before, "it was her relay");
    town.talks("after the kill").await;

    let stopped = example.relay_of("visitor").await;
    stopped.gets("-TERM");
    let last = &example.relays;
    town.talks_until("stopped", async || everybody_is_at(last).await).await;
    town.talks("with the last one").await;

    for (visitor, said) in town.visitors.iter().zip(&town.said) {
        for text in said {
            assert_eq!((visitor.times_seen(text), town.ada.times_seen(text)), (1, 1), "{text}");
        }
    }

    assert!(example.processes() >= PROCESSES - 2, "two relays of them are gone");
    assert!(example.ends().await);
    assert_eq!(example.processes(), 0);
    assert_eq!(std::fs::read_dir(example.folder.path()).unwrap().count(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}
