//! Content security policies of the strict kind, and what the chat does about them: nothing is violated, and where a policy forbids
//! WebAssembly the panel comes in a frame of the relay's. And what strangers could try with that frame.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use tests::browsers::Engine;
use thirtyfour::prelude::Key;

use crate::engines::{in_each_engine, skipped};
use crate::stage::{ENGLISH, Stage};
use crate::town::{self, Page, Town};

/// Name, attributes of the script tag, policy, how many violations, and whether the panel is in a frame.
const POLICIES: [(&str, &str, &str, usize, bool); 7] = [
    (
        "wasm",
        "",
        "default-src 'none'; img-src 'self'; script-src RELAY 'wasm-unsafe-eval'; connect-src RELAY SOCKETS; style-src 'none'; base-uri 'none'",
        0,
        false,
    ),
    (
        "trusted",
        "",
        "default-src 'none'; img-src 'self'; script-src RELAY 'wasm-unsafe-eval'; connect-src RELAY SOCKETS; require-trusted-types-for 'script'; trusted-types 'none'",
        0,
        false,
    ),
    (
        "nonce",
        "nonce=abc",
        "default-src 'none'; img-src 'self'; script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; connect-src RELAY SOCKETS",
        0,
        false,
    ),
    ("frame", "data-mode=frame", "default-src 'none'; img-src 'self'; script-src RELAY; frame-src RELAY", 0, true),
    ("fallback", "", "default-src 'none'; img-src 'self'; script-src RELAY; frame-src RELAY", 1, true),
    ("unreachable", "", "default-src 'none'; img-src 'self'; script-src RELAY 'wasm-unsafe-eval'; frame-src RELAY", 1, true),
    (
        "connected",
        "",
        "default-src 'none'; img-src 'self'; script-src RELAY; frame-src RELAY; connect-src RELAY SOCKETS",
        1,
        true,
    ),
];

/// What the panel keeps, here in the page's own storage.
const KEPT: &str = "localStorage['bulle:demo:token']";

in_each_engine!(strict_policies_are_kept);
async fn strict_policies_are_kept(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (agent, _) = town::agent(&stage, "Mia").await?;
    if engine == Engine::WebKit {
        skipped(engine, module_path!(), "gives no frame of another origin's field the focus: nothing is typed in frames")?;
    }
    let html = |tag: &str| {
        format!(
            "<!doctype html><html lang=en><title>Page</title><h1>Page</h1><script async {tag} src=\"RELAY/bulle.js?site=demo\"></script>"
        )
    };
    let pages = POLICIES.iter().map(|&(name, tag, policy, ..)| Page { name, html: html(tag), policy }).collect();
    let town = Town::with(&stage, pages).await?;
    for (name, _, _, violations, framed) in POLICIES {
        let story = async {
            // Somebody else each time: a conversation that lives would start the panel by itself.
            let visitor = stage.person(ENGLISH).await?;
            visitor.opens(&town.url(name)).await?;
            visitor.evaluates("addEventListener('bulle:open', () => document.title += ' opened')").await?;
            visitor.clicks("button", "Open chat").await?;
            let focus = if framed { "focused()?.localName === 'iframe'" } else { "focused()?.localName === 'textarea'" };
            visitor.waits_until(focus).await?;
            // WebKit reports no WebAssembly that it forbids.
            let violations = if engine == Engine::WebKit && name == "connected" { 0 } else { violations };
            let seen = visitor.evaluates("seen.violations").await?;
            ensure!(seen.as_array().map(Vec::len) == Some(violations), "violations: {seen}");
            if framed {
                visitor.waits_until("focused().getClientRects()[0]?.width === 380").await?;
                visitor.waits_until(KEPT).await.context("the frame's token lies in the page's storage")?;
                visitor.waits_until("seek('button', 'Open chat').ariaExpanded === 'true'").await?;
                if engine != Engine::WebKit {
                    let text = format!("Within the frame under {name}");
                    visitor.presses(&format!("{text}{}", Key::Enter.value())).await?;
                    agent.sees(&text).await;
                }
            } else {
                visitor.says("Message", "All allowed").await?;
                visitor.reads_once("All allowed").await?;
                ensure!(visitor.evaluates("seen.violations.length").await? == json!(violations));
            }
            let title = visitor.evaluates("document.title").await?;
            ensure!(title == "Page opened", "told once that it opened: {title}");
            Ok(())
        };
        story.await.with_context(|| format!("under the policy `{name}`"))?;
    }
    Ok(())
}

in_each_engine!(strangers_get_nothing_from_the_frame_and_the_chat_page_stands_alone);
async fn strangers_get_nothing_from_the_frame_and_the_chat_page_stands_alone(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (_agent, _) = town::agent(&stage, "Mia").await?;
    let framing = "<!doctype html><title>Thief</title><h1>Thief</h1><script>\
        window.stolen = []; addEventListener('message', event => stolen.push(event.data)); \
        const port = new MessageChannel(); port.port1.onmessage = event => stolen.push(event.data); \
        const begin = frame => { frame.contentWindow.postMessage({ bulle: 1, wish: true, page: {}, settings: {}, stores: [{}, {}] }, '*', [port.port2]); window.asked = true }</script>\
        <iframe src=\"RELAY/frame/demo\" onload=\"begin(this)\"></iframe><iframe src=\"RELAY/chat/demo\"></iframe>";
    let pages = vec![Page { name: "thief", html: framing.to_owned(), policy: "" }];
    let town = Town::with(&stage, pages).await?;
    let visitor = stage.person(ENGLISH).await?;

    // The chat page alone: a link that anybody may open.
    visitor.opens(&stage.url("/chat/demo")).await?;
    visitor.finds("dialog", "Chat").await?;
    visitor.says("Message", "From the link").await?;
    visitor.reads_once("From the link").await?;
    visitor.waits_until("said().includes('Sent') || said().includes('Read')").await?;
    visitor.is_content().await?;
    let unknown = reqwest::get(stage.url("/frame/nobody")).await?;
    ensure!(unknown.status() == 404, "{}", unknown.status());

    // A page that is not on the list may not frame it, and hears nothing.
    town::lets_in(&stage, &["http://shop.example".to_owned()])?;
    visitor.opens(&town.url("thief")).await?;
    visitor.waits_until("window.asked").await?;
    // The chat still works by its ticket, though the relay's own origin is not on the list either.
    let answer = reqwest::get(stage.url("/frame/demo")).await?;
    let policy = answer.headers().get("content-security-policy").context("no policy")?.to_str()?.to_owned();
    ensure!(policy.ends_with("frame-ancestors http://shop.example"), "{policy}");
    let stolen = visitor.evaluates("stolen").await?;
    ensure!(stolen == json!([]), "the thief heard {stolen}");
    visitor.opens(&stage.url("/chat/demo")).await?;
    visitor.reads_once("From the link").await?;
    // But no other page of the relay is a door to the site.
    visitor.opens(&stage.url("/demo")).await?;
    visitor.waits_until("window.Bulle?.sites").await?;
    visitor.evaluates("Bulle('open')").await?;
    visitor.sees("Chat is not available on this page.").await
}
