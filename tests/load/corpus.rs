//! What visitors and agents say under load: dialogues from a file, or a few of our own.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Who speaks a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The agent.
    Agent,
}

/// One dialogue.
#[derive(Clone, Debug, Deserialize)]
pub struct Dialogue {
    /// Who says what, in order.
    pub turns: Vec<(Speaker, String)>,
}

/// Reads dialogues, one JSON object a line; without a file, our own.
pub fn load(file: Option<&Path>) -> Result<Vec<Dialogue>> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).with_context(|| file.display().to_string())?,
        None => include_str!("corpus.jsonl").to_owned(),
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let dialogues: Vec<Dialogue> = lines
        .enumerate()
        .map(|(line, text)| serde_json::from_str(text).with_context(|| format!("line {} of the corpus", line + 1)))
        .collect::<Result<_>>()?;
    ensure!(dialogues.iter().any(|dialogue| !dialogue.turns.is_empty()), "the corpus holds no turn");
    Ok(dialogues)
}

/// The turns of all dialogues for ever, beginning with a dialogue of this pair's own.
pub fn turns(dialogues: &[Dialogue], pair: usize) -> impl Iterator<Item = &(Speaker, String)> {
    let begin = pair % dialogues.len();
    dialogues.iter().cycle().skip(begin).flat_map(|dialogue| &dialogue.turns)
}
