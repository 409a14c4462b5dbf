//! What the widget costs the page that it is on, in a real Chromium slowed down four times: the script that runs until the launcher
//! stands there, the longest task and the layout shift it causes, and the way from a click to a composer that takes text. The browser has
//! been running for a page or two, as a visitor's has; each load is in a tab with empty caches, beside a control: the same page without
//! the script tag.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::cdp::{Chromium, Tab};

/// How much slower the processor is made to look (DESIGN §13).
const SLOWDOWN: u32 = 4;

/// Notes long tasks and layout shifts from the first moment of the page.
const WATCH: &str = "<script>window.seen={task:0,shift:0};\
new PerformanceObserver(list=>{for(const e of list.getEntries())seen.task=Math.max(seen.task,e.duration)}).observe({type:'longtask',buffered:true});\
new PerformanceObserver(list=>{for(const e of list.getEntries())seen.shift+=e.value}).observe({type:'layout-shift',buffered:true})</script>";

/// What the page has noted, once the launcher stands there; a page's own load event waits for it.
const LAUNCHER: &str = "document.querySelector('bulle-chat')?.shadowRoot?.querySelector('button') ? seen : null";

/// What the control has noted.
const PLAIN: &str = "seen";

/// Presses the launcher and ends when the composer gets the focus; the answer is the time between in ms. Also notes when the next frame was
/// drawn, and when the panel was whole. Nothing polls: that would be most of what is measured.
const CLICK: &str = "new Promise(done=>{const root=document.querySelector('bulle-chat').shadowRoot,began=performance.now(),since=()=>performance.now()-began,\
{port1,port2}=new MessageChannel;let drawn;seen.whole=new Promise(tell=>{port1.onmessage=()=>drawn=since();\
new MutationObserver(([{target}])=>!target.ariaBusy&&tell([drawn,since()])).observe(root,{subtree:true,attributeFilter:['aria-busy']})});\
root.addEventListener('focusin',event=>{if(event.target.tagName==='TEXTAREA'){done(since());requestAnimationFrame(()=>port2.postMessage(0))}});\
root.querySelector('button').click()})";

/// When the panel was drawn and when it was whole, in ms after the click.
const WHOLE: &str = "seen.whole";

/// One load of a page.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Script time until the launcher stood there (control: until painted), in ms.
    pub script_ms: f64,
    /// The longest task over 50 ms, in ms; 0: none.
    pub longest_task_ms: f64,
    /// Cumulative layout shift.
    pub shift: f64,
}

/// One click on the launcher.
#[derive(Clone, Copy, Debug)]
pub struct Click {
    /// Until the composer had the focus, in ms.
    pub focus_ms: f64,
    /// Until that was seen, in ms.
    pub drawn_ms: f64,
    /// Until the panel was whole: the wasm has built the rest and takes what was written. In ms.
    pub whole_ms: f64,
    /// Script time until then, in ms.
    pub script_ms: f64,
}

/// Serves the page with and without the widget of a relay; ends with the runtime.
pub async fn pages(relay: SocketAddr) -> Result<SocketAddr> {
    let page = |script: String| {
        format!("<!doctype html><html lang=en><meta charset=utf-8><title>Page</title>{WATCH}<body><h1>Page</h1>{script}")
    };
    let plain = page(String::new());
    let chatty = page(format!("<script async src=\"http://{relay}/bulle.js?site=demo\"></script>"));
    let app = Router::new()
        .route("/plain", get(move || async move { Html(plain) }))
        .route("/chatty", get(move || async move { Html(chatty) }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::task::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// Loads the page without the widget.
pub async fn control(browser: &mut Chromium, pages: SocketAddr) -> Result<Load> {
    let tab = slow(browser, pages).await?;
    let load = open(browser, &tab, &format!("http://{pages}/plain"), PLAIN).await?;
    browser.close(tab).await?;
    Ok(load)
}

/// Loads the page with the widget, and clicks it.
pub async fn visit(browser: &mut Chromium, pages: SocketAddr) -> Result<(Load, Click)> {
    let tab = slow(browser, pages).await?;
    let load = open(browser, &tab, &format!("http://{pages}/chatty"), LAUNCHER).await?;
    let before = script_ms(browser, &tab).await?;
    let focus_ms = browser.evaluate(&tab, CLICK).await?.as_f64().context("no time")?;
    let [drawn_ms, whole_ms] =
        serde_json::from_value(browser.evaluate(&tab, WHOLE).await?).context("never drawn, or never whole")?;
    let click = Click { focus_ms, drawn_ms, whole_ms, script_ms: script_ms(browser, &tab).await? - before };
    browser.close(tab).await?;
    Ok((load, click))
}

async fn slow(browser: &mut Chromium, pages: SocketAddr) -> Result<Tab> {
    let tab = browser.tab(&format!("http://{pages}")).await?;
    browser.command(&tab, "Page.enable", json!({})).await?;
    // Where this visitor was before: what a browser sets up for the first page of all is not this page's.
    browser.open(&tab, &format!("http://{pages}/plain")).await?;
    browser.command(&tab, "Performance.enable", json!({})).await?;
    browser.command(&tab, "Emulation.setCPUThrottlingRate", json!({ "rate": SLOWDOWN })).await?;
    Ok(tab)
}

async fn open(browser: &mut Chromium, tab: &Tab, url: &str, look: &str) -> Result<Load> {
    let before = script_ms(browser, tab).await?;
    browser.open(tab, url).await?;
    // Before anything else runs on the page: what is asked of it counts, too.
    let script_ms = script_ms(browser, tab).await? - before;
    let seen = browser.evaluate(tab, look).await?;
    let figure = |name: &str| seen.get(name).and_then(Value::as_f64).context("the launcher is not there");
    Ok(Load { script_ms, longest_task_ms: figure("task")?, shift: figure("shift")? })
}

/// Time that the tab has spent in scripts so far.
async fn script_ms(browser: &mut Chromium, tab: &Tab) -> Result<f64> {
    let answer = browser.command(tab, "Performance.getMetrics", json!({})).await?;
    let metrics = answer.get("metrics").and_then(Value::as_array).context("no metrics")?;
    let script = metrics.iter().find(|metric| metric.get("name").is_some_and(|name| name == "ScriptDuration"));
    let seconds = script.and_then(|metric| metric.get("value")).and_then(Value::as_f64).context("no ScriptDuration")?;
    Ok(seconds * 1_000.0)
}
