//! Visitors on the site now: seen by an agent where the site wants it, invited, and taking it up or not; with nothing stored on the page before,
//! nothing told without consent, and nothing left by a shutdown.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// How often the page has told that somebody is there.
const TOLD: &str = "performance.getEntriesByType('resource').filter(entry => new URL(entry.name).pathname === '/present').length";

/// Keeps what the page asks of the network and which of its intervals end, from now on.
const WITNESS: &str = "
    window.asked = []; window.ended = [];
    const native = { fetch: window.fetch, clearInterval: window.clearInterval };
    window.fetch = (...all) => { asked.push(new URL(all[0], location).pathname); return native.fetch.call(window, ...all); };
    window.clearInterval = id => { ended.push(id); native.clearInterval.call(window, id); };";
/// What makes the page tell at once: it comes into view, and out of the browser's memory.
const STIRS: &str = "document.dispatchEvent(new Event('visibilitychange')), \
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
/// The page is idle, and the code that tells has come to whoever asked for it now.
const LOADED: &str = "new Promise(idle => (window.requestIdleCallback || setTimeout)(idle)).then(() => new Promise((done, fail) => { \
    const tag = document.createElement('script'); \
    tag.onload = () => done(1); tag.onerror = () => fail('not loaded'); tag.type = 'module'; \
    tag.src = performance.getEntriesByType('resource').find(entry => entry.name.endsWith('/present.js')).name; \
    document.head.append(tag) }))";

/// The site wants to know; and an agent, at the page of visitors.
async fn opens(stage: &Stage) -> Result<Person> {
    let (office, admin) = stage.owner().await?;
    let request = office.request(Method::PUT, "/api/sites/demo/visitors").by(&admin).json(&json!({ "present": true }))?;
    request.send().await?.accepted()?;
    let account = office.hire(&admin, "Mia", Role::Agent).await?;
    let agent = stage.colleague().await?;
    agent.opens(&stage.url("/console")).await?;
    agent.types("Email", &account.me.email).await?;
    agent.says("Password", PASSWORD).await?;
    goes_online(&agent).await?;
    agent.clicks("link", "Visitors").await?;
    agent.sees("Nobody is there right now.").await?;
    Ok(agent)
}

