//! A page with a strict content security policy loses nothing by the chat, and the chat nothing by the policy.

use anyhow::{Context, Result, ensure};

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_strict_policy_is_kept);
async fn a_strict_policy_is_kept(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let answer = reqwest::get(stage.url("/demo")).await?;
    let policy = answer.headers().get("content-security-policy").context("the page has no policy")?.to_str()?.to_owned();
    for loose in ["'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'", "blob:", "*"] {
        ensure!(!policy.contains(loose), "{loose} in {policy}");
    }
    ensure!(policy.contains("default-src 'none'"), "{policy}");

    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Nothing strange here").await?;
    agent.clicks_part("button", "Nothing strange here").await?;
    agent.says("Message", "<img src=x onerror=alert(1)> https://example.com/").await?;
    visitor.reads_once("<img src=x onerror=alert(1)> https://example.com/").await?;
    visitor.is_content().await?;
    agent.is_content().await?;

    // The watch is awake: it sees the violation that the test commits itself.
    visitor.evaluates("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')").await?;
    visitor.waits_until("seen.violations.length > 0").await?;
    ensure!(!visitor.complaints().await?.is_empty());
    Ok(())
}
