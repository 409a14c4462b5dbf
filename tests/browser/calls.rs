//! What a page may say to the chat and hears from it, beyond what [`embed`](super::embed) tells: every attribute of the tag, looks that change,
//! the events of a queue, an end and a rating, listeners that are taken away; and a panel that does not arrive.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::{Engine, Looks};

use crate::engines::in_each_engine;
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

/// Keeps every event that there is.
const EARS: &str = "<script>window.Bulle = window.Bulle || function () { (Bulle.q = Bulle.q || []).push(arguments) };\
    window.told = [];\
    for (const name of ['ready', 'open', 'close', 'unread', 'message', 'queued', 'assigned', 'ended', 'rated', 'error'])\
      Bulle('on', name, event => told.push([name, event.detail]));</script>";

/// Where the launcher is, and how it looks.
const LAUNCHER: &str = "(() => { const button = chat().shadowRoot.getElementById('bulle'), { left, right, bottom } = button.getBoundingClientRect(); \
    return [getComputedStyle(button).backgroundColor, left < innerWidth - right ? ['left', left] : ['right', innerWidth - right], innerHeight - bottom] })()";

fn page(name: &'static str, attributes: &str) -> Page {
    let html = format!(
        "<!doctype html><html lang=en><title>{name}</title>{EARS}<script async {attributes} src=\"RELAY/bulle.js?site=demo\"></script><body><h1>{name}</h1>"
    );
    Page { name, html, policy: "" }
}

/// The condition that an event came, with this about its detail.
fn heard(name: &str, about: &str) -> String {
    format!("told.some(([name, detail]) => name === '{name}' && ({about}))")
}

in_each_engine!(the_tag_and_the_page_decide_how_it_looks);
async fn the_tag_and_the_page_decide_how_it_looks(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let _agent = town::agent(&stage, "Mia").await?;
    let attributes = "data-launcher=none data-theme=dark data-z-index=5 data-locale=fr data-color=\"#008000\"";
    let town = Town::with(&stage, vec![page("bare", attributes), page("plain", "data-theme=light")]).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("bare")).await?;
    visitor.waits_until(&heard("ready", "true")).await?;
    ensure!(
        !visitor.has("button", "Ouvrir le chat").await? && !visitor.has("button", "Open chat").await?,
        "no launcher is wanted"
    );
    let layer = visitor.evaluates("[getComputedStyle(chat()).zIndex, chat().matches(':popover-open')]").await?;
    ensure!(layer == json!(["5", false]), "in the layer that the page names: {layer}");
    let scheme = |name: &str| format!("getComputedStyle(seek('dialog', '{name}')).colorScheme");
    visitor.evaluates("Bulle('open')").await?;
    visitor.finds("dialog", "Discussion").await?;
    ensure!(visitor.evaluates(&scheme("Discussion")).await? == "dark");
    visitor.evaluates("Bulle('hide')").await?;
    visitor.waits_until("!seek('dialog', 'Discussion')").await?;
    visitor.evaluates("Bulle('show')").await?;
    visitor.finds("dialog", "Discussion").await?;

    // Another mind, on the same page.
    visitor
        .evaluates("Bulle('update', { launcher: undefined, color: '#0000ff', side: 'left', offsetX: 40, offsetY: 60 })")
        .await?;
    visitor.waits_until(&format!("{LAUNCHER}[0] === 'rgb(0, 0, 255)'")).await?;
    let looks = visitor.evaluates(LAUNCHER).await?;
    ensure!(looks == json!(["rgb(0, 0, 255)", ["left", 40], 60]), "{looks}");
    ensure!(visitor.evaluates("seek('dialog', 'Discussion').getBoundingClientRect().left").await? == 40, "the panel goes along");

    // Who listens no more hears no more.
    visitor
        .evaluates("window.hits = 0, window.hit = () => window.hits++, Bulle('on', 'close', window.hit), Bulle('close')")
        .await?;
    visitor.waits_until("window.hits === 1").await?;
    visitor.evaluates("Bulle('off', 'close', window.hit), Bulle('open')").await?;
    visitor.finds("dialog", "Discussion").await?;
    visitor.evaluates("Bulle('close')").await?;
    visitor.waits_until("told.filter(([name]) => name === 'close').length === 2").await?;
    ensure!(visitor.evaluates("window.hits").await? == 1);

    visitor.is_content().await?;

    let visitor = stage.person_who_likes(ENGLISH, Looks { dark: true, ..Looks::default() }).await?;
    visitor.opens(&town.url("plain")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("dialog", "Chat").await?;
    ensure!(visitor.evaluates(&scheme("Chat")).await? == "light", "whatever the system prefers");
    visitor.is_content().await
}

