//! Twelve languages: each is loaded by itself, with the code; its panel speaks nothing else, counts as the browser's `Intl` does, and is
//! written in its direction.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

type Texts = BTreeMap<String, String>;

/// All languages but English, which is built in, by their files.
fn languages() -> Result<BTreeMap<String, Texts>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../widget/texts");
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?.to_owned();
        all.insert(name, serde_json::from_str(&std::fs::read_to_string(&path)?)?);
    }
    Ok(all)
}

/// Calls the loader anew, as the relay does for a site with this language.
const SPEAK: &str = "chat().remove(); delete window.Bulle; localStorage.clear(); sessionStorage.clear(); performance.clearResourceTimings(); \
    document.documentElement.dir = 'DIR'; (LOADER)({ ...SETTINGS, locale: 'LANGUAGE', open: 'OPEN' });";

/// What the modules say under this name.
fn more(language: &str, key: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../widget/more/texts-{language}.js"));
    let file = std::fs::read_to_string(path)?;
    let start = format!("{key}: \"");
    let line = file.lines().find_map(|line| line.trim().strip_prefix(&start)?.strip_suffix("\","));
    line.map(folded).context("no such text")
}

/// White space as a page folds it.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

in_each_engine!(every_language_speaks_for_itself);
async fn every_language_speaks_for_itself(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let (loader, settings) = stage.loader().await?;
    let visitor = stage.visitor().await?;
    let languages = languages()?;
    ensure!(languages.len() == 12, "{:?}", languages.keys());
    let english = &languages["en"];
    for (name, texts) in &languages {
        let text = |key: &str| folded(&texts[key]);
        visitor.reloads().await?;
        // The page is written in the other direction: the panel keeps to its own.
        let script = SPEAK.replace("DIR", if texts["dir"] == "rtl" { "ltr" } else { "rtl" });
        let script = script
            .replace("LOADER", &loader)
            .replace("SETTINGS", &settings)
            .replace("LANGUAGE", name)
            .replace("OPEN", &text("loader_open"));
        visitor.runs_seeking(&script).await?;
        visitor.clicks("button", &text("loader_open")).await?;
        visitor.finds("dialog", &text("chat")).await?;
        visitor.finds("log", &text("conversation")).await?;
        // The offline form speaks for the modules, which have texts of their own.
        visitor.sees(&more(name, "offline")?).await?;
        visitor.finds("button", &more(name, "leave")?).await?;
        let dressed = visitor
            .evaluates(&format!(
                "(panel => [panel.lang, getComputedStyle(panel).direction])(seek('dialog', {}))",
                json!(text("chat"))
            ))
            .await?;
        ensure!(dressed == json!([name, texts["dir"]]), "{name}: {dressed}");
        // A click right after the pointer has come asks the browser's cache for the same file once more.
        let loaded = visitor
            .evaluates(
                "[...new Set(performance.getEntriesByType('resource').map(entry => entry.name.split('/').pop()))] \
                 .filter(name => name.endsWith('.json'))",
            )
            .await?;
        ensure!(
            if name == "en" { loaded == json!([]) } else { loaded == json!([format!("{name}.json")]) },
            "{name} loads {loaded}"
        );
        let shown = visitor.shows().await?.as_str().unwrap_or_default().to_owned();
        for (key, words) in
            english.iter().filter(|(key, words)| name != "en" && words.len() > 9 && texts.get(*key) != Some(*words))
        {
            ensure!(!shown.contains(words.as_str()), "{name} shows {key} in English: {words}");
        }
        // Every number that a wait may have takes a form that the file has.
        let categories =
            format!("[...new Set(Array.from({{ length: 200 }}, (_, number) => new Intl.PluralRules('{name}').select(number)))]");
        let categories: Vec<String> = serde_json::from_value(visitor.evaluates(&categories).await?)?;
        for category in categories {
            ensure!(texts.contains_key(&format!("minutes.{category}")), "{name}.json lacks minutes.{category}");
        }
        if ["ar", "ja"].contains(&name.as_str()) {
            let barriers = visitor.asks_axe().await?;
            ensure!(barriers.is_empty(), "{name}: {barriers:#?}");
        }
    }
    visitor.is_content().await
}
