//! What every test starts from: a relay process with a fresh data folder, chromedriver, and people who go to their places.
//! One test at a time has the stage, because each brings two browsers along.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use shared::model::Role;
use shared::visitor::Hello;
use tempfile::TempDir;
use tests::accounts::{Account, Office, PASSWORD};
use tests::chrome::Driver;
use tests::door::Door;
use tests::process::Server;
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

/// A relay, a driver for browsers, and the turn.
pub struct Stage {
    relay: Server,
    driver: Driver,
    data: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// Waits for the turn, then starts relay and driver.
    pub async fn set() -> Result<Self> {
        let turn = TURN.lock().await;
        let data = tempfile::tempdir()?;
        let relay = launch(SocketAddr::from(([127, 0, 0, 1], 0)), &data)?;
        // Seen once to end at once on a busy machine, presumably when its IPv4 port was taken for IPv6.
        let driver = Driver::start().or_else(|_| Driver::start())?;
        Ok(Self { relay, driver, data, _turn: turn })
    }

    /// The address of a page of the relay.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.relay.address)
    }

    /// The link by which the first admin joins, as the operator finds it on standard output.
    pub fn first_admin_link(&self) -> Result<String> {
        let line = self.relay.printed_line("/console/join/")?;
        let link = line.split_whitespace().find(|word| word.contains("/console/join/"));
        link.map(str::to_owned).context("no link in that line")
    }

    /// Kills the relay with SIGKILL.
    pub fn kills_relay(&mut self) -> Result<()> {
        self.relay.kill()
    }

    /// Starts it again on the same port and data.
    pub fn restarts_relay(&mut self) -> Result<()> {
        self.relay = launch(self.relay.address, &self.data)?;
        Ok(())
    }

    /// Somebody who has not opened any page.
    pub async fn person(&self, language: &str) -> Result<Person> {
        let (browser, profile) = self.driver.browser(language).await?;
        Person::new(browser, profile).await
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
        let account = self.hires(name).await?;
        let agent = self.person(ENGLISH).await?;
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

    async fn hires(&self, name: &str) -> Result<Account> {
        let office = Office::new(self.relay.address);
        let admin = relay::join_first_admin(&self.relay, &office).await?;
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

fn launch(listen: SocketAddr, data: &TempDir) -> Result<Server> {
    let binary = relay::find_binary().context("no `bulle` beside this program: build it with `cargo build -p relay`")?;
    Server::start(&mut relay::command(&binary, listen, data.path()))
}
