//! The relay is killed in mid-chat and comes back: both sides find it again by themselves, and what was written meanwhile arrives once.

use anyhow::{Result, ensure};

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_chat_survives_the_relay);
async fn a_chat_survives_the_relay(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Before the outage").await?;
    agent.clicks_part("button", "Before the outage").await?;
    agent.says("Message", "Answered before").await?;
    visitor.reads_once("Answered before").await?;

    stage.kills_relay()?;
    visitor.sees("Reconnecting… What you write is kept.").await?;
    agent.sees("Connection lost").await?;
    visitor.says("Message", "Written by the visitor meanwhile").await?;
    visitor.sees("Sending…").await?;
    agent.says("Message", "Written by the agent meanwhile").await?;
    agent.sees("Sending…").await?;
    stage.restarts_relay()?;

    agent.reads_once("Written by the visitor meanwhile").await?;
    visitor.reads_once("Written by the agent meanwhile").await?;
    for person in [&visitor, &agent] {
        person.sees_no_more("Sending…").await?;
        person.sees_no_more("Reconnecting…").await?;
    }
    visitor.says("Message", "Afterwards").await?;
    agent.reads_once("Afterwards").await?;
    agent.says("Message", "Answered afterwards").await?;
    visitor.reads_once("Answered afterwards").await?;
    for person in [&visitor, &agent] {
        for text in
            ["Before the outage", "Answered before", "by the visitor meanwhile", "by the agent meanwhile", "Answered afterwards"]
        {
            person.reads_once(text).await?;
        }
    }
    // The console keeps its agent where they were, and the chat in its slot.
    crate::stage::is_online(&agent).await?;
    agent.sees("1 of 3 slots").await?;
    let refused = visitor.complaints().await?.into_iter().chain(agent.complaints().await?);
    // Browsers report each attempt in vain themselves.
    let others: Vec<_> = refused.filter(|line| !line.contains("ERR_CONNECTION_REFUSED")).collect();
    ensure!(others.is_empty(), "{others:#?}");
    Ok(())
}
