//! Messages that a page shows by itself: to whom, when, how often, and what becomes of them. They cost a page without rules nothing.

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// The greetings that this browser was shown. Noted before they are drawn, so what is not here will not appear.
const SHOWN: &str = "JSON.parse(localStorage['bulle:demo:greet'] || '{}').shown";
/// The pointer leaves by the upper edge.
const LEAVES: &str = "document.dispatchEvent(new MouseEvent('mouseout', { relatedTarget: null, clientY: -1 }))";
/// The page's own question for the rules, asked once more after it was answered: what the first answer has set off is done by then.
const SETTLED: &str = "fetch('/greetings?site=demo', { credentials: 'omit' }).then(answer => answer.json()) \
    .then(() => new Promise(done => setTimeout(done, 0, true)))";
/// Which of the product's files the page has fetched.
const SCRIPTS: &str = "performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname.split('/').pop()).filter(name => name.endsWith('.js'))";
/// The rules have come.
const ASKED: &str = "performance.getEntriesByName(location.origin + '/greetings?site=demo').length > 0";

/// The site has these greetings from now on.
fn sets(stage: &Stage, greetings: Value) -> Result<()> {
    let settings = json!({ "greetings": greetings }).to_string();
    Connection::open(stage.database())?.execute("UPDATE site SET settings = ?1", [settings]).map(drop)?;
    Ok(())
}

/// Comes back to the page, and not with an answer from the browser's cache (where answers to requests without credentials lie apart).
async fn comes_back(visitor: &Person, stage: &Stage) -> Result<()> {
    visitor.evaluates("fetch('/greetings?site=demo', { cache: 'reload', credentials: 'omit' }).then(() => 1)").await?;
    visitor.opens(&stage.url("/demo")).await?;
    visitor.waits_until(ASKED).await.map(drop)
}

/// Comes as somebody who was never here.
async fn comes_first(visitor: &Person, stage: &Stage) -> Result<()> {
    visitor.evaluates("localStorage.clear() ?? sessionStorage.clear()").await?;
    comes_back(visitor, stage).await
}

/// What has been shown by the time that the pointer has left: with the rules there, that is decided, and noted, before the event is over; or once
/// an answer that had become too old is renewed.
async fn shown_on_leaving(visitor: &Person) -> Result<Value> {
    visitor.evaluates(SETTLED).await?;
    visitor.evaluates(LEAVES).await?;
    visitor.evaluates(SETTLED).await?;
    visitor.evaluates(SHOWN).await
}

in_each_engine!(pages_greet_once_and_only_while_somebody_is_there);
async fn pages_greet_once_and_only_while_somebody_is_there(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    ensure!(visitor.evaluates(SCRIPTS).await? == json!(["bulle.js"]), "no rules, no script");
    ensure!(visitor.evaluates("localStorage.length").await? == json!(0), "no rules, nothing stored");

    // Nobody is there to answer.
    sets(&stage, json!([{ "id": "bye", "text": "Leaving so soon?", "exit": true }]))?;
    visitor.evaluates("fetch('/bulle.js?site=demo', { cache: 'reload' }).then(() => 1)").await?;
    comes_first(&visitor, &stage).await?;
    ensure!(shown_on_leaving(&visitor).await? == json!([]), "nobody is there");

    goes_online(&agent).await?;
    comes_back(&visitor, &stage).await?;
    visitor.evaluates(SETTLED).await?;
    ensure!(visitor.evaluates(SHOWN).await? == json!([]), "the pointer is still there");
    visitor.waits_until(&format!("{LEAVES} && seek('button', 'Leaving so soon?')")).await?;
    ensure!(
        visitor.evaluates("seekPart('status', 'Leaving so soon?').contains(seek('button', 'Leaving so soon?'))").await?
            == json!(true)
    );
    ensure!(visitor.evaluates("seen.shift").await? == json!(0), "no layout shift");
    ensure!(visitor.evaluates("seen.sockets").await? == json!([]), "no socket");
    if engine == Engine::Chromium {
        visitor.pictures("shop-greeting").await?;
        visitor.prefers("dark").await?;
        visitor.evaluates("document.documentElement.dir = 'rtl'").await?;
        visitor.pictures("shop-greeting-dark-rtl").await?;
        visitor.prefers("light").await?;
        visitor.evaluates("document.documentElement.dir = 'ltr'").await?;
    }

    // By keyboard: behind the launcher, gone with Escape, and the launcher has the focus.
    visitor.tabs_to("button", "Leaving so soon?").await?;
    visitor.hits(Key::Tab).await?;
    visitor.is_at("button", "Dismiss").await?;
    visitor.hits(Key::Escape).await?;
    visitor.is_at("button", "Open chat").await?;
    ensure!(!visitor.has("button", "Leaving so soon?").await?);

    // Dismissed once, there is peace for the rest of the visit, and the next one has other rules.
    sets(
        &stage,
        json!([
            { "id": "bye", "text": "Leaving so soon?", "exit": true },
            { "id": "elsewhere", "text": "Not here", "url": "/cart*" },
            { "id": "newcomer", "text": "Not you", "returning": false },
            { "id": "back", "text": "Welcome back!", "returning": true, "url": "*/demo", "scroll": 60, "after_s": 1 },
        ]),
    )?;
    visitor
        .evaluates("localStorage['bulle:demo:greet'] = localStorage['bulle:demo:greet'].replace(/\"at\":\\d+/, '\"at\":0')")
        .await?;
    comes_back(&visitor, &stage).await?;
    ensure!(shown_on_leaving(&visitor).await? == json!(["bye"]), "nobody is greeted twice, and not before they have scrolled");
    visitor.evaluates("scrollTo(0, document.body.scrollHeight)").await?;
    visitor.finds("button", "Welcome back!").await?;

    // Its click opens the chat, where it stands first; the answer goes with it.
    visitor.clicks("button", "Welcome back!").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.reads_once("Welcome back!").await?;
    ensure!(!visitor.has("button", "Welcome back!").await?, "it has moved into the chat");
    visitor.says("Message", "Thank you").await?;
    agent.clicks_part("button", "Thank you").await?;
    agent.reads_once("Thank you").await?;
    ensure!(visitor.evaluates("sessionStorage['bulle:demo:greeting'] ?? null").await? == json!(null), "answered once");
    visitor.clicks("button", "Close chat").await?;

    // While a conversation lives, nobody needs to be asked whether they want one.
    sets(&stage, json!([{ "id": "again", "text": "Can I help?", "exit": true }]))?;
    comes_back(&visitor, &stage).await?;
    let shown = shown_on_leaving(&visitor).await?;
    ensure!(shown == json!(["bye", "back"]), "not beside a conversation, but {shown}");
    visitor.is_content().await
}
