//! Live chat is a 1-to-3 channel: whoever comes fourth sees their place in the queue, and is pulled in when a chat ends.

use anyhow::Result;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_fourth_visitor_waits_and_is_pulled_in);
async fn a_fourth_visitor_waits_and_is_pulled_in(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let mut served = Vec::new();
    for text in ["First here", "Second here", "Third here"] {
        let visitor = stage.native_visitor(text).await;
        visitor.is_with("Mia").await;
        served.push(visitor);
    }
    agent.sees("3 of 3 slots").await?;
    let fourth = stage.native_visitor("Fourth here").await;
    fourth.waits_at(1).await;

    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Fifth here").await?;
    visitor.sees("You are number 2 in line.").await?;
    agent.clicks_part("button", "First here").await?;
    agent.clicks("button", "Close chat").await?;
    served[0].sees_end().await;
    fourth.is_with("Mia").await;
    visitor.sees("You are next.").await?;

    agent.clicks_part("button", "Second here").await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees("Mia joined the chat").await?;
    visitor.sees_no_more("You are next.").await?;
    agent.clicks_part("button", "Fifth here").await?;
    agent.says("Message", "Here I am").await?;
    visitor.reads_once("Here I am").await?;
    agent.sees("3 of 3 slots").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
