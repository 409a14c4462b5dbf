//! Networks in which no WebSocket passes: the chat finds another way by itself, and goes back to WebSockets where there is no need for one.

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::json;
use tests::browsers::Engine;
use tests::gate::{Gate, Upgrades};

use crate::engines::in_each_engine;
use crate::stage::{ENGLISH, Stage};

/// Whether this tab knows of a network without WebSockets.
const NOTED: &str = "!!sessionStorage['bulle:demo:events']";

in_each_engine!(a_chat_passes_where_no_websocket_does);
async fn a_chat_passes_where_no_websocket_does(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let agent = stage.native_agent("Mia").await?;
    // The shop lists the relay's own address, and is reached by another one here.
    Connection::open(stage.database())?.execute("UPDATE site SET origins = '[]'", [])?;
    let gate = Gate::start(stage.address(), Upgrades::Refused).await?;
    let visitor = stage.person(ENGLISH).await?;
    let hears = async |text: &str, answer: &str| {
        visitor.says("Message", text).await?;
        agent.sees(text).await;
        let chat = agent.until_console("the chat", |console| console.active().first().copied()).await;
        agent.says(chat, answer).await;
        visitor.reads_once(answer).await
    };

    visitor.opens(&format!("http://{}/demo", gate.address)).await?;
    visitor.clicks("button", "Open chat").await?;
    hears("Refused?", "Heard all the same").await?;
    ensure!(gate.stopped() >= 2, "a WebSocket was tried {} times before it was given up", gate.stopped());
    ensure!(visitor.evaluates(NOTED).await? == json!(true), "the tab forgets what it found out");

    let tried = gate.stopped();
    visitor.reloads().await?;
    visitor.reads_once("Heard all the same").await?;
    hears("After a reload", "Heard again").await?;
    ensure!(gate.stopped() == tried, "what was found out is found out again");

    gate.turns(Upgrades::Unanswered);
    visitor.evaluates("sessionStorage.removeItem('bulle:demo:events')").await?;
    visitor.reloads().await?;
    visitor.finds("dialog", "Chat").await?;
    // The first WebSocket gets as long as one ever gets.
    visitor.finds("textbox", "Message").await?;
    visitor.says("Message", "Unanswered?").await?;
    agent.sees("Unanswered?").await;
    visitor.reads_once("Unanswered?").await?;
    visitor.reads_once("Heard again").await?;

    // Nobody is moved by an outage.
    visitor.opens(&stage.url("/demo")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Straight").await?;
    visitor.waits_until("said().includes('Sent') || said().includes('Read')").await?;
    stage.kills_relay()?;
    visitor.sees("Reconnecting… What you write is kept.").await?;
    stage.restarts_relay()?;
    visitor.sees_no_more("Reconnecting…").await?;
    visitor.says("Message", "Straight again").await?;
    visitor.reads_once("Straight again").await?;
    visitor.sees_no_more("Sending…").await?;
    ensure!(visitor.evaluates(NOTED).await? == json!(false), "an outage counts as a network without WebSockets");
    Ok(())
}
