//! Why an agent is away, for their colleagues.

use serde::{Deserialize, Serialize};

use super::wire;

/// Why somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AwayReason {
    /// A short break.
    Break,
    /// A meal.
    Meal,
    /// A meeting.
    Meeting,
    /// A training.
    Training,
    /// Other work.
    Work,
    /// Something else; `note` may say what.
    Other,
    /// They have not touched their console for long; only the relay says so.
    Inactive,
    /// They left a chat unanswered that the desk gave them; only the relay says so.
    Unanswered,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}

impl AwayReason {
    /// What agents choose from.
    pub const CHOICES: [Self; 6] = [Self::Break, Self::Meal, Self::Meeting, Self::Training, Self::Work, Self::Other];
}

wire! {
    /// Why an agent is away.
    pub struct Away {
        /// In a word.
        pub reason: AwayReason,
        /// In their own words, cut at [`MAX_LABEL`](super::MAX_LABEL) characters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub note: String,
    }
}
