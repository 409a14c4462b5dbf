//! The command palette: on every page, by keyboard alone, with the focus given back.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::person::Person;
use crate::stage::Stage;

/// The option that Enter would choose.
const CHOSEN: &str =
    "document.getElementById(seekPart('combobox', 'Page, action').getAttribute('aria-activedescendant'))?.textContent";

async fn opens_palette(agent: &Person, typed: &str) -> Result<()> {
    agent.chords(Key::Control, "k").await?;
    agent.waits_until("focused()?.getAttribute('role') === 'combobox'").await?;
    agent.presses(typed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_a_few_letters_away() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.native_visitor("My cup is broken").await;
    agent.clicks_part("button", "My cup is broken").await?;
    agent.finds("textbox", "Message").await?;
    agent.types("Message", "Half").await?;

    // Escape gives the focus back, and what stands in the composer stays.
    opens_palette(&agent, "note").await?;
    agent.waits_until(&format!("{CHOSEN}.startsWith('Write an internal note')")).await?;
    let barriers = agent.asks_axe_everywhere().await?;
    ensure!(barriers.is_empty(), "{barriers:#?}");
    for scheme in ["dark", "light"] {
        agent.prefers(scheme).await?;
        agent.pictures(&format!("palette-{scheme}")).await?;
    }
    agent.hits(Key::Escape).await?;
    agent.is_at("textbox", "Message").await?;
    ensure!(agent.evaluates("seek('textbox', 'Message').value").await? == json!("Half"), "the draft is gone");

    // To a page, and from there to the chat by its visitor's words.
    opens_palette(&agent, "hist").await?;
    // What happens meanwhile takes nothing away: slots fill, of which the console hears with the row that waits behind them at the latest.
    let mut others = Vec::new();
    for words in ["Mine, too", "And mine", "I wait"] {
        others.push(stage.native_visitor(words).await);
    }
    agent.sees("I wait").await?;
    agent.waits_until(&format!("{CHOSEN}.startsWith('History')")).await?;
    agent.hits(Key::Enter).await?;
    agent.finds("heading", "History").await?;
    opens_palette(&agent, "zzzz").await?;
    agent.sees("Nothing is called that.").await?;
    agent.hits(Key::Escape).await?;
    opens_palette(&agent, "cup broken").await?;
    agent.waits_until(&format!("{CHOSEN}.includes('My cup is broken')")).await?;
    agent.hits(Key::Enter).await?;
    agent.waits_until("seek('textbox', 'Message')?.value === 'Half'").await?;

    // An action of the open chat, from another page.
    opens_palette(&agent, "settings").await?;
    agent.hits(Key::Escape).await?;
    agent.clicks("link", "Team").await?;
    agent.finds("heading", "Team").await?;
    opens_palette(&agent, "write message").await?;
    agent.hits(Key::Enter).await?;
    agent.is_at("textbox", "Message").await?;
    opens_palette(&agent, "close").await?;
    agent.waits_until(&format!("{CHOSEN}.startsWith('Close the chat')")).await?;
    agent.hits(Key::Enter).await?;
    visitor.sees_end().await;

    // The overlay names its key.
    agent.evaluates("(document.activeElement.blur(), 1)").await?;
    agent.presses("?").await?;
    agent.sees("Go to, do, find").await?;
    agent.is_content().await
}
