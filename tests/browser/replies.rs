//! Canned replies at the console: made on their page, called by `/shortcut`, filled with names, and open to everybody.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// What stands in the composer.
const WRITTEN: &str = "seek('textbox', 'Message').value";

async fn has_no_barrier(person: &Person, state: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        person.prefers(scheme).await?;
        let barriers = person.asks_axe_everywhere().await?;
        ensure!(barriers.is_empty(), "{state}, {scheme}: {barriers:#?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_keeps_replies_and_calls_them_by_their_shortcut() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (_, admin) = stage.owner().await?;
    let agent = stage.colleague().await?;
    agent.opens(&stage.url("/console")).await?;
    agent.types("Email", &admin.me.email).await?;
    agent.says("Password", PASSWORD).await?;
    agent.clicks("link", "Settings").await?;
    agent.clicks("link", "Canned replies").await?;
    agent.sees("There are none yet.").await?;

    agent.types("Shortcut", "two words").await?;
    agent.clicks("button", "Save").await?;
    agent.sees("A shortcut is one word").await?;
    for (shortcut, text) in [("hours", "Hello {visitor}, we are here from 9 to 18."), ("howto", "See https://kiln.example/how")] {
        agent.evaluates("(seek('textbox', 'Shortcut').value = '', 1)").await?;
        agent.types("Shortcut", shortcut).await?;
        agent.types("Text", text).await?;
        agent.clicks("button", "Save").await?;
        agent.finds("button", &format!("Change /{shortcut}")).await?;
        agent.waits_until("seek('textbox', 'Shortcut').value === ''").await?;
    }
    has_no_barrier(&agent, "replies").await?;
    agent.pictures("replies").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("replies-phone").await?;
    ensure!(agent.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true), "too wide");
    agent.puts_phone_away().await?;

    agent.clicks("link", "Inbox").await?;
    goes_online(&agent).await?;
    let visitor = stage.native_visitor("When are you open?").await;
    agent.clicks_part("button", "When are you open?").await?;
    agent.finds("textbox", "Message").await?;
    agent.types("Message", "Well: /ho").await?;
    agent.finds("option", "/hours Hello {visitor}, we are here from 9 to 18.").await?;
    has_no_barrier(&agent, "list open").await?;
    agent.pictures("replies-list").await?;

    // Escape closes the list alone; another letter opens it again.
    agent.hits(Key::Escape).await?;
    agent.waits_until("!document.querySelector('[role=option]')").await?;
    agent.is_at("textbox", "Message").await?;
    agent.presses("w").await?;
    agent.waits_until("document.querySelectorAll('[role=option]').length === 1").await?;
    agent.hits(Key::Backspace).await?;
    agent.waits_until("document.querySelectorAll('[role=option]').length === 2").await?;
    agent.hits(Key::Down).await?;
    agent.waits_until("document.getElementById(seek('textbox', 'Message').getAttribute('aria-activedescendant'))?.textContent.startsWith('/howto')").await?;
    agent.hits(Key::Down).await?;
    agent.hits(Key::Enter).await?;
    agent.waits_until(&format!("{WRITTEN} === 'Well: Hello, we are here from 9 to 18.'")).await?;
    agent.hits(Key::Enter).await?;
    visitor.sees("Well: Hello, we are here from 9 to 18.").await;
    agent.waits_until(&format!("{WRITTEN} === ''")).await?;

    agent.presses("/zzz").await?;
    agent.sees("No canned reply begins like this.").await?;
    agent.is_content().await
}
