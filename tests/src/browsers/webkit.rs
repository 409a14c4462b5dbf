//! WebKitGTK's MiniBrowser: it reads language and looks from its environment when it starts, so a script of a few lines starts it; its
//! window, on a display that nobody sees, may become as narrow as a phone because its bars are made tiny. Called by [`super`] only.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::net::TcpStream;

use super::{Driver, Engine, Looks, WINDOW};

/// Where Debian's multiarch, Fedora and Arch keep it; it is on nobody's PATH.
const PLACES: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/webkit2gtk-4.1/MiniBrowser",
    "/usr/libexec/webkitgtk-6.0/MiniBrowser",
    "/usr/lib/webkitgtk-6.0/MiniBrowser",
];

/// The bars keep the window from becoming narrow, unless nothing in them takes room.
const TINY_BARS: &str = "* { font-size: 1px; min-width: 0; min-height: 0; padding: 0; margin: 0 } button { margin: 0 -8px }";
/// What they still take of the height, in pixels.
const BARS: u32 = 22;

/// Longest wait for the driver's port, and the pause between two attempts: it tells nobody when it listens.
const START_WITHIN: Duration = Duration::from_secs(30);
const START_LOOK: Duration = Duration::from_millis(10);

/// A display that nobody sees; ends when dropped.
pub(super) struct Display {
    name: String,
    server: Child,
}

impl Display {
    pub(super) fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x1400x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| Engine::WebKit.missing())?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("standard output is piped")?).read_line(&mut line)?;
        let display = Self { name: format!(":{}", line.trim()), server };
        ensure!(display.name != ":", "Xvfb ended without naming its display");
        Ok(display)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Fails for nothing but a process that has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts the driver, whose browsers appear on this display.
pub(super) async fn driver(display: &Display) -> Result<Driver> {
    // Free now; the driver takes no 0 to choose one itself.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let process = Command::new("WebKitWebDriver")
        .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
        .env("DISPLAY", &display.name)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| Engine::WebKit.missing())?;
    let driver = Driver { engine: Engine::WebKit, process, address: format!("http://127.0.0.1:{port}") };
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        ensure!(began.elapsed() < START_WITHIN, "WebKitWebDriver does not listen on port {port}");
        tokio::time::sleep(START_LOOK).await;
    }
    Ok(driver)
}

/// Capabilities of a browser for somebody who prefers this language and these looks.
pub(super) fn wishes(language: &str, looks: Looks, home: &TempDir) -> Result<Value> {
    ensure!(!looks.forced, "WebKitGTK knows no forced colours");
    let browser = PLACES.iter().map(Path::new).find(|path| path.exists()).with_context(|| Engine::WebKit.missing())?;
    let home = home.path();
    let settings = home.join("config/gtk-3.0");
    fs::create_dir_all(&settings)?;
    fs::write(settings.join("gtk.css"), TINY_BARS)?;
    fs::write(settings.join("settings.ini"), format!("[Settings]\ngtk-enable-animations={}\n", !looks.still))?;
    let locale = locale(language, &home.join("locales"))?;
    let starter = home.join("browser");
    let theme = if looks.dark { "Adwaita:dark" } else { "Adwaita" };
    let script = format!(
        "#!/bin/sh\nexport HOME={home} XDG_DATA_HOME={home}/data XDG_CACHE_HOME={home}/cache XDG_CONFIG_HOME={home}/config\n\
         export LOCPATH={home}/locales LC_ALL={locale} GTK_THEME={theme}\nexec {} \"$@\" 2>/dev/null\n",
        browser.display(),
        home = home.display(),
    );
    fs::write(&starter, script)?;
    fs::set_permissions(&starter, Permissions::from_mode(0o755))?;
    Ok(json!({ "webkitgtk:browserOptions": { "binary": starter, "args": ["--automation"] } }))
}

/// Makes the locale by which pages are told this language, and its name: the browser takes a language from nowhere else.
fn locale(language: &str, folder: &Path) -> Result<String> {
    let (language, country) = language.split_once('-').unwrap_or((language, ""));
    // Where the two differ; a language alone is no locale.
    let country = match (language, country) {
        ("en", "") => "US".to_owned(),
        ("ar", "") => "EG".to_owned(),
        ("he", "") => "IL".to_owned(),
        ("ja", "") => "JP".to_owned(),
        ("zh", "") => "CN".to_owned(),
        (_, "") => language.to_uppercase(),
        (_, country) => country.to_owned(),
    };
    let name = format!("{language}_{country}");
    fs::create_dir_all(folder)?;
    let made = Command::new("localedef")
        .args(["-i", &name, "-f", "UTF-8"])
        .arg(folder.join(format!("{name}.UTF-8")))
        .output()
        .with_context(|| Engine::WebKit.missing())?;
    // Warnings end it with 1, too.
    ensure!(made.status.code().is_some_and(|code| code <= 1), "localedef {name}: {}", String::from_utf8_lossy(&made.stderr));
    Ok(format!("{name}.UTF-8"))
}

pub(super) async fn holds(web: &WebDriver, size: Option<(u32, u32)>) -> Result<()> {
    let (width, height) = size.unwrap_or(WINDOW);
    Ok(web.set_window_rect(0, 0, width, height + BARS).await?)
}
