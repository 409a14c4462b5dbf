//! What a message may hold beside plain words, and keeping what was said: emoji from the picker, addresses as links, the transcript.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::engines::in_each_engine;
use crate::stage::Stage;

/// Reads along what the page offers for download.
const WATCH_DOWNLOADS: &str = "(make => URL.createObjectURL = blob => (blob.text().then(text => window.kept = text), make.call(URL, blob)))\
    (URL.createObjectURL), true";

in_each_engine!(emoji_links_and_the_transcript);
async fn emoji_links_and_the_transcript(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.types("Message", "Good bowls ").await?;
    visitor.clicks("button", "Emoji").await?;
    visitor.is_at("textbox", "Search emoji").await?;
    visitor.says("Search emoji", "thumbs up").await?;
    // Arrow keys go through the grid.
    visitor.hits(Key::Down).await?;
    visitor.is_at("button", "thumbs up yes").await?;
    visitor.hits(Key::Escape).await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.finds("dialog", "Chat").await?;
    visitor.hits(Key::Enter).await?;
    agent.clicks_part("button", "Good bowls").await?;
    agent.reads_once("Good bowls 👍").await?;

    agent.says("Message", "More on (https://kiln.example/care?a=b), never on javascript:hit()").await?;
    visitor.finds("link", "https://kiln.example/care?a=b").await?;
    let links = visitor
        .evaluates("everything(document).filter(el => el.href && el.closest('.log')).map(el => [el.href, el.rel])")
        .await?;
    ensure!(links == json!([["https://kiln.example/care?a=b", "noopener nofollow noreferrer"]]), "{links}");

    visitor.evaluates(WATCH_DOWNLOADS).await?;
    visitor.clicks("button", "Transcript").await?;
    visitor.is_at("button", "Download as text").await?;
    visitor.hits(Key::Enter).await?;
    visitor
        .waits_until("window.kept?.includes('You: Good bowls 👍') && window.kept.includes('Mia: More on (https://kiln')")
        .await?;
    visitor.is_content().await?;
    agent.is_content().await
}
