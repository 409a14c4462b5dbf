//! Bodies about canned replies: texts that agents send often, called by a shortcut.

use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, ReplyId, SiteId};
use crate::model::{is_false, wire};

/// Longest shortcut of a canned reply, in characters.
pub const MAX_SHORTCUT: usize = 32;

wire! {
    /// `GET /api/replies`: the canned replies that one may use, shared ones and one's own, by shortcut.
    pub struct Reply {
        /// Names it.
        pub id: ReplyId,
        /// What is typed after `/`.
        pub shortcut: String,
        /// What it says. `{visitor}`, `{agent}` and `{site}` stand for names, which the console fills in.
        pub text: String,
        /// The one site that it is for; without it, all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub site: Option<SiteId>,
        /// Whose it is; without it, everybody's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub owner: Option<AgentId>,
    }

    /// `POST /api/replies`: make one. `PUT …/replies/{id}`: put this in its place. Both answer [`Reply`]; `DELETE …/replies/{id}` removes it (204).
    /// One's own are everybody's to keep, shared ones the supervisors'.
    pub struct ReplyDraft {
        /// 1 to [`MAX_SHORTCUT`] letters, digits, `-` and `_`, told apart without regard to case.
        pub shortcut: String,
        /// At most as long as a message.
        pub text: String,
        /// For one site only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub site: Option<SiteId>,
        /// For everybody.
        #[serde(default, skip_serializing_if = "is_false")]
        pub shared: bool,
    }
}

/// A shortcut as it is kept: in lower case; `None`: it has not the form of one.
pub fn shortcut(written: &str) -> Option<String> {
    let shortcut = written.trim().trim_start_matches('/').to_lowercase();
    let fits = (1..=MAX_SHORTCUT).contains(&shortcut.chars().count());
    (fits && shortcut.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))).then_some(shortcut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_one_word_in_lower_case() {
        assert_eq!(shortcut(" /Hours "), Some("hours".to_owned()));
        assert_eq!(shortcut("Été_2"), Some("été_2".to_owned()));
        for wrong in ["", "/", "two words", "a/b", "{x}", &"x".repeat(MAX_SHORTCUT + 1)] {
            assert_eq!(shortcut(wrong), None, "{wrong}");
        }
    }
}
