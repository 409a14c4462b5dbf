//! What the desk of a site goes by: teams and languages, rules that say for whom a chat is, how chats are handed out, and when
//! somebody is there.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::wire;
use crate::ids::{AgentId, SiteId, TeamId};

/// Most teams: consoles are told all of them.
pub const MAX_TEAMS: usize = 100;
/// Most routing rules of a site.
pub const MAX_ROUTES: usize = 50;
/// Most holidays of a site.
pub const MAX_HOLIDAYS: usize = 100;
/// Most spans of opening hours in a day.
pub const MAX_SPANS: usize = 4;
/// Most languages of an agent.
pub const MAX_LANGUAGES: usize = 20;
/// How urgent a conversation can be.
pub const PRIORITIES: RangeInclusive<i32> = -2..=2;

/// How the chats of a site come to agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Assigning {
    /// The desk hands them out.
    #[default]
    Automatic,
    /// Agents pick them from the queue. Only what waits for one agent in particular is handed to them.
    Pick,
}

wire! {
    /// A group of agents that a conversation can be for.
    #[derive(Hash)]
    pub struct Team {
        /// Its id.
        pub id: TeamId,
        /// Its display name, different from all others.
        pub name: String,
        /// Who is in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub members: Vec<AgentId>,
        /// The sites whose chats it takes; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub sites: Vec<SiteId>,
    }

    /// What the desk of a site goes by.
    #[derive(Default)]
    pub struct SiteDesk {
        /// How chats come to agents.
        #[serde(default)]
        pub assigning: Assigning,
        /// When somebody is there; left out: always.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub hours: Option<Hours>,
        /// For whom a new conversation is: the first rule that fits counts. At most [`MAX_ROUTES`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub routes: Vec<RoutingRule>,
    }

    /// Opening hours, by the clocks of a place.
    pub struct Hours {
        /// IANA name of the place's time zone, such as `Europe/Paris`.
        pub time_zone: String,
        /// Seven days, Monday first, each with at most [`MAX_SPANS`] spans in order; a day without any is closed.
        pub week: Vec<Vec<Span>>,
        /// Days that are not like their weekday, at most [`MAX_HOLIDAYS`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub holidays: Vec<Holiday>,
    }

    /// A part of a day.
    pub struct Span {
        /// Its first minute, `HH:MM`.
        pub from: String,
        /// The minute after its last one, `HH:MM`, at most `24:00`.
        pub to: String,
    }

    /// A day with hours of its own.
    pub struct Holiday {
        /// Which day, `YYYY-MM-DD`.
        pub date: String,
        /// Its name, at most [`MAX_LABEL`](super::MAX_LABEL) characters; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub name: String,
        /// When somebody is there all the same; empty: closed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub spans: Vec<Span>,
    }

    /// Says for whom new conversations are. All that is set of `page` and `language` has to hold; neither: every conversation.
    pub struct RoutingRule {
        /// The page's address matches this pattern, in which `*` stands for anything. One that begins with `/` is about the path and what
        /// follows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub page: Option<String>,
        /// The visitor's language, such as `fr`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub language: Option<String>,
        /// Whose it is; left out: anybody's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub team: Option<TeamId>,
        /// How urgent it is, -2 to 2.
        #[serde(default, skip_serializing_if = "super::is_zero")]
        pub priority: i32,
    }
}

/// The language of a tag (BCP 47): its first part in lower case. `None` where that is none.
pub fn language(tag: &str) -> Option<String> {
    let first = tag.split(['-', '_']).next().unwrap_or_default();
    let is_one = (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_one.then(|| first.to_ascii_lowercase())
}

/// Minutes since midnight of an `HH:MM`, up to 24:00.
pub fn minute_of(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?;
    let (hours, minutes): (u32, u32) = (number(hours)?, number(minutes)?);
    let minute = 60 * hours + minutes;
    (minutes < 60 && minute <= 24 * 60).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_a_language() {
        for (tag, found) in
            [("fr-CH", Some("fr")), ("EN", Some("en")), ("zh_Hant", Some("zh")), ("x", None), ("", None), ("12", None)]
        {
            assert_eq!(language(tag).as_deref(), found, "{tag}");
        }
    }

    #[test]
    fn minutes_are_those_of_a_day() {
        for (text, minute) in [("00:00", Some(0)), ("09:30", Some(570)), ("24:00", Some(1_440))] {
            assert_eq!(minute_of(text), minute, "{text}");
        }
        for text in ["", "9:30", "24:01", "12:60", "ab:cd", "12", "+1:00", "12:00:00"] {
            assert_eq!(minute_of(text), None, "{text}");
        }
    }
}
