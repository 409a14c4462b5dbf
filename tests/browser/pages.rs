//! One conversation over many pages: a reload, another page, a second tab. It is there each time, and nothing stands in it twice.

use anyhow::{Result, ensure};

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::Stage;

in_each_engine!(a_chat_outlives_a_reload_and_goes_along_to_the_next_page);
async fn a_chat_outlives_a_reload_and_goes_along_to_the_next_page(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Is the blue bowl in stock?").await?;
    agent.clicks_part("button", "Is the blue bowl in stock?").await?;
    agent.says("Message", "Two are left").await?;
    visitor.reads_once("Two are left").await?;
    visitor.types("Message", "I take ").await?;

    visitor.reloads().await?;
    visitor.finds("dialog", "Chat").await?;
    visitor.reads_once("Is the blue bowl in stock?").await?;
    visitor.reads_once("Two are left").await?;
    visitor.says("Message", "both").await?;
    agent.reads_once("I take both").await?;
    agent.says("Message", "They are yours").await?;
    visitor.reads_once("They are yours").await?;

    visitor.opens(&stage.url("/demo?page=basket")).await?;
    visitor.finds("dialog", "Chat").await?;
    visitor.reads_once("They are yours").await?;
    agent.finds("link", "Kiln & Clay").await?;
    agent.waits_until("everything(document).some(el => el.href?.endsWith('/demo?page=basket'))").await?;
    agent.says("Message", "Anything else?").await?;
    visitor.reads_once("Anything else?").await?;

    agent.reloads().await?;
    agent.clicks_part("button", "Anything else?").await?;
    for text in ["Is the blue bowl in stock?", "Two are left", "I take both", "They are yours", "Anything else?"] {
        visitor.reads_once(text).await?;
        agent.reads_once(text).await?;
    }
    ensure!(visitor.evaluates("said().match(/joined the chat/g).length").await? == 1);
    visitor.is_content().await?;
    agent.is_content().await
}

in_each_engine!(two_tabs_show_every_message_once);
async fn two_tabs_show_every_message_once(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    let first = visitor.tab().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "From the first tab").await?;
    agent.clicks_part("button", "From the first tab").await?;
    agent.reads_once("From the first tab").await?;

    let second = visitor.opens_tab(&stage.url("/demo?page=shelf")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.reads_once("From the first tab").await?;
    visitor.says("Message", "From the second tab").await?;
    agent.reads_once("From the second tab").await?;
    visitor.turns_to(&first).await?;
    visitor.reads_once("From the second tab").await?;
    agent.says("Message", "To both tabs").await?;
    visitor.reads_once("To both tabs").await?;
    visitor.says("Message", "The first tab again").await?;
    agent.reads_once("The first tab again").await?;

    for tab in [&second, &first] {
        visitor.turns_to(tab).await?;
        each_once(&visitor).await?;
        visitor.is_content().await?;
    }
    each_once(&agent).await?;
    agent.is_content().await
}

async fn each_once(person: &Person) -> Result<()> {
    for text in ["From the first tab", "From the second tab", "To both tabs", "The first tab again"] {
        person.reads_once(text).await?;
    }
    Ok(())
}
