//! Tokens and the record at the console: an admin makes a token, a program works with it, and both are seen; then it is over.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;

use crate::stage::Stage;

/// Chooses in a list as a person does.
const CHOOSE: &str = "((name, value) => { const list = seekPart('combobox', name); list.value = value; \
    list.dispatchEvent(new Event('input', { bubbles: true })); list.dispatchEvent(new Event('change', { bubbles: true })); return true })";

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lets_a_program_in_and_out_and_reads_of_it() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, owner) = stage.owner().await?;
    office.hire(&owner, "Ada", Role::Agent).await?;
    let admin = stage.colleague().await?;
    admin.opens(&stage.url("/console/")).await?;
    admin.types("Email", &owner.me.email).await?;
    admin.says("Password", PASSWORD).await?;
    admin.finds("radio", "Online").await?;
    admin.clicks("link", "Settings").await?;
    admin.clicks("link", "API tokens").await?;
    admin.sees("No tokens yet.").await?;

    admin.clicks("button", "Make token").await?;
    admin.sees("Give the token a name.").await?;
    admin.types("Name of the token", "Order bot").await?;
    admin.evaluates(&format!("{CHOOSE}('Lapses after', '90')")).await?;
    admin.clicks("button", "Make token").await?;
    admin.sees("Copy it now, it is not shown again.").await?;
    let token = admin.evaluates("seek('textbox', 'Token').value").await?;
    let token = token.as_str().context("a text")?.to_owned();
    admin.sees("never used").await?;
    admin.pictures("tokens").await?;

    let asks = || {
        let request = office.request(Method::GET, "/api/agents").from(None);
        request.header("authorization", &format!("Bearer {token}")).send()
    };
    ensure!(asks().await?.status == 200, "the token that was shown is good");
    admin.reloads().await?;
    admin.sees("last used").await?;
    ensure!(admin.evaluates(&format!("!text().includes('{token}')")).await? == json!(true), "it is shown once");

    admin.clicks("link", "Team").await?;
    admin.waits_until("[...document.querySelectorAll('.team .tag')].some(tag => tag.textContent === 'Bot')").await?;
    admin.clicks("link", "Settings").await?;
    admin.clicks("link", "API tokens").await?;
    admin.clicks("button", "Revoke Order bot").await?;
    admin.sees("No tokens yet.").await?;
    ensure!(asks().await?.status == 401, "nor is it good any more");

    // The team page: rights, an account that is disabled and comes back, an invitation that is revoked.
    admin.clicks("link", "Team").await?;
    admin.sees("Read chats that others have in hand").await?;
    admin.clicks("button", "Access of Ada").await?;
    admin.evaluates(&format!("{CHOOSE}('Role of Ada', 'supervisor')")).await?;
    admin.sees("Saved").await?;
    admin.pictures("team-rights").await?;
    admin.clicks("button", "Disable account").await?;
    admin.finds("button", "Enable Ada").await?;
    ensure!(office.sign_in("ada@bulle.example", PASSWORD).await.is_err(), "a disabled account stays out");
    admin.clicks("button", "Enable Ada").await?;
    admin.waits_until("!seek('button', 'Enable Ada')").await?;
    office.sign_in("ada@bulle.example", PASSWORD).await?;
    admin.types("Email", "grace@bulle.example").await?;
    admin.clicks("button", "Create link").await?;
    admin.clicks("button", "Revoke the invitation of grace@bulle.example").await?;
    admin.waits_until("!seek('button', 'Revoke the invitation of grace@bulle.example')").await?;
    admin.clicks("link", "Settings").await?;

    admin.clicks("link", "Record").await?;
    admin.sees("Token revoked").await?;
    admin.sees("Token made").await?;
    admin.sees("Joined").await?;
    admin.pictures("record").await?;
    admin.prefers("dark").await?;
    admin.holds_phone(390, 844).await?;
    admin.pictures("record-phone-dark").await?;
    ensure!(
        admin.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true),
        "nothing hangs over the edge of a phone"
    );
    admin.puts_phone_away().await?;
    admin.prefers("light").await?;
    admin
        .evaluates(&format!(
            "{CHOOSE}('What', [...seekPart('combobox', 'What').options].find(one => one.text === 'Token made').value)"
        ))
        .await?;
    admin.waits_until("document.querySelectorAll('.record tbody tr').length === 1").await?;
    admin.sees("Order bot").await?;
    admin.evaluates(&format!("{CHOOSE}('Language', 'fr')")).await?;
    admin.sees("Journal").await?;
    admin.is_content().await?;

    // Who is no admin finds neither.
    let agent = stage.colleague().await?;
    agent.opens(&stage.url("/console/")).await?;
    agent.types("Email", "ada@bulle.example").await?;
    agent.says("Password", PASSWORD).await?;
    agent.finds("radio", "Online").await?;
    agent.clicks("link", "Settings").await?;
    agent.sees("My account").await?;
    ensure!(!agent.has("link", "API tokens").await? && !agent.has("link", "Record").await?);
    agent.opens(&stage.url("/console/settings/record")).await?;
    agent.sees("Your role does not allow this.").await?;
    agent.clicks("link", "Team").await?;
    agent.sees("What each role may do").await?;
    ensure!(!agent.has("button", "Access of Ada").await?, "who may not change others is not asked to");
    Ok(())
}
