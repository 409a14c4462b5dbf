//! A supervisor at the console: the list of what others have, live; watching, whispering, taking over; by keyboard, on a phone, in the dark,
//! in French.

use anyhow::{Result, ensure};
use serde_json::json;
use shared::model::Role;
use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::person::Person;
use crate::stage::{Stage, goes_online};

async fn has_no_barrier(person: &Person, state: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        person.prefers(scheme).await?;
        let barriers = person.asks_axe_everywhere().await?;
        ensure!(barriers.is_empty(), "{state}, {scheme}: {barriers:#?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_watches_whispers_and_takes_over() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let (office, admin) = stage.owner().await?;
    let (ada, sue) = (office.hire(&admin, "Ada", Role::Agent).await?, office.hire(&admin, "Sue", Role::Supervisor).await?);
    let (ada, sue) = tokio::try_join!(stage.signs_in(&ada), stage.signs_in(&sue))?;
    goes_online(&ada).await?;
    let visitor = stage.native_visitor("My parcel is late").await;
    visitor.is_with("Ada").await;

    ensure!(!ada.has("button", "All chats").await?, "an agent has no such list");
    sue.clicks("button", "All chats").await?;
    sue.finds("list", "All chats").await?;
    sue.sees("With Ada").await?;
    has_no_barrier(&sue, "list").await?;
    visitor.says("Is anybody there?").await;
    sue.sees("Is anybody there?").await?;
    sue.pictures("supervise-list").await?;
    // It stays open, and is asked for anew.
    sue.reloads().await?;
    sue.sees("With Ada").await?;

    sue.clicks_part("button", "Is anybody there?").await?;
    sue.reads_once("My parcel is late").await?;
    sue.sees("Ada has this chat.").await?;
    visitor.types("I have wai").await;
    sue.sees("I have wai").await?;
    ada.clicks_part("button", "Is anybody there?").await?;
    ada.sees("Also here: Sue").await?;
    sue.sees("Also here: Ada").await?;

    sue.presses("w").await?;
    sue.is_at("textbox", "Whisper").await?;
    sue.types("Whisper", "Look into the van").await?;
    ada.sees("Sue writes…").await?;
    has_no_barrier(&sue, "whisper").await?;
    sue.pictures("supervise-whisper").await?;
    sue.hits(Key::Enter).await?;
    ada.sees("Whisper to Ada").await?;
    ada.reads_once("Look into the van").await?;
    ada.pictures("supervise-whispered").await?;
    ensure!(visitor.times_seen("Look into the van") == 0, "never to the visitor");

    // Taking over needs a slot, and says so.
    sue.presses("o").await?;
    sue.sees("Go online to take chats.").await?;
    goes_online(&sue).await?;
    sue.clicks("button", "Take over").await?;
    visitor.is_with("Sue").await;
    ada.sees("Sue stepped in and took the chat").await?;
    ada.sees("0 of 3 slots").await?;
    ada.pictures("supervise-taken").await?;
    sue.says("Message", "It is in the van.").await?;
    visitor.sees("It is in the van.").await;
    sue.sees("Delivered").await?;
    sue.sees("Nobody else has a chat.").await?;

    sue.prefers("dark").await?;
    sue.pictures("supervise-dark").await?;
    sue.holds_phone(390, 844).await?;
    sue.waits_until("document.documentElement.scrollWidth <= 390").await?;
    sue.pictures("supervise-phone").await?;
    ensure!(sue.asks_axe_everywhere().await? == Vec::<String>::new(), "barriers on the phone");
    sue.puts_phone_away().await?;
    sue.evaluates("(list => { list.value = 'fr'; list.dispatchEvent(new Event('change', { bubbles: true })); return true })(document.querySelector('.language'))").await?;
    sue.sees("Toutes les conversations").await?;
    sue.sees("Distribué").await?;
    ensure!(sue.evaluates("document.documentElement.lang").await? == json!("fr"));
    ada.is_content().await?;
    sue.is_content().await
}
