//! Builds English in, the language that is there when no other one can be loaded: `texts/en.json` becomes a value of `i18n::Texts`, so that a text that is
//! missing there, or that nobody knows, does not compile.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=texts/en.json");
    let out = env::var("OUT_DIR")?;
    Ok(fs::write(Path::new(&out).join("english.rs"), english(&serde_json::from_str(&fs::read_to_string("texts/en.json")?)?)?)?)
}

/// A constant expression; `minutes.one` and the like are forms of one plural, and what the loader says is nothing for the panel.
fn english(texts: &BTreeMap<String, String>) -> Result<String, Box<dyn Error>> {
    let mut fields = String::new();
    let mut plurals: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (key, text) in texts.iter().filter(|(key, _)| !key.starts_with("loader_")) {
        match key.split_once('.') {
            Some((name, form)) => _ = plurals.entry(name).or_default().insert(form, text),
            None => write!(fields, "{key}: {text:?},")?,
        }
    }
    for (name, forms) in plurals {
        let form = |form| forms.get(form).copied().unwrap_or_default();
        write!(fields, "{name}: Plural({:?}),", ["zero", "one", "two", "few", "many", "other"].map(form))?;
    }
    Ok(format!("Texts {{ {fields} }}"))
}
