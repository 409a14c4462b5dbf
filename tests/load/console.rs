//! How soon the console paints what its agent types while fifty chats live: twenty that the agent has, as many as anybody may, and thirty that
//! wait, each with a visitor who writes and sends. A real Chromium at its own speed; keys come through the DevTools protocol, as from a keyboard.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::accounts::Account;
use tests::visitor::Visitor;

use crate::cdp::{Chromium, Tab};
use crate::stage::Stage;

/// Chats that live.
pub const CHATS: usize = 50;
/// Those of them that the agent has: the greatest capacity there is.
pub const MINE: u32 = 20;
/// Pause between two keys: a fast typist's.
const BETWEEN_KEYS: Duration = Duration::from_millis(90);
/// Keys that are measured.
const KEYS: usize = 100;
/// Pause between what two visitors do: each writes once a second.
const BETWEEN_VISITORS: Duration = Duration::from_millis(20);
/// Of how many drafts of a visitor one is sent.
const SENT: usize = 4;

/// Notes for each key how long it took from the press to the end of the frame that shows it, and how many changes of the page came meanwhile.
const WATCH: &str = "window.keys=[];window.changes=0;new MutationObserver(all=>changes+=all.length).observe(document.body,\
{subtree:true,childList:true,characterData:true,attributes:true});\
document.addEventListener('keydown',event=>{const began=event.timeStamp;requestAnimationFrame(()=>{const port=new MessageChannel();\
port.port1.onmessage=()=>keys.push(performance.now()-began);port.port2.postMessage(0)})},true);\
document.querySelector('#composer').focus();true";

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Typing {
    /// Of a hundred keys, the time within which 95 were on the screen, in ms.
    pub p95_ms: f64,
}

/// Types into the composer while everybody else writes, too.
pub async fn typing(browser: &mut Chromium, stage: &Stage, agent: &Account) -> Result<Typing> {
    let address = stage.server.address;
    let tab = enter(browser, stage, agent).await?;
    let mut visitors = Vec::new();
    for number in 0..CHATS {
        let visitor = Visitor::new(address, "demo");
        visitor.opens_chat().await;
        visitor.says(&format!("Question {number}")).await;
        visitors.push(visitor);
    }
    until(browser, &tab, &format!("document.querySelectorAll('[data-row]').length>={CHATS}")).await?;
    browser.evaluate(&tab, "document.querySelector('.slots [data-row]').click()").await?;
    until(browser, &tab, "!!document.querySelector('#composer')").await?;
    browser.evaluate(&tab, WATCH).await?;
    let measured = tokio::select! {
        measured = keys(browser, &tab) => measured?,
        never = everybody_writes(&visitors) => never,
    };
    browser.close(tab).await?;
    Ok(measured)
}

/// Signs in with the agent's cookie and goes online.
async fn enter(browser: &mut Chromium, stage: &Stage, agent: &Account) -> Result<Tab> {
    let origin = format!("http://{}", stage.server.address);
    let tab = browser.tab(&origin).await?;
    browser.command(&tab, "Page.enable", json!({})).await?;
    let (name, value) = agent.cookie.split_once('=').context("a cookie has a name")?;
    browser.command(&tab, "Network.setCookie", json!({ "name": name, "value": value, "url": origin })).await?;
    browser.open(&tab, &format!("{origin}/console/")).await?;
    until(browser, &tab, "!!document.querySelector('[name=presence]:enabled')").await?;
    browser.evaluate(&tab, "document.querySelector('[name=presence]').click()").await?;
    until(
        browser,
        &tab,
        "document.querySelector('.presence').ariaBusy==='false'&&document.querySelector('[name=presence]').checked",
    )
    .await?;
    Ok(tab)
}

/// Waits in the page, frame by frame.
async fn until(browser: &mut Chromium, tab: &Tab, holds: &str) -> Result<()> {
    let script = format!(
        "new Promise(done=>{{const end=performance.now()+25000;const look=()=>({holds})?done(true):performance.now()>end?done(false):\
         requestAnimationFrame(look);look()}})"
    );
    let held = browser.evaluate(tab, &script).await?;
    ensure!(held == json!(true), "never true on the console: {holds}");
    Ok(())
}

async fn keys(browser: &mut Chromium, tab: &Tab) -> Result<Typing> {
    let mut beat = tokio::time::interval(BETWEEN_KEYS);
    for number in 0..KEYS {
        beat.tick().await;
        // Words of five letters.
        let key = if number % 6 == 5 { " " } else { "a" };
        for kind in ["keyDown", "keyUp"] {
            // Whoever lets a key go writes nothing.
            let text = if kind == "keyDown" { key } else { "" };
            let event = json!({ "type": kind, "key": key, "code": if key == " " { "Space" } else { "KeyA" }, "text": text });
            browser.command(tab, "Input.dispatchKeyEvent", event).await?;
        }
    }
    until(browser, tab, &format!("keys.length>={KEYS}")).await?;
    let seen = browser.evaluate(tab, "({keys,changes,written:document.querySelector('#composer').value.length})").await?;
    ensure!(seen["written"].as_u64() == Some(KEYS as u64), "not every key was written: {}", seen["written"]);
    // Otherwise the fifty chats did not live.
    ensure!(seen["changes"].as_u64() > Some(KEYS as u64 * 4), "hardly anything changed meanwhile: {}", seen["changes"]);
    let mut keys: Vec<f64> = seen["keys"].as_array().context("a list")?.iter().filter_map(Value::as_f64).collect();
    keys.sort_by(f64::total_cmp);
    Ok(Typing { p95_ms: keys.get(KEYS * 95 / 100).copied().context("a hundred keys")? })
}

/// Everybody writes, one after the other, and now and then sends it; without end.
async fn everybody_writes(visitors: &[Visitor]) -> Typing {
    let mut beat = tokio::time::interval(BETWEEN_VISITORS);
    for turn in 0_usize.. {
        for (number, visitor) in visitors.iter().enumerate() {
            beat.tick().await;
            visitor.types(&format!("I write, and this is draft {turn} of {number}")).await;
            if (turn + number) % SENT == 0 {
                visitor.starts_to_say(&format!("Message {turn} of {number}")).await;
            }
        }
    }
    Typing { p95_ms: f64::NAN }
}
