//! Somebody is rude: the agent keeps them out with a few keys, the page says that there is no chat, and the team's page lets them in again.

use anyhow::{Result, ensure};
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_rude_visitor_is_kept_out_and_let_in_again);
async fn a_rude_visitor_is_kept_out_and_let_in_again(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Buy my pills").await?;
    agent.clicks_part("button", "Buy my pills").await?;
    agent.sees("1 of 3 slots").await?;

    // The question can be left, and then nothing has happened.
    agent.clicks("button", "Block…").await?;
    agent.sees("they cannot begin another one").await?;
    ensure!(!agent.has("checkbox", "Everybody from their network").await?, "networks are for supervisors");
    ensure!(agent.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the question");
    agent.clicks("button", "Cancel").await?;
    visitor.says("Message", "Cheap ones").await?;
    agent.reads_once("Cheap ones").await?;

    agent.clicks("button", "Block…").await?;
    agent.pictures(&format!("block-{engine}")).await?;
    agent.clicks("button", "Block").await?;
    agent.sees("by Mia.").await?;
    agent.sees("0 of 3 slots").await?;
    visitor.sees("Chat is not available on this page.").await?;
    visitor.reloads().await?;
    // The panel may be coming by itself, as it was open.
    visitor.finds("button", "Open chat").await?;
    visitor.runs("Bulle('open')").await?;
    visitor.sees("Chat is not available on this page.").await?;

    agent.clicks("link", "Team").await?;
    agent.sees("Blocked visitors").await?;
    agent.clicks("button", "Unblock Visitor").await?;
    agent.sees("Nobody is blocked.").await?;
    visitor.reloads().await?;
    // The panel may be coming by itself, as it was open.
    visitor.finds("button", "Open chat").await?;
    visitor.runs("Bulle('open')").await?;
    visitor.says("Message", "Sorry").await?;
    visitor.sees("Mia joined the chat").await?;
    agent.is_content().await
}
