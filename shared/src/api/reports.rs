//! Bodies of the REST API about figures: what happened on a site within some days. Every figure is defined here, and in the same words on
//! the console's page.

use serde::{Deserialize, Serialize};

use crate::ids::{Millis, SiteKey};
use crate::model::{Person, is_false, wire};

/// How long after its end a conversation has to rest to count as resolved, in ms: as long as its visitor can take it up again.
pub const RESTS: Millis = 7 * 24 * 60 * 60 * 1_000;
/// Longest range of a report, in days.
pub const MAX_REPORT_DAYS: i32 = 366;

wire! {
    /// `GET /api/reports?from=2026-11-01&until=2026-11-30&zone=Europe/Paris` (supervisors): conversations that began on these days.
    pub struct Report {
        /// The site; left out: all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub site: Option<SiteKey>,
        /// First day, as in `2026-11-01`.
        pub from: String,
        /// Last day.
        pub until: String,
        /// The IANA time zone in which days and hours are told: the site's own, where it has opening hours, else the one that was asked for.
        pub zone: String,
        /// The figures of them all.
        pub all: Figures,
        /// By day of their beginning, every day of the range.
        pub days: Vec<Slice>,
        /// By hour of their beginning, `00` to `23`, over all days.
        pub hours: Vec<Slice>,
        /// By the page on which they began, the 20 most frequent: address without what follows `?` or `#`.
        pub pages: Vec<Slice>,
        /// By the team that they were for last, those for none aside, in the order of names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub teams: Vec<Slice>,
        /// By agent.
        pub agents: Vec<AgentFigures>,
        /// Slots in use and slots offered of all agents.
        pub slots: SlotUse,
        /// Whether there were more conversations than one report looks at; then these are the latest.
        #[serde(default, skip_serializing_if = "is_false")]
        pub cut: bool,
    }

    /// What some conversations have in common.
    pub struct Slice {
        /// The day, hour, page or team.
        pub name: String,
        /// Their figures.
        pub figures: Figures,
    }

    /// Figures of some conversations.
    #[derive(Default)]
    pub struct Figures {
        /// How many began.
        pub conversations: u32,
        /// How many began while nobody was there, and were kept as messages.
        pub messages: u32,
        /// How many an agent has had.
        pub answered: u32,
        /// How many waited in the queue and ended, or were left by their visitor, before any agent had them.
        pub abandoned: u32,
        /// How many were resolved: an agent had them, they ended, and for 7 days after it their visitor did not write again, a mere "thanks" aside.
        pub resolved: u32,
        /// How many were reopened: after such an end their visitor wrote again within these days. Those that ended a shorter time ago and rest are
        /// neither yet.
        pub reopened: u32,
        /// Waiting time: all time in the queue before an agent first had it. Of those that waited and were had.
        pub waiting: Spread,
        /// First response: from the visitor's first message to the first message of an agent.
        pub response: Spread,
        /// Handling time: all time during which it occupied a slot. Of those that an agent had.
        pub handling: Spread,
        /// How often each score, 1 to 5, was the last rating.
        pub ratings: [u32; 5],
    }

    /// Times in ms.
    #[derive(Copy, Default)]
    pub struct Spread {
        /// Of how many.
        pub count: u32,
        /// Their mean.
        pub mean: Millis,
        /// Half of them are no longer than this.
        pub median: Millis,
        /// Nine tenths of them are no longer than this.
        pub most: Millis,
    }

    /// Figures of one agent: of the conversations that they had, whoever had them too.
    pub struct AgentFigures {
        /// Who.
        pub agent: Person,
        /// How many they had.
        pub conversations: u32,
        /// Response: from a conversation's becoming theirs for the first time to their first message after that.
        pub response: Spread,
        /// Handling time: all time during which a conversation occupied a slot of theirs.
        pub handling: Spread,
        /// Ratings of conversations that they had last.
        pub ratings: [u32; 5],
        /// Their slots in the range of days.
        pub slots: SlotUse,
    }

    /// How much of what was offered was used. Both in ms of one slot.
    #[derive(Copy, Default)]
    pub struct SlotUse {
        /// Time during which conversations that began in the range occupied slots, within it.
        pub used: Millis,
        /// Time online, within the range, times slots. Known since the version that began to write it down.
        pub offered: Millis,
    }
}
