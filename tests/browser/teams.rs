//! Teams and the desk of a site at the console: an admin sets them up, agents work by them.

use anyhow::{Result, ensure};
use serde_json::json;
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::agent::Agent;
use tests::browsers::Engine;

use crate::person::Person;
use crate::stage::{Stage, goes_online};

async fn has_no_barrier(person: &Person, state: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        person.prefers(scheme).await?;
        let barriers = person.asks_axe_everywhere().await?;
        ensure!(barriers.is_empty(), "{state}, {scheme}: {barriers:#?}");
    }
    Ok(())
}

/// Looks well everywhere.
async fn is_shown(person: &Person, name: &str) -> Result<()> {
    has_no_barrier(person, name).await?;
    person.pictures(name).await?;
    person.holds_phone(390, 844).await?;
    person.pictures(&format!("{name}-phone")).await?;
    ensure!(person.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true), "too wide");
    person.puts_phone_away().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_a_team_and_routes_chats_to_it() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let grace = Agent::new(&office, &office.hire(&admin, "Grace", Role::Agent).await?);
    grace.comes_online().await;
    let ada = stage.colleague().await?;
    ada.opens(&stage.url("/console")).await?;
    ada.types("Email", &admin.me.email).await?;
    ada.says("Password", PASSWORD).await?;

    // A team, and who speaks what.
    ada.clicks("link", "Team").await?;
    ada.sees("There are no teams yet").await?;
    ada.clicks("button", "Save").await?;
    ada.sees("A name has 1 to 80 characters").await?;
    ada.types("Name of the team", "Billing").await?;
    ada.clicks("checkbox", "Grace").await?;
    ada.clicks("button", "Save").await?;
    ada.finds("button", "Change Billing").await?;
    ada.sees("1 members, 1 online").await?;
    ada.clicks("button", "Access of Grace").await?;
    ada.types("Languages of Grace", "fr, EN").await?;
    ada.runs("document.activeElement.blur()").await?;
    ada.sees("fr, en").await?;
    is_shown(&ada, "teams").await?;

    // The desk of the site.
    ada.clicks("link", "Settings").await?;
    ada.clicks("link", "Queue and hours").await?;
    ada.clicks_part("radio", "By hand").await?;
    ada.clicks("checkbox", "There are opening hours").await?;
    ada.evaluates("(seek('textbox', 'Monday').value = '', 1)").await?;
    ada.types("Monday", "12-9").await?;
    ada.clicks("button", "Save").await?;
    ada.sees("Write hours like").await?;
    ada.evaluates("(seek('textbox', 'Monday').value = '', 1)").await?;
    ada.types("Monday", "9-12, 14-18").await?;
    // It lies below the buttons that stick to the edge.
    ada.evaluates("(seek('button', 'Add a day').scrollIntoView({ block: 'center' }), 1)").await?;
    ada.clicks("button", "Add a day").await?;
    ada.evaluates("((field) => { field.value = '2030-12-25'; field.dispatchEvent(new Event('input', {bubbles: true})); return 1; })(document.querySelector('input[type=date]'))").await?;
    ada.types("Name", "Christmas").await?;
    ada.evaluates("(seek('button', 'Add a rule').scrollIntoView({ block: 'center' }), 1)").await?;
    ada.clicks("button", "Add a rule").await?;
    ada.types("On pages like", "/demo*").await?;
    ada.evaluates("((field) => { field.value = [...field.options].find((option) => option.text === 'Billing').value; field.dispatchEvent(new Event('change', {bubbles: true})); return 1; })([...document.querySelectorAll('select')].find((list) => [...list.options].some((option) => option.text === 'Billing')))").await?;
    ada.clicks("button", "Save").await?;
    ada.sees("Saved").await?;
    is_shown(&ada, "desk").await?;
    ada.reloads().await?;
    ada.waits_until("seek('textbox', 'Monday')?.value === '09:00–12:00, 14:00–18:00'").await?;
    ada.finds("button", "Remove Christmas").await?;
    ada.clicks("checkbox", "There are opening hours").await?;
    ada.evaluates("(seek('button', 'Remove rule 1').scrollIntoView({ block: 'center' }), 1)").await?;
    ada.clicks("button", "Remove rule 1").await?;
    ada.clicks("button", "Save").await?;
    ada.sees("Saved").await?;

    // Work by it: picked by hand, made urgent, handed to the team.
    ada.clicks("link", "Inbox").await?;
    goes_online(&ada).await?;
    let visitor = stage.native_visitor("My invoice is wrong").await;
    ada.sees("Take the chats of").await?;
    ada.clicks_part("button", "My invoice is wrong").await?;
    ada.clicks("button", "More urgent").await?;
    ada.sees("Urgency: Urgent").await?;
    ada.clicks("button", "Why does it wait?").await?;
    ada.sees("Chats of this site are taken by hand").await?;
    has_no_barrier(&ada, "urgent").await?;
    ada.pictures("urgent").await?;
    ada.clicks("button", "Take").await?;
    visitor.is_with("Root").await;
    ada.clicks("button", "Transfer").await?;
    ada.finds("dialog", "Transfer to").await?;
    has_no_barrier(&ada, "picker").await?;
    ada.pictures("picker-teams").await?;
    ada.clicks_part("button", "Team Billing").await?;
    ada.sees("For the team Billing").await?;
    let chat = visitor.conversation();
    grace.sees_in_queue(chat).await;
    ensure!(grace.takes(chat).await.is_ok(), "the team's member takes it");
    visitor.is_with("Grace").await;
    ada.is_content().await
}
