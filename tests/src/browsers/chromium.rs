//! Chromium: how it is started, and what its DevTools protocol adds to WebDriver. Called by [`super`]; the bench takes the flags.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

use super::{Looks, WINDOW};

/// Started with every browser: no window, nothing fetched in the background, and able to run as root in a container.
/// Its microphone is made up, and it asks nobody whether a page may listen.
pub const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// chromedriver, which chooses a port.
pub(super) fn driver() -> Command {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0");
    command
}

/// Capabilities of a browser for somebody who prefers this language.
pub(super) fn wishes(language: &str, profile: &TempDir) -> Value {
    let own = [format!("--user-data-dir={}", profile.path().display()), format!("--window-size={},{}", WINDOW.0, WINDOW.1)];
    let flags: Vec<_> = FLAGS.into_iter().map(str::to_owned).chain(own).collect();
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": flags, "prefs": { "intl.accept_languages": language } },
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}

/// One command of the DevTools protocol.
pub async fn command(web: &WebDriver, method: &str, parameters: Value) -> Result<Value> {
    web.cdp().send_raw(method, parameters).await.with_context(|| method.to_owned())
}

pub(super) async fn log(web: &WebDriver) -> Result<Vec<String>> {
    let lines = web.browser_log().await?.into_iter();
    Ok(lines.filter(|line| line.level == "SEVERE" || line.level == "WARNING").map(|line| line.message).collect())
}

pub(super) async fn holds(web: &WebDriver, size: Option<(u32, u32)>) -> Result<()> {
    match size {
        Some((width, height)) => {
            let phone = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": true });
            command(web, "Emulation.setDeviceMetricsOverride", phone).await.map(drop)
        }
        None => command(web, "Emulation.clearDeviceMetricsOverride", json!({})).await.map(drop),
    }
}

pub(super) async fn looks(web: &WebDriver, looks: Looks) -> Result<()> {
    let scheme = if looks.dark { "dark" } else { "light" };
    let motion = if looks.still { "reduce" } else { "" };
    let colors = if looks.forced { "active" } else { "" };
    let features = json!({ "features": [
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": motion },
        { "name": "forced-colors", "value": colors },
    ] });
    command(web, "Emulation.setEmulatedMedia", features).await.map(drop)
}
