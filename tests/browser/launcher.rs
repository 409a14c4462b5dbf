//! The launcher is a guest on the page: a double click opens one chat over one socket, and nothing on the page moves for it.

use anyhow::{Result, ensure};
use serde_json::json;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_double_click_opens_one_chat_and_moves_nothing);
async fn a_double_click_opens_one_chat_and_moves_nothing(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    let layout = visitor.evaluates(LAYOUT).await?;
    ensure!(visitor.evaluates("seen.shift").await? == json!(0), "no layout shift");
    visitor.double_clicks("button", "Open chat").await?;
    visitor.says("Message", "Only once").await?;
    agent.clicks_part("button", "Only once").await?;
    agent.reads_once("Only once").await?;
    agent.sees("1 of 3 slots").await?;
    agent.says("Message", "Indeed").await?;
    visitor.reads_once("Indeed").await?;

    visitor.finds("dialog", "Chat").await?;
    ensure!(visitor.evaluates("seen.sockets.length").await? == json!(1), "one socket");
    ensure!(visitor.evaluates(LAYOUT).await? == layout, "the page's own elements stand where they stood");
    visitor.is_content().await
}

/// Where the page's own elements stand.
const LAYOUT: &str =
    "[...document.querySelectorAll('body *:not(bulle-chat)')].map(el => Object.values(el.getBoundingClientRect().toJSON()))";
