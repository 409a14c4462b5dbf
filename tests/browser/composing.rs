//! The agent's composer: files picked, pasted and dropped, given up, refused and sent again; the last message changed and taken back; messages
//! undone before they go; emoji; marks of a text; drafts that outlive a reload.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::model::{Body, Event};
use tests::browsers::Engine;
use tests::visitor::Visitor;
use thirtyfour::prelude::Key;

use crate::files::{GIVE, red_png};
use crate::person::Person;
use crate::stage::Stage;

/// What stands in the composer.
const WRITTEN: &str = "seek('textbox', 'Message')?.value";

/// An agent at the console with an open chat, and its visitor.
async fn chat(stage: &Stage) -> Result<(Person, Visitor)> {
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.native_visitor("My cup is broken").await;
    agent.clicks_part("button", "My cup is broken").await?;
    agent.finds("textbox", "Message").await?;
    Ok((agent, visitor))
}

async fn has_no_barrier(person: &Person, state: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        person.prefers(scheme).await?;
        let barriers = person.asks_axe_everywhere().await?;
        ensure!(barriers.is_empty(), "{state}, {scheme}: {barriers:#?}");
    }
    Ok(())
}

async fn sees_file(visitor: &Visitor, name: &str) {
    let is_it = |body: &Body| matches!(body, Body::File(file) if file.name == name);
    visitor.until_true(name, |log| log.entries.iter().any(|(_, entry)| is_it(&entry.body))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sends_files() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (agent, visitor) = chat(&stage).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("my cup.png");
    std::fs::write(&file, red_png(40, 30)?)?;
    agent.picks(&file).await?;
    sees_file(&visitor, "my cup.png").await;
    agent.waits_until("everything(document).some(el => el.tagName === 'IMG' && el.naturalWidth === 40)").await?;
    agent.finds("link", "Download my cup.png").await?;
    agent.waits_until("!!document.querySelector('.line.ours .is-sent, .line.ours .is-read')").await?;

    agent.runs_seeking(GIVE).await?;
    let bytes = json!(red_png(40, 30)?);
    let paste = format!("give('paste', 'pasted.png', 'image/png', [new Uint8Array({bytes})])");
    ensure!(agent.evaluates(&paste).await? == json!(true), "the browser may paste it, too");
    sees_file(&visitor, "pasted.png").await;
    agent.evaluates("give('drop', 'notes.txt', 'text/plain', ['notes'])").await?;
    sees_file(&visitor, "notes.txt").await;
    agent.pictures("composer-files").await?;

    // Refused before a byte of them is sent, with the limit in words.
    agent.evaluates("give('drop', 'film.mov', 'video/quicktime', [new Uint8Array(11000000)])").await?;
    agent.sees("film.mov is too large: a file may have 10.4 MB at most.").await?;
    agent.evaluates("give('drop', 'none.txt', 'text/plain', [])").await?;
    agent.sees("none.txt is empty").await?;
    has_no_barrier(&agent, "refused files").await?;
    agent.pictures("composer-refused").await?;
    for name in ["Cancel film.mov", "Cancel none.txt"] {
        agent.clicks("button", name).await?;
    }
    agent.waits_until("!document.querySelector('.upload')").await?;

    // A network that swallows everything, and one that breaks.
    agent.runs("window.send = XMLHttpRequest.prototype.send; XMLHttpRequest.prototype.send = function () {};").await?;
    agent.evaluates("give('drop', 'slow.txt', 'text/plain', ['slow'])").await?;
    agent.finds("progressbar", "Uploading slow.txt").await?;
    agent.clicks("button", "Cancel slow.txt").await?;
    agent.waits_until("!document.querySelector('.upload')").await?;
    agent.is_at("textbox", "Message").await?;
    agent
        .runs("XMLHttpRequest.prototype.send = function () { setTimeout(() => this.onloadend(new ProgressEvent('loadend'))); };")
        .await?;
    agent.evaluates("give('drop', 'again.txt', 'text/plain', ['again'])").await?;
    agent.sees("again.txt could not be sent. Check your connection and try again.").await?;
    agent.runs("XMLHttpRequest.prototype.send = window.send;").await?;
    agent.clicks("button", "Try again.txt again").await?;
    sees_file(&visitor, "again.txt").await;

    // Not with a note: what goes to the visitor is never a surprise.
    agent.clicks("button", "Note").await?;
    agent.runs_seeking(&GIVE.replace("'Message'", "'Internal note'")).await?;
    agent.evaluates("give('drop', 'secret.txt', 'text/plain', ['secret'])").await?;
    agent.sees("and the note switched off").await?;
    ensure!(visitor.times_seen("secret.txt") == 0, "it went to the visitor");
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_message_is_changed_and_taken_back() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (agent, visitor) = chat(&stage).await?;
    agent.says("Message", "We send a new cop").await?;
    visitor.sees("We send a new cop").await;
    agent.waits_until("!!document.querySelector('.is-sent')").await?;
    // The key for it, in the empty composer.
    agent.hits(Key::Up).await?;
    agent.is_at("textbox", "Change message").await?;
    has_no_barrier(&agent, "changing").await?;
    agent.pictures("composer-changing").await?;
    agent.hits(Key::Escape).await?;
    agent.is_at("textbox", "Message").await?;
    agent.clicks("button", "Change").await?;
    agent.is_at("textbox", "Change message").await?;
    agent.hits(Key::End).await?;
    agent.presses(&format!("{0}{0}up!{1}", Key::Backspace.value(), Key::Enter.value())).await?;
    agent.reads_once("We send a new cup!").await?;
    agent.is_at("textbox", "Message").await?;
    let changed = |body: &Body| matches!(body, Body::Event(Event::Edited(edited)) if edited.text == "We send a new cup!");
    visitor.until_true("the change", |log| log.entries.iter().any(|(_, entry)| changed(&entry.body))).await;

    agent.clicks("button", "Take back").await?;
    agent.sees("Message taken back").await?;
    agent.waits_until("!seek('button', 'Take back')").await?;
    let deleted = |body: &Body| matches!(body, Body::Event(Event::Deleted(_)));
    visitor.until_true("the end of it", |log| log.entries.iter().any(|(_, entry)| deleted(&entry.body))).await;
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_undone_before_it_goes() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (agent, visitor) = chat(&stage).await?;
    agent.clicks("link", "Settings").await?;
    agent.clicks("checkbox", "Hold my messages for 5 seconds").await?;
    agent.clicks("link", "Inbox").await?;
    agent.says("Message", "Too soon").await?;
    agent.sees("Not sent yet").await?;
    agent.clicks("button", "Undo").await?;
    agent.waits_until(&format!("{WRITTEN} === 'Too soon'")).await?;
    agent.sees_no_more("Not sent yet").await?;
    agent.is_at("textbox", "Message").await?;

    // Enough time, and it goes by itself.
    agent.presses(&format!(", but true{}", Key::Enter.value())).await?;
    agent.pictures("composer-held").await?;
    let barriers = agent.asks_axe_everywhere().await?;
    ensure!(barriers.is_empty(), "{barriers:#?}");
    visitor.sees("Too soon, but true").await;
    agent.sees_no_more("Not sent yet").await?;

    // The next one sends the one before.
    agent.says("Message", "one").await?;
    agent.says("Message", "two").await?;
    visitor.sees("one").await;
    agent.clicks("button", "Send now").await?;
    visitor.sees("two").await;

    // Leaving the page sends it.
    agent.says("Message", "before I go").await?;
    agent.sees("Not sent yet").await?;
    agent.reloads().await?;
    visitor.sees("before I go").await;
    ensure!(visitor.times_seen("before I go") == 1 && visitor.times_seen("Too soon") == 0, "doubled, or not undone");
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn emoji_and_marks_are_put_in() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (agent, visitor) = chat(&stage).await?;
    agent.types("Message", "Here you are").await?;
    agent.clicks("button", "Emoji").await?;
    agent.is_at("textbox", "Find an emoji").await?;
    agent.presses("cadeau").await?;
    agent.waits_until("document.querySelectorAll('.emoji-grid button').length === 1").await?;
    has_no_barrier(&agent, "emoji").await?;
    agent.pictures("composer-emoji").await?;
    agent.hits(Key::Down).await?;
    agent.is_at("button", "gift present").await?;
    agent.hits(Key::Enter).await?;
    agent.waits_until(&format!("{WRITTEN} === 'Here you are🎁'")).await?;
    agent.clicks("button", "Emoji").await?;
    agent.waits_until("!document.querySelector('.emoji')").await?;
    agent.is_at("textbox", "Message").await?;
    agent.hits(Key::Enter).await?;
    visitor.sees("Here you are🎁").await;

    agent.says("Message", "It is **safe** and `<b>never</b>` markup").await?;
    agent.waits_until("[...document.querySelectorAll('.line.ours strong')].some(el => el.textContent === 'safe')").await?;
    agent.waits_until("[...document.querySelectorAll('.line.ours code')].some(el => el.textContent === '<b>never</b>')").await?;
    agent.clicks("button", "Note").await?;
    agent.says("Internal note", "- see [the form](https://kiln.example/f)").await?;
    agent.waits_until("[...document.querySelectorAll('.line.note li a')].some(el => el.textContent === 'the form' && el.href === 'https://kiln.example/f' && el.rel.includes('noopener'))").await?;
    agent.sees("kiln.example").await?;
    agent.pictures("composer-marks").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("composer-phone").await?;
    ensure!(agent.evaluates("document.documentElement.scrollWidth <= innerWidth").await? == json!(true), "too wide");
    agent.puts_phone_away().await?;
    has_no_barrier(&agent, "marks").await?;
    agent.is_content().await
}

/// What looks like marks and what is: two programs have to agree about it.
const MARKED: &str = "**bold** *it* _it_ `code`, (**a b**) 2 * 3 * 4 snake_case_name a*b*c ** x ** ***x*** **a*** `**x**` \
    **a b** c** *open https://kiln.example/_x_/*y* «*été*» —`dash` *a*b *a*, *a*! _ _ __ **a\\nb** *https://kiln.example* <b>no</b>";

/// The parts of the message around the first bold word of a page, as `TAG:text`; neighbouring texts are one.
const PARTS: &str = "(strong => strong && [...strong.parentElement.childNodes].filter(node => node.nodeType !== 8 && node.textContent) \
    .map(node => [node.tagName || '#', node.textContent]).reduce((all, [tag, text]) => (tag === '#' && all.at(-1)?.[0] === '#' \
    ? all.at(-1)[1] += text : all.push([tag, text]), all), []).map(part => part.join(':')))(everything(document).find(el => el.tagName === 'STRONG' && el.textContent === 'bold'))";

#[tokio::test(flavor = "multi_thread")]
async fn marks_look_the_same_on_both_sides() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.evaluates(&format!("(Bulle('send', \"{MARKED}\"), 1)")).await?;
    agent.clicks_part("button", "**bold**").await?;
    let (theirs, ours) = (visitor.waits_until(PARTS).await?, agent.waits_until(PARTS).await?);
    ensure!(theirs == ours, "the visitor sees {theirs:#}, the agent {ours:#}");
    let parts = theirs.as_array().context("a list")?;
    for part in ["STRONG:bold", "EM:it", "CODE:code", "STRONG:a b", "CODE:**x**", "CODE:dash", "EM:été"] {
        ensure!(parts.contains(&json!(part)), "{part} is missing in {theirs:#}");
    }
    visitor.is_content().await?;
    agent.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_outlive_a_reload_and_end_with_the_session() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (agent, _visitor) = chat(&stage).await?;
    let other = stage.native_visitor("Where is my parcel?").await;
    agent.types("Message", "half a sent").await?;
    agent.clicks_part("button", "Where is my parcel?").await?;
    agent.waits_until(&format!("{WRITTEN} === ''")).await?;
    agent.clicks("button", "Note").await?;
    agent.types("Internal note", "a secret").await?;
    agent.reloads().await?;
    agent.clicks_part("button", "My cup is broken").await?;
    agent.waits_until(&format!("{WRITTEN} === 'half a sent'")).await?;
    agent.clicks_part("button", "Where is my parcel?").await?;
    // A note stays one: it must never come back as a message to the visitor.
    agent.waits_until("seek('textbox', 'Internal note')?.value === 'a secret'").await?;
    agent.types("Internal note", &Key::Enter.value().to_string()).await?;
    agent.sees("a secret").await?;
    ensure!(other.times_seen("a secret") == 0, "the note went to the visitor");
    let kept = "Object.keys(sessionStorage).filter(key => key.startsWith('bulle.draft')).length";
    ensure!(agent.evaluates(kept).await? == json!(1), "sent, it is no draft any more");
    agent.clicks("button", "Sign out").await?;
    agent.finds("button", "Sign in").await?;
    let left = agent.evaluates(kept).await?;
    ensure!(left.as_u64().context("a number")? == 0, "signed out, there are drafts");
    agent.is_content().await
}
