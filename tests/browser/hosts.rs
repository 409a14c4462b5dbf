//! Pages that make life hard for what is embedded in them, mostly without meaning to. The chat works on each, and the page's own looks and
//! globals are afterwards what they were before.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use tests::browsers::Engine;

use crate::engines::{in_each_engine, skipped};
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

const PAGES: [(&str, &str); 8] = [
    ("reset", include_str!("hosts/reset.html")),
    ("layers", include_str!("hosts/layers.html")),
    ("transform", include_str!("hosts/transform.html")),
    ("pollution", include_str!("hosts/pollution.html")),
    ("overwritten", include_str!("hosts/overwritten.html")),
    ("frozen", include_str!("hosts/frozen.html")),
    ("rtl", include_str!("hosts/rtl.html")),
    ("blockers", include_str!("hosts/blockers.html")),
];

in_each_engine!(the_chat_works_on_hostile_pages_and_changes_nothing_about_them);
async fn the_chat_works_on_hostile_pages_and_changes_nothing_about_them(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let _agent = town::agent(&stage, "Mia").await?;
    let pages = PAGES.iter().map(|&(name, html)| Page { name, html: html.to_owned(), policy: "" }).collect();
    let town = Town::with(&stage, pages).await?;
    let visitor = stage.person(ENGLISH).await?;
    for (place, (name, _)) in PAGES.iter().enumerate() {
        if engine == Engine::WebKit && *name == "pollution" {
            skipped(engine, module_path!(), "its driver's own scripts stumble over a polluted prototype: no page `pollution`")?;
            continue;
        }
        let story = async {
            visitor.opens(&town.url(name)).await?;
            visitor.finds("button", "Open chat").await?;
            let place_of = |what: &str| {
                format!(
                    "(() => {{ const {{ right, bottom, width, height }} = {what}.getBoundingClientRect(); return [innerWidth - right, innerHeight - bottom, width, height].map(Math.round) }})()"
                )
            };
            let launcher = visitor.evaluates(&place_of("seek('button', 'Open chat')")).await?;
            ensure!(launcher == json!([20, 20, 56, 56]), "the launcher is at {launcher}");
            let hit = "document.elementFromPoint(innerWidth - 48, innerHeight - 48)?.localName";
            ensure!(visitor.evaluates(hit).await? == json!("bulle-chat"), "something is above the launcher");
            visitor.clicks("button", "Open chat").await?;
            let panel = visitor.finds("dialog", "Chat").await?.rect().await?;
            ensure!((panel.width - 380.0).abs() < 2.0, "the panel is {} wide", panel.width);
            let text = format!("Is {place} in stock/size? Yes");
            if engine == Engine::WebKit && *name == "pollution" {
                // There, the driver cannot type: its own scripts stumble over what the page has done.
                visitor.evaluates(&format!("Bulle('send', {})", json!(text))).await?;
            } else {
                visitor.says("Message", &text).await?;
            }
            visitor.reads_once(&text).await?;
            visitor.waits_until("said().includes('Sent') || said().includes('Read')").await?;
            let changes = visitor.evaluates("kept.changes()").await?;
            ensure!(changes == json!([]), "the page is not what it was: {changes}");
            // The next page gets somebody new.
            visitor.evaluates("Bulle('shutdown')").await?;
            visitor.waits_until("!localStorage['bulle:demo:token']").await?;
            Ok(())
        };
        story.await.with_context(|| format!("on the page `{name}`"))?;
    }
    Ok(())
}
