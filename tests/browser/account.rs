//! One's own account at the console: a name, a second factor from its QR code to the next sign-in, sessions that end; and an admin who helps.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::authenticator::Authenticator;
use tests::browsers::Engine;

use crate::person::Person;
use crate::stage::Stage;

async fn signs_in(person: &Person, stage: &Stage, email: &str) -> Result<()> {
    person.opens(&stage.url("/console/settings/account")).await?;
    person.types("Email", email).await?;
    person.says("Password", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_keeps_their_account() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let ada = office.hire(&admin, "Ada", Role::Agent).await?;
    let agent = stage.colleague().await?;
    // Who signs in is where they wanted to be.
    signs_in(&agent, &stage, &ada.me.email).await?;
    agent.finds("textbox", "Display name").await?;
    agent.evaluates("(seek('textbox', 'Display name').value = '', 1)").await?;
    agent.says("Display name", "Ada L.").await?;
    agent.sees("Saved").await?;
    agent.waits_until("document.querySelector('.whoami').textContent === 'Ada L.'").await?;

    // The second factor.
    agent.types("Your password", "a guess").await?;
    agent.clicks("button", "Set up").await?;
    agent.sees("That is not your password.").await?;
    agent.evaluates("(seek('textbox', 'Your password').value = '', 1)").await?;
    agent.types("Your password", PASSWORD).await?;
    agent.clicks("button", "Set up").await?;
    agent.finds("img", "QR code with the secret").await?;
    let secret = agent.evaluates("seek('textbox', 'Secret').value").await?;
    let app = Authenticator::knowing(secret.as_str().context("a text")?)?;
    agent.pictures("account-second-factor").await?;
    agent.says("Code", &app.shows(0)).await?;
    agent.sees("Recovery codes").await?;
    let codes = agent.evaluates("[...document.querySelectorAll('.codes li')].map(code => code.textContent)").await?;
    ensure!(codes.as_array().is_some_and(|codes| codes.len() == 10), "{codes}");
    agent.pictures("account-recovery-codes").await?;
    agent.clicks("button", "I have kept them").await?;
    agent.sees("On, 10 recovery codes left").await?;

    // The next sign-in takes two steps, and the second has the focus.
    let elsewhere = stage.colleague().await?;
    signs_in(&elsewhere, &stage, &ada.me.email).await?;
    elsewhere.is_at("textbox", "Code or recovery code").await?;
    elsewhere.says("Code or recovery code", "000000").await?;
    elsewhere.sees("This code is wrong or was used already.").await?;
    elsewhere.pictures("sign-in-code").await?;
    elsewhere.says("Code or recovery code", &app.shows(1)).await?;
    elsewhere.finds("textbox", "Display name").await?;

    // It is seen from the first place, and ended there.
    agent.reloads().await?;
    agent.sees("this one").await?;
    ensure!(agent.evaluates("document.querySelectorAll('.sessions li').length").await? == json!(3));
    agent.pictures("account").await?;
    agent.prefers("dark").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("account-phone-dark").await?;
    ensure!(
        agent.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true),
        "nothing hangs over the edge of a phone"
    );
    agent.puts_phone_away().await?;
    agent.prefers("light").await?;
    agent.clicks("button", "End all others").await?;
    elsewhere.sees("You were signed out.").await?;
    agent.waits_until("document.querySelectorAll('.sessions li').length === 1").await?;

    // Their phone is lost: an admin helps.
    let root = stage.colleague().await?;
    root.opens(&stage.url("/console/team")).await?;
    root.types("Email", &admin.me.email).await?;
    root.says("Password", PASSWORD).await?;
    root.clicks("button", "Access of Ada L.").await?;
    root.clicks("button", "Turn off their second factor").await?;
    root.sees("They sign in with the password alone.").await?;
    root.pictures("team-access").await?;
    root.clicks("button", "End all").await?;
    agent.sees("You were signed out.").await?;
    agent.types("Email", &ada.me.email).await?;
    agent.says("Password", PASSWORD).await?;
    agent.finds("textbox", "Display name").await?;
    root.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_a_second_factor_is_led_to_it_and_then_to_the_console() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let ada = office.hire(&admin, "Ada", Role::Agent).await?;
    let root = stage.colleague().await?;
    signs_in(&root, &stage, &admin.me.email).await?;
    root.finds("textbox", "Display name").await?;
    root.opens(&stage.url("/console/settings/rules")).await?;
    root.sees("10 MiB").await?;
    root.clicks("checkbox", "Everybody needs a second factor").await?;
    root.sees("Set up your own second factor first, in My account.").await?;
    let told = root.complaints().await?;
    ensure!(told.len() == 1 && told[0].contains("/api/rules") && told[0].contains("409"), "browsers note a refusal: {told:#?}");
    root.waits_until("!seek('checkbox', 'Everybody needs a second factor').checked").await?;
    root.clicks("link", "My account").await?;
    enrols(&root).await?;
    root.clicks("link", "Rules and limits").await?;
    root.clicks("checkbox", "Everybody needs a second factor").await?;
    root.waits_until(
        "fetch('/api/rules').then(answer => answer.json()).then(rules => window.demanded = rules.second_factor), window.demanded",
    )
    .await?;
    root.pictures("rules").await?;
    ensure!(root.asks_axe_everywhere().await?.is_empty(), "{:#?}", root.asks_axe_everywhere().await?);

    let agent = stage.colleague().await?;
    signs_in(&agent, &stage, &ada.me.email).await?;
    agent.sees("Set up your second factor first").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("enrol-phone").await?;
    agent.puts_phone_away().await?;
    ensure!(agent.asks_axe_everywhere().await?.is_empty(), "{:#?}", agent.asks_axe_everywhere().await?);
    ensure!(!agent.has("link", "Inbox").await?);
    enrols(&agent).await?;
    agent.finds("textbox", "Display name").await?;
    agent.clicks("link", "Inbox").await?;
    agent.finds("radio", "Online").await?;
    root.is_content().await?;
    agent.is_content().await
}

/// Sets a second factor up, up to the recovery codes and past them.
async fn enrols(person: &Person) -> Result<()> {
    person.types("Your password", PASSWORD).await?;
    person.clicks("button", "Set up").await?;
    person.finds("img", "QR code with the secret").await?;
    let secret = person.evaluates("seek('textbox', 'Secret').value").await?;
    let app = Authenticator::knowing(secret.as_str().context("a text")?)?;
    person.says("Code", &app.shows(-1)).await?;
    person.clicks("button", "I have kept them").await
}