in_each_engine!(a_visitor_is_invited_and_chats_with_who_invited_them);
async fn a_visitor_is_invited_and_chats_with_who_invited_them(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = opens(&stage).await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.waits_until(&format!("{TOLD} > 0")).await?;
    ensure!(visitor.evaluates("localStorage.length + sessionStorage.length").await? == json!(0), "nothing is stored");
    ensure!(visitor.evaluates("seen.sockets").await? == json!([]), "no socket");
    ensure!(visitor.evaluates("seen.shift").await? == json!(0), "no layout shift");
    agent.sees("On the sites now: 1").await?;
    if engine == Engine::Chromium {
        ensure!(agent.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the list");
        agent.types("Filter by page", "nowhere").await?;
        agent.sees("Nobody is on such a page.").await?;
        agent.sees("shown: 0").await?;
        agent.evaluates("(seek('textbox', 'Filter by page').select(), true)").await?;
        agent.says("Filter by page", "/demo").await?;
        agent.pictures("visitors").await?;
        agent.prefers("dark").await?;
        agent.pictures("visitors-dark").await?;
        agent.prefers("light").await?;
    }
    agent.clicks_part("button", "Invite to chat").await?;
    agent.waits_until("focused() === seek('textbox', 'What you say')").await?;
    agent.evaluates("(seek('textbox', 'What you say').select(), true)").await?;
    if engine == Engine::Chromium {
        agent.pictures("visitors-invite").await?;
    }
    agent.says("What you say", "Can I help you with the glazes?").await?;
    agent.sees("Invited. They see it within half a minute.").await?;

    // It comes with the next beacon: at once on another page.
    visitor.runs("history.pushState({}, '', '/demo?glazes')").await?;
    visitor.finds("button", "Can I help you with the glazes?").await?;
    agent.sees("not answered yet").await?;
    if engine == Engine::Chromium {
        visitor.pictures("shop-invited").await?;
        ensure!(visitor.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the invitation");
    }
    visitor.clicks("button", "Can I help you with the glazes?").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.reads_once("Can I help you with the glazes?").await?;
    visitor.says("Message", "Yes, please").await?;
    visitor.sees("Mia joined the chat").await?;
    agent.sees("accepted Mia’s invitation").await?;
    agent.clicks("link", "Inbox").await?;
    agent.clicks_part("button", "Yes, please").await?;
    agent.reads_once("Can I help you with the glazes?").await?;
    if engine == Engine::Chromium {
        agent.clicks("link", "Visitors").await?;
        agent.holds_phone(390, 844).await?;
        agent.sees("On the sites now").await?;
        ensure!(agent.evaluates("document.documentElement.scrollWidth <= 390").await? == json!(true), "wider than the phone");
        agent.pictures("visitors-phone").await?;
    }
    visitor.is_content().await?;
    agent.is_content().await
}

in_each_engine!(an_invitation_can_be_declined_and_a_shutdown_ends_it_all);
async fn an_invitation_can_be_declined_and_a_shutdown_ends_it_all(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = opens(&stage).await?;
    let visitor = stage.visitor().await?;
    visitor.waits_until(&format!("{TOLD} > 0")).await?;
    agent.clicks_part("button", "Invite to chat").await?;
    agent.clicks("button", "Send invitation").await?;
    agent.sees("Invited.").await?;
    visitor.runs("history.pushState({}, '', '/demo?glazes')").await?;
    visitor.finds("button", "Hello! Can I help you?").await?;
    visitor.clicks("button", "Dismiss").await?;
    visitor.waits_until("!seek('button', 'Hello! Can I help you?')").await?;
    agent.sees("declined Mia’s invitation").await?;
    ensure!(visitor.evaluates("sessionStorage.length").await? == json!(0), "declined, nothing is kept of it");

    // The page tells by itself, and as soon as it is stirred.
    visitor.runs(WITNESS).await?;
    visitor.evaluates(STIRS).await?;
    ensure!(visitor.evaluates("asked.includes('/present')").await? == json!(true), "a stirred page tells");
    visitor.runs("Bulle('shutdown'); history.pushState({}, '', '/demo?elsewhere')").await?;
    visitor.waits_until("ended.length").await?;
    let asked = visitor.evaluates("asked").await?;
    visitor.evaluates(STIRS).await?;
    ensure!(visitor.evaluates("asked").await? == asked, "nothing is told after a shutdown");
    visitor.is_content().await?;
    agent.is_content().await
}

in_each_engine!(nothing_is_told_before_consent);
async fn nothing_is_told_before_consent(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = opens(&stage).await?;
    let visitor = stage.person(crate::stage::ENGLISH).await?;
    visitor.opens(&stage.url("/demo")).await?;
    visitor.finds("button", "Open chat").await?;
    // The same page as one that waits for consent: its tag is another one.
    let (script, _) = stage.loader().await?;
    ensure!(script.starts_with("addEventListener(\"bulle:ready\""), "the tag does nothing by itself: {script:.60}");
    visitor.waits_until(&format!("{TOLD} > 0")).await?;
    visitor.runs("Bulle('shutdown')").await?;
    let anew = "delete window.Bulle; const tag = document.createElement('script'); tag.dataset.consent = 'required'; \
        tag.src = '/bulle.js?site=demo&anew'; document.head.append(tag)";
    visitor.runs(WITNESS).await?;
    visitor.runs(anew).await?;
    visitor.waits_until("window.Bulle?.sites?.demo").await?;
    // Whatever asked for that code before has it by then, and has told.
    visitor.evaluates(LOADED).await?;
    ensure!(visitor.evaluates("asked").await? == json!([]), "without consent nothing is told");
    visitor.runs("Bulle('consent', true)").await?;
    visitor.waits_until("asked.includes('/present')").await?;
    agent.sees("On the sites now").await?;
    visitor.is_content().await
}
