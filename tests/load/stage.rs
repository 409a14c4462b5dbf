//! A relay process to measure: fresh data folder, settings, as many agents as the measurement wants. Hiring 200 agents costs 200
//! password hashes, so a [`Cast`] is hired once and its data folder copied for every run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use shared::api::AgentPatch;
use shared::model::Role;
use tempfile::TempDir;
use tests::accounts::{Account, Office};
use tests::door::Door;
use tests::process::Server;
use tests::relay::{command, join_first_admin};

use crate::cores;

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
        let server = cast.begin()?;
        let office = Office::new(server.address);
        let admin = join_first_admin(&server, &office).await?;
        for number in 0..count {
            let account = office.hire(&admin, &format!("Agent {number}"), Role::Agent).await?;
            let patch = AgentPatch { capacity: Some(capacity), ..AgentPatch::default() };
            office.change(&admin, account.me.id, &patch).await?;
            cast.accounts.push(account);
        }
        drop(server);
        Ok(cast)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts a relay on the folder itself, to prepare it.
    pub fn begin(&self) -> Result<Server> {
        launch(&self.binary, &self.data())
    }

    /// Starts a relay on a copy of the folder.
    pub fn enter(&self) -> Result<Stage> {
        let folder = folder()?;
        let data = folder.path().join("data");
        if self.data().exists() {
            copy(&self.data(), &data).context("copying the data folder")?;
        }
        let server = launch(&self.binary, &data)?;
        Ok(Stage { server, accounts: self.accounts.clone(), _folder: folder })
    }
}

impl Stage {
    /// The agents' socket of an account.
    pub fn door(&self, account: &Account) -> Door {
        Door::agent(self.server.address, account.cookie.clone())
    }
}

fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("bulle-load-").tempdir()?)
}

fn launch(binary: &Path, data: &Path) -> Result<Server> {
    let mut command = command(binary, SocketAddr::from(([127, 0, 0, 1], 0)), data);
    command.envs(SETTINGS);
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
