//! Relays on a PostgreSQL, which waits for its disk as it does by itself, with a NATS between them. Agents are hired once; every run has
//! a copy of the database.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;
use tests::accounts::Account;
use tests::process::Server;
use tests::servers::{Disk, Nats, Postgres, find_nats, find_postgres};

use crate::cores;
use crate::stage::{folder, hire, launch};

/// The database with the agents.
const CAST: &str = "company";
/// Its copy.
const RUN: &str = "run";

/// Why there can be none on this machine, in words.
pub fn missing() -> Option<String> {
    let found = find_postgres().and_then(|_| find_nats());
    found.err().map(|error| format!("{error:#}"))
}

/// Agents, and the servers that relays need. They go with it.
pub struct Company {
    /// The database.
    pub store: Postgres,
    /// The bus.
    pub bus: Nats,
    /// The agents.
    pub accounts: Vec<Account>,
    binary: PathBuf,
}

/// Running relays. Dropping them ends them.
pub struct Relays {
    /// The processes.
    pub servers: Vec<Server>,
    _folder: TempDir,
}

impl Company {
    /// Agents with this many slots each.
    pub async fn hire(binary: &Path, count: usize, capacity: u32) -> Result<Self> {
        let (store, bus) = cores::on_the_servers(|| anyhow::Ok((Postgres::with(Disk::Awaited)?, Nats::begin(&[])?)))?;
        store.ask(&[&format!("CREATE DATABASE {CAST}")])?;
        let mut company = Self { store, bus, accounts: Vec::new(), binary: binary.to_owned() };
        let relays = company.start(&company.store.url_of(CAST), 1)?;
        for relay in &relays.servers {
            company.accounts = hire(relay, count, capacity).await?;
        }
        drop(relays);
        Ok(company)
    }

    /// Starts relays on a copy of the database. One alone has no bus.
    pub fn enter(&self, relays: usize) -> Result<Relays> {
        self.copy()?;
        let relays = self.start(&self.store.url_of(RUN), relays)?;
        // Each relay has put down its own demo page as the one from where visitors come.
        self.store.ask_of(RUN, &["UPDATE site SET origins = '[]'"])?;
        Ok(relays)
    }

    /// Starts one whose way to the copy leads by this address.
    pub fn enter_by(&self, way: SocketAddr) -> Result<Relays> {
        self.copy()?;
        self.start(&format!("postgres://bulle@{way}/{RUN}"), 1)
    }

    fn copy(&self) -> Result<()> {
        // What a run before has written is on the disk before the next one, not during it.
        self.store.ask(&[
            &format!("DROP DATABASE IF EXISTS {RUN} WITH (FORCE)"),
            &format!("CREATE DATABASE {RUN} TEMPLATE {CAST}"),
            "CHECKPOINT",
        ])?;
        Ok(())
    }

    /// More sites like the one that there is, in the copy of the database.
    pub fn add_sites(&self, count: u32) -> Result<()> {
        let copy = "jsonb_build_object('id', decode(md5(n::text), 'hex'), 'key', 'more' || n, 'name', 'More ' || n)";
        let add =
            format!("INSERT INTO site SELECT (jsonb_populate_record(site, {copy})).* FROM site, generate_series(1, {count}) n");
        self.store.ask_of(RUN, &[&add]).map(drop)
    }

    fn start(&self, store: &str, relays: usize) -> Result<Relays> {
        let folder = folder()?;
        let mut settings = vec![("BULLE_STORE", store.to_owned())];
        if relays > 1 {
            settings.push(("BULLE_BUS", format!("nats://{}", self.bus.address)));
        }
        let servers = (0..relays)
            .map(|number| launch(&self.binary, &folder.path().join(number.to_string()), &settings))
            .collect::<Result<_>>()?;
        Ok(Relays { servers, _folder: folder })
    }
}
