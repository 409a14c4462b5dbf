//! The console's pages that no chat waits for are a second program: it is there before anybody asks for it, goes along with frame, address
//! and language, and what is in its way is told.

use anyhow::{Result, ensure};
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

/// Whether the second program has been loaded.
const LOADED: &str = "performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/office_bg.wasm'))";
/// Chooses French.
const IN_FRENCH: &str = "(list => { list.value = 'fr'; list.dispatchEvent(new Event('change', { bubbles: true })); return true })\
    (document.querySelector('.language'))";

in_each_engine!(pages_that_come_later_are_there_when_they_are_wanted);
async fn pages_that_come_later_are_there_when_they_are_wanted(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    agent.waits_until(LOADED).await?;
    agent.clicks("link", "Team").await?;
    agent.finds("heading", "Team").await?;
    agent.sees("What each role may do").await?;
    agent.clicks("link", "Settings").await?;
    agent.finds("heading", "My account").await?;
    agent.clicks("link", "Notifications").await?;
    agent.finds("heading", "Notifications").await?;
    agent.goes_back().await?;
    agent.finds("heading", "My account").await?;

    agent.evaluates(IN_FRENCH).await?;
    agent.finds("heading", "Mon compte").await?;
    ensure!(agent.evaluates("document.querySelectorAll('main').length").await? == 1, "one page at a time");
    ensure!(agent.evaluates("document.documentElement.lang").await? == "fr");
    agent.reloads().await?;
    agent.finds("heading", "Mon compte").await?;
    agent.clicks("link", "Boîte de réception").await?;
    agent.finds("radio", "En ligne").await?;
    ensure!(agent.evaluates("document.querySelectorAll('main, .place').length").await? == 1, "and nothing stays of it");
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_come_says_so() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    agent.evaluates("(bulleOffice = () => Promise.reject(new Error('the network is gone')), 1)").await?;
    agent.clicks("link", "Team").await?;
    agent.sees("The relay cannot be reached. Check your connection.").await?;
    ensure!(agent.asks_axe_everywhere().await?.is_empty(), "{:#?}", agent.asks_axe_everywhere().await?);
    // The chats go on.
    agent.clicks("link", "Inbox").await?;
    agent.finds("radio", "Online").await?;
    agent.clicks("link", "Team").await?;
    agent.clicks("button", "Try again").await?;
    agent.sees("What each role may do").await
}
