//! A bot in the team: signs in with an API token, answers what it knows, hands over what it does not. README.md tells how to run it.
//!
//! [`answers`]: what it says · [`bot`]: when · [`driver`]: over which socket

mod answers;
mod bot;
mod driver;

use anyhow::{Context, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let relay = std::env::var("BULLE_URL").context("set BULLE_URL to the relay's address, such as https://chat.example.com")?;
    let token = std::env::var("BULLE_TOKEN").context("set BULLE_TOKEN to an API token, made in the console's settings")?;
    // There is one provider in this program; somebody else having installed it is as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    tokio::select! {
        ended = driver::run(&relay, token) => ended,
        stopped = tokio::signal::ctrl_c() => stopped.context("cannot wait for Ctrl+C"),
    }
}
