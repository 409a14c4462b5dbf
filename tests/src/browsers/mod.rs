//! Real browsers of three engines, each driven by its own WebDriver program: Chromium, Firefox, and WebKit as GTK has it. A browser has a
//! profile of its own, which is removed with it. Used by the browser tests and the bench; what is missing says how to get it.
//!
//! What WebDriver itself cannot do stands in one file per engine: [`chromium`] by the DevTools protocol, [`firefox`] by WebDriver BiDi and by
//! preferences, [`webkit`] by how the browser is started.

pub mod chromium;
pub mod firefox;
pub mod webkit;

use std::env;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

/// Size of a new window in CSS pixels; two of the three engines take something off it for their bars.
pub const WINDOW: (u32, u32) = (1280, 900);

/// What draws the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Chromium, without a window.
    Chromium,
    /// Firefox, without a window.
    Firefox,
    /// WebKitGTK's MiniBrowser, on a display that nobody sees.
    WebKit,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Engine {
    /// What its browsers call themselves.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chrome", "chromium", "chrome-headless-shell"],
            Self::Firefox => &["firefox"],
            Self::WebKit => &["MiniBrowser"],
        }
    }

    /// What to do where the programs of this engine are missing.
    pub fn missing(self) -> String {
        let packages = match self {
            Self::Chromium => "chromium and chromedriver (Debian: chromium, chromium-driver)",
            Self::Firefox => "firefox and geckodriver (Debian: firefox-esr; cargo install geckodriver)",
            Self::WebKit => "WebKitWebDriver, MiniBrowser and Xvfb (Debian: webkit2gtk-driver, xvfb, locales)",
        };
        format!("this needs {packages}; `make browsers` installs them")
    }
}

/// Where the Makefile puts what it installs, which is on its PATH only.
pub fn tools() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cache")));
    cache.map(|cache| cache.join("bulle"))
}

/// How a page is to look, where the system has a say in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// `prefers-color-scheme: dark`.
    pub dark: bool,
    /// `prefers-reduced-motion: reduce`.
    pub still: bool,
    /// `forced-colors: active`.
    pub forced: bool,
}

/// A WebDriver program; ends when dropped.
pub struct Driver {
    engine: Engine,
    process: Child,
    address: String,
}

impl Driver {
    /// Starts Chromium's driver on a port of its choice. It serves any number of browsers, unlike the other two.
    pub fn start() -> Result<Self> {
        Self::of(Engine::Chromium, &mut chromium::driver())
    }

    /// Starts a driver that says on standard output where it listens.
    fn of(engine: Engine, command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| engine.missing())?;
        let output = process.stdout.take().context("standard output is piped")?;
        let mut driver = Self { engine, process, address: String::new() };
        let mut lines = BufReader::new(output).lines();
        for line in lines.by_ref() {
            let line = line?;
            let port = line.split_once("successfully on port ").or_else(|| line.split_once("Listening on 127.0.0.1:"));
            if let Some((_, port)) = port {
                driver.address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                // Firefox writes there, too, and would wait once the pipe is full. Ends with the last of those who hold its other end.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return Ok(driver);
            }
        }
        bail!("the driver of {engine} ended without saying where it listens")
    }

    /// A Chromium for somebody who prefers this language (BCP 47), and the folder of its profile, to be kept as long.
    pub async fn browser(&self, language: &str) -> Result<(WebDriver, TempDir)> {
        let profile = tempfile::tempdir()?;
        Ok((self.session(chromium::wishes(language, &profile)).await?, profile))
    }

    async fn session(&self, wishes: Value) -> Result<WebDriver> {
        let Value::Object(wishes) = wishes else { bail!("capabilities are an object") };
        WebDriver::new(&self.address, Capabilities::from(wishes)).await.with_context(|| self.engine.missing())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Fails for nothing but a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser with its driver and its profile. Dropping it ends the session, then the driver and its display, and
/// removes the profile last: in this order.
pub struct Browser {
    /// Its WebDriver session.
    pub web: WebDriver,
    /// What draws its pages.
    pub engine: Engine,
    firefox: Option<firefox::Bidi>,
    _driver: Driver,
    _display: Option<webkit::Display>,
    _home: TempDir,
}

impl Browser {
    /// Starts a browser for somebody who prefers this language (BCP 47) and these looks.
    pub async fn start(engine: Engine, language: &str, looks: Looks) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let display = if engine == Engine::WebKit { Some(webkit::Display::start()?) } else { None };
        let (driver, wishes) = match engine {
            Engine::Chromium => {
                // Seen once to end at once on a busy machine, presumably when its IPv4 port was taken for IPv6.
                (Driver::start().or_else(|_| Driver::start())?, chromium::wishes(language, &home))
            }
            Engine::Firefox => (Driver::of(engine, &mut firefox::driver(&home))?, firefox::wishes(language)),
            Engine::WebKit => {
                let display = display.as_ref().context("started above")?;
                (webkit::driver(display).await?, webkit::wishes(language, looks, &home)?)
            }
        };
        let web = driver.session(wishes).await?;
        let name = web.handle().capabilities().get("browserName").and_then(Value::as_str).unwrap_or_default().to_owned();
        ensure!(engine.names().contains(&name.as_str()), "asked for {engine} and got {name}");
        let firefox = if engine == Engine::Firefox { Some(firefox::Bidi::connect(&web).await?) } else { None };
        let browser = Self { web, engine, firefox, _driver: driver, _display: display, _home: home };
        if engine == Engine::WebKit {
            browser.holds(None).await?;
        } else if looks != Looks::default() {
            browser.looks(looks).await?;
        }
        Ok(browser)
    }

    /// Runs a script in the tab in front before the own scripts of every page from the next one on. False where the engine has no means for
    /// that: then whoever asks has to bring it along.
    pub async fn runs_first(&self, script: &str) -> Result<bool> {
        match (&self.firefox, self.engine) {
            (Some(bidi), _) => bidi.runs_first(script).await?,
            (None, Engine::Chromium) => {
                chromium::command(&self.web, "Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Errors and warnings that the browser itself has noted since the last call. WebKit's driver tells none.
    pub async fn log(&self) -> Result<Vec<String>> {
        match (&self.firefox, self.engine) {
            (Some(bidi), _) => Ok(bidi.log()),
            (None, Engine::Chromium) => chromium::log(&self.web).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Makes pages believe in a screen of this size in CSS pixels; Chromium also in a phone's. Nothing: as it was.
    pub async fn holds(&self, size: Option<(u32, u32)>) -> Result<()> {
        match (&self.firefox, self.engine) {
            (Some(bidi), _) => bidi.holds(&self.web, size).await,
            (None, Engine::Chromium) => chromium::holds(&self.web, size).await,
            _ => webkit::holds(&self.web, size).await,
        }
    }

    /// Changes what the system prefers. WebKitGTK reads it when it starts and never again.
    pub async fn looks(&self, looks: Looks) -> Result<()> {
        match self.engine {
            Engine::Chromium => chromium::looks(&self.web, looks).await,
            Engine::Firefox => firefox::looks(&self.web, looks).await,
            Engine::WebKit => bail!("WebKitGTK takes its looks when it starts: ask for somebody who has them from the beginning"),
        }
    }
}
