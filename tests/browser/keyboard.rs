//! Without a mouse: a visitor opens, writes and closes; an agent goes online, finds a message, takes it, answers it, and closes it.

use anyhow::{Result, ensure};
use thirtyfour::prelude::Key;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::{Stage, is_online};

in_each_engine!(both_sides_work_by_keyboard_alone);
async fn both_sides_work_by_keyboard_alone(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.tabs_to("button", "Open chat").await?;
    visitor.hits(Key::Enter).await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.finds("textbox", "Your email").await?;
    visitor.presses("Can I book a workshop?").await?;
    visitor.hits(Key::Tab).await?;
    visitor.is_at("textbox", "Your name").await?;
    visitor.hits(Key::Tab).await?;
    visitor.is_at("textbox", "Your email").await?;
    visitor.presses("ada@lovelace.example").await?;
    visitor.hits(Key::Enter).await?;
    visitor.reads_once("Can I book a workshop?").await?;

    let agent = stage.agent("Mia").await?;
    agent.sees("Can I book a workshop?").await?;
    agent.presses("a").await?;
    is_online(&agent).await?;
    agent.presses("j").await?;
    agent.waits_until("focused()?.textContent.includes('Can I book a workshop?')").await?;
    agent.hits(Key::Enter).await?;
    agent.reads_once("Can I book a workshop?").await?;
    agent.presses("t").await?;
    agent.sees("1 of 3 slots").await?;
    visitor.sees("Mia joined the chat").await?;
    agent.presses("r").await?;
    agent.is_at("textbox", "Message").await?;
    agent.presses("On Sunday at ten").await?;
    agent.hits(Key::Enter).await?;
    visitor.reads_once("On Sunday at ten").await?;

    visitor.is_at("textbox", "Message").await?;
    visitor.presses("I will be there").await?;
    visitor.hits(Key::Enter).await?;
    agent.reads_once("I will be there").await?;
    visitor.hits(Key::Escape).await?;
    visitor.is_at("button", "Open chat").await?;
    ensure!(!visitor.has("dialog", "Chat").await?);

    agent.is_at("textbox", "Message").await?;
    agent.hits(Key::Escape).await?;
    agent.presses("x").await?;
    agent.sees("0 of 3 slots").await?;
    visitor.hits(Key::Enter).await?;
    visitor.sees("The chat has ended").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
