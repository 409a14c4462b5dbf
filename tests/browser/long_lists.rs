//! Long lists: 5,000 chats that an agent has set aside, of which the page holds only those in view; the keyboard reaches the last one, and
//! assistive technology hears where it stands.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};
use serde_json::json;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::stage::Stage;

/// Those that are set aside.
const MANY: usize = 5_000;
/// The rows of the list that are on the page.
const DRAWN: &str = "document.querySelectorAll('[data-long=parked] > li').length";

/// Makes as many chats that the agent of the first one has set aside as it takes, like that one.
fn multiply(db: &Connection, many: usize) -> Result<()> {
    let columns = |table: &str| -> Result<Vec<String>> {
        let mut find = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
        Ok(find.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    let copies = |table: &str, other: &[(&str, &str)]| -> Result<String> {
        let names = columns(table)?;
        let values: Vec<String> = names
            .iter()
            .map(|name| other.iter().find(|(known, _)| known == name).map_or(name.clone(), |(_, value)| (*value).to_owned()))
            .collect();
        Ok(format!("INSERT INTO {table} ({}) SELECT {} FROM {table} LIMIT 1", names.join(", "), values.join(", ")))
    };
    let visitor = copies("visitor", &[("id", "?1"), ("token_hash", "?1"), ("name", "?2")])?;
    let parked = [("state", "2"), ("queue_time", "NULL"), ("due_at", "NULL"), ("answer_due", "NULL"), ("unanswered", "1")];
    let talk = copies("conversation", &[[("id", "?1"), ("visitor", "?1"), ("preview", "?2")].as_slice(), &parked].concat())?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    for number in 0..many {
        let id = uuid::Uuid::now_v7();
        db.execute(&visitor, params![id.as_bytes().as_slice(), format!("Visitor no. {number}")])?;
        db.execute(&talk, params![id.as_bytes().as_slice(), format!("Question no. {number}")])?;
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_chats_are_one_list() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.native_visitor("The first of all").await;
    agent.clicks_part("button", "The first of all").await?;
    agent.finds("textbox", "Message").await?;
    visitor.is_with("Mia").await;
    let db = Connection::open(stage.database())?;
    db.busy_timeout(Duration::from_secs(10))?;
    multiply(&db, MANY)?;
    agent.reloads().await?;
    agent.waits_until(&format!("{DRAWN} > 0")).await?;

    let drawn = async || agent.evaluates(DRAWN).await?.as_u64().context("a number");
    ensure!(drawn().await? < 60, "{} rows are on the page", drawn().await?);
    let first = agent.evaluates("document.querySelector('[data-long=parked] > li').ariaSetSize").await?;
    ensure!(first == json!(MANY.to_string()), "the first row says it is one of {first}");
    let barriers = agent.asks_axe_everywhere().await?;
    ensure!(barriers.is_empty(), "{barriers:#?}");

    // Row by row, faster than frames are drawn, and then to the end.
    agent.evaluates("(document.querySelector('[data-long=parked] [data-row]').focus(), 1)").await?;
    agent.presses(&"j".repeat(150)).await?;
    let stands = "document.activeElement.closest('li').ariaPosInSet";
    agent.waits_until(&format!("{stands} === '151'")).await?;
    ensure!(drawn().await? < 60, "{} rows are on the page", drawn().await?);
    agent.hits(Key::End).await?;
    agent.waits_until(&format!("{stands} === '{MANY}'")).await?;
    agent.waits_until("document.activeElement.getBoundingClientRect().bottom <= innerHeight").await?;
    ensure!(drawn().await? < 60, "{} rows are on the page", drawn().await?);
    agent.pictures("long-list-end").await?;
    agent.hits(Key::Enter).await?;
    agent.finds("button", "Close chat").await?;
    agent.evaluates("(document.activeElement.dataset.row || document.querySelector('[data-long=parked] > li:last-child [data-row]').focus(), 1)").await?;
    agent.hits(Key::Home).await?;
    agent.waits_until(&format!("{stands} === '1'")).await?;
    agent.is_content().await
}
