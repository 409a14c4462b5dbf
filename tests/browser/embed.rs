//! The embed API: however the script tag stands on a page there is one launcher, calls that came before it are carried out, events tell the
//! page what happens, and after a shutdown nothing is left, neither on the page nor in storage.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

/// The stub that owners paste, with a list of all events.
const STUB: &str = "<script>window.Bulle = window.Bulle || function () { (Bulle.q = Bulle.q || []).push(arguments) };\
    window.told = [];\
    for (const name of ['ready', 'open', 'close', 'unread', 'message', 'queued', 'assigned', 'ended', 'error'])\
      Bulle('on', name, event => told.push([name, event.detail]));</script>";

/// Counts what is going on in a page: listeners on what outlives the panel, timers, sockets, channels, observers, by kind and name.
const COUNT: &str = "<script>{\
    const live = window.live = {};\
    const count = (name, by) => { live[name] = (live[name] || 0) + by; if (!live[name]) delete live[name] };\
    const lasts = target => target == window || target == document || !(target instanceof Node || target instanceof ShadowRoot)\
      && !(target instanceof AbortSignal);\
    const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;\
    const heard = new Map();\
    const key = (name, call) => { const calls = heard.get(call) || heard.set(call, new Set()).get(call); return calls };\
    EventTarget.prototype.addEventListener = function (name, call, options) {\
      const target = this || window, calls = key(name, call);\
      if (lasts(target) && !options?.once && !calls.has(name)) { calls.add(name); count('listener ' + name, 1);\
        options?.signal && add.call(options.signal, 'abort', () => calls.delete(name) && count('listener ' + name, -1)); }\
      return add.call(target, name, call, options) };\
    EventTarget.prototype.removeEventListener = function (name, call, options) {\
      const target = this || window;\
      if (lasts(target) && key(name, call).delete(name)) count('listener ' + name, -1);\
      return remove.call(target, name, call, options) };\
    const timers = new Set();\
    const { setTimeout: later, clearTimeout: never, setInterval: often, clearInterval: stop } = window;\
    window.setTimeout = (call, wait, ...rest) => { const id = later((...given) => { timers.delete(id) && count('timer', -1); call(...given) }, wait, ...rest); timers.add(id); count('timer', 1); return id };\
    window.clearTimeout = id => { timers.delete(id) && count('timer', -1); never(id) };\
    window.setInterval = (...all) => { count('interval', 1); return often(...all) };\
    window.clearInterval = id => { count('interval', -1); stop(id) };\
    for (const name of ['WebSocket', 'BroadcastChannel']) { const Native = window[name];\
      window[name] = class extends Native { constructor(...all) { super(...all); count(name, 1) } close(...all) { if (!this.over) count(name, -1); this.over = true; super.close(...all) } } }\
    const Observer = MutationObserver;\
    window.MutationObserver = class extends Observer { observe(...all) { count('observer', 1); super.observe(...all) } disconnect() { count('observer', -1); super.disconnect() } };\
    }</script>";

/// Where a page drawn by script goes on to its next one.
const BOWLS: &str = "<button onclick=\"history.pushState(null, '', '/shop?page=bowls'); setTimeout(() => document.title = 'Bowls', 50)\">Bowls</button>";

fn page(name: &'static str, head: &str, body: &str) -> Page {
    Page {
        name,
        html: format!("<!doctype html><html lang=en><title>{name}</title>{head}<body><h1>{name}</h1>{body}"),
        policy: "",
    }
}

in_each_engine!(there_is_one_launcher_however_the_tag_stands_on_the_page);
async fn there_is_one_launcher_however_the_tag_stands_on_the_page(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let tag = |how: &str| format!("<script {how} src=\"RELAY/bulle.js?site=demo\"></script>");
    let blue = "data-color=\"#0000ff\" data-side=left data-offset-x=40 data-offset-y=60";
    let ways = [
        page("head", &[STUB, &tag(blue)].concat(), ""),
        page("async", &[STUB, &tag(&format!("async {blue}"))].concat(), ""),
        page("defer", &[STUB, &tag(&format!("defer {blue}"))].concat(), ""),
        page("module", STUB, &tag(&format!("type=module {blue}"))),
        page("twice", STUB, &[tag(blue), tag(blue), tag("async")].concat()),
        page(
            "by-script",
            STUB,
            "<script>document.head.append(Object.assign(document.createElement('script'), { src: 'RELAY/bulle.js?site=demo' }));\
            Object.assign(document.head.lastChild.dataset, { color: '#0000ff', side: 'left', offsetX: 40, offsetY: 60 })</script>",
        ),
    ];
    let names: Vec<_> = ways.iter().map(|page| page.name).collect();
    let town = Town::with(&stage, ways.into()).await?;
    let visitor = stage.person(ENGLISH).await?;
    for name in names {
        let story = async {
            visitor.opens(&town.url(name)).await?;
            visitor.finds("button", "Open chat").await?;
            visitor.waits_until("document.readyState === 'complete'").await?;
            let looks = "(() => { const host = document.querySelectorAll('bulle-chat'), button = host[0].shadowRoot.getElementById('bulle'), { left, bottom } = button.getBoundingClientRect(); \
                return [host.length, getComputedStyle(button).backgroundColor, left, innerHeight - bottom] })()";
            let found = visitor.evaluates(looks).await?;
            ensure!(found == json!([1, "rgb(0, 0, 255)", 40, 60]), "{found}");
            ensure!(visitor.evaluates("told").await? == json!([["ready", null]]), "one `ready`");
            ensure!(visitor.evaluates("seen.sockets.length").await? == json!(0), "nothing before anybody wants to chat");
            visitor.is_content().await
        };
        story.await.with_context(|| format!("the way `{name}`"))?;
    }
    Ok(())
}

