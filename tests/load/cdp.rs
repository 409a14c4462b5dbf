//! A Chromium that the DevTools protocol alone drives. No WebDriver stands between, whose observers of network, log and script would be
//! measured along with the page. One command is under way at a time. Used by `page` only.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::browsers::chromium::FLAGS;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Longest wait for an answer or an event.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running browser; ends when dropped.
pub struct Chromium {
    process: Child,
    socket: WebSocketStream<TcpStream>,
    last: u64,
    /// Events that came while an answer was awaited, with the tab they are about.
    events: Vec<(Option<String>, String)>,
    _profile: TempDir,
}

/// A tab; nothing of what was opened before is kept.
pub struct Tab {
    target: String,
    session: String,
}

impl Chromium {
    /// Starts one.
    ///
    /// # Errors
    /// There is none on this machine, or it ends before it says where it listens.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut process = Command::new("chromium")
            .args(FLAGS)
            .args(["--remote-debugging-port=0", &format!("--user-data-dir={}", profile.path().display())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("chromium is not installed: `make browsers` does that on Debian")?;
        let mut lines = BufReader::new(process.stderr.take().context("standard error is piped")?).lines();
        let address =
            lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned));
        let address = address.context("chromium ended without saying where it listens")?;
        // It writes there for as long as it lives, and would wait once the pipe is full. Ends with the browser.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).context("a ws address")?;
        let (socket, _) = tokio_tungstenite::client_async(&address, TcpStream::connect(host).await?).await?;
        Ok(Self { process, socket, last: 0, events: Vec::new(), _profile: profile })
    }

    /// Opens a tab with an empty cache and empty storage, in the visitor's ordinary profile: one of its own, as private windows have it, is
    /// slower (a click took 460 ms there).
    pub async fn tab(&mut self, origin: &str) -> Result<Tab> {
        let target = text(&self.ask(None, "Target.createTarget", json!({ "url": "about:blank" })).await?, "targetId")?;
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&self.ask(None, "Target.attachToTarget", attach).await?, "sessionId")?;
        let tab = Tab { target, session };
        self.command(&tab, "Network.clearBrowserCache", json!({})).await?;
        self.command(&tab, "Storage.clearDataForOrigin", json!({ "origin": origin, "storageTypes": "all" })).await?;
        // A tab in the background draws no frames, and nothing in it has the focus.
        self.command(&tab, "Page.bringToFront", json!({})).await?;
        self.command(&tab, "Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        Ok(tab)
    }

    /// Closes a tab.
    pub async fn close(&mut self, tab: Tab) -> Result<()> {
        self.events.clear();
        self.ask(None, "Target.closeTarget", json!({ "targetId": tab.target })).await.map(drop)
    }

    /// One command to a tab.
    pub async fn command(&mut self, tab: &Tab, method: &str, parameters: Value) -> Result<Value> {
        self.ask(Some(&tab.session), method, parameters).await
    }

    /// The value of an expression; a promise is awaited.
    pub async fn evaluate(&mut self, tab: &Tab, expression: &str) -> Result<Value> {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.command(tab, "Runtime.evaluate", parameters).await?;
        ensure!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        Ok(answer["result"]["value"].take())
    }

    /// Opens an address, and ends with the page's load event.
    pub async fn open(&mut self, tab: &Tab, url: &str) -> Result<()> {
        let answer = self.command(tab, "Page.navigate", json!({ "url": url })).await?;
        ensure!(answer.get("errorText").is_none(), "{url}: {answer}");
        let loaded = (Some(tab.session.clone()), "Page.loadEventFired".to_owned());
        while !self.events.contains(&loaded) {
            let frame = self.frame().await?;
            self.note(&frame);
        }
        self.events.clear();
        Ok(())
    }

    async fn ask(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string())).await?;
        loop {
            let mut frame = self.frame().await?;
            if frame["id"] != json!(self.last) {
                self.note(&frame);
                continue;
            }
            if let Some(error) = frame.get("error") {
                bail!("{method}: {error}");
            }
            return Ok(frame["result"].take());
        }
    }

    async fn frame(&mut self) -> Result<Value> {
        let message = timeout(PATIENCE, self.socket.next()).await.context("chromium does not answer")?;
        Ok(serde_json::from_str(message.context("chromium has ended")??.to_text()?)?)
    }

    fn note(&mut self, frame: &Value) {
        if let Some(method) = frame["method"].as_str() {
            self.events.push((frame["sessionId"].as_str().map(str::to_owned), method.to_owned()));
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Fails for nothing but a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(answer: &Value, name: &str) -> Result<String> {
    answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {answer}"))
}
