//! For everyone: no state of the chat has a barrier that axe-core knows of, the keyboard goes through it in the order of reading, and a screen
//! reader hears what matters, once.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::{Engine, Looks};
use thirtyfour::prelude::Key;

use crate::engines::{in_each_engine, skipped};
use crate::person::Person;
use crate::stage::{ENGLISH, Stage};

/// Asks axe in the light and in the dark, on a page that is written from left to right and on one from right to left.
async fn is_open_to_all(visitor: &Person, state: &str) -> Result<()> {
    let mut barriers = Vec::new();
    for (theme, dir) in [("light", "ltr"), ("dark", "rtl")] {
        visitor.evaluates(&format!("chat().dataset.theme = '{theme}', document.dir = '{dir}'")).await?;
        barriers.extend(visitor.asks_axe().await?.into_iter().map(|found| format!("{theme}, {dir}: {found}")));
    }
    visitor.evaluates("delete chat().dataset.theme, document.dir = 'ltr'").await?;
    ensure!(barriers.is_empty(), "{state}: {barriers:#?}");
    Ok(())
}

in_each_engine!(no_state_has_a_barrier);
async fn no_state_has_a_barrier(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    is_open_to_all(&visitor, "closed").await?;

    stage.kills_relay()?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Chat not loaded. Try again.").await?;
    is_open_to_all(&visitor, "not loaded").await?;
    stage.restarts_relay()?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Nobody is here right now.").await?;
    is_open_to_all(&visitor, "offline form").await?;

    let agent = stage.native_agent("Mia").await?;
    visitor.sees("We are here for you").await?;
    is_open_to_all(&visitor, "open").await?;
    let mut served = Vec::new();
    for text in ["First here", "Second here", "Third here"] {
        let other = stage.native_visitor(text).await;
        other.is_with("Mia").await;
        served.push(other);
    }
    visitor.says("Message", "Do you ship to France?").await?;
    visitor.sees("You are next.").await?;
    is_open_to_all(&visitor, "queued").await?;

    served[0].ends_chat().await.map_err(|code| anyhow::anyhow!("{code:?}"))?;
    visitor.sees("Mia joined the chat").await?;
    let chat = *agent.log().view.active().last().unwrap_or(&served[0].conversation());
    agent.says(chat, "We do: https://shop.example/shipping").await;
    visitor.reads_once("We do").await?;
    agent.types(chat, true).await;
    visitor.sees("Mia is typing").await?;
    is_open_to_all(&visitor, "active").await?;
    visitor.clicks("button", "End chat").await?;
    visitor.sees("End this chat?").await?;
    is_open_to_all(&visitor, "question").await?;
    visitor.clicks("button", "Keep chatting").await?;

    visitor.clicks("button", "Close chat").await?;
    agent.says(chat, "Anything else?").await;
    visitor.waits_until("seek('button', 'Open chat').ariaDescription === '1'").await?;
    is_open_to_all(&visitor, "unread").await?;
    visitor.clicks("button", "Open chat").await?;
    let greetings = agent.log().greetings;
    stage.kills_relay()?;
    visitor.sees("Reconnecting… What you write is kept.").await?;
    is_open_to_all(&visitor, "reconnecting").await?;
    stage.restarts_relay()?;
    visitor.sees_no_more("Reconnecting…").await?;
    agent.until_true("back", |log| log.greetings > greetings).await;
    agent.closes(chat).await.map_err(|code| anyhow::anyhow!("{code:?}"))?;
    visitor.sees("The chat has ended").await?;
    is_open_to_all(&visitor, "ended").await
}

/// What has the focus, by role and name.
const AT: &str = "roleOf(focused()) + ' ' + nameOf(focused())";

