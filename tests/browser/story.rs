//! The whole story: an operator becomes the first agent, a visitor writes, each sees what the other does, the agent ends it.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::accounts::PASSWORD;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::{Stage, goes_online};

/// What the page has fetched so far; the icon is the browser's own wish.
const FETCHED: &str =
    "performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname).filter(path => path !== '/favicon.ico')";

in_each_engine!(a_visitor_and_an_agent_meet);
async fn a_visitor_and_an_agent_meet(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.colleague().await?;
    agent.opens(&stage.first_admin_link()?).await?;
    agent.types("Name", "Mia").await?;
    agent.types("Email", "mia@bulle.example").await?;
    agent.types("Password", PASSWORD).await?;
    agent.clicks("button", "Create account").await?;
    goes_online(&agent).await?;

    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    let fetched = visitor.evaluates(FETCHED).await?;
    ensure!(fetched == json!(["/bulle.js"]), "only the loader comes before the click, not {fetched}");
    ensure!(visitor.evaluates("seen.sockets").await? == json!([]), "no socket before the click");
    ensure!(visitor.evaluates("localStorage.length + sessionStorage.length + document.cookie.length").await? == json!(0));
    ensure!(!visitor.has("dialog", "Chat").await?);

    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.says("Message", "Do you ship to France?").await?;
    agent.clicks_part("button", "Do you ship to France?").await?;
    agent.reads_once("Do you ship to France?").await?;
    visitor.sees("Mia joined the chat").await?;
    visitor.sees("· Read").await?;

    agent.types("Message", "Yes, ").await?;
    visitor.sees("Mia is typing").await?;
    agent.says("Message", "within three days.").await?;
    visitor.reads_once("Yes, within three days.").await?;
    visitor.sees_no_more("Mia is typing").await?;
    agent.sees("Read").await?;

    visitor.types("Message", "Splendid, than").await?;
    agent.sees("Splendid, than").await?;
    visitor.says("Message", "ks!").await?;
    agent.reads_once("Splendid, thanks!").await?;

    agent.clicks("button", "Close chat").await?;
    visitor.sees("The chat has ended").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
