//! What the widget costs the page that it is on, in a real Chromium slowed down four times: the script that runs until the launcher
//! stands there, the longest task and the layout shift it causes, and the way from a click to a composer that takes text. Every
//! load is a new browser profile, so nothing is cached, beside a control: the same page without the script tag.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use tests::browsers::Driver;
use thirtyfour::prelude::*;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How much slower the processor is made to look (DESIGN §13).
const SLOWDOWN: u32 = 4;
/// How long a browser that was just started is left alone. It is busy with itself meanwhile, on a machine of two cores with both of them
/// (a click measured at once took 470 ms, after this 210 ms); a visitor's has been running for a while.
const SETTLES: Duration = Duration::from_millis(2_500);
/// Longest wait for anything on the page.
const PATIENCE: Duration = Duration::from_secs(30);

/// Notes long tasks and layout shifts from the first moment of the page.
const WATCH: &str = "<script>window.seen={task:0,shift:0};\
new PerformanceObserver(list=>{for(const e of list.getEntries())seen.task=Math.max(seen.task,e.duration)}).observe({type:'longtask',buffered:true});\
new PerformanceObserver(list=>{for(const e of list.getEntries())seen.shift+=e.value}).observe({type:'layout-shift',buffered:true})</script>";

/// What the page has noted, once the launcher stands there; a page's own load event waits for it.
const LAUNCHER: &str = "return document.querySelector('bulle-chat')?.shadowRoot?.querySelector('button') ? seen : null";

/// What the control has noted.
const PLAIN: &str = "return seen";

/// Presses the launcher and ends when the composer gets the focus; the answer is the time between in ms. Nothing polls: that would be
/// most of what is measured.
const CLICK: &str = "const done=arguments[0];const root=document.querySelector('bulle-chat').shadowRoot;const began=performance.now();\
root.addEventListener('focusin',event=>event.target.tagName==='TEXTAREA'&&done(performance.now()-began));root.querySelector('button').click()";

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
    /// Script time of that, in ms.
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
pub async fn control(driver: &Driver, pages: SocketAddr) -> Result<Load> {
    let (browser, _profile) = slow(driver).await?;
    let load = open(&browser, &format!("http://{pages}/plain"), PLAIN).await;
    browser.quit().await?;
    load
}

/// Loads the page with the widget, and clicks it.
pub async fn visit(driver: &Driver, pages: SocketAddr) -> Result<(Load, Click)> {
    let (browser, _profile) = slow(driver).await?;
    let visit = async {
        let load = open(&browser, &format!("http://{pages}/chatty"), LAUNCHER).await?;
        let before = script_ms(&browser).await?;
        let focus_ms = browser.execute_async(CLICK, vec![]).await?.json().as_f64().context("no time")?;
        let click = Click { focus_ms, script_ms: script_ms(&browser).await? - before };
        Ok((load, click))
    };
    let visit = visit.await;
    browser.quit().await?;
    visit
}

async fn slow(driver: &Driver) -> Result<(WebDriver, tempfile::TempDir)> {
    let (browser, profile) = driver.browser("en").await?;
    browser.set_script_timeout(PATIENCE).await?;
    sleep(SETTLES).await;
    browser.cdp().send_raw("Performance.enable", json!({})).await?;
    browser.cdp().send_raw("Emulation.setCPUThrottlingRate", json!({ "rate": SLOWDOWN })).await?;
    Ok((browser, profile))
}

async fn open(browser: &WebDriver, url: &str, look: &str) -> Result<Load> {
    let before = script_ms(browser).await?;
    browser.goto(url).await?;
    // Before anything else runs on the page: what the driver asks it to do counts, too.
    let script_ms = script_ms(browser).await? - before;
    let seen: Value = browser.execute(look, vec![]).await?.json().clone();
    let figure = |name: &str| seen.get(name).and_then(Value::as_f64).context("the launcher is not there");
    Ok(Load { script_ms, longest_task_ms: figure("task")?, shift: figure("shift")? })
}

/// Time that the page has spent in scripts so far.
async fn script_ms(browser: &WebDriver) -> Result<f64> {
    let answer = browser.cdp().send_raw("Performance.getMetrics", json!({})).await?;
    let metrics = answer.get("metrics").and_then(Value::as_array).context("no metrics")?;
    let script = metrics.iter().find(|metric| metric.get("name").is_some_and(|name| name == "ScriptDuration"));
    let seconds = script.and_then(|metric| metric.get("value")).and_then(Value::as_f64).context("no ScriptDuration")?;
    Ok(seconds * 1_000.0)
}
