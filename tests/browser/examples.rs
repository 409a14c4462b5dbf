//! The examples do what their READMEs say: each is started as it says there, and somebody chats on it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::browsers::Engine;

use crate::person::Person;
use crate::stage::{ENGLISH, Stage};

/// What the site's owner signs with.
const SECRET: &str = "5f0c2a9d7be85a3360d1f4c8e2b7a95c1d3e6f80b2a4c6e8d0f1a3b5c7d9eb24";
/// What the page has kept in this browser.
const KEPT: &str = "Object.keys(localStorage).concat(Object.keys(sessionStorage)).filter(name => name.startsWith('bulle:'))";

/// An example's folder.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// A `server.mjs` of an example, which says where it listens; ends when dropped.
pub struct Pages {
    process: Child,
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
}

impl Pages {
    /// Starts it.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(folder).env("PORT", "0").envs(variables.iter().copied());
        let mut process = command.stdout(Stdio::piped()).spawn().context("node")?;
        let mut origin = String::new();
        BufReader::new(process.stdout.take().context("piped")?).read_line(&mut origin)?;
        let pages = Self { process, origin: origin.trim().to_owned() };
        ensure!(pages.origin.starts_with("http://"), "server.mjs does not say where it listens");
        Ok(pages)
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // Fails for nothing but a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lets every origin use the demo site.
fn opens_to_all(stage: &Stage) -> Result<()> {
    Connection::open(stage.database())?.execute("UPDATE site SET origins = '[]'", [])?;
    Ok(())
}

async fn chats(visitor: &Person, agent: &Person, text: &str) -> Result<()> {
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", text).await?;
    agent.clicks_part("button", text).await?;
    agent.says("Message", &format!("Answer: {text}")).await?;
    visitor.reads_once(&format!("Answer: {text}")).await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees("The chat has ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_servers_get_a_chat_by_one_line() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    opens_to_all(&stage)?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.person(ENGLISH).await?;

    let tag = "src=\"/bulle.js?site=demo\"";
    let page = std::fs::read_to_string(example("plain-html").join("index.html"))?;
    ensure!(page.contains(tag));
    let page = page.replace(tag, &format!("src=\"{}\"", stage.url("/bulle.js?site=demo")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let plain = listener.local_addr()?;
    // Browsers ask for an icon by themselves, and note it when there is none.
    let pages = Router::new().route("/", get(|| async { Html(page) })).route("/favicon.ico", get(|| async {}));
    let serving = tokio::spawn(axum::serve(listener, pages).into_future());
    visitor.opens(&format!("http://{plain}/")).await?;
    chats(&visitor, &agent, "From a plain page").await?;
    serving.abort();

    let strict = Pages::start(&example("strict-csp"), &[("RELAY", &stage.url("")), ("SITE", "demo")])?;
    for path in ["/", "/nonce"] {
        let answer = reqwest::get(strict.url(path)).await?;
        let policy = answer.headers()["content-security-policy"].to_str()?.to_owned();
        ensure!(policy.contains("default-src 'none'") && policy.contains("trusted-types") && !policy.contains("unsafe-inline"));
        visitor.opens(&strict.url(path)).await?;
        visitor.evaluates("localStorage.clear() ?? sessionStorage.clear()").await?;
        visitor.opens(&strict.url(path)).await?;
        chats(&visitor, &agent, &format!("Strictly from {path}.")).await?;
        visitor.is_content().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_one_page_signs_people_in_and_out() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    opens_to_all(&stage)?;
    Connection::open(stage.database())?.execute(
        "INSERT INTO site_secret (id, site, secret, created_at) SELECT randomblob(16), id, ?1, 0 FROM site WHERE key = 'demo'",
        [SECRET],
    )?;
    let folder = tempfile::tempdir()?;
    for name in ["package.json", "package-lock.json", "vite.config.js", "index.html", "server.mjs", "src"] {
        let copied = Command::new("cp").arg("-r").arg(example("spa").join(name)).arg(folder.path()).status()?;
        ensure!(copied.success());
    }
    npm(folder.path(), &["ci", "--prefer-offline", "--no-audit", "--no-fund"], &stage)?;
    npm(folder.path(), &["run", "build"], &stage)?;
    let app = Pages::start(folder.path(), &[("SITE", "demo"), ("SECRET", SECRET)])?;

    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&app.url("/")).await?;
    visitor.clicks("button", "Ask us").await?;
    visitor.says("Message", "Do you sell bowls?").await?;
    agent.clicks_part("button", "Do you sell bowls?").await?;
    visitor.clicks("link", "Pots").await?;
    let told =
        |page: &str| format!("words(seek('complementary', 'About the visitor')).replace(/\\s+/g, ' ').includes({})", json!(page));
    agent.waits_until(&told("Page Pots")).await?;

    visitor.clicks("button", "Sign in").await?;
    visitor.sees("Signed in as Ada").await?;
    // The same conversation goes on under her name, on both sides.
    agent.waits_until(&told("Verified")).await?;
    visitor.reads_once("Do you sell bowls?").await?;
    visitor.says("Message", "It is me, Ada").await?;
    agent.reads_once("It is me, Ada").await?;
    agent.reads_once("Do you sell bowls?").await?;

    visitor.clicks("button", "Sign out").await?;
    visitor.finds("button", "Sign in").await?;
    ensure!(visitor.evaluates(KEPT).await? == json!([]), "nothing is left to the next person");
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("log", "Conversation").await?;
    let shown = visitor.shows().await?.to_string();
    ensure!(!shown.contains("Do you sell bowls?") && !shown.contains("It is me, Ada"), "nor shown to them: {shown}");
    visitor.is_content().await
}

fn npm(folder: &Path, words: &[&str], stage: &Stage) -> Result<()> {
    let mut npm = Command::new("npm");
    let done = npm.args(words).current_dir(folder).env("VITE_RELAY", stage.url("")).env("VITE_SITE", "demo").output()?;
    ensure!(done.status.success(), "npm {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// What the plugin does under the stub of WordPress, in this case.
fn wordpress(case: &Value) -> Result<Value> {
    let mut php = Command::new("php");
    php.arg("stub.php").current_dir(example("wordpress")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = php.spawn().context("this needs `php` (Debian: php-cli); `make browsers` installs it")?;
    running.stdin.take().context("piped")?.write_all(case.to_string().as_bytes())?;
    let done = running.wait_with_output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    serde_json::from_slice(&done.stdout).with_context(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

#[test]
fn the_wordpress_plugin_adds_the_tag_and_trusts_nobody() -> Result<()> {
    for file in ["bulle/bulle.php", "bulle/uninstall.php", "stub.php"] {
        let checked = Command::new("php").arg("-l").arg(example("wordpress").join(file)).output().context("php")?;
        ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
    let good = json!({"relay": "https://chat.example", "site": "shop-1"});
    let done =
        wordpress(&json!({"may": true, "option": good, "input": {"relay": " https://chat.example/ ", "site": " shop-1 "}}))?;
    ensure!(
        done["scripts"] == json!(["<script src=\"https://chat.example/bulle.js?site=shop-1\" id=\"bulle-js\" async></script>"]),
        "{}",
        done["scripts"]
    );
    ensure!(done["sanitized"] == good && done["errors"] == json!([]));
    ensure!(done["capability"] == "manage_options");

    let evil = json!({"relay": "\"><script>hit()</script>", "site": "'onload=hit() \"x"});
    let done = wordpress(&json!({"may": true, "option": evil, "input": {"relay": "javascript:hit()", "site": "<b>"}}))?;
    let written = format!("{}{}", done["page"], done["scripts"]);
    ensure!(!written.contains("<script>hit") && !written.contains("'onload"), "{written}");
    ensure!(done["sanitized"] == json!({"relay": "", "site": ""}) && done["errors"] == json!(["site"]));

    let done = wordpress(&json!({"may": false, "option": {}}))?;
    ensure!(done["page"] == "" && done["scripts"] == json!([]), "nothing without rights, nothing without settings");
    ensure!(wordpress(&json!({"uninstall": true}))?["deleted"] == json!(["bulle"]));
    Ok(())
}
