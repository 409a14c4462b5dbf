//! Markup and scripts in every text that one side sends and the other one sees: it is read as it was written, no element comes of it, no
//! address becomes a link but those of the web, and no policy has to step in.

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::model::{Contact, Page, Say};
use shared::visitor::Hello;
use tests::accounts::PASSWORD;
use tests::new_id;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// What would show at once if a text were taken for markup: by its elements, by its handlers, and by the picture that is not there.
const MARKUP: &str =
    "<img id=planted src=/planted onerror=hit()><script id=planted>hit()</script><a id=planted href=javascript:hit()>x</a>";
/// Ends whatever attribute or element it may stand in.
const BREAKOUT: &str = "\"'></textarea></title></script><svg/onload=hit()><b id=planted>";
/// Addresses that no link may have.
const SCRIPTS: [&str; 3] = ["javascript:hit()//https://a.example", "JaVaScRiPt:hit()", "data:text/html,<script>hit()</script>"];

/// Elements that nobody but an attacker would have put there.
const PLANTED: &str = "everything(document).filter(el => el.id === 'planted' || [...el.attributes].some(at => at.name.startsWith('on')) \
    || el.tagName === 'IFRAME' || typeof el.href === 'string' && el.href && !/^https?:/.test(el.href)).map(el => el.outerHTML)";

async fn is_clean(person: &Person) -> Result<()> {
    let planted = person.evaluates(PLANTED).await?;
    ensure!(planted == json!([]), "the page holds {planted}");
    ensure!(person.evaluates("typeof window.hit").await? == Value::from("undefined"));
    person.is_content().await
}

in_each_engine!(what_people_write_is_text_and_nothing_else);
async fn what_people_write_is_text_and_nothing_else(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    Connection::open(stage.database())?.execute("UPDATE site SET name = ?1", [format!("Shop {MARKUP}")])?;

    let agent = stage.colleague().await?;
    agent.opens(&stage.first_admin_link()?).await?;
    agent.types("Name", &format!("Mia {BREAKOUT}")).await?;
    agent.types("Email", "mia@bulle.example").await?;
    agent.types("Password", PASSWORD).await?;
    agent.clicks("button", "Create account").await?;
    agent.finds("radio", "Online").await?;

    // A client of their own, which says of its page, language and address whatever it likes.
    let page = Page { url: SCRIPTS[0].into(), title: format!("title {MARKUP}"), referrer: SCRIPTS[2].into() };
    let hello = Hello { page: Some(page), locale: Some(MARKUP.into()), time_zone: Some(BREAKOUT.into()), ..Hello::default() };
    let stranger = stage.visitor_who_greets(hello).await;
    let contact =
        Contact { name: Some(format!("Eve {MARKUP}")), email: "<img/id=planted/src=x/onerror=hit()>@evil.example".into() };
    let text = format!("preview {MARKUP} {BREAKOUT} {} {} {}", SCRIPTS[0], SCRIPTS[1], SCRIPTS[2]);
    stranger.mutters(Say { contact: Some(contact), ..Say::text(new_id(), None, text) }).await;
    agent.clicks_part("button", "preview <img id=planted").await?;
    agent.waits_until("said().includes('</textarea></title></script><svg/onload=hit()>')").await?;
    for shown in ["Eve <img id=planted", "title <img id=planted", "onerror=hit()>@evil.example", SCRIPTS[2]] {
        agent.sees(shown).await?;
    }
    is_clean(&agent).await?;

    goes_online(&agent).await?;
    let visitor = stage.visitor().await?;
    let title = format!(
        "document.title = {}, history.replaceState(null, '', '?q=' + encodeURIComponent({}))",
        json!(BREAKOUT),
        json!(MARKUP)
    );
    visitor.evaluates(&title).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Shop <img id=planted").await?;
    is_clean(&visitor).await?;
    visitor.says("Message", &format!("from the page {MARKUP}")).await?;
    agent.clicks_part("button", "from the page <img").await?;
    agent.reads_once("from the page <img id=planted").await?;
    agent.sees("\"'></textarea></title></script><svg/onload=hit()><b id=planted>").await?;
    agent
        .says("Message", &format!("an answer {MARKUP} {BREAKOUT} {} https://good.example/?a=\"onclick=hit() ", SCRIPTS[1]))
        .await?;
    visitor.waits_until("said().includes('an answer <img id=planted')").await?;
    visitor.sees("Mia \"'></textarea>").await?;
    agent.clicks("button", "Note").await?;
    agent.says("Internal note", &format!("a note {MARKUP} {}", SCRIPTS[0])).await?;
    agent.waits_until("said().includes('a note <img id=planted')").await?;
    visitor.types("Message", BREAKOUT).await?;
    agent.sees("<svg/onload=hit()>").await?;
    is_clean(&visitor).await?;
    is_clean(&agent).await?;

    // What was stored is as harmless when a page is built anew.
    for person in [&visitor, &agent] {
        person.reloads().await?;
    }
    agent.clicks_part("button", "an answer <img").await?;
    agent.waits_until("said().includes('a note <img id=planted')").await?;
    visitor.waits_until("said().includes('an answer <img id=planted')").await?;
    is_clean(&visitor).await?;
    is_clean(&agent).await
}
