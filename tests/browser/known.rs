//! The visitor beside the chat: what the page says of them, what the agent corrects and notes, the pages that they visit, and the same person
//! on another device made one with them; at a desk, in the dark, on a phone.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use shared::model::Role;
use tests::accounts::{Account, Office, PASSWORD};
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// Chooses in a list as a person does.
const CHOOSE: &str = "((name, value) => { const list = seekPart('combobox', name); list.value = value; \
    list.dispatchEvent(new Event('change', { bubbles: true })); return true })";

async fn tells(office: &Office, by: &Account, method: Method, path: &str, body: Value) -> Result<()> {
    office.request(method, path).by(by).json(&body)?.send().await?.accepted().map(drop)
}

/// Somebody of this role at the console, online.
async fn arrives(stage: &Stage, office: &Office, admin: &Account, name: &str, role: Role) -> Result<Person> {
    let account = office.hire(admin, name, role).await?;
    let person = stage.colleague().await?;
    person.opens(&stage.url("/console")).await?;
    person.types("Email", &account.me.email).await?;
    person.says("Password", PASSWORD).await?;
    goes_online(&person).await?;
    Ok(person)
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_see_and_correct_what_is_known_of_a_visitor() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let fields = json!([
        { "id": "tier", "label": "Tier", "kind": "choice", "options": ["Silver", "Gold"] },
        { "id": "seats", "label": "Seats", "kind": "number" },
        { "id": "renewal", "label": "Renewal", "kind": "date" },
    ]);
    tells(&office, &admin, Method::PUT, "/api/sites/demo/visitors", json!({ "fields": fields, "pages": true })).await?;
    let agent = arrives(&stage, &office, &admin, "Grace", Role::Supervisor).await?;
    let earlier = stage.native_visitor("Is the kiln sold?").await;
    agent.clicks_part("button", "Is the kiln sold?").await?;
    agent.clicks("button", "Edit").await?;
    agent.says("Email", "kim@example.org").await?;
    agent.sees("kim@example.org").await?;
    drop(earlier);

    // The page says something before they have written: it comes with their first message.
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.runs("Bulle('update', { attributes: { plan: 'pro', seats: 3 } })").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Hello from my phone").await?;
    agent.clicks_part("button", "Hello from my phone").await?;
    agent.sees("From the site").await?;
    agent.sees("plan pro").await?;
    agent.sees("Chrome, Linux").await?;
    agent.sees("Pages visited").await?;
    visitor.runs("history.pushState({}, '', '/demo?glazes'); document.title = 'All our glazes'").await?;
    agent.finds("link", "All our glazes").await?;

    // Correcting by keyboard; a number is a number.
    agent.clicks("button", "Edit").await?;
    ensure!(agent.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the form");
    agent.types("Name", "Kim").await?;
    agent.types("Email", "kim@example.org").await?;
    agent.evaluates(&format!("{CHOOSE}('Tier', 'Gold')")).await?;
    agent.says("Seats", "many").await?;
    agent.sees("takes a number").await?;
    agent.pictures("known-edit").await?;
    agent.evaluates("(seek('textbox', 'Seats').select(), true)").await?;
    agent.says("Seats", "12.5").await?;
    agent.waits_until("seek('heading', 'Kim') && text().includes('Tier Gold') && text().includes('Seats 12.5')").await?;
    agent.is_at("button", "Edit").await?;

    // The same person, asked about once more.
    agent.sees("The same person?").await?;
    agent.pictures("known").await?;
    agent.prefers("dark").await?;
    agent.pictures("known-dark").await?;
    agent.prefers("light").await?;
    agent.clicks("button", "Merge with kim@example.org…").await?;
    agent.sees("become one person, for good").await?;
    ensure!(agent.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the question");
    agent.pictures("known-merge").await?;
    agent.clicks("button", "Merge for good").await?;
    agent.waits_until("!text().includes('The same person?')").await?;
    agent.sees("Is the kiln sold?").await?;
    visitor.says("Message", "Still me").await?;
    agent.clicks_part("button", "Still me").await?;
    agent.reads_once("Still me").await?;
    agent.holds_phone(390, 844).await?;
    agent.clicks("button", "Details").await?;
    ensure!(agent.evaluates("document.documentElement.scrollWidth <= 390").await? == json!(true), "wider than the phone");
    agent.pictures("known-phone").await?;
    agent.is_content().await
}

in_each_engine!(what_a_page_says_of_its_visitor_is_forgotten_by_a_shutdown);
async fn what_a_page_says_of_its_visitor_is_forgotten_by_a_shutdown(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.runs("Bulle('identify', { attributes: { plan: 'first' } })").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("textbox", "Message").await?;
    if engine != Engine::WebKit {
        // The others note on their console when a socket is closed before it was open.
        visitor.sees("We are here for you").await?;
    }
    // They log out; who comes next has not said it.
    visitor.runs("Bulle('shutdown')").await?;
    visitor.waits_until("!chat()").await?;
    visitor.runs("Bulle('boot')").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "I am somebody else").await?;
    agent.clicks_part("button", "I am somebody else").await?;
    agent.sees("Known since").await?;
    visitor.runs("Bulle('update', { attributes: { plan: 'second' } })").await?;
    agent.sees("plan second").await?;
    let page = agent.evaluates("text()").await?;
    ensure!(!page.as_str().unwrap_or_default().contains("plan first"), "the first one's: {page}");
    visitor.is_content().await?;
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_says_what_a_site_keeps_of_its_visitors() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let admin = stage.colleague().await?;
    admin.opens(&stage.first_admin_link()?).await?;
    admin.types("Name", "Ada").await?;
    admin.types("Email", "ada@kiln.example").await?;
    admin.says("Password", PASSWORD).await?;
    admin.clicks("link", "Install").await?;
    admin.sees("What you keep of visitors").await?;
    let form = "[...document.querySelectorAll('section.panel')].find(panel => panel.querySelector('h2').textContent === 'What you keep of visitors')";
    admin.waits_until(&format!("!({form}).querySelector('button[type=submit]').disabled")).await?;
    admin.evaluates(&format!("(({form}).querySelector('form > button').click(), true)")).await?;
    admin.waits_until(&format!("({form}).querySelector('li input')?.focus() ?? true")).await?;
    admin
        .evaluates(&format!(
            "(input => {{ input.value = 'Tier'; input.dispatchEvent(new Event('input', {{ bubbles: true }})); return true }})(({form}).querySelector('li input'))"
        ))
        .await?;
    admin.clicks_part("checkbox", "pages that visitors").await?;
    let barriers = admin.asks_axe_everywhere().await?;
    ensure!(barriers.is_empty(), "{barriers:#?}");
    admin.evaluates(&format!("(({form}).querySelector('button[type=submit]').click(), true)")).await?;
    admin.waits_until(&format!("({form}).textContent.includes('Saved')")).await?;
    admin.pictures("known-settings").await?;
    admin.reloads().await?;
    admin.waits_until(&format!("({form})?.querySelector('li input')?.value === 'Tier'")).await?;
    ensure!(admin.evaluates(&format!("({form}).querySelector('input[type=checkbox]').checked")).await? == json!(true));
    admin.is_content().await
}
