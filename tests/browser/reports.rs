//! Reports: an admin answers one visitor while another gives up, and the page's numbers are what happened; with charts, tables, and files.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;

use crate::stage::{Stage, goes_online};

/// The number of a figure.
const FIGURE: &str = "(name => [...document.querySelectorAll('.tile')].find(tile => tile.querySelector('dt').textContent === name)?.querySelector('strong').textContent)";

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_what_happened() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let admin = stage.colleague().await?;
    admin.opens(&stage.first_admin_link()?).await?;
    admin.types("Name", "Mia").await?;
    admin.types("Email", "mia@bulle.example").await?;
    admin.types("Password", PASSWORD).await?;
    admin.clicks("button", "Create account").await?;
    // Nobody is there yet: this one stays a message.
    let _left = stage.native_visitor("Is anybody there?").await;
    goes_online(&admin).await?;
    let kim = stage.native_visitor("Do you ship to France?").await;
    admin.clicks_part("button", "Do you ship to France?").await?;
    admin.says("Message", "Yes.").await?;
    kim.sees("Yes.").await;
    admin.clicks("button", "Close chat").await?;
    kim.sees_end().await;

    admin.clicks("link", "Reports").await?;
    for (name, number) in [("Conversations", "2"), ("Answered", "1"), ("Abandoned", "0"), ("Messages", "1"), ("Rating", "–")] {
        admin.waits_until(&format!("{FIGURE}('{name}') === '{number}'")).await?;
    }
    admin.sees("From the visitor’s first message to the first message of an agent.").await?;
    admin.waits_until("document.querySelectorAll('.chart').length === 2").await?;
    let label = admin.evaluates("document.querySelector('.chart').getAttribute('aria-label')").await?;
    ensure!(label == json!("By day: 2 conversations, at most 2"), "{label}");
    admin.evaluates("[...document.querySelectorAll('.figures')].every(table => table.open = true)").await?;
    let day = admin.evaluates("document.querySelector('.figures tbody').textContent.slice(10, 14)").await?;
    ensure!(day == json!("2101"), "the table tells the same: {day}");
    let agents = admin.evaluates("seek('region', 'By agent').textContent").await?;
    ensure!(agents.as_str().is_some_and(|text| text.contains("Mia1")), "{agents}");
    admin.finds("link", "CSV: By day").await?;
    admin.pictures("reports").await?;
    admin.prefers("dark").await?;
    admin.pictures("reports-dark").await?;
    admin.holds_phone(390, 844).await?;
    admin.waits_until("document.documentElement.scrollWidth <= 390").await?;
    admin.pictures("reports-phone").await?;
    admin.puts_phone_away().await?;

    // A range that cannot be is said in words, and what is shown stays.
    admin
        .evaluates(
            "(() => { const until = [...document.querySelectorAll('input[type=date]')][1]; until.value = '2001-01-01'; \
        until.dispatchEvent(new Event('input', { bubbles: true })); return true })()",
        )
        .await?;
    admin.clicks("button", "Show").await?;
    admin.sees("Choose two days").await?;
    // The browser tells of the refusal, too.
    let complaints = admin.complaints().await?;
    ensure!(complaints.iter().all(|line| line.contains("422")), "{complaints:?}");
    Ok(())
}
