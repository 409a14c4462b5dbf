//! Several tabs of one browser: one connection, and every tab shows the whole conversation, whichever of them is closed, reloaded, or typed
//! in, and whether or not the relay is there.

use anyhow::{Result, ensure};
use tests::browsers::Engine;

use crate::engines::{in_each_engine, skipped};
use crate::person::Person;
use crate::stage::Stage;

/// Opens another tab with the chat open.
async fn opens_chat_in_tab(visitor: &Person, stage: &Stage, page: &str) -> Result<thirtyfour::WindowHandle> {
    let tab = visitor.opens_tab(&stage.url(page)).await?;
    visitor.clicks("button", "Open chat").await?;
    Ok(tab)
}

/// Sends from the tab in front, and both sides have it.
async fn says(visitor: &Person, agent: &Person, text: &str) -> Result<()> {
    visitor.says("Message", text).await?;
    agent.reads_once(text).await?;
    visitor.waits_until("!said().includes('Sending…')").await?;
    visitor.reads_once(text).await
}

in_each_engine!(all_tabs_share_one_socket_and_survive_each_other);
async fn all_tabs_share_one_socket_and_survive_each_other(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    let first = visitor.tab().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "From the leader").await?;
    agent.clicks_part("button", "From the leader").await?;
    agent.reads_once("From the leader").await?;

    let second = opens_chat_in_tab(&visitor, &stage, "/demo?page=shelf").await?;
    visitor.reads_once("From the leader").await?;
    let third = opens_chat_in_tab(&visitor, &stage, "/demo?page=kiln").await?;
    says(&visitor, &agent, "From the third tab").await?;
    agent.says("Message", "To all tabs").await?;
    for tab in [&first, &second, &third] {
        visitor.turns_to(tab).await?;
        visitor.reads_once("To all tabs").await?;
        visitor.reads_once("From the third tab").await?;
    }
    ensure!(stage.visitors_connections().await? == 1, "three tabs, and more than one connection");

    // The leader is reloaded, and then the next one closed: whoever is left takes over.
    visitor.turns_to(&first).await?;
    visitor.reloads().await?;
    visitor.reads_once("To all tabs").await?;
    says(&visitor, &agent, "After a reload").await?;
    visitor.turns_to(&second).await?;
    visitor.closes_tab_for(&third).await?;
    says(&visitor, &agent, "After a farewell").await?;

    // What is written in either tab while the relay is away arrives once, and in both.
    stage.kills_relay()?;
    visitor.sees("Reconnecting").await?;
    visitor.says("Message", "Offline, from one").await?;
    visitor.turns_to(&first).await?;
    visitor.sees("Reconnecting").await?;
    visitor.says("Message", "Offline, from another").await?;
    stage.restarts_relay()?;
    for tab in [&first, &third] {
        visitor.turns_to(tab).await?;
        visitor.sees_no_more("Reconnecting").await?;
        for text in ["Offline, from one", "Offline, from another", "After a farewell", "After a reload", "From the leader"] {
            visitor.reads_once(text).await?;
        }
        visitor.waits_until("!said().includes('Sending…')").await?;
    }
    agent.reads_once("Offline, from one").await?;
    agent.reads_once("Offline, from another").await?;
    ensure!(stage.visitors_connections().await? == 1, "two tabs, and more than one connection");
    visitor.clicks("button", "End chat").await?;
    // The question's button has the name of the one that asks it.
    visitor
        .waits_until(
            "everything(document).filter(el => el.textContent === 'End chat' && shown(el)).map(el => el.click())[0] ?? true",
        )
        .await?;
    visitor.sees("You ended the chat").await?;
    visitor.turns_to(&first).await?;
    visitor.sees("You ended the chat").await
}

/// Counts the notes that a page plays, in place of playing them.
const LISTENS: &str = "(() => {
    window.notes = 0;
    const node = () => ({ connect: other => other, start() { window.notes++; }, stop() {}, frequency: {},
        gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} } });
    window.AudioContext = class { currentTime = 0; createOscillator() { return node(); } createGain() { return node(); } };
    return true;
})()";

in_each_engine!(one_tab_rings_and_all_titles_count);
async fn one_tab_rings_and_all_titles_count(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    let first = visitor.tab().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Call me when it is done").await?;
    agent.clicks_part("button", "Call me when it is done").await?;
    agent.reads_once("Call me when it is done").await?;
    visitor.clicks("button", "Close chat").await?;
    visitor.evaluates(LISTENS).await?;
    let second = opens_chat_in_tab(&visitor, &stage, "/demo?page=shelf").await?;
    visitor.reads_once("Call me when it is done").await?;
    visitor.clicks("button", "Close chat").await?;
    visitor.evaluates(LISTENS).await?;
    visitor.evaluates("document.title = ' A title of  its own'").await?;
    let title = visitor.evaluates("document.querySelector('title').textContent").await?;

    agent.says("Message", "It is done").await?;
    let mut notes = 0;
    for tab in [&first, &second] {
        visitor.turns_to(tab).await?;
        visitor.waits_until("document.title.startsWith('(1) ')").await?;
        visitor.waits_until("words(seek('status', 'Unread messages: 1')).length").await?;
        notes += visitor.evaluates("notes").await?.as_i64().unwrap_or_default();
    }
    ensure!(notes == 2, "one sound has two notes, and {notes} were played");

    // Seen in one tab, it is seen in all; and a title that the page has set meanwhile stays.
    visitor.turns_to(&first).await?;
    visitor.evaluates("document.title = 'Meanwhile'").await?;
    visitor.turns_to(&second).await?;
    if visitor.evaluates("document.hidden").await? == true {
        return skipped(
            engine,
            module_path!(),
            "its driver leaves the tab hidden that it turns to, so nothing is ever read there",
        );
    }
    visitor.clicks("button", "Open chat").await?;
    visitor.waits_until(&format!("document.querySelector('title').textContent === {title}")).await?;
    visitor.turns_to(&first).await?;
    visitor.waits_until("!seek('status', 'Unread messages: 1')").await?;
    ensure!(visitor.evaluates("document.title").await? == "Meanwhile");

    // Nothing rings for what a tab shows.
    visitor.turns_to(&second).await?;
    agent.says("Message", "Come and fetch it").await?;
    visitor.reads_once("Come and fetch it").await?;
    for tab in [&first, &second] {
        visitor.turns_to(tab).await?;
        notes -= visitor.evaluates("notes").await?.as_i64().unwrap_or_default();
        visitor.is_content().await?;
    }
    ensure!(notes == 0, "something rang for what was seen");
    Ok(())
}
