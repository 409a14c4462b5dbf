//! A whole shift: two agents, a supervisor and eight visitors through queue, transfer, note, whisper, take-over, park and wake, block and
//! search; and the report's numbers are what happened.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::api::AgentPatch;
use shared::close;
use shared::model::{Role, State};
use shared::visitor::{Rate, ToRelay};
use tests::browsers::Engine;
use tests::new_id;
use tests::visitor::Visitor;
use thirtyfour::prelude::Key;

use crate::person::Person;
use crate::stage::{Stage, goes_online};

/// The number of a figure in the report, and what stands beside it.
const FIGURE: &str = "(name => [...document.querySelectorAll('.tile')].find(tile => tile.querySelector('dt').textContent === name)?.querySelector('strong').textContent)";
const BESIDE: &str = "(name => [...document.querySelectorAll('.tile')].find(tile => tile.querySelector('dt').textContent === name)?.querySelector('.hint').textContent)";
/// How many conversations each agent had, by the report.
const BY_AGENT: &str = "Object.fromEntries([...seek('region', 'By agent').querySelectorAll('tbody tr')].map(row => \
    [row.querySelector('th').textContent, +row.querySelector('td').textContent]))";

/// Everybody whom a visitor was with.
fn had_by(visitor: &Visitor) -> BTreeSet<String> {
    let threads = visitor.log().view.history;
    threads.into_iter().filter(|thread| thread.state == State::Active).filter_map(|thread| Some(thread.agent?.name)).collect()
}

/// Who of the team a visitor is with now.
fn with<'a>(visitor: &Visitor, team: &[(&str, &'a Person)]) -> Result<&'a Person> {
    let name = visitor.log().view.thread.and_then(|thread| thread.agent).context("with nobody")?.name;
    team.iter().find(|(known, _)| *known == name).map(|(_, person)| *person).context("a stranger")
}

