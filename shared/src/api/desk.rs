//! Bodies about the desk: teams, what the desk of a site goes by, and why a conversation waits.

use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, SiteId};
use crate::model::wire;

wire! {
    /// `POST /api/teams` makes a team, `PUT /api/teams/{id}` puts another in its place (admins). Both answer
    /// [`Team`](crate::model::Team). `GET /api/teams` lists them; `DELETE /api/teams/{id}` (204) removes one, and what waits for it
    /// waits for anybody.
    pub struct TeamDraft {
        /// Display name, 1 to 80 characters, different from all others.
        pub name: String,
        /// Who is in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub members: Vec<AgentId>,
        /// The sites whose chats it takes; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub sites: Vec<SiteId>,
    }

    /// `GET /api/conversations/{id}/why`: why a queued conversation waits.
    pub struct Why {
        /// One sentence in English.
        pub reason: String,
        /// The same for programs.
        pub cause: Cause,
        /// The agent, team or language that the cause is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// `preferred`: how much longer, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub seconds: Option<u32>,
        /// `busy`, `team_busy`, `language_busy`: how many agents are online who could have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub agents: Option<u32>,
    }
}

/// Why a conversation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody is online.
    NobodyOnline,
    /// It waits for the agent who had it before.
    Preferred,
    /// Agents pick this site's chats themselves, and nobody has.
    Picked,
    /// Whoever could have it and has a free slot has given it up before.
    GivenUp,
    /// All members of its team who are online have no free slot.
    TeamBusy,
    /// All who are online and speak its language have no free slot.
    LanguageBusy,
    /// Nobody online has a free slot.
    Busy,
    /// More urgent ones go first.
    Urgent,
    /// Others have waited longer.
    Behind,
    /// It is next.
    Next,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
