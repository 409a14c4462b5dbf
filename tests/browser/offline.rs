//! Nobody is there: the visitor leaves a message with an address, an agent finds it later, and the answer waits for the visitor, on the page
//! and in their mail.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::{ENGLISH, Stage};

in_each_engine!(a_message_left_at_night_is_answered_in_the_morning);
async fn a_message_left_at_night_is_answered_in_the_morning(engine: Engine) -> Result<()> {
    let (stage, post) = Stage::set_with_mail(engine).await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Nobody is here right now.").await?;
    visitor.types("Message", "Do you repair old bowls?").await?;
    visitor.types("Your email", "ada@lovelace.example").await?;
    visitor.clicks("button", "Leave message").await?;
    visitor.sees("will answer as soon as we are back").await?;
    visitor.reads_once("Do you repair old bowls?").await?;
    visitor.sees("Sent").await?;
    visitor.is_content().await?;
    visitor.opens("about:blank").await?;

    let agent = stage.agent_online("Mia").await?;
    agent.waits_until("words(seek('list', 'Messages')).includes('Do you repair old bowls?')").await?;
    agent.clicks_part("button", "Do you repair old bowls?").await?;
    agent.reads_once("Do you repair old bowls?").await?;
    agent.waits_until("words(seek('complementary', 'About the visitor')).includes('ada@lovelace.example')").await?;
    agent.says("Message", "We do, send us a picture").await?;
    agent.reads_once("We do, send us a picture").await?;
    agent.sees("Sent").await?;

    // In the mail, on their phone.
    let mail = post.has(1).await.remove(0);
    ensure!(mail.recipients == ["ada@lovelace.example"] && mail.text.contains("> We do, send us a picture"), "{}", mail.text);
    let link = mail.text.split_whitespace().find(|word| word.contains("#resume=")).context("no link")?;
    let phone = stage.person(ENGLISH).await?;
    phone.opens(link).await?;
    phone.reads_once("Do you repair old bowls?").await?;
    phone.reads_once("We do, send us a picture").await?;
    ensure!(phone.evaluates("location.href").await? == json!(stage.url("/chat/demo")), "the link's token stays in the address");
    phone.says("Message", "Here it comes").await?;
    agent.reads_once("Here it comes").await?;
    phone.reloads().await?;
    phone.reads_once("Here it comes").await?;
    phone.clicks("button", "Transcript").await?;
    // An address that only browsers take for one: nothing is on its way before the relay says so.
    phone.types("Your email", "ada@byron").await?;
    phone.clicks("button", "Send by email").await?;
    phone.sees("That did not work.").await?;
    let news = phone.evaluates("words(seek('group', 'Transcript'))").await?;
    ensure!(news.as_str().is_some_and(|news| !news.contains("on its way")), "the relay refused it: {news}");
    phone.types("Your email", ".example").await?;
    phone.clicks("button", "Send by email").await?;
    phone.sees("on its way to ada@byron.example").await?;
    let transcript = post.has(2).await.remove(1);
    ensure!(transcript.recipients == ["ada@byron.example"] && transcript.text.contains("Here it comes"), "{}", transcript.text);
    phone.is_content().await?;

    // Whoever comes by a link that opens nothing is told so, and can write all the same.
    let late = stage.person(ENGLISH).await?;
    late.opens(&stage.url(&format!("/chat/demo#resume={}", "0".repeat(64)))).await?;
    late.sees("That link no longer works.").await?;
    late.says("Message", "It has been a while").await?;
    late.sees_no_more("That link no longer works.").await?;
    late.is_content().await?;

    visitor.opens(&stage.url("/demo")).await?;
    visitor.reads_once("Here it comes").await?;
    visitor.reads_once("We do, send us a picture").await?;
    visitor.reads_once("Do you repair old bowls?").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
