//! A visitor's data at the console: an admin downloads all there is of somebody, erases them, and says how long a site keeps what was said.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;

use crate::stage::{Stage, goes_online};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_exports_and_erases_a_person() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let admin = stage.colleague().await?;
    admin.opens(&stage.first_admin_link()?).await?;
    admin.types("Name", "Mia").await?;
    admin.types("Email", "mia@bulle.example").await?;
    admin.types("Password", PASSWORD).await?;
    admin.clicks("button", "Create account").await?;
    goes_online(&admin).await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "My order number is 4711-KIM").await?;
    admin.clicks_part("button", "4711-KIM").await?;
    admin.reads_once("My order number is 4711-KIM").await?;

    admin.finds("link", "Export this person").await?;
    let exported =
        "fetch(seek('link', 'Export this person').href).then(answer => answer.text()).then(text => { window.exported = text })";
    admin.evaluates(&format!("({exported}, 1)")).await?;
    admin.waits_until("window.exported?.includes('4711-KIM')").await?;
    admin.clicks("button", "Erase this person").await?;
    admin.sees("All that they said and sent is erased, for ever.").await?;
    admin.pictures("erase-person").await?;
    admin.clicks("button", "Cancel").await?;
    visitor.reads_once("My order number is 4711-KIM").await?;
    admin.clicks("button", "Erase this person").await?;
    admin.clicks("button", "Erase for ever").await?;
    admin.sees("Erased.").await?;
    // What is on their own screen stays there until they leave; nothing of it comes back.
    visitor.reloads().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("textbox", "Message").await?;
    visitor.sees("We are here for you").await?;
    ensure!(visitor.evaluates("!said().includes('4711-KIM')").await? == json!(true), "they are somebody else now");
    admin.reloads().await?;
    admin.finds("radio", "Online").await?;
    admin.waits_until("!text().includes('4711-KIM')").await?;

    admin.clicks("link", "Install").await?;
    admin.types("Days", "90").await?;
    admin.evaluates("(seek('textbox', 'Days').closest('form').requestSubmit(), 1)").await?;
    admin.waits_until("[...document.querySelectorAll('.said')].some(said => said.textContent === 'Saved')").await?;
    admin.reloads().await?;
    admin.waits_until("seek('textbox', 'Days')?.value === '90'").await?;
    admin.evaluates("seek('textbox', 'Days').scrollIntoView() ?? true").await?;
    admin.pictures("retention").await?;
    ensure!(
        admin.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true),
        "nothing hangs over"
    );
    Ok(())
}