in_each_engine!(the_page_hears_of_queue_end_and_rating);
async fn the_page_hears_of_queue_end_and_rating(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let mut served = Vec::new();
    for text in ["First here", "Second here", "Third here"] {
        let visitor = stage.native_visitor(text).await;
        visitor.is_with("Mia").await;
        served.push(visitor);
    }
    let town = Town::with(&stage, vec![page("shop", "")]).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("shop")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Fourth here").await?;
    visitor.waits_until(&heard("queued", "detail.position === 1")).await?;
    let first = served[0].conversation();
    ensure!(agent.closes(first).await.is_ok(), "the first chat ends");
    visitor.waits_until(&heard("assigned", "detail.agent === 'Mia'")).await?;
    ensure!(visitor.evaluates(&heard("ended", "true")).await? == false, "others' ends are no news here");
    let chat = agent
        .until_console("the fourth chat", |console| {
            let is_new = |id: &&_| !served.iter().any(|visitor| visitor.conversation() == **id);
            console.active().iter().find(is_new).copied()
        })
        .await;
    ensure!(agent.closes(chat).await.is_ok(), "the fourth chat ends");
    visitor.waits_until(&heard("ended", "true")).await?;
    visitor.finds("radio", "4: Good").await?;
    visitor.runs_seeking("seek('radio', '4: Good').click()").await?;
    visitor.runs_seeking("everything(document).find(el => el.matches('.over .main')).click()").await?;
    visitor.waits_until(&heard("rated", "detail.score === 4")).await?;
    ensure!(visitor.evaluates(&heard("error", "true")).await? == false);
    visitor.is_content().await
}

in_each_engine!(the_page_hears_of_what_fails);
async fn the_page_hears_of_what_fails(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let town = Town::with(&stage, vec![page("shop", "")]).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("shop")).await?;
    visitor.finds("button", "Open chat").await?;

    // The panel's code does not arrive; the launcher says so, and works once it can.
    let greetings = agent.log().greetings;
    stage.kills_relay()?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Chat not loaded. Try again.").await?;
    visitor.waits_until(&heard("error", "detail.code === 'load'")).await?;
    stage.restarts_relay()?;
    // The demo is set up anew with every start.
    town::lets_in(&stage, &[])?;
    agent.until_true("back", |log| log.greetings > greetings).await;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Now it is").await?;
    visitor.reads_once("Now it is").await?;
    visitor.sees_no_more("Chat not loaded. Try again.").await?;
    let errors = visitor.evaluates("told.filter(([name]) => name === 'error')").await?;
    ensure!(errors.as_array().is_some_and(|errors| errors.len() == 1), "told once: {errors}");

    // A page that is taken off the list.
    town::lets_in(&stage, &["http://shop.example".to_owned()])?;
    visitor.evaluates("Bulle('shutdown')").await?;
    visitor.waits_until("!chat()").await?;
    visitor.evaluates("Bulle('boot'), Bulle('open')").await?;
    visitor.sees("Chat is not available on this page.").await?;
    visitor.waits_until(&heard("error", "detail.code === 'origin'")).await.map(drop)
}
