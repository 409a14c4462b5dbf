//! Takes comments and white space out of `panel.css`, which is part of the wasm: a sixth of its weight on the wire.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/panel.css");
    let source = fs::read_to_string("src/panel.css")?;
    let target = Path::new(&env::var("OUT_DIR")?).join("panel.css");
    Ok(fs::write(target, minify(&source))?)
}

/// Knows no strings with comments, braces or runs of spaces in them: the panel's sheet has none.
fn minify(css: &str) -> String {
    let mut small = String::with_capacity(css.len());
    for part in css
        .split("/*")
        .enumerate()
        .map(|(place, part)| if place == 0 { part } else { part.split_once("*/").unwrap_or_default().1 })
    {
        for word in part.split_whitespace() {
            // A space counts between words and before `:` or `.` or `(`, never beside these.
            if !small.ends_with(['{', '}', ';', ',', '>', ':'])
                && !word.starts_with(['{', '}', ';', ',', '>'])
                && !small.is_empty()
            {
                small.push(' ');
            }
            small.push_str(word);
        }
    }
    small.replace(";}", "}")
}
