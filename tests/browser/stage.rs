//! What every test starts from: a relay process with a fresh data folder, and people who go to their places. Visitors have browsers of the
//! engine that the test is for; agents sit at Chromium. One test at a time has the stage, because each brings two browsers along.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use shared::model::Role;
use shared::visitor::Hello;
use tempfile::TempDir;
use tests::accounts::{Account, Office, PASSWORD};
use tests::agent::Agent;
use tests::browsers::{Browser, Engine, Looks};
use tests::door::Door;
use tests::post::PostOffice;
use tests::process::Server;
use tests::push::PushService;
use tests::relay;
use tests::visitor::Visitor;
use tokio::sync::{Mutex, MutexGuard};

use crate::person::Person;

/// Whose turn it is.
static TURN: Mutex<()> = Mutex::const_new(());

/// What most people here read.
pub const ENGLISH: &str = "en-US";

/// Key of the site that the sample shop belongs to.
const SHOP: &str = "demo";

/// A relay, the engine of the visitors' browsers, and the turn.
pub struct Stage {
    engine: Engine,
    relay: Server,
    data: TempDir,
    /// Settings of the relay beside those of all tests.
    settings: Vec<(&'static str, String)>,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// Waits for the turn, then starts the relay.
    pub async fn set(engine: Engine) -> Result<Self> {
        Self::with(engine, Vec::new()).await
    }

    /// The same with a mail server, to which answers go at once.
    pub async fn set_with_mail(engine: Engine) -> Result<(Self, PostOffice)> {
        let post = PostOffice::opens().await;
        let settings = vec![
            ("BULLE_SMTP__HOST", "127.0.0.1".to_owned()),
            ("BULLE_SMTP__PORT", post.port().to_string()),
            ("BULLE_SMTP__TLS", "none".to_owned()),
            ("BULLE_SMTP__FROM", "chat@kiln.example".to_owned()),
            ("BULLE_SMTP__ANSWER_DELAY_MS", "0".to_owned()),
        ];
        Ok((Self::with(engine, settings).await?, post))
    }

    /// The same with a push service, to which notifications go at once.
    pub async fn set_with_push(engine: Engine, service: &PushService) -> Result<Self> {
        let settings = vec![("BULLE_PUSH__DELAY_MS", "0".to_owned()), ("BULLE_PUSH__OWN_SERVICES", service.origin())];
        Self::with(engine, settings).await
    }

    /// The same with other settings of the relay.
    pub async fn set_with(engine: Engine, settings: &[(&'static str, &str)]) -> Result<Self> {
        Self::with(engine, settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()).await
    }

    async fn with(engine: Engine, settings: Vec<(&'static str, String)>) -> Result<Self> {
        let turn = TURN.lock().await;
        let data = tempfile::tempdir()?;
        let relay = launch(SocketAddr::from(([127, 0, 0, 1], 0)), &data, &settings)?;
        Ok(Self { engine, relay, data, settings, _turn: turn })
    }

    /// Where the relay listens.
    pub fn address(&self) -> SocketAddr {
        self.relay.address
    }

    /// The address of a page of the relay.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.relay.address)
    }

    /// How many connections visitors have to the relay.
    pub async fn visitors_connections(&self) -> Result<u32> {
        let line = self.relay.printed_line("/metrics")?;
        let url = line.split_whitespace().last().context("no address in that line")?;
        let metrics = reqwest::get(url).await?.text().await?;
        let count = metrics.lines().find_map(|line| line.strip_prefix("bulle_connections{kind=\"visitor\"} "));
        Ok(count.context("no such figure")?.trim().parse()?)
    }

    /// The link by which the first admin joins, as the operator finds it on standard output.
    pub fn first_admin_link(&self) -> Result<String> {
        let line = self.relay.printed_line("/console/join/")?;
        let link = line.split_whitespace().find(|word| word.contains("/console/join/"));
        link.map(str::to_owned).context("no link in that line")
    }

    /// The loader as the relay serves it for the shop, taken apart: the function, and the settings (JSON) that it is called with.
    pub async fn loader(&self) -> Result<(String, String)> {
        let script = reqwest::get(self.url(&format!("/bulle.js?site={SHOP}"))).await?.text().await?;
        let (function, settings) = script.rsplit_once("({").context("the loader is called with settings")?;
        let (settings, _) = settings.rsplit_once(')').context("a call")?;
        Ok((function.to_owned(), format!("{{{settings}")))
    }

    /// Kills the relay with SIGKILL.
    pub fn kills_relay(&mut self) -> Result<()> {
        self.relay.kill()
    }

    /// Starts it again on the same port and data.
    pub fn restarts_relay(&mut self) -> Result<()> {
        self.relay = launch(self.relay.address, &self.data, &self.settings)?;
        Ok(())
    }

    /// Somebody who has not opened any page, with a browser of the engine under test.
    pub async fn person(&self, language: &str) -> Result<Person> {
        self.person_who_likes(language, Looks::default()).await
    }

    /// The same, with looks that their system prefers from the beginning.
    pub async fn person_who_likes(&self, language: &str, looks: Looks) -> Result<Person> {
        Person::new(Browser::start(self.engine, language, looks).await?).await
    }

    /// Somebody of the team who has not opened any page, with Chromium.
    pub async fn colleague(&self) -> Result<Person> {
        Person::new(Browser::start(Engine::Chromium, ENGLISH, Looks::default()).await?).await
    }

    /// Somebody on the page of the sample shop, without a chat.
    pub async fn visitor(&self) -> Result<Person> {
        let visitor = self.person(ENGLISH).await?;
        visitor.opens(&self.url("/demo")).await?;
        Ok(visitor)
    }

    /// Somebody who chats without a browser: opens the chat and writes.
    pub async fn native_visitor(&self, text: &str) -> Visitor {
        let visitor = Visitor::new(self.relay.address, SHOP);
        visitor.opens_chat().await;
        visitor.says(text).await;
        visitor
    }

    /// Somebody who chats without a browser and greets like this.
    pub async fn visitor_who_greets(&self, hello: Hello) -> Visitor {
        let visitor = Visitor::with_outbox(Door::visitor(self.relay.address, SHOP), hello, Vec::new());
        visitor.opens_chat().await;
        visitor
    }

    /// The relay's database.
    pub fn database(&self) -> PathBuf {
        self.data.path().join("bulle.db")
    }

    /// An agent at the console, signed in and not online yet. One per test: the first admin, who hires them, joins for that.
    pub async fn agent(&self, name: &str) -> Result<Person> {
        self.signs_in(&self.hires(name).await?).await
    }

    /// Somebody with an account, at the console, signed in and not online yet.
    pub async fn signs_in(&self, account: &Account) -> Result<Person> {
        let agent = self.colleague().await?;
        agent.opens(&self.url("/console")).await?;
        agent.types("Email", &account.me.email).await?;
        agent.says("Password", PASSWORD).await?;
        agent.finds("radio", "Online").await?;
        Ok(agent)
    }

    /// An agent at the console who takes chats.
    pub async fn agent_online(&self, name: &str) -> Result<Person> {
        let agent = self.agent(name).await?;
        goes_online(&agent).await?;
        Ok(agent)
    }

    /// An agent without a browser who takes chats. One per test, as above.
    pub async fn native_agent(&self, name: &str) -> Result<Agent> {
        let agent = Agent::new(&Office::new(self.relay.address), &self.hires(name).await?);
        agent.comes_online().await;
        Ok(agent)
    }

    /// The first admin, who uses no console. One per test, as above.
    pub async fn owner(&self) -> Result<(Office, Account)> {
        let office = Office::new(self.relay.address);
        let admin = relay::join_first_admin(&self.relay, &office).await?;
        Ok((office, admin))
    }

    async fn hires(&self, name: &str) -> Result<Account> {
        let (office, admin) = self.owner().await?;
        office.hire(&admin, name, Role::Agent).await
    }
}

/// Somebody at the console chooses to be online, and the relay confirms it.
pub async fn goes_online(agent: &Person) -> Result<()> {
    agent.clicks("radio", "Online").await?;
    is_online(agent).await
}

/// Waits until the console shows its agent online, confirmed by the relay.
pub async fn is_online(agent: &Person) -> Result<()> {
    agent.waits_until("seek('radio', 'Online')?.checked && seek('radiogroup', 'Presence').ariaBusy === 'false'").await.map(drop)
}

fn launch(listen: SocketAddr, data: &TempDir, settings: &[(&str, String)]) -> Result<Server> {
    let binary = relay::find_binary().context("no `bulle` beside this program: build it with `cargo build -p relay`")?;
    let mut command = relay::command(&binary, listen, data.path());
    command.env("BULLE_METRICS_LISTEN", "127.0.0.1:0").envs(settings.iter().map(|(name, value)| (*name, value)));
    Server::start(&mut command)
}
