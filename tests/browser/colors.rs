//! Whatever colour a site chooses: text on it, and what shows the focus, can be seen. The loader's own computation and the panel's style
//! sheet are asked, in each engine, for a thousand colours.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

/// See there.
const ASK: &str = include_str!("colors.js");

in_each_engine!(any_color_leaves_text_and_focus_to_be_seen);
async fn any_color_leaves_text_and_focus_to_be_seen(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (loader, settings) = stage.loader().await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("dialog", "Chat").await?;
    let found = visitor.runs_seeking(&ASK.replace("LOADER", &loader).replace("SETTINGS", &settings)).await?;
    let [asked, poor, which] = found.as_array().and_then(|found| found.first_chunk()).context("three answers")?;
    ensure!(asked.as_u64() > Some(800), "{asked} colours");
    ensure!(*poor == json!(0), "{poor} contrasts are poor: {which:#}");
    visitor.is_content().await
}
