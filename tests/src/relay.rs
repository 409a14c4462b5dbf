//! Relays to test: one in this process, on a port of its own with a database of its own, or one in a process that can be killed.
//! Both come with their first admin, who hires the agents.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use relay::app::{self, Running};
use relay::config::{Allowance, Config};
use reqwest::Method;
use shared::api::{AgentPatch, Why};
use shared::ids::ConversationId;
use shared::model::Role;
use tempfile::TempDir;
use tokio::time::{interval, timeout};

use crate::accounts::{Account, Office};
use crate::agent::Agent;
use crate::people::PATIENCE;
use crate::process::Server;
use crate::visitor::Visitor;

/// The first admin.
const ROOT: &str = "Root";
const ROOT_EMAIL: &str = "root@bulle.example";

/// Rates that people made of code may go at: what limits them is a matter of its own tests.
const AT_ANY_PACE: Allowance = Allowance { burst: 1_000_000, per_minute: 60_000_000 };
/// The rates of a connection, in the table `[limits]`.
const PACES: [&str; 4] = ["VISITOR_SAYS", "VISITOR_REQUESTS", "AGENT_SAYS", "AGENT_REQUESTS"];

/// A relay with its first admin and nobody else.
pub struct Relay {
    running: Option<Running>,
    config: Config,
    address: SocketAddr,
    office: Office,
    admin: Account,
    link: String,
    folder: TempDir,
    /// People who stay connected until the end.
    kept: Mutex<Vec<Visitor>>,
}

impl Relay {
    /// A relay with the default settings.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A relay with other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = folder();
        let mut config =
            Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: folder.path().join("data"), ..Config::default() };
        config.demo = true;
        let limits = &mut config.limits;
        (limits.visitor_says, limits.visitor_requests) = (AT_ANY_PACE, AT_ANY_PACE);
        (limits.agent_says, limits.agent_requests) = (AT_ANY_PACE, AT_ANY_PACE);
        change(&mut config);
        let running = run(&config).await;
        let address = running.address;
        let office = Office::new(address);
        let Some(link) = running.first_admin.clone() else { panic!("a fresh relay has no first-admin link") };
        let admin = match office.join(&link, ROOT, ROOT_EMAIL).await {
            Ok(admin) => admin,
            Err(error) => panic!("the first admin could not join by {link}: {error:#}"),
        };
        Self { running: Some(running), config, address, office, admin, link, folder, kept: Mutex::default() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are, if it serves them.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.running.as_ref().and_then(|running| running.metrics)
    }

    /// Its REST API.
    pub fn office(&self) -> &Office {
        &self.office
    }

    /// The first admin, who is not at the desk.
    pub fn admin(&self) -> &Account {
        &self.admin
    }

    /// The link by which the first admin joined.
    pub fn first_admin_link(&self) -> &str {
        &self.link
    }

    /// Its database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data").join("bulle.db")
    }

    /// Somebody on a page of a site.
    pub fn visitor(&self, site: &str) -> Visitor {
        Visitor::new(self.address(), site)
    }

    /// Somebody with a token of an earlier visit.
    pub fn returning_visitor(&self, site: &str, token: &str) -> Visitor {
        Visitor::returning(self.address(), site, token)
    }

    /// A new agent's account.
    pub async fn hires(&self, name: &str) -> Account {
        match self.office.hire(&self.admin, name, Role::Agent).await {
            Ok(account) => account,
            Err(error) => panic!("{name} could not join: {error:#}"),
        }
    }

    /// A new agent, who has not opened the console yet.
    pub async fn agent(&self, name: &str) -> Agent {
        Agent::new(&self.office, &self.hires(name).await)
    }

    /// A new supervisor, who has not opened the console yet.
    pub async fn supervisor(&self, name: &str) -> Agent {
        match self.office.hire(&self.admin, name, Role::Supervisor).await {
            Ok(account) => Agent::new(&self.office, &account),
            Err(error) => panic!("{name} could not join: {error:#}"),
        }
    }

    /// Another console of an agent.
    pub fn console_of(&self, account: &Account) -> Agent {
        Agent::new(&self.office, account)
    }

    /// The admin sets an agent's capacity.
    pub async fn gives_slots(&self, agent: &Agent, capacity: u32) {
        self.changes(agent, AgentPatch { capacity: Some(capacity), ..AgentPatch::default() }).await;
    }

    /// The admin changes an agent.
    pub async fn changes(&self, agent: &Agent, patch: AgentPatch) {
        if let Err(error) = self.office.change(&self.admin, agent.id(), &patch).await {
            panic!("{patch:?}: {error:#}");
        }
    }

    /// Why a conversation waits.
    pub async fn why(&self, conversation: ConversationId) -> Why {
        let path = format!("/api/conversations/{conversation}/why");
        let answer = match self.office.request(Method::GET, &path).by(&self.admin).send().await {
            Ok(answer) => answer.value(),
            Err(error) => Err(error),
        };
        match answer {
            Ok(why) => why,
            Err(error) => panic!("{path}: {error:#}"),
        }
    }

    /// Keeps somebody connected until the end.
    pub fn keeps(&self, visitor: Visitor) {
        match self.kept.lock() {
            Ok(mut kept) => kept.push(visitor),
            Err(error) => panic!("{error}"),
        }
    }

    /// Stops it as an upgrade would, and starts it again on the same port and data.
    pub async fn restarts(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self.config.listen = self.address;
        self.running = Some(run(&self.config).await);
    }

    /// Stops it and waits for its end.
    pub async fn stop(self) {
        self.leaves_its_folder().await;
    }

    /// Stops it, waits for its end, and keeps what it leaves behind.
    pub async fn leaves_its_folder(self) -> TempDir {
        if let Some(running) = self.running {
            running.stop().await;
        }
        self.folder
    }
}

