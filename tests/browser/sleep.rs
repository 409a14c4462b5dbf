//! Pages that browsers put to sleep: the back/forward cache takes pages with a chat and gives them back alive, and a connection that died
//! meanwhile is found out at once.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;

use crate::engines::{in_each_engine, skipped};
use crate::stage::Stage;

in_each_engine!(a_page_with_a_chat_goes_into_the_back_forward_cache_and_comes_back);
async fn a_page_with_a_chat_goes_into_the_back_forward_cache_and_comes_back(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Back in a moment").await?;
    agent.clicks_part("button", "Back in a moment").await?;
    agent.reads_once("Back in a moment").await?;
    visitor.sees("Mia").await?;
    visitor.evaluates("addEventListener('pageshow', event => window.restored = event.persisted)").await?;
    visitor.evaluates("window.kept = 'from before'").await?;

    visitor.opens("about:blank").await?;
    agent.says("Message", "Take your time").await?;
    visitor.goes_back().await?;
    let restored = visitor.evaluates("window.restored === true && window.kept").await?;
    let reasons =
        visitor.evaluates("JSON.stringify(performance.getEntriesByType('navigation')[0]?.notRestoredReasons ?? null)").await?;
    if restored != json!("from before") {
        // Drivers of some engines keep the cache off; then nothing was restored whatever the page does, and it must not be our lock.
        let reason = reasons.as_str().unwrap_or_default();
        ensure!(!["lock", "socket", "broadcast"].iter().any(|word| reason.to_lowercase().contains(word)), "{reason}");
        skipped(engine, module_path!(), "its driver keeps the back/forward cache off")?;
    }
    visitor.finds("dialog", "Chat").await?;
    visitor.reads_once("Take your time").await?;
    visitor.says("Message", "Here I am").await?;
    agent.reads_once("Here I am").await?;
    visitor.reads_once("Here I am").await?;
    ensure!(stage.visitors_connections().await? == 1);
    visitor.is_content().await
}
