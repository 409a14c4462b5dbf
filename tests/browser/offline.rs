//! Nobody is there: the visitor leaves a message with an address, an agent finds it later, and the answer waits for the visitor.

use anyhow::Result;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_message_left_at_night_is_answered_in_the_morning);
async fn a_message_left_at_night_is_answered_in_the_morning(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Nobody is here right now.").await?;
    visitor.types("Message", "Do you repair old bowls?").await?;
    visitor.types("Your email", "ada@lovelace.example").await?;
    visitor.clicks("button", "Leave message").await?;
    visitor.sees("will answer as soon as we are back").await?;
    visitor.reads_once("Do you repair old bowls?").await?;
    visitor.sees("Sent").await?;
    visitor.is_content().await?;
    visitor.opens("about:blank").await?;

    let agent = stage.agent_online("Mia").await?;
    agent.waits_until("words(seek('list', 'Messages')).includes('Do you repair old bowls?')").await?;
    agent.clicks_part("button", "Do you repair old bowls?").await?;
    agent.reads_once("Do you repair old bowls?").await?;
    agent.waits_until("words(seek('complementary', 'About the visitor')).includes('ada@lovelace.example')").await?;
    agent.says("Message", "We do, send us a picture").await?;
    agent.reads_once("We do, send us a picture").await?;
    agent.sees("Sent").await?;

    visitor.opens(&stage.url("/demo")).await?;
    visitor.reads_once("We do, send us a picture").await?;
    visitor.reads_once("Do you repair old bowls?").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
