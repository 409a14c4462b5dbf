//! A loader that a site owner has pinned: checked by `integrity`, with settings from its own tag, and served for as long as pages name it,
//! also by a relay that was built with another version.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

/// A set of the widget's files that this relay was not built with.
const OLD: &str = "0123456789abcdef";

in_each_engine!(a_pinned_loader_of_another_version_works_and_a_changed_one_does_not);
async fn a_pinned_loader_of_another_version_works_and_a_changed_one_does_not(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let _agent = town::agent(&stage, "Mia").await?;
    let loader = reqwest::get(stage.url("/bulle.js?site=demo")).await?.text().await?;
    let hash = loader.split("/a/").nth(1).context("no assets")?.split('/').next().context("no hash")?.to_owned();
    // What an earlier relay has left in the data folder.
    let sets = stage.database().parent().context("no folder")?.join("assets");
    // Its mark comes last: then the set is whole. Every turn asks the relay for something.
    while !sets.join(&hash).join(".mark").exists() {
        reqwest::get(stage.url("/healthz")).await?;
    }
    copy(&sets.join(hash), &sets.join(OLD))?;
    let pinned = reqwest::get(stage.url(&format!("/a/{OLD}/bulle.js"))).await?;
    ensure!(pinned.headers()["cache-control"] == "public, max-age=31536000, immutable");
    let integrity = |bytes: &[u8]| format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)));
    let right = integrity(&pinned.bytes().await?);
    let tag = |integrity: &str| {
        format!(
            "<!doctype html><html lang=en><title>Pinned</title><h1>Pinned</h1><script async src=\"RELAY/a/{OLD}/bulle.js\" \
             data-site=demo data-color=\"#008000\" integrity=\"{integrity}\" crossorigin=anonymous></script>"
        )
    };
    let pages = vec![
        Page { name: "right", html: tag(&right), policy: "" },
        Page { name: "wrong", html: tag(&integrity(b"another")), policy: "" },
    ];
    let town = Town::with(&stage, pages).await?;
    let visitor = stage.person(ENGLISH).await?;
    visitor.opens(&town.url("wrong")).await?;
    visitor.waits_until("document.readyState === 'complete'").await?;
    ensure!(!visitor.has("button", "Open chat").await?, "a changed loader ran");
    visitor.opens(&town.url("right")).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "By the old version").await?;
    visitor.reads_once("By the old version").await?;
    let old = format!(
        "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/a/')).every(entry => entry.name.includes('/a/{OLD}/'))"
    );
    ensure!(visitor.evaluates(&old).await? == true, "files of two versions");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name()))?,
            false => std::fs::copy(entry.path(), to.join(entry.file_name())).map(drop)?,
        }
    }
    Ok(())
}
