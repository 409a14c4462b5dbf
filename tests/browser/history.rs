//! The history: an agent tags a chat and ends it, finds it again by a word without its accent, narrows the search, keeps it by name, and
//! reads the whole conversation in place; at a desk, on a phone, in the dark, in French.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;

use crate::person::Person;
use crate::stage::Stage;

/// Chooses in a list as a person does.
const CHOOSE: &str = "((name, value) => { const list = seekPart('combobox', name); list.value = value; \
    list.dispatchEvent(new Event('change', { bubbles: true })); return true })";
/// What is marked in the results.
const MARKED: &str = "[...document.querySelectorAll('.hit mark')].map(mark => mark.textContent).join('|')";

async fn looks_for(agent: &Person, text: &str) -> Result<()> {
    agent.evaluates("(seek('textbox', 'Text').select(), true)").await?;
    agent.says("Text", text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_again_and_read_in_place() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    let said = "Où est ma crème <b>brûlée</b> ?";
    let visitor = stage.native_visitor(said).await;
    agent.clicks_part("button", "ma crème").await?;
    agent.says("Add a tag", "Late  Parcel").await?;
    agent.sees("Tagged late parcel").await?;
    agent.finds("button", "Remove the tag late parcel").await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees_end().await;

    agent.clicks("link", "History").await?;
    agent.sees("1 shown").await?;
    looks_for(&agent, "CREME brul").await?;
    agent.waits_until(&format!("{MARKED} === 'crème|brûlée'")).await?;
    let snippet = agent.evaluates("document.querySelector('.hit-snippet').textContent").await?;
    ensure!(snippet == json!(said), "text stays text, {snippet}");
    ensure!(agent.evaluates("document.querySelector('.hit-snippet b')").await? == json!(null), "and never becomes markup");
    looks_for(&agent, "banana").await?;
    agent.sees("Nothing was found.").await?;

    looks_for(&agent, "crème").await?;
    agent.sees("1 shown").await?;
    agent.evaluates("(document.querySelector('.filters').open = true)").await?;
    agent.evaluates(&format!("{CHOOSE}('State', 'active')")).await?;
    agent.sees("Nothing was found.").await?;
    agent.evaluates(&format!("{CHOOSE}('State', 'closed')")).await?;
    agent.sees("1 shown").await?;
    agent.evaluates(&format!("{CHOOSE}('Tag', 'late parcel')")).await?;
    agent.sees("1 shown").await?;
    agent.clicks("button", "Save this search").await?;
    agent.says("Name of the search", "Cream").await?;
    agent.finds("button", "Cream").await?;

    agent.reloads().await?;
    agent.clicks("button", "Cream").await?;
    agent.waits_until(&format!("{MARKED} === 'crème'")).await?;
    agent.clicks_part("button", "ma crème").await?;
    agent.waits_until("words(seek('log', 'Conversation, read only')).includes('Closed by the agent')").await?;
    ensure!(agent.evaluates("seek('textbox', 'Message') ?? null").await? == json!(null), "it is read, not answered");
    agent.finds("link", "JSON").await?;
    agent.pictures("history").await?;
    agent.prefers("dark").await?;
    agent.pictures("history-dark").await?;

    agent.holds_phone(390, 844).await?;
    agent.waits_until("!seek('textbox', 'Text') && document.documentElement.scrollWidth <= 390").await?;
    agent.pictures("history-phone-reading").await?;
    agent.clicks("button", "Back").await?;
    agent.finds("textbox", "Text").await?;
    ensure!(
        agent.evaluates("document.documentElement.scrollWidth <= 390").await? == json!(true),
        "nothing is wider than the phone"
    );
    agent.pictures("history-phone").await?;
    agent.puts_phone_away().await?;

    agent.prefers("light").await?;
    agent.evaluates(&format!("{CHOOSE}('Language', 'fr')")).await?;
    agent.sees("Historique").await?;
    agent.pictures("history-french").await?;
    agent.clicks("button", "Supprimer la recherche Cream").await?;
    agent.waits_until("!seek('button', 'Cream')").await?;
    agent.is_content().await
}
