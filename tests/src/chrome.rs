//! Chromium and its chromedriver: one driver process, and browsers with a profile of their own each. Used by the browser tests and by
//! the bench; without the two programs both say so.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::prelude::*;

/// What to do where one of the two is missing.
const MISSING: &str =
    "this needs `chromium` and `chromedriver` (Debian: chromium, chromium-driver); `make browsers` installs them";

/// Started with every browser: no window, nothing fetched in the background, and able to run as root in a container.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// The chromedriver process; ends when dropped.
pub struct Driver {
    process: Child,
    address: String,
}

impl Driver {
    /// Starts chromedriver on a port of its choice.
    pub fn start() -> Result<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context(MISSING)?;
        let output = process.stdout.take().context("standard output is piped")?;
        let mut driver = Self { process, address: String::new() };
        for line in BufReader::new(output).lines() {
            if let Some((_, port)) = line?.split_once("successfully on port ") {
                driver.address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                return Ok(driver);
            }
        }
        bail!("chromedriver ended without saying where it listens")
    }

    /// A browser for somebody who prefers this language (BCP 47), and the folder of its profile, to be kept as long.
    pub async fn browser(&self, language: &str) -> Result<(WebDriver, TempDir)> {
        let profile = tempfile::tempdir()?;
        let mut wishes = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wishes.add_arg(flag)?;
        }
        wishes.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        wishes.add_arg("--window-size=1280,900")?;
        wishes.add_experimental_option("prefs", json!({ "intl.accept_languages": language }))?;
        wishes.set("goog:loggingPrefs", json!({ "browser": "ALL" }))?;
        let browser = WebDriver::new(&self.address, wishes).await.context(MISSING)?;
        Ok((browser, profile))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Fails for nothing but a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
