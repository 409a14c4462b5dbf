//! A relay process to measure: fresh data folder, settings, as many agents as the measurement wants. Hiring 200 agents costs 200
//! password hashes, so a [`Cast`] is hired once and its data folder copied for every run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use shared::api::AgentPatch;
use shared::ids::AgentId;
use shared::model::Role;
use tempfile::TempDir;
use tests::accounts::{Account, Office};
use tests::door::Door;
use tests::process::Server;
use tests::relay::{command, join_first_admin};

use crate::cores;
use crate::idle::source;

/// The site of every relay that is started for a demo.
const SITE: &str = "demo";
/// Timeouts of the desk that would interfere with a measurement: nobody here answers like a person.
const SETTINGS: [(&str, &str); 2] = [("BULLE_DESK__ANSWER_TIMEOUT", "86400000"), ("BULLE_DESK__PARK_AFTER", "86400000")];

/// Agents in a data folder that is not in use.
pub struct Cast {
    folder: TempDir,
    binary: PathBuf,
    accounts: Vec<Account>,
}

/// A running relay with its cast.
pub struct Stage {
    /// The process.
    pub server: Server,
    /// Its agents.
    pub accounts: Vec<Account>,
    _folder: TempDir,
}

impl Cast {
    /// Nobody, and a folder that does not exist yet.
    pub fn empty(binary: &Path) -> Result<Self> {
        Ok(Self { folder: folder()?, binary: binary.to_owned(), accounts: Vec::new() })
    }

    /// Agents with this many slots each.
    pub async fn hire(binary: &Path, count: usize, capacity: u32) -> Result<Self> {
        let mut cast = Self::empty(binary)?;
        cast.accounts = hire(&cast.begin()?, count, capacity).await?;
        Ok(cast)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts a relay on the folder itself, to prepare it.
    pub fn begin(&self) -> Result<Server> {
        launch(&self.binary, &self.data(), &[])
    }

    /// Starts a relay on a copy of the folder.
    pub fn enter(&self) -> Result<Stage> {
        let folder = folder()?;
        let data = folder.path().join("data");
        if self.data().exists() {
            copy(&self.data(), &data).context("copying the data folder")?;
        }
        let server = launch(&self.binary, &data, &[])?;
        Ok(Stage { server, accounts: self.accounts.clone(), _folder: folder })
    }
}

impl Stage {
    /// Where its people go in.
    pub fn doors(&self) -> Doors {
        Doors::of(&self.accounts, &[self.server.address], &[self.server.address])
    }
}

/// Where people go in: agents one each, visitors as many as come.
pub struct Doors {
    /// Of each agent.
    pub agents: Vec<(AgentId, Door)>,
    visitors: Vec<SocketAddr>,
}

impl Doors {
    /// Agents and visitors come to these relays in turn.
    pub fn of(accounts: &[Account], agents: &[SocketAddr], visitors: &[SocketAddr]) -> Self {
        let agents = accounts.iter().zip(agents.iter().cycle());
        Self {
            agents: agents.map(|(account, relay)| (account.me.id, Door::agent(*relay, account.cookie.clone()))).collect(),
            visitors: visitors.to_vec(),
        }
    }

    /// Of the visitor of this number.
    pub fn visitor(&self, number: usize) -> Door {
        Door { from: Some(source(number)), ..Door::visitor(self.visitors[number % self.visitors.len()], SITE) }
    }
}

/// Agents with this many slots each, at a relay that nobody has come to yet.
pub async fn hire(server: &Server, count: usize, capacity: u32) -> Result<Vec<Account>> {
    let office = Office::new(server.address);
    let admin = join_first_admin(server, &office).await?;
    let mut accounts = Vec::with_capacity(count);
    for number in 0..count {
        let account = office.hire(&admin, &format!("Agent {number}"), Role::Agent).await?;
        let patch = AgentPatch { capacity: Some(capacity), ..AgentPatch::default() };
        office.change(&admin, account.me.id, &patch).await?;
        accounts.push(account);
    }
    Ok(accounts)
}

/// An empty folder, which goes with its owner.
pub fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("bulle-load-").tempdir()?)
}

/// Starts a relay on the servers' core, with further settings.
pub fn launch(binary: &Path, data: &Path, settings: &[(&str, String)]) -> Result<Server> {
    let mut command = command(binary, SocketAddr::from(([127, 0, 0, 1], 0)), data);
    command.envs(SETTINGS).envs(settings.iter().map(|(name, value)| (name, value)));
    cores::on_the_servers(|| Server::start(&mut command))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