in_each_engine!(the_keyboard_goes_in_the_order_of_reading);
async fn the_keyboard_goes_in_the_order_of_reading(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.native_agent("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.tabs_to("button", "Open chat").await?;
    visitor.hits(Key::Enter).await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.presses("Hello").await?;
    visitor.hits(Key::Enter).await?;
    visitor.sees("Mia joined the chat").await?;
    // It comes with the ack, which may be later: before, there is one place less to go through.
    visitor.finds("button", "Edit").await?;

    // Back to the launcher, and the same way forth: nothing is left out, nothing holds the focus.
    let mut way = vec![visitor.evaluates(AT).await?];
    while way.last() != Some(&json!("button Open chat")) {
        ensure!(way.len() < 16, "backwards from the composer: {way:?}");
        visitor.tabs_back().await?;
        way.push(visitor.evaluates(AT).await?);
    }
    let order = ["textbox Message", "log Conversation", "button Close chat", "button End chat", "button Open chat"];
    let met = way.iter().filter(|place| order.iter().any(|wanted| *place == wanted));
    ensure!(met.eq(order.iter()), "backwards from the composer: {way:?}");
    for place in way.iter().rev().skip(1) {
        visitor.hits(Key::Tab).await?;
        let at = visitor.evaluates(AT).await?;
        ensure!(at == *place, "forth: {at} instead of {place}");
    }
    visitor.tabs_to("button", "Send").await?;

    // Escape closes from everywhere and gives the focus back.
    visitor.hits(Key::Escape).await?;
    visitor.is_at("button", "Open chat").await?;
    ensure!(!visitor.has("dialog", "Chat").await?);
    drop(agent);
    visitor.is_content().await
}

/// See there.
const EARS: &str = include_str!("ears.js");

in_each_engine!(a_screen_reader_hears_everything_once);
async fn a_screen_reader_hears_everything_once(engine: Engine) -> Result<()> {
    let mut stage = Stage::set(engine).await?;
    let agent = stage.native_agent("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("We are here for you").await?;
    visitor.runs_seeking(EARS).await?;
    visitor.says("Message", "Do you ship to France?").await?;
    visitor.sees("Mia joined the chat").await?;
    let chat = agent.until_console("a chat", |console| console.active().first().copied()).await;
    agent.types(chat, true).await;
    visitor.sees("Mia is typing").await?;
    agent.says(chat, "Within three days").await;
    visitor.reads_once("Within three days").await?;
    visitor.says("Message", "Splendid").await?;
    agent.reads(chat, agent.sees("Splendid").await.seq).await;
    visitor.sees("· Read").await?;
    stage.kills_relay()?;
    visitor.sees("Reconnecting… What you write is kept.").await?;
    stage.restarts_relay()?;
    visitor.sees_no_more("Reconnecting…").await?;

    let heard = visitor.evaluates("heard").await?;
    let times = |part: &str| heard.as_array().into_iter().flatten().filter(|line| line.to_string().contains(part)).count();
    for part in ["Do you ship to France?", "Mia joined the chat", "Within three days", "Splendid", "Reconnecting"] {
        ensure!(times(part) == 1, "{part:?} is heard {} times: {heard:#}", times(part));
    }
    // Marks and someone's typing change all the time; they are there to read, and interrupt nobody.
    ensure!(times("Mia is typing") == 0, "{heard:#}");
    ensure!(heard.as_array().is_some_and(|heard| heard.len() <= 7), "{heard:#}");
    Ok(())
}

in_each_engine!(who_wants_no_motion_gets_none);
async fn who_wants_no_motion_gets_none(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let visitor = stage.person_who_likes(ENGLISH, Looks { still: true, ..Looks::default() }).await?;
    visitor.opens(&stage.url("/demo")).await?;
    ensure!(visitor.evaluates("matchMedia('(prefers-reduced-motion: reduce)').matches").await? == json!(true), "no such wish");
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("dialog", "Chat").await?;
    let moving = "everything(chat().shadowRoot).filter(el => el.getAnimations().length \
        || [null, '::before', '::after'].some(part => { const style = getComputedStyle(el, part); \
            return style.animationName !== 'none' || style.transitionDuration.split(', ').some(time => time !== '0s'); })) \
        .map(el => el.id + el.className)";
    let moving = visitor.evaluates(moving).await?;
    ensure!(moving == json!([]), "{moving} move");
    Ok(())
}

in_each_engine!(forced_colors_leave_everything_to_be_seen, WebKit lacks "forced colours");
async fn forced_colors_leave_everything_to_be_seen(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.native_agent("Mia").await?;
    let visitor = stage.person_who_likes(ENGLISH, Looks { forced: true, ..Looks::default() }).await?;
    visitor.opens(&stage.url("/demo")).await?;
    ensure!(visitor.evaluates("matchMedia('(forced-colors: active)').matches").await? == json!(true), "not forced");
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Hello").await?;
    visitor.sees("Mia joined the chat").await?;
    // Icons are drawn by their background, which forced colours would take away; bubbles and buttons are told apart by an edge.
    let unseen = "everything(chat().shadowRoot).filter(el => shown(el)).flatMap(el => { \
        const style = getComputedStyle(el), before = getComputedStyle(el, '::before'); \
        const icon = before.clipPath !== 'none' && before.content !== 'none' && before.backgroundColor === style.backgroundColor; \
        const edge = el.matches('button:not(.icon), .own > div, .theirs > div, textarea, .panel') && style.borderTopWidth === '0px'; \
        return icon || edge ? [el.id + ' ' + el.className + (icon ? ' icon' : ' edge')] : []; })";
    let unseen = visitor.evaluates(unseen).await?;
    ensure!(unseen == json!([]), "not to be seen: {unseen}");
    drop(agent);
    visitor.pictures(&format!("forced-colors-{engine}").to_lowercase()).await
}

// The stories above look at themes by the site's own setting; this one at the system's.
in_each_engine!(dark_follows_the_system_unless_the_site_says_otherwise);
async fn dark_follows_the_system_unless_the_site_says_otherwise(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let visitor = stage.person_who_likes(ENGLISH, Looks { dark: true, ..Looks::default() }).await?;
    visitor.opens(&stage.url("/demo")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.finds("dialog", "Chat").await?;
    let paper = "luminance(getComputedStyle(seek('dialog', 'Chat')).backgroundColor) < .1";
    ensure!(visitor.evaluates(paper).await? == json!(true), "dark");
    ensure!(visitor.evaluates(&format!("chat().dataset.theme = 'light', {paper}")).await? == json!(false), "light by the site");
    ensure!(visitor.evaluates(&format!("delete chat().dataset.theme, {paper}")).await? == json!(true), "dark again");
    if engine == Engine::WebKit {
        return skipped(
            engine,
            "access::dark_follows_the_system_unless_the_site_says_otherwise",
            "the system's wish is read once, a change is not seen",
        );
    }
    visitor.prefers("light").await?;
    visitor.waits_until(&format!("!({paper})")).await.map(drop)
}
