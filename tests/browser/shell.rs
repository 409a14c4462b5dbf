//! The panel before its WebAssembly is there, as on a phone's slow network: it stands there at once, can be written in and closed, and what was
//! written is sent, or kept when the rest never comes.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

/// Holds back the WebAssembly until `release()`, and keeps what the page hears of the panel.
const HOLD: &str = "<!doctype html><html lang=en><title>Page</title><script>{\
    const { fetch } = window; window.told = []; const held = [];\
    window.fetch = async (what, ...rest) => { if (/\\.wasm$/.test(what)) await new Promise(done => held.push(done)); return fetch(what, ...rest) };\
    window.release = () => held.splice(0).forEach(done => done()); window.isHeld = () => held.length > 0;\
    for (const name of ['open', 'close']) addEventListener('bulle:' + name, () => told.push(name));\
    }</script><script async src=\"RELAY/bulle.js?site=demo\"></script><h1>Page</h1>";

/// What stands in the composer.
const WRITTEN: &str = "seek('textbox', 'Message').value";

/// Whether the panel waits for its WebAssembly still.
const WAITS: &str = "chat().shadowRoot.querySelector('.panel').getAttribute('aria-busy') === 'true'";

/// A visitor who has opened a panel that waits.
async fn opens_early(stage: &Stage, town: &Town) -> Result<Person> {
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("page")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.waits_until("isHeld()").await?;
    ensure!(visitor.evaluates(WAITS).await? == json!(true), "nothing was held back");
    Ok(visitor)
}

fn page() -> Vec<Page> {
    vec![Page { name: "page", html: HOLD.to_owned(), policy: "" }]
}

in_each_engine!(what_is_written_at_once_is_sent_when_the_panel_is_whole);
async fn what_is_written_at_once_is_sent_when_the_panel_is_whole(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let town = Town::with(&stage, page()).await?;
    let visitor = opens_early(&stage, &town).await?;
    visitor.presses("Do you ship to France?").await?;
    let barriers = visitor.asks_axe().await?;
    ensure!(barriers.is_empty(), "{barriers:#?}");
    // Whoever waits for longer sees that something is on its way.
    visitor.waits_until("getComputedStyle(chat().shadowRoot.querySelector('.panel'), '::after').opacity === '1'").await?;
    visitor.pictures("shell").await?;

    // Both ways out, and in again: nothing is lost.
    visitor.hits(Key::Escape).await?;
    visitor.is_at("button", "Open chat").await?;
    ensure!(visitor.evaluates("seek('button', 'Open chat').ariaExpanded").await? == "false");
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.clicks("button", "Close chat").await?;
    visitor.waits_until("!seek('dialog', 'Chat')").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    ensure!(visitor.evaluates(WRITTEN).await? == "Do you ship to France?");
    ensure!(visitor.evaluates("told").await? == json!(["open", "close", "open", "close", "open"]));

    visitor.hits(Key::Enter).await?;
    ensure!(visitor.evaluates(WAITS).await? == json!(true), "it was whole too early");
    visitor.runs_seeking("window.field = seek('textbox', 'Message')").await?;
    visitor.evaluates("release()").await?;
    agent.sees("Do you ship to France?").await;
    visitor.reads_once("Do you ship to France?").await?;
    ensure!(visitor.evaluates(WAITS).await? == json!(false));
    let same = visitor.evaluates("focused() === field && field.value === '' && told.length").await?;
    ensure!(same == 5, "the field, its focus and the page's peace stay: {same}");
    ensure!(agent.times_seen("Do you ship to France?") == 1, "sent twice");
    visitor.is_content().await
}

in_each_engine!(what_is_not_sent_yet_stays_in_the_composer);
async fn what_is_not_sent_yet_stays_in_the_composer(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let town = Town::with(&stage, page()).await?;
    let visitor = opens_early(&stage, &town).await?;
    visitor.presses("Do you").await?;
    visitor.evaluates("release()").await?;
    visitor.waits_until(&format!("!({WAITS})")).await?;
    // Kept for the next page as everything is that is written later.
    visitor.waits_until("sessionStorage['bulle:demo:draft'] === 'Do you'").await?;
    visitor.presses(" ship?").await?;
    ensure!(visitor.evaluates(WRITTEN).await? == "Do you ship?");
    visitor.hits(Key::Enter).await?;
    visitor.reads_once("Do you ship?").await?;
    agent.sees("Do you ship?").await;

    // Closed before the rest was there, it stays closed.
    let other = opens_early(&stage, &town).await?;
    other.presses("Not yet").await?;
    other.runs_seeking("seek('button', 'Close chat').focus()").await?;
    other.hits(Key::Enter).await?;
    other.is_at("button", "Open chat").await?;
    other.evaluates("release()").await?;
    other.waits_until(&format!("!({WAITS})")).await?;
    ensure!(!other.has("dialog", "Chat").await?, "it opened again");
    other.clicks("button", "Open chat").await?;
    other.is_at("textbox", "Message").await?;
    ensure!(other.evaluates("told").await? == json!(["open", "close", "open"]));
    ensure!(other.evaluates(WRITTEN).await? == "Not yet", "Enter on another button is no wish to send");
    other.is_content().await
}

in_each_engine!(what_was_written_is_there_at_the_next_try);
async fn what_was_written_is_there_at_the_next_try(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let town = Town::with(&stage, page()).await?;
    let visitor = opens_early(&stage, &town).await?;
    visitor.presses("Is anybody there?").await?;
    let greetings = agent.log().greetings;
    stage.kills_relay()?;
    visitor.evaluates("release()").await?;
    visitor.sees("Chat not loaded. Try again.").await?;
    visitor.waits_until("!seek('dialog', 'Chat') && seek('button', 'Open chat').ariaExpanded === 'false'").await?;
    stage.restarts_relay()?;
    // The demo is set up anew with every start.
    town::lets_in(&stage, &[])?;
    agent.until_true("back", |log| log.greetings > greetings).await;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.sees_no_more("Chat not loaded. Try again.").await?;
    visitor.waits_until(&format!("{WRITTEN} === 'Is anybody there?' && isHeld()")).await?;
    visitor.evaluates("release()").await?;
    visitor.waits_until(&format!("!({WAITS})")).await?;
    visitor.hits(Key::Enter).await?;
    visitor.reads_once("Is anybody there?").await
}
