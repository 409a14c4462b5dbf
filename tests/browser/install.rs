//! The install page: an admin makes a site, pastes its tag elsewhere, is told what is wrong with it, sets what it looks like, and sees that
//! in the preview and on the page.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;
use thirtyfour::Key;

use crate::examples::{Pages, example};
use crate::stage::{ENGLISH, Stage};

/// What stands in the preview's launcher.
const PREVIEW: &str = "document.querySelector('iframe').contentDocument?.querySelector('bulle-chat')";
/// Chooses in a list as a person does.
const CHOOSE: &str = "((name, value) => { const list = seekPart('combobox', name); list.value = value; \
    list.dispatchEvent(new Event('input', { bubbles: true })); list.dispatchEvent(new Event('change', { bubbles: true })); return true })";

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_installs_the_chat_on_a_site() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let admin = stage.colleague().await?;
    admin.opens(&stage.first_admin_link()?).await?;
    admin.types("Name", "Ada").await?;
    admin.types("Email", "ada@bulle.example").await?;
    admin.types("Password", PASSWORD).await?;
    admin.clicks("button", "Create account").await?;
    admin.finds("radio", "Online").await?;
    admin.clicks("link", "Install").await?;
    admin.says("Name of the new site", "Kiln").await?;
    admin.sees("site=kiln-").await?;
    admin.sees("Not seen yet.").await?;
    let snippet = admin.evaluates("seek('group', 'Script tag').textContent").await?;
    let snippet = snippet.as_str().context("a text")?.to_owned();
    let key = snippet.split_once("site=").and_then(|(_, rest)| rest.split_once('"')).context("a key")?.0.to_owned();

    admin.clicks("radio", "Pinned").await?;
    admin.waits_until("seek('group', 'Script tag').textContent.includes('integrity=\"sha384-')").await?;
    admin.clicks("radio", "In a frame").await?;
    admin.sees("frame-src").await?;

    // Somewhere else, and not on the list.
    let pages = Pages::start(&example("strict-csp"), &[("RELAY", &stage.url("")), ("SITE", &key)])?;
    admin.types("Works on", "https://shop.example").await?;
    admin.clicks("button", "Save").await?;
    admin.sees("Saved").await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&pages.url("/")).await?;
    visitor.finds("button", "Open chat").await?;
    admin.clicks("button", "Check again").await?;
    admin.sees("this origin is not on the list below").await?;
    admin.sees(&pages.origin).await?;
    admin.pictures("install-trouble").await?;

    // Now it is, and looks different.
    admin.types("Works on", &format!("\n{}", pages.origin)).await?;
    admin.evaluates(&format!("{CHOOSE}('Place', 'left')")).await?;
    admin.waits_until(&format!("{PREVIEW}?.style.getPropertyValue('--left').endsWith('px')")).await?;
    admin.evaluates(&format!("{CHOOSE}('Theme', 'dark')")).await?;
    admin.clicks("button", "Add a field").await?;
    admin.types("Label", "Order number").await?;
    admin.clicks("button", "Add a greeting").await?;
    admin.types("It says", "May I help?").await?;
    admin.types("On pages like", "/cart*").await?;
    admin.types("First line of a chat", "Welcome to the kiln!").await?;
    admin.types("Nobody is there", "Hands full of clay").await?;
    // It counts once it is left.
    admin.hits(Key::Tab).await?;
    admin.evaluates(&format!("{CHOOSE}('For panels in', 'fr')")).await?;
    admin.waits_until("seek('textbox', 'First line of a chat')?.value === ''").await?;
    admin.types("First line of a chat", "Bienvenue au four !").await?;
    admin.hits(Key::Tab).await?;
    admin.evaluates(&format!("{CHOOSE}('Texts in', 'fr')")).await?;
    let french = "document.querySelector('iframe').contentDocument.URL.includes('locale=fr')";
    admin.waits_until(&format!("{french} && !!{PREVIEW}?.shadowRoot.querySelector('#bulle')")).await?;
    admin.evaluates(&format!("{PREVIEW}.shadowRoot.querySelector('#bulle').click() ?? true")).await?;
    admin
        .waits_until(&format!("{PREVIEW}?.shadowRoot.querySelector('.log')?.textContent.includes('Bienvenue au four !')"))
        .await?;
    admin.evaluates(&format!("{CHOOSE}('Texts in', '')")).await?;
    admin.clicks("button", "Save").await?;
    admin.waits_until("words(seek('main', '') ?? document.body).includes('Saved')").await?;
    visitor
        .evaluates(&format!("fetch('{}', {{ cache: 'reload' }}).then(() => 1)", stage.url(&format!("/bulle.js?site={key}"))))
        .await?;
    visitor.opens(&pages.url("/")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("textbox", "Message").await?;
    visitor.reads_once("Welcome to the kiln!").await?;
    visitor.sees("Hands full of clay").await?;
    ensure!(visitor.evaluates("!text().includes('How can we help?')").await? == json!(true), "not both");
    let side = visitor.evaluates("document.querySelector('bulle-chat').style.getPropertyValue('--left').endsWith('px')").await?;
    ensure!(side == json!(true), "what was saved is what visitors get");
    visitor.waits_until("document.querySelector('bulle-chat').dataset.theme === 'dark'").await?;
    visitor.waits_until("seen.sockets.length > 0").await?;
    admin.waits_until("(seek('button', 'Check again').click(), text().includes('The chat works here.'))").await?;

    // Whom the site knows, and nobody else.
    admin.clicks("button", "Make a secret").await?;
    admin.waits_until("/^[0-9a-f]{64}$/.test(seek('textbox', 'New secret')?.value)").await?;
    admin.pictures("install-secret").await?;
    admin.clicks("button", "Make a secret").await?;
    admin.waits_until("document.querySelectorAll('.sessions li').length === 2").await?;
    admin.clicks("button", "Make a secret").await?;
    admin.sees("retire one to make another").await?;
    // Browsers note the refusal as an error of the page.
    let complaints = admin.complaints().await?;
    ensure!(complaints.iter().all(|line| line.contains("/secrets")), "{complaints:#?}");
    ensure!(admin.asks_axe_everywhere().await?.is_empty(), "{:#?}", admin.asks_axe_everywhere().await?);
    admin.clicks("checkbox", "Only visitors you vouch for may chat").await?;
    visitor.sees("Chat is not available on this page.").await?;
    admin.clicks("checkbox", "Only visitors you vouch for may chat").await?;
    for _ in 0..2 {
        admin.clicks("button", "Retire").await?;
        admin.clicks("button", "Retire it now").await?;
        admin.waits_until("!seek('button', 'Retire it now')").await?;
    }
    admin.sees("nobody can be vouched for").await?;
    // Everybody again.
    visitor.opens(&pages.url("/")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Hands full of clay").await?;

    // All of it is there again.
    admin.reloads().await?;
    admin.waits_until("seekPart('combobox', 'Site')").await?;
    admin.evaluates(&format!("{CHOOSE}('Site', {})", json!(key))).await?;
    admin.waits_until("seek('textbox', 'Label')?.value === 'Order number'").await?;
    ensure!(
        admin.evaluates("seek('textbox', 'It says').value + seekPart('combobox', 'Place').value").await?
            == json!("May I help?left")
    );
    ensure!(admin.evaluates("seek('textbox', 'First line of a chat').value").await? == json!("Welcome to the kiln!"));
    admin.waits_until(&format!("!!{PREVIEW}")).await?;
    admin.pictures("install").await?;
    admin.prefers("dark").await?;
    admin.evaluates("seek('button', 'Add a greeting').scrollIntoView() ?? true").await?;
    admin.pictures("install-dark-forms").await?;
    admin.holds_phone(390, 844).await?;
    admin.pictures("install-phone-dark").await?;
    admin.puts_phone_away().await?;
    admin.prefers("light").await?;
    admin.evaluates(&format!("{CHOOSE}('Language', 'fr')")).await?;
    admin.sees("Est-il en place").await?;
    admin.evaluates("document.querySelector('.looks').scrollIntoView() ?? true").await?;
    admin.waits_until(&format!("!!{PREVIEW}")).await?;
    admin.pictures("install-french-looks").await?;
    admin.is_content().await
}