async fn run(config: &Config) -> Running {
    crate::trust_in_one();
    match app::start(config.clone()).await {
        Ok(running) => running,
        Err(error) => panic!("the relay did not start: {error}"),
    }
}

/// A relay in a process of its own. What it logs goes into a file.
pub struct RelayProcess {
    server: Server,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl RelayProcess {
    /// Starts one with an empty data folder and these settings (`BULLE_…` variables).
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(folder(), settings)
    }

    /// Starts one whose data lies in a folder made for it.
    pub fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let server = launch(SocketAddr::from(([127, 0, 0, 1], 0)), &folder, &settings);
        Self { server, folder, settings }
    }

    /// Its first admin, by the link that it prints at its first start.
    pub async fn first_admin(&self) -> (Office, Account) {
        let office = Office::new(self.server.address);
        match join_first_admin(&self.server, &office).await {
            Ok(admin) => (office, admin),
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The process.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        data_in(&self.folder)
    }

    /// What it has logged, in all its lives.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(log_in(&self.folder)).unwrap_or_default()
    }

    /// How often it has logged this.
    pub fn times_logged(&self, text: &str) -> usize {
        self.logged().matches(text).count()
    }

    /// Waits until it has logged this more often than so many times.
    pub async fn logs(&self, text: &str, before: usize) {
        let said = async {
            // A file tells nobody that it has grown.
            let mut ticks = interval(Duration::from_millis(50));
            while self.times_logged(text) <= before {
                ticks.tick().await;
            }
        };
        assert!(timeout(PATIENCE, said).await.is_ok(), "{text:?} is logged {before} times and no more:\n{}", self.logged());
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        if let Err(error) = self.server.kill() {
            panic!("{error:#}");
        }
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) {
        self.server = launch(self.server.address, &self.folder, &self.settings);
    }

    /// The same with other settings beside those that it had.
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.restart();
    }

    /// The process, to end it or to wait for its end.
    pub fn server_mut(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Where Prometheus would ask it, with `BULLE_METRICS_LISTEN` among the settings.
    pub fn metrics(&self) -> String {
        let line = self.server.printed_line("/metrics").unwrap_or_else(|error| panic!("{error:#}"));
        line.split_whitespace().last().unwrap_or_default().to_owned()
    }

    /// Runs another command of the binary with these arguments, on a data folder.
    pub fn runs(arguments: &[&str], data: &Path) -> Output {
        let mut command = Self::to_run(arguments, data);
        match command.output() {
            Ok(output) => output,
            Err(error) => panic!("{command:?}: {error}"),
        }
    }

    /// Such a command that is still to be run.
    pub fn to_run(arguments: &[&str], data: &Path) -> Command {
        let mut command = bare(&binary());
        command.args(arguments).arg("--data").arg(data);
        command
    }
}

/// Where the data lies in a relay's folder.
pub fn data_in(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// Where a relay's process logs, beside its data.
fn log_in(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}

/// An empty folder for a relay.
pub fn folder() -> TempDir {
    match tempfile::Builder::new().prefix("bulle-test-").tempdir() {
        Ok(folder) => folder,
        Err(error) => panic!("{error}"),
    }
}

/// Joins by the link that a relay prints at its first start.
pub async fn join_first_admin(server: &Server, office: &Office) -> Result<Account> {
    let line = server.printed_line("/console/join/")?;
    let link = line.split_whitespace().find(|word| word.contains("/console/join/")).context("no link")?;
    office.join(link, ROOT, ROOT_EMAIL).await
}

fn launch(listen: SocketAddr, folder: &TempDir, settings: &[(String, String)]) -> Server {
    let mut command = command(&binary(), listen, &data_in(folder));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    match File::options().create(true).append(true).open(log_in(folder)) {
        Ok(log) => command.stderr(log),
        Err(error) => panic!("{error}"),
    };
    match Server::start(&mut command) {
        Ok(server) => server,
        Err(error) => {
            let log = std::fs::read_to_string(log_in(folder)).unwrap_or_default();
            let last: Vec<_> = log.lines().rev().take(20).collect();
            panic!("{error:#}; its log, the latest first: {last:#?}")
        }
    }
}

/// How a relay with the demo site is started, for clients at any pace; its log is of no interest.
pub fn command(binary: &Path, listen: SocketAddr, data: &Path) -> Command {
    let mut command = bare(binary);
    command.args(["serve", "--demo", "--listen", &listen.to_string(), "--data"]).arg(data).stderr(Stdio::null());
    for pace in PACES {
        command.env(format!("BULLE_LIMITS__{pace}__BURST"), AT_ANY_PACE.burst.to_string());
        command.env(format!("BULLE_LIMITS__{pace}__PER_MINUTE"), AT_ANY_PACE.per_minute.to_string());
    }
    command
}

/// The relay's binary, with no setting from outside: what whoever runs the tests has set is for the tests, or for a relay of theirs.
fn bare(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BULLE_")) {
        command.env_remove(name);
    }
    command
}

/// The relay's binary.
pub fn binary() -> PathBuf {
    let Some(binary) = find_binary() else { panic!("no `bulle` beside this program: build it with `cargo build -p relay`") };
    binary
}

/// The relay's binary beside this program (`target/debug/bulle`), or one folder up: tests run in `target/debug/deps`.
pub fn find_binary() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().skip(1).take(2).map(|folder| folder.join("bulle")).find(|binary| binary.is_file())
}
