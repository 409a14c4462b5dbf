//! Colleagues at the console: a note names one of them, who is told also after a reload, opens it with one key and reads on; drafts that the
//! site keeps from agents; and what was said in the conversation before.

use anyhow::{Result, ensure};
use serde_json::json;
use shared::model::{Role, Say};
use tests::browsers::Engine;
use tests::new_id;
use thirtyfour::prelude::Key;

use crate::stage::{Stage, goes_online};

#[tokio::test(flavor = "multi_thread")]
async fn a_note_names_a_colleague_who_is_told() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let (ada, ben) = (office.hire(&admin, "Ada", Role::Agent).await?, office.hire(&admin, "Ben Ohlsson", Role::Agent).await?);
    let ada = stage.signs_in(&ada).await?;
    goes_online(&ada).await?;
    let visitor = stage.native_visitor("Which glaze is this?").await;
    ada.clicks_part("button", "Which glaze is this?").await?;
    ada.finds("textbox", "Message").await?;
    ada.types("Message", "@ohl").await?;
    ensure!(!ada.has("listbox", "Colleagues").await?, "a message names nobody");
    ada.evaluates("(seek('textbox', 'Message').select(), 1)").await?;
    ada.hits(Key::Backspace).await?;
    ada.clicks("button", "Note").await?;
    ada.types("Internal note", "@ohl").await?;
    ada.finds("listbox", "Colleagues").await?;
    ensure!(ada.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the list");
    ada.pictures("mention-list").await?;
    ada.hits(Key::Escape).await?;
    ada.waits_until("!seek('listbox', 'Colleagues')").await?;
    ada.is_at("textbox", "Internal note").await?;
    ada.presses("s").await?;
    ada.finds("listbox", "Colleagues").await?;
    ada.hits(Key::Enter).await?;
    ada.waits_until("seek('textbox', 'Internal note').value === '@Ben Ohlsson '").await?;
    ada.presses("do you know?").await?;
    ada.hits(Key::Enter).await?;
    ada.reads_once("@Ben Ohlsson do you know?").await?;

    // He was not there; it has waited for him.
    let ben = stage.signs_in(&ben).await?;
    ben.sees("Ada names you").await?;
    ben.waits_until("document.title === '(1) Bulle'").await?;
    ensure!(ben.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers in the inbox");
    ben.pictures("mention-inbox").await?;
    ben.prefers("dark").await?;
    ben.pictures("mention-inbox-dark").await?;
    ben.holds_phone(390, 844).await?;
    ben.pictures("mention-inbox-phone").await?;
    ben.puts_phone_away().await?;
    ben.reloads().await?;
    ben.sees("Ada names you").await?;
    ben.presses("m").await?;
    ben.reads_once("@Ben Ohlsson do you know?").await?;
    ben.sees_no_more("Ada names you").await?;
    ben.waits_until("document.title === 'Bulle'").await?;
    // He reads on, and answers in a note.
    visitor.says("The blue one").await;
    ben.reads_once("The blue one").await?;
    ben.presses("n").await?;
    ben.says("Internal note", "Celadon").await?;
    ada.reads_once("Celadon").await?;
    ben.reloads().await?;
    ben.finds("radio", "Online").await?;
    ensure!(!ben.has("list", "For you").await?, "read is read");
    ada.is_content().await?;
    ben.is_content().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_before_is_read_above_this_one() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.native_visitor("My cup is broken").await;
    agent.clicks_part("button", "My cup is broken").await?;
    agent.says("Message", "We send another one.").await?;
    visitor.sees("We send another one.").await;
    agent.sees("Delivered").await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees_end().await;
    let id = new_id();
    visitor.mutters(Say { fresh: true, ..Say::text(id, None, "It came, and it is broken, too") }).await;
    visitor.is_acked(id).await;
    agent.clicks_part("button", "It came, and it is broken").await?;
    agent.reads_once("It came, and it is broken, too").await?;
    agent.clicks("button", "Show the conversation before").await?;
    agent.reads_once("My cup is broken").await?;
    agent.reads_once("We send another one.").await?;
    agent.sees("This conversation").await?;
    let order = agent.evaluates("said().indexOf('We send another') < said().indexOf('It came, and')").await?;
    ensure!(order == json!(true), "in the order in which it was said");
    ensure!(!agent.has("button", "Show the conversation before").await?, "there was none before that");
    ensure!(agent.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers");
    agent.pictures("thread-before").await?;
    agent.is_content().await
}
