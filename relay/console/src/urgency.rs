//! Urgency in words.

use crate::text::Texts;

/// How urgent a conversation is, in a word or two.
pub fn word(priority: i32, texts: &Texts) -> &'static str {
    match priority {
        2.. => texts.desk.urgency_most,
        1 => texts.desk.urgency_more,
        0 => texts.desk.urgency_usual,
        -1 => texts.desk.urgency_less,
        ..=-2 => texts.desk.urgency_least,
    }
}