async fn ends(agent: &Person, row: &str, visitor: &Visitor) -> Result<()> {
    agent.clicks_part("button", row).await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees_end().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_shift_and_its_numbers() -> Result<()> {
    // A visitor who leaves is not waited for longer than this.
    let stage = Stage::set_with(Engine::Chromium, &[("BULLE_DESK__GRACE", "300")]).await?;
    let (office, admin) = stage.owner().await?;
    let mut accounts = Vec::new();
    for (name, role, capacity) in [("Ada", Role::Agent, 2), ("Ben", Role::Agent, 2), ("Sue", Role::Supervisor, 3)] {
        let account = office.hire(&admin, name, role).await?;
        let patch = AgentPatch { capacity: Some(capacity), ..AgentPatch::default() };
        office.change(&admin, account.me.id, &patch).await?;
        accounts.push(account);
    }
    let (ada, ben, sue) =
        tokio::try_join!(stage.signs_in(&accounts[0]), stage.signs_in(&accounts[1]), stage.signs_in(&accounts[2]))?;
    let team = [("Ada", &ada), ("Ben", &ben), ("Sue", &sue)];

    // The first two find one agent; the second agent takes one of them over by a transfer.
    goes_online(&ada).await?;
    let parcel = stage.native_visitor("Where is my parcel?").await;
    parcel.is_with("Ada").await;
    let france = stage.native_visitor("Do you ship to France?").await;
    france.is_with("Ada").await;
    ada.sees("2 of 2 slots").await?;
    ada.clicks_part("button", "Where is my parcel?").await?;
    ada.finds("textbox", "Message").await?;
    goes_online(&ben).await?;
    ada.clicks("button", "Transfer").await?;
    // That he is there is told within a second.
    ada.waits_until("seekPart('button', 'Ben')?.disabled === false").await?;
    ada.clicks_part("button", "Ben").await?;
    ben.sees("Ada hands this chat to you").await?;
    ben.presses("y").await?;
    parcel.is_with("Ben").await;
    ada.sees("Ben took the chat over").await?;
    ben.says("Message", "It is on its way.").await?;
    parcel.sees("It is on its way.").await;

    // Two more fill the slots, three wait in their order; one of these does not wait for long.
    let cup = stage.native_visitor("Is the cup dishwasher safe?").await;
    let lamp = stage.native_visitor("Can I return a lamp?").await;
    cup.stands(State::Active).await;
    lamp.stands(State::Active).await;
    let gift = stage.native_visitor("Do you gift-wrap?").await;
    gift.waits_at(1).await;
    let sunday = stage.native_visitor("Are you open on Sunday?").await;
    sunday.waits_at(2).await;
    let hasty = stage.native_visitor("Hello??").await;
    hasty.waits_at(3).await;
    ben.sees("# 3").await?;
    ensure!(hasty.ends_chat().await.is_ok(), "who waits may leave");
    ben.sees_no_more("Hello??").await?;

    // A note names a colleague, who is told, and may read on.
    ada.clicks_part("button", "Do you ship to France?").await?;
    ada.clicks("button", "Note").await?;
    ada.types("Internal note", "@Be").await?;
    ada.finds("listbox", "Colleagues").await?;
    ada.hits(Key::Enter).await?;
    ada.presses("they want a discount").await?;
    ada.hits(Key::Enter).await?;
    ben.sees("Ada names you").await?;
    ben.hits(Key::Escape).await?;
    ben.presses("m").await?;
    ben.reads_once("@Ben they want a discount").await?;
    ben.sees_no_more("Ada names you").await?;

    // The supervisor watches, and whispers.
    sue.clicks("button", "All chats").await?;
    sue.clicks_part("button", "Do you ship to France?").await?;
    sue.sees("Ada has this chat.").await?;
    ada.sees("Also here: Ben, Sue").await?;
    sue.clicks("button", "Whisper").await?;
    sue.says("Whisper", "Ten per cent is fine.").await?;
    ada.sees("Whisper to Ada").await?;
    ada.reads_once("Ten per cent is fine.").await?;
    ada.types("Message", "Yes, and ten per").await?;
    sue.sees("Ada writes…").await?;
    ada.says("Message", " cent off today.").await?;
    france.sees("Yes, and ten per cent off today.").await;
    sue.pictures("shift-supervisor").await?;
    sue.sketches("console", 1280, 757).await?;

    // A freed slot pulls the next one; the supervisor comes to help and keeps somebody out.
    ada.clicks("button", "Close chat").await?;
    france.sees_end().await;
    gift.is_with("Ada").await;
    sunday.waits_at(1).await;
    goes_online(&sue).await?;
    sunday.is_with("Sue").await;
    let pills = stage.native_visitor("Buy my pills").await;
    pills.is_with("Sue").await;
    sue.clicks_part("button", "Buy my pills").await?;
    sue.clicks("button", "Block…").await?;
    sue.clicks("button", "Block").await?;
    ensure!(pills.is_refused().await == close::BLOCKED, "kept out");

    // She takes a chat over, of which the other agent is told.
    ada.clicks_part("button", "Do you gift-wrap?").await?;
    sue.clicks_part("button", "Do you gift-wrap?").await?;
    sue.clicks("button", "Take over").await?;
    gift.is_with("Sue").await;
    ada.sees("Sue stepped in and took the chat").await?;
    ada.sees("Sue has this chat.").await?;
    sue.says("Message", "We do.").await?;
    gift.sees("We do.").await;

    // Somebody goes and comes back, to the agent whom they had.
    let theirs = with(&cup, &team)?;
    cup.leaves().await;
    theirs.waits_until("seekPart('list', 'Set aside')?.textContent.includes('dishwasher')").await?;
    cup.connects().await;
    cup.says("I am back").await;
    cup.stands(State::Active).await;
    ensure!(std::ptr::eq(with(&cup, &team)?, theirs), "they find whom they had");

    // Everything ends, and one of them is pleased.
    ends(&ben, "It is on its way.", &parcel).await?;
    let (id, conversation) = (new_id(), parcel.conversation());
    let rate = ToRelay::Rate(Rate { id, conversation, score: 5, comment: None });
    ensure!(parcel.requests(id, rate).await.is_ok(), "rated");
    ends(theirs, "I am back", &cup).await?;
    ends(with(&lamp, &team)?, "Can I return a lamp?", &lamp).await?;
    ends(&sue, "We do.", &gift).await?;
    ends(&sue, "Are you open on Sunday?", &sunday).await?;

    // What was said is found again, notes among it.
    ada.clicks("link", "History").await?;
    ada.says("Text", "discount").await?;
    ada.sees("1 shown").await?;

    // The report's numbers are what happened.
    let all = [&parcel, &france, &cup, &lamp, &gift, &sunday, &hasty, &pills];
    let mut had: BTreeMap<String, u32> = BTreeMap::new();
    for name in all.iter().flat_map(|visitor| had_by(visitor)) {
        *had.entry(name).or_default() += 1;
    }
    let answered = all.iter().filter(|visitor| !had_by(visitor).is_empty()).count();
    ensure!(answered == 7, "all but the hasty one: {answered}");
    sue.clicks("link", "Reports").await?;
    for (name, number) in [("Conversations", "8"), ("Answered", "7"), ("Abandoned", "1"), ("Messages", "0"), ("Rating", "5.0")] {
        sue.waits_until(&format!("{FIGURE}('{name}') === '{number}'")).await?;
    }
    // Ben and Ada answered one each, and Sue one that she took over.
    for (name, count) in [("First response", 3), ("Handling time", 7), ("Rating", 1)] {
        let beside = sue.evaluates(&format!("{BESIDE}('{name}')")).await?;
        ensure!(beside.as_str().is_some_and(|text| text.contains(&format!("{count} of them"))), "{name}: {beside}");
    }
    let told: Value = sue.evaluates(BY_AGENT).await?;
    ensure!(told == json!(had), "{told} instead of {had:?}");
    sue.pictures("shift-report").await?;
    for person in [&ada, &ben, &sue] {
        person.is_content().await?;
    }
    Ok(())
}