in_each_engine!(calls_and_events_meet_and_a_shutdown_leaves_nothing);
async fn calls_and_events_meet_and_a_shutdown_leaves_nothing(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    let early = "<script>Bulle('send', 'Said before the script came')</script>";
    let tag = "<script async src=\"RELAY/bulle.js?site=demo\"></script>";
    let town = Town::with(&stage, vec![page("shop", &[COUNT, STUB, early, tag].concat(), BOWLS)]).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("shop")).await?;
    visitor.reads_once("Said before the script came").await?;
    let chat = agent.until_console("the visitor's chat", |console| console.chats.keys().next().copied()).await;
    agent.says(chat, "Hello from Mia").await;
    visitor.reads_once("Hello from Mia").await?;
    visitor.waits_until("told.some(([name, detail]) => name === 'message' && detail.by === 'agent' && detail.text === 'Hello from Mia' && detail.name === 'Mia')").await?;
    visitor.waits_until("told.some(([name, detail]) => name === 'message' && detail.by === 'visitor')").await?;
    visitor.waits_until("told.some(([name, detail]) => name === 'assigned' && detail.agent === 'Mia')").await?;
    visitor.waits_until("told.some(([name]) => name === 'open')").await?;

    // Closed by the page, a message counts as unread; opened again, it is read.
    visitor.evaluates("Bulle('close')").await?;
    visitor.waits_until("told.some(([name]) => name === 'close')").await?;
    agent.says(chat, "Are you there?").await;
    visitor.waits_until("told.some(([name, detail]) => name === 'unread' && detail === 1)").await?;
    visitor.waits_until("seek('button', 'Open chat')?.dataset.unread === '1'").await?;
    visitor.evaluates("Bulle('toggle')").await?;
    visitor.reads_once("Are you there?").await?;

    // A page drawn by script is told, without a change to the history's functions.
    visitor.clicks("button", "Bowls").await?;
    agent
        .until_console("the new page", |console| {
            console
                .chats
                .get(&chat)?
                .page
                .as_ref()
                .filter(|page| page.url.ends_with("?page=bowls") && page.title == "Bowls")
                .map(drop)
        })
        .await;

    // Logout, from within an event of the panel's own: nothing is left.
    let token = visitor.evaluates("localStorage['bulle:demo:token']").await?;
    ensure!(token.is_string(), "a token is kept: {token}");
    visitor.evaluates("Bulle('on', 'close', () => Bulle('shutdown')), Bulle('close')").await?;
    visitor.waits_until("!document.querySelector('bulle-chat')").await?;
    visitor
        .waits_until("!Object.keys(localStorage).concat(Object.keys(sessionStorage)).some(name => name.startsWith('bulle'))")
        .await?;
    // Listeners of the page's own stay, and with WebKit the watch and the driver's timers are in the page, too.
    let own = match engine {
        Engine::WebKit => "/^listener (bulle:|securitypolicyviolation|error|unhandledrejection)|^timer/",
        _ => "/^listener bulle:/",
    };
    let left = &format!("Object.keys(live).filter(name => !{own}.test(name))");
    if let Err(error) = visitor.waits_until(&format!("!{left}.length")).await {
        return Err(error.context(format!("something goes on: {}", visitor.evaluates(left).await?)));
    }
    visitor.is_content().await?;

    // The next person on this browser is nobody yet; a boot begins anew.
    visitor.evaluates("Bulle('boot', { color: '#008000' })").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Somebody else").await?;
    visitor.reads_once("Somebody else").await?;
    ensure!(!visitor.shows().await?.as_str().unwrap_or_default().contains("Hello from Mia"), "history of the one before");
    visitor.waits_until("localStorage['bulle:demo:token']").await?;
    ensure!(visitor.evaluates("localStorage['bulle:demo:token']").await? != token, "another visitor");
    visitor.is_content().await
}

in_each_engine!(without_consent_nothing_is_stored_or_sent);
async fn without_consent_nothing_is_stored_or_sent(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let _agent = town::agent(&stage, "Mia").await?;
    let tag = "<script async src=\"RELAY/bulle.js?site=demo\" data-consent=required></script>";
    let town = Town::with(&stage, vec![page("shop", &[STUB, tag].concat(), "")]).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("shop")).await?;
    visitor.waits_until("window.Bulle.sites && document.readyState === 'complete'").await?;
    // Settled once everything is loaded that an opening loads.
    visitor.evaluates("Bulle('open').then(() => 1)").await?;
    let kept = "[document.querySelectorAll('bulle-chat').length, localStorage.length, sessionStorage.length, seen.sockets.length, \
        performance.getEntriesByType('resource').filter(entry => /\\/a\\//.test(entry.name)).length]";
    let found = visitor.evaluates(kept).await?;
    ensure!(found == json!([0, 0, 0, 0, 0]), "{found}");
    // With consent, the panel opens that was wanted before.
    visitor.evaluates("Bulle('consent', true)").await?;
    visitor.finds("dialog", "Chat").await?;
    visitor.says("Message", "With consent").await?;
    visitor.waits_until("localStorage['bulle:demo:token']").await?;
    visitor.evaluates("Bulle('consent', false)").await?;
    visitor
        .waits_until("localStorage.length === 0 && sessionStorage.length === 0 && !document.querySelector('bulle-chat')")
        .await?;
    visitor.reloads().await?;
    visitor.waits_until("window.Bulle.sites && document.readyState === 'complete'").await?;
    ensure!(!visitor.has("button", "Open chat").await?, "nothing without consent");
    visitor.is_content().await
}
