//! Files from the visitor's page to the agent's: picked, pasted and dropped, given up, refused and sent again, spoken.

use std::io::Write;

use anyhow::{Context, Result, ensure};
use flate2::{Compression, Crc, write::ZlibEncoder};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use shared::api::SitePatch;
use shared::model::SiteSettings;
use tests::agent::Agent;
use tests::browsers::Engine;

use crate::engines::{in_each_engine, skipped};
use crate::person::Person;
use crate::stage::Stage;

/// Makes `give(kind, name, type, parts)` of the page: hands the panel a file as a paste or a drop would.
pub const GIVE: &str = "window.give = (kind, name, type, parts) => {\
    const data = new DataTransfer(); data.items.add(new File(parts, name, { type }));\
    const event = new Event(kind, { bubbles: true, composed: true, cancelable: true });\
    Object.defineProperty(event, kind === 'paste' ? 'clipboardData' : 'dataTransfer', { value: data });\
    seek('textbox', 'Message').dispatchEvent(event); return event.defaultPrevented; };";

/// A red picture.
pub fn red_png(width: u32, height: u32) -> Result<Vec<u8>> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let body = [kind.as_slice(), data].concat();
        let mut sum = Crc::new();
        sum.update(&body);
        [&(data.len() as u32).to_be_bytes(), body.as_slice(), &sum.sum().to_be_bytes()].concat()
    };
    let row: Vec<u8> = [0].into_iter().chain([255, 0, 0].repeat(width as usize)).collect();
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    pixels.write_all(&row.repeat(height as usize))?;
    let head = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let parts = [chunk(b"IHDR", &head), chunk(b"IDAT", &pixels.finish()?), chunk(b"IEND", &[])];
    Ok([b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat())
}

/// The panel has drawn so many red pictures of this size.
async fn sees_red(visitor: &Person, count: usize) -> Result<()> {
    // Looked at through a canvas that is made for it: browsers complain about others.
    let drawn = format!(
        "(window.look ||= new OffscreenCanvas(1, 1).getContext('2d', {{ willReadFrequently: true }})) && everything(document).filter(el => \
         el.tagName === 'CANVAS' && el.width === 40 && el.height === 30 && (look.drawImage(el, 20, 15, 1, 1, 0, 0, 1, 1), \
         look.getImageData(0, 0, 1, 1).data.join() === '255,0,0,255')).length === {count}"
    );
    visitor.waits_until(&drawn).await.map(drop)
}

/// How often the page has asked the relay to take a file.
const SENT: &str = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/files')).length";

in_each_engine!(files_are_picked_pasted_and_dropped);
async fn files_are_picked_pasted_and_dropped(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.finds("button", "Attach files").await?;

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("my cup.png");
    std::fs::write(&file, red_png(40, 30)?)?;
    visitor.picks(&file).await?;
    sees_red(&visitor, 1).await?;
    visitor.finds("link", "Picture: my cup.png").await?;
    agent.clicks_part("button", "my cup.png").await?;
    agent.waits_until("everything(document).some(el => el.tagName === 'IMG' && el.naturalWidth === 40)").await?;
    agent.finds("link", "Download my cup.png").await?;

    visitor.runs_seeking(GIVE).await?;
    let bytes = json!(red_png(40, 30)?);
    ensure!(
        visitor.evaluates(&format!("give('paste', 'pasted.png', 'image/png', [new Uint8Array({bytes})])")).await? == json!(true)
    );
    sees_red(&visitor, 2).await?;
    // What calls itself a picture and is none.
    visitor.evaluates("give('drop', 'hit.svg', 'image/svg+xml', ['<svg xmlns=\"http://www.w3.org/2000/svg\"/>'])").await?;
    visitor.finds("link", "Download hit.svg").await?;
    agent.finds("link", "Download hit.svg").await?;
    visitor.is_at("textbox", "Message").await?;

    // Too large, and empty: refused before a byte of them is sent.
    let sent = visitor.evaluates(SENT).await?;
    visitor.evaluates("give('drop', 'film.mov', 'video/quicktime', [new Uint8Array(11000000)])").await?;
    visitor.sees("film.mov is too large. Files may have at most 10").await?;
    visitor.evaluates("give('drop', 'none.txt', 'text/plain', [])").await?;
    visitor.sees("none.txt is empty.").await?;
    ensure!(visitor.evaluates(SENT).await? == sent, "nothing of it was sent");
    visitor.reloads().await?;
    sees_red(&visitor, 2).await?;

    visitor.evaluates(WATCH_DOWNLOADS).await?;
    visitor.clicks("button", "Transcript").await?;
    visitor.clicks("button", "Download as text").await?;
    visitor.waits_until("/You: Picture: my cup.png http:\\/\\/127[^ ]*\\/f\\/[^ ]*\\/my%20cup.png/.test(window.kept)").await?;
    visitor.waits_until("/Download hit.svg http:[^ ]*hit.svg/.test(window.kept)").await?;
    visitor.is_content().await?;
    agent.is_content().await
}

