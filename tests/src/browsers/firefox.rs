//! Firefox: how it is started, what WebDriver BiDi adds to WebDriver (scripts that run first, the log, sizes below a window's least), and
//! preferences for what the system prefers. Called by [`super`] only.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::{RequestData, SessionId};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as Turns, mpsc};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Looks, WINDOW};

/// Height of the window's own bars, without a screen; the page gets the rest.
const BARS: u32 = 86;

/// geckodriver, which chooses its ports, keeps the profile here, and may change preferences while the browser runs.
pub(super) fn driver(home: &TempDir) -> Command {
    let ours = super::tools().map(|tools| tools.join("bin/geckodriver")).filter(|path| path.exists());
    let mut command = Command::new(ours.unwrap_or_else(|| "geckodriver".into()));
    command.args(["--port", "0", "--websocket-port", "0", "--allow-system-access"]).env("TMPDIR", home.path());
    command
}

/// Capabilities of a browser for somebody who prefers this language.
pub(super) fn wishes(language: &str) -> Value {
    let size = [format!("--width={}", WINDOW.0), format!("--height={}", WINDOW.1 + BARS)];
    let flags: Vec<_> = ["-headless".to_owned()].into_iter().chain(size).collect();
    json!({
        "browserName": "firefox",
        "webSocketUrl": true,
        "moz:firefoxOptions": { "args": flags, "prefs": {
            "intl.accept_languages": language,
            // A microphone that is made up, and that every page may use.
            "media.navigator.streams.fake": true,
            "media.navigator.permission.disabled": true,
        } },
    })
}

/// Which of Firefox's two worlds the next scripts run in: `chrome` is the browser itself.
#[derive(Debug)]
struct World(&'static str);

impl FormatRequestData for World {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/moz/context")).add_body(json!({ "context": self.0 }))
    }
}

pub(super) async fn looks(web: &WebDriver, looks: Looks) -> Result<()> {
    // What the values mean: modules/libpref/init/StaticPrefList.yaml.
    let prefs = json!({
        "layout.css.prefers-color-scheme.content-override": u8::from(!looks.dark),
        "ui.prefersReducedMotion": u8::from(looks.still),
        "browser.display.document_color_use": if looks.forced { 2 } else { 0 },
    });
    web.handle().cmd(World("chrome")).await?;
    let script = "for (const [name, value] of Object.entries(arguments[0])) Services.prefs.setIntPref(name, value);";
    let set = web.execute(script, vec![prefs]).await;
    web.handle().cmd(World("content")).await?;
    set.context("preferences").map(drop)
}

type Socket = WebSocketStream<TcpStream>;

/// The session's second channel. A task reads it: answers go to whoever asked, the log is kept. Ends when dropped.
pub(super) struct Bidi {
    /// One question at a time.
    asks: Turns<(SplitSink<Socket, Message>, mpsc::Receiver<Value>)>,
    kept: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Bidi {
    pub(super) async fn connect(web: &WebDriver) -> Result<Self> {
        let address = web.handle().capabilities().get("webSocketUrl").and_then(Value::as_str).context("no webSocketUrl")?;
        let url = Url::parse(address)?;
        let host = (url.host_str().context("no host")?, url.port().context("no port")?);
        let (socket, _) = tokio_tungstenite::client_async(address, TcpStream::connect(host).await?).await?;
        let (write, read) = socket.split();
        // One question at a time has one answer.
        let (answer, answers) = mpsc::channel(1);
        let kept = Arc::default();
        let reader = tokio::spawn(listen(read, answer, Arc::clone(&kept)));
        let bidi = Self { asks: Turns::new((write, answers)), kept, reader };
        bidi.ask("session.subscribe", json!({ "events": ["log.entryAdded"] })).await?;
        Ok(bidi)
    }

    async fn ask(&self, method: &str, parameters: Value) -> Result<Value> {
        let mut asks = self.asks.lock().await;
        let question = json!({ "id": 1, "method": method, "params": parameters });
        asks.0.send(Message::text(question.to_string())).await?;
        let answer = asks.1.recv().await.with_context(|| format!("Firefox ended before it answered {method}"))?;
        ensure!(answer["type"] == "success", "{method}: {answer}");
        Ok(answer["result"].clone())
    }

    pub(super) async fn runs_first(&self, script: &str) -> Result<()> {
        // It holds for tabs to come as well; the script itself does nothing when run twice.
        self.ask("script.addPreloadScript", json!({ "functionDeclaration": format!("() => {{ {script} }}") })).await.map(drop)
    }

    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn holds(&self, web: &WebDriver, size: Option<(u32, u32)>) -> Result<()> {
        let viewport = size.map(|(width, height)| json!({ "width": width, "height": height }));
        let parameters = json!({
            "context": web.window().await?.to_string(),
            "viewport": viewport,
            "devicePixelRatio": size.map(|_| 2),
        });
        self.ask("browsingContext.setViewport", parameters).await.map(drop)
    }
}

impl Drop for Bidi {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn listen(mut read: SplitStream<Socket>, answer: mpsc::Sender<Value>, kept: Arc<Mutex<Vec<String>>>) {
    while let Some(Ok(message)) = read.next().await {
        let Ok(frame) = message.to_text().map(|text| serde_json::from_str::<Value>(text).unwrap_or_default()) else { continue };
        if frame["method"] == "log.entryAdded" {
            let entry = &frame["params"];
            if entry["level"] == "error" || entry["level"] == "warn" {
                let line =
                    format!("{}: {}", entry["level"].as_str().unwrap_or_default(), entry["text"].as_str().unwrap_or_default());
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        } else if frame["id"] == 1 && answer.send(frame).await.is_err() {
            return;
        }
    }
}
