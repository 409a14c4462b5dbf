//! Websites around the relay: a small server of another origin, whose pages carry the script tag. And a site that lets them in.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use rusqlite::Connection;
use tests::accounts::{Account, Office};
use tests::agent::Agent;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::stage::Stage;

/// One page of the town.
pub struct Page {
    /// Its name, which is its path.
    pub name: &'static str,
    /// What it consists of; `RELAY` stands for the relay's origin.
    pub html: String,
    /// Its content security policy; `RELAY` and `SOCKETS` stand for the relay's origins.
    pub policy: &'static str,
}

/// The server; ends when dropped.
pub struct Town {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Town {
    /// Serves these pages, and lets their scripts talk to the relay's demo site from any origin.
    pub async fn with(stage: &Stage, pages: Vec<Page>) -> Result<Self> {
        lets_in(stage, &[])?;
        let relay = stage.url("");
        let fill = |text: &str| text.replace("RELAY", &relay).replace("SOCKETS", &relay.replacen("http", "ws", 1));
        let pages: Vec<_> = pages.into_iter().map(|page| (page.name, fill(&page.html), fill(page.policy))).collect();
        let app = Router::new().route("/{name}", get(page)).with_state(std::sync::Arc::new(pages));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // Ends with the task.
            _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, task })
    }

    /// Where a page is.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets pages of these origins use the demo site; of all when there are none.
pub fn lets_in(stage: &Stage, origins: &[String]) -> Result<()> {
    let list = serde_json::to_string(origins)?;
    let database = Connection::open(stage.database())?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    database.execute("UPDATE site SET origins = ?1", [list])?;
    Ok(())
}

/// Somebody who answers, without a browser.
pub async fn agent(stage: &Stage, name: &str) -> Result<(Agent, Account)> {
    let address = stage.url("").trim_start_matches("http://").parse()?;
    let office = Office::new(address);
    let account = office.join(&stage.first_admin_link()?, name, "mia@bulle.example").await?;
    let agent = Agent::new(&office, &account);
    agent.comes_online().await;
    Ok((agent, account))
}

type Pages = std::sync::Arc<Vec<(&'static str, String, String)>>;

async fn page(State(pages): State<Pages>, Path(name): Path<String>) -> Response {
    if name == "keep.js" {
        return ([(header::CONTENT_TYPE, "text/javascript")], include_str!("hosts/keep.js")).into_response();
    }
    // Browsers ask for it by themselves, and note that it is missing.
    if name == "favicon.ico" {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some((_, html, policy)) = pages.iter().find(|page| page.0 == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut headers = HeaderMap::new();
    if let (false, Ok(policy)) = (policy.is_empty(), HeaderValue::from_str(policy)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    (headers, Html(html.clone())).into_response()
}
