//! How an agent at the console notices: sound, title, icon and desktop notifications, once in all tabs, never for what is read; and, once the
//! console is closed, the browser's own.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;
use tests::push::PushService;
use thirtyfour::WindowHandle;

use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// Counts what would be heard and shown, in the tab where it runs; and how often it was thought over whether to, which takes 300 ms each time.
const WITNESS: &str = "
    window.played = 0; window.told = []; window.thought = 0;
    const later = window.setTimeout;
    window.setTimeout = (call, wait, ...rest) => later(wait === 300 ? () => { call(); thought += 1; } : call, wait, ...rest);
    const node = () => ({ frequency: {}, gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} },
        connect: next => next, start() { played += 1; }, stop() {} });
    window.AudioContext = class { state = 'running'; currentTime = 0; destination = {}; createOscillator() { return node(); } createGain() { return node(); } };
    window.Notification = class { static permission = window.permitted || 'default';
        static async requestPermission() { window.asked = true; return this.permission = 'granted'; }
        constructor(title, about) { told.push({ title, body: about.body, tag: about.tag }); this.tag = about.tag; window.last = this; }
        close() { window.taken = this.tag; } };";

/// What was played and told in a tab so far: two notes are one sound.
async fn noticed(agent: &Person, tab: &WindowHandle) -> Result<(i64, Vec<String>)> {
    agent.turns_to(tab).await?;
    let played = agent.evaluates("played").await?.as_i64().unwrap_or_default();
    ensure!(played % 2 == 0, "{played} notes");
    Ok((played / 2, serde_json::from_value(agent.evaluates("told.map(one => one.title)").await?)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_told_once_in_all_tabs_and_never_of_what_is_read() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent("Ada").await?;
    goes_online(&agent).await?;
    let inbox = agent.tab().await?;
    agent.runs(WITNESS).await?;

    // Nobody is asked by itself; a button asks.
    agent.clicks("link", "Settings").await?;
    agent.clicks("link", "Notifications").await?;
    agent.finds("checkbox", "Play a sound").await?;
    ensure!(agent.evaluates("!!window.asked").await? == json!(false));
    agent.pictures("notifications").await?;
    agent.clicks("button", "Ask the browser for permission").await?;
    agent.waits_until("seek('checkbox', 'Show desktop notifications')?.checked").await?;
    agent.clicks("button", "Play it").await?;
    agent.waits_until("played === 2").await?;
    ensure!(agent.asks_axe_everywhere().await?.is_empty(), "{:#?}", agent.asks_axe_everywhere().await?);
    agent.prefers("dark").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("notifications-phone-dark").await?;
    ensure!(agent.evaluates("document.querySelector('.sheet').scrollWidth <= innerWidth").await? == json!(true));
    agent.puts_phone_away().await?;
    agent.prefers("light").await?;
    agent.runs("played = 0").await?;

    // A second tab of the same console; the first one shows its settings.
    let other = agent.opens_tab(&stage.url("/console/")).await?;
    agent.runs(&format!("window.permitted = 'granted'; {WITNESS}")).await?;
    agent.finds("radio", "Online").await?;
    let visitor = stage.native_visitor("Do you repair bowls?").await;
    agent.waits_until("document.title === '(1) Bulle'").await?;
    agent.waits_until("document.querySelector('link[rel=icon]').href.startsWith('data:image/png')").await?;
    until_told(&agent, [&inbox, &other], 1).await?;
    let both = [noticed(&agent, &inbox).await?, noticed(&agent, &other).await?];
    let told: Vec<&str> = both.iter().flat_map(|(_, told)| told).map(String::as_str).collect();
    ensure!(told.len() == 1 && told[0].starts_with("New chat: Visitor "), "{told:?}");

    // What is read in the one is read in the other, and what stands in view is told by nobody.
    agent.turns_to(&other).await?;
    agent.clicks_part("button", "Do you repair bowls?").await?;
    agent.waits_until("document.title === 'Bulle'").await?;
    agent.turns_to(&inbox).await?;
    agent.waits_until("document.title === 'Bulle'").await?;
    agent.waits_until("document.querySelector('link[rel=icon]').href.endsWith('icon.svg')").await?;
    agent.turns_to(&other).await?;
    visitor.says("It is a blue one.").await;
    agent.sees("It is a blue one.").await?;
    // The next thing that is told comes after it, so what was not told before never is.
    let second = stage.native_visitor("Are you open today?").await;
    until_told(&agent, [&inbox, &other], 2).await?;
    let both = [noticed(&agent, &inbox).await?, noticed(&agent, &other).await?];
    let told: Vec<&str> = both.iter().flat_map(|(_, told)| told).map(String::as_str).collect();
    ensure!(told.iter().all(|title| title.starts_with("New chat: ")), "{told:?}");

    // Quiet hours hold in every tab at once.
    agent.turns_to(&inbox).await?;
    agent.clicks("checkbox", "Keep quiet hours").await?;
    agent.evaluates("(() => { for (const field of document.querySelectorAll('input[type=time]')) { field.value = '00:00'; field.dispatchEvent(new Event('change', { bubbles: true })); } return 1; })()").await?;
    agent
        .waits_until(
            "JSON.parse(localStorage['bulle.notices']).quiet.until === 0 && JSON.parse(localStorage['bulle.notices']).is_quiet",
        )
        .await?;
    for tab in [&inbox, &other] {
        agent.turns_to(tab).await?;
        agent.evaluates("thought = 0").await?;
    }
    second.says("Or tomorrow?").await;
    for tab in [&other, &inbox] {
        agent.turns_to(tab).await?;
        agent.waits_until("thought === 1").await?;
    }
    agent.evaluates("(localStorage['bulle.notices'] = JSON.stringify({ ...JSON.parse(localStorage['bulle.notices']), is_quiet: false }), dispatchEvent(new StorageEvent('storage')), 1)").await?;
    agent.waits_until("!seek('checkbox', 'Keep quiet hours').checked").await?;
    second.says("Or on Sunday?").await;
    until_told(&agent, [&inbox, &other], 3).await?;
    let both = [noticed(&agent, &inbox).await?, noticed(&agent, &other).await?];
    ensure!(both[0].0 + both[1].0 == 3, "{both:?}");

    // A click leads to the chat, from any page.
    let teller = if both[0].1.iter().any(|title| title.starts_with("New message")) { &inbox } else { &other };
    agent.turns_to(teller).await?;
    agent.evaluates("(last.onclick(), 1)").await?;
    agent.sees("Or on Sunday?").await?;
    agent.waits_until("location.pathname === '/console/'").await?;
    agent.is_content().await
}

/// Waits until so many sounds were played in these tabs together.
async fn until_told(agent: &Person, tabs: [&WindowHandle; 2], count: i64) -> Result<()> {
    let end = std::time::Instant::now() + tests::people::PATIENCE;
    loop {
        let mut played = 0;
        for tab in tabs {
            played += noticed(agent, tab).await?.0;
        }
        if played >= count {
            ensure!(played == count, "{played} sounds, and not {count}");
            return Ok(());
        }
        ensure!(std::time::Instant::now() < end, "{played} sounds, and not {count}");
    }
}

/// Subscribes as a browser would whose push service is the test's: the one that Chromium goes to is not on this machine.
fn subscribing(told: &shared::api::PushSubscription) -> String {
    let told = json!({ "endpoint": told.endpoint, "keys": { "p256dh": told.p256dh, "auth": told.auth } });
    format!("PushManager.prototype.subscribe = async wish => {{ window.wished = wish; return {{ toJSON: () => ({told}) }}; }};")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_console_has_the_browser_notify() -> Result<()> {
    let service = PushService::opens().await;
    let stage = Stage::set_with_push(Engine::Chromium, &service).await?;
    let agent = stage.agent("Ada").await?;
    agent.permits_notifications(&stage.url("")).await?;
    goes_online(&agent).await?;
    agent.clicks("link", "Settings").await?;
    agent.clicks("link", "Notifications").await?;
    agent.waits_until("navigator.serviceWorker.controller").await?;
    agent.runs(&subscribing(&service.subscribes("adas-browser"))).await?;
    agent.clicks("checkbox", "Somebody waits in the queue").await?;
    agent.clicks("checkbox", "Notify this browser").await?;
    agent.waits_until("fetch('/api/account/push').then(answer => answer.json()).then(push => window.subscribed = push.subscribed), window.subscribed").await?;
    agent.waits_until("wished.userVisibleOnly && wished.applicationServerKey.length === 65").await?;
    agent.pictures("notifications-push").await?;

    // The console is closed.
    agent.opens("about:blank").await?;
    let visitor = stage.native_visitor("Is anybody there?").await;
    let came = service.has(1).await.remove(0);
    ensure!(
        came.says["body"] == "" && came.says["title"].as_str().is_some_and(|title| title.contains("Visitor")),
        "{}",
        came.says
    );
    ensure!(came.says["open"] == json!(visitor.conversation()), "{}", came.says);

    // What its worker makes of it, and where a click leads.
    agent.opens(&stage.url("/console/")).await?;
    agent.finds("radio", "Online").await?;
    agent.waits_until("navigator.serviceWorker.controller?.state === 'activated'").await?;
    let shown = "navigator.serviceWorker.ready.then(worker => worker.getNotifications()).then(all => window.shown = all), window.shown?.[0]";
    agent.delivers_push(&stage.url(""), &came.says.to_string(), shown).await?;
    let title = agent.evaluates("window.shown[0].title").await?;
    ensure!(title == came.says["title"], "{title}");
    agent.opens("about:blank").await?;
    agent.opens(&stage.url(&format!("/console/#chat={}", visitor.conversation()))).await?;
    agent.sees("Is anybody there?").await?;
    agent.waits_until("location.hash === ''").await?;

    // Not any more.
    agent.clicks("link", "Settings").await?;
    agent.clicks("link", "Notifications").await?;
    agent.clicks("checkbox", "Notify this browser").await?;
    agent.waits_until("fetch('/api/account/push').then(answer => answer.json()).then(push => window.subscribed = push.subscribed), window.subscribed === false").await?;
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_an_app_and_says_when_there_is_no_network() -> Result<()> {
    let mut stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent("Ada").await?;
    agent.waits_until("navigator.serviceWorker.controller").await?;
    let problems = agent.install_problems().await?;
    ensure!(problems.is_empty(), "not to be installed: {problems:?}");
    let kept = "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(cache => cache.keys())))) \
        .then(lists => window.kept = lists.flat().map(request => new URL(request.url).pathname)), window.kept";
    let kept = agent.waits_until(kept).await?;
    ensure!(
        kept == json!(["/console/offline.html", "/console/offline.css", "/console/icon.svg"]),
        "the app itself is never kept: {kept}"
    );

    // As good as none.
    stage.kills_relay()?;
    agent.opens(&stage.url("/console/history")).await?;
    agent.sees("No connection").await?;
    agent.sees("Pas de connexion").await?;
    ensure!(
        agent.evaluates("getComputedStyle(document.querySelector('main')).textAlign").await? == json!("center"),
        "with its styles"
    );
    agent.pictures("console-offline").await?;
    ensure!(agent.asks_axe_everywhere().await?.is_empty(), "{:#?}", agent.asks_axe_everywhere().await?);
    stage.restarts_relay()?;
    agent.clicks("link", "Try again").await?;
    agent.finds("radio", "Online").await?;
    Ok(())
}
