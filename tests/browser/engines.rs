//! One story, three tests: a story is a function of the engine, and `in_each_engine!` makes a test of it for each, so that cargo's own list
//! shows them as `file::story::webkit`. Where an engine lacks what a story is about, it is skipped by name and with the reason, on a line of
//! the run's output that `make test` counts.

use std::future::Future;
use std::io::Write;

use anyhow::Result;
use tests::browsers::Engine;

/// `in_each_engine!(story)`, or `in_each_engine!(story, WebKit lacks "IndexedDB in workers")`, before `async fn story(engine: Engine)`.
macro_rules! in_each_engine {
    ($story:ident $(, $engine:ident lacks $what:literal)*) => {
        mod $story {
            use tests::browsers::Engine;

            const LACKS: &[(Engine, &str)] = &[$((Engine::$engine, $what)),*];

            #[tokio::test(flavor = "multi_thread")]
            async fn chromium() -> anyhow::Result<()> {
                $crate::engines::run(Engine::Chromium, module_path!(), LACKS, super::$story(Engine::Chromium)).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn firefox() -> anyhow::Result<()> {
                $crate::engines::run(Engine::Firefox, module_path!(), LACKS, super::$story(Engine::Firefox)).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn webkit() -> anyhow::Result<()> {
                $crate::engines::run(Engine::WebKit, module_path!(), LACKS, super::$story(Engine::WebKit)).await
            }
        }
    };
}
pub(crate) use in_each_engine;

/// Runs a story, unless the engine lacks what it is about.
pub async fn run(engine: Engine, name: &str, lacks: &[(Engine, &str)], story: impl Future<Output = Result<()>>) -> Result<()> {
    match lacks.iter().find(|(lacking, _)| *lacking == engine) {
        Some((_, what)) => skipped(engine, name, &format!("no {what}")),
        None => story.await,
    }
}

/// Says that a story, or the rest of one, is skipped in an engine.
pub fn skipped(engine: Engine, name: &str, reason: &str) -> Result<()> {
    let name = name.trim_start_matches("browser::");
    // Not by `eprintln!`, which cargo keeps from those who read the output of tests that pass.
    Ok(writeln!(std::io::stderr(), "skipped in {engine}: {name}: {reason}")?)
}