/// Reads along what the page offers for download.
const WATCH_DOWNLOADS: &str = "(make => URL.createObjectURL = blob => (blob.text().then(text => window.kept = text), make.call(URL, blob)))\
    (URL.createObjectURL), true";

in_each_engine!(an_upload_is_given_up_or_sent_again);
async fn an_upload_is_given_up_or_sent_again(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (office, owner) = stage.owner().await?;
    let agent = Agent::new(&office, &owner);
    agent.comes_online().await;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    // The relay has said that files may be sent.
    visitor.finds("button", "Attach files").await?;
    visitor.runs_seeking(GIVE).await?;
    // A network that swallows everything.
    visitor.runs("window.send = XMLHttpRequest.prototype.send; XMLHttpRequest.prototype.send = function () {};").await?;
    visitor.evaluates("give('drop', 'slow.txt', 'text/plain', ['slow'])").await?;
    visitor.sees("Uploading slow.txt").await?;
    visitor.finds("progressbar", "Uploading slow.txt").await?;
    visitor.clicks("button", "Cancel").await?;
    visitor.sees_no_more("Uploading slow.txt").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.runs("XMLHttpRequest.prototype.send = window.send;").await?;

    // Somebody has switched files off in the database, of which no panel is told; then on again.
    let switch = |on: bool| -> Result<usize> {
        let db = Connection::open(stage.database())?;
        Ok(db
            .execute("UPDATE site SET settings = json_set(settings, '$.files', json(?1))", [if on { "true" } else { "false" }])?)
    };
    switch(false)?;
    visitor.evaluates("give('drop', 'notes.txt', 'text/plain', ['notes'])").await?;
    visitor.sees("notes.txt could not be sent.").await?;
    switch(true)?;
    visitor.clicks("button", "Try again").await?;
    visitor.finds("link", "Download notes.txt").await?;
    visitor.sees_no_more("could not be sent").await?;
    let address = visitor.evaluates("seek('link', 'Download notes.txt').href").await?;
    let answer = reqwest::get(address.as_str().context("an address")?).await?;
    ensure!(answer.headers()["content-disposition"] == "attachment; filename*=UTF-8''notes.txt");
    ensure!(answer.text().await? == "notes");

    // The owner does not want files any more: the open panel follows, and takes care that none replaces the page.
    let sent = visitor.evaluates(SENT).await?;
    let settings = SiteSettings { files: false, ..SiteSettings::default() };
    let patch = SitePatch { settings: Some(settings), ..SitePatch::default() };
    office.request(Method::PATCH, "/api/sites/demo").by(&owner).json(&patch)?.send().await?.accepted()?;
    visitor.waits_until("!seek('button', 'Attach files')").await?;
    for kind in ["dragover", "drop"] {
        let prevented = visitor.evaluates(&format!("give('{kind}', 'late.txt', 'text/plain', ['late'])")).await?;
        ensure!(prevented == json!(true), "the browser may open what comes by {kind}");
    }
    visitor.says("Message", "No files then").await?;
    visitor.reads_once("No files then").await?;
    ensure!(visitor.evaluates(SENT).await? == sent, "a file was sent that is not wanted");
    // Browsers note the refusal as an error of the page.
    let complaints = visitor.complaints().await?;
    ensure!(complaints.iter().all(|line| line.contains("403")), "{complaints:#?}");
    Ok(())
}

/// Presses Play once and sees it play. In one script: a second of sound is over before the next one comes.
fn plays(what: &str) -> String {
    format!("((window.pressed ||= {{}}).{what} ||= (seek('button', 'Play').click(), true)) && seek('button', 'Pause')")
}

/// Whether the browser has anything to play sounds on; without, it waits for it for ever and says nothing, so only time can tell.
const SOUNDS: &str =
    "Promise.race([new AudioContext().resume().then(() => true), new Promise(done => setTimeout(done, 2000, false))])";

in_each_engine!(a_voice_note_is_recorded_and_heard, WebKit lacks "microphone that can be made up");
async fn a_voice_note_is_recorded_and_heard(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.clicks("button", "Record a voice note").await?;
    visitor.is_at("button", "Stop").await?;
    visitor.sees("0:01").await?;
    visitor.clicks("button", "Stop").await?;
    visitor.is_at("button", "Send").await?;
    visitor.waits_until(&plays("recording")).await?;
    visitor.runs_seeking("everything(document).find(el => el.matches('.recorder .main')).click()").await?;
    visitor.finds("group", "Voice note").await?;
    visitor.finds("slider", "Position").await?;
    agent.clicks_part("button", "voice.").await?;
    // The agent's browser knows the sound.
    agent.waits_until("everything(document).some(el => el.tagName === 'AUDIO' && el.readyState > 0 && !el.error)").await?;
    if visitor.evaluates(SOUNDS).await? == json!(true) {
        visitor.waits_until(&plays("note")).await?;
    } else {
        skipped(engine, "files::a_voice_note_is_recorded_and_heard, the panel's player", "no sound output on this machine")?;
    }
    visitor.is_content().await?;
    agent.is_content().await
}
