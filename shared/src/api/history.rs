//! Bodies of the REST API about what was said before: tags, searching, saved searches.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{AgentId, Millis, Seq, SiteId};
use crate::model::{Conversation, Entry, State, is_false, wire};

/// Longest search text, in Unicode scalar values.
pub const MAX_QUERY: usize = 200;
/// Most words and phrases of one search.
pub const MAX_TERMS: usize = 16;
/// Most saved searches of an agent.
pub const MAX_SAVED: usize = 50;

wire! {
    /// `PATCH /api/conversations/{id}/tags`: puts tags on a conversation and takes some off. Answers the [`Conversation`].
    #[derive(Default)]
    pub struct TagPatch {
        /// To put on: 1 to [`MAX_TAG`](crate::model::MAX_TAG) characters each. They are kept in lower case, with single spaces.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub add: Vec<String>,
        /// To take off.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub remove: Vec<String>,
    }

    /// What to look for: the query string of `GET /api/search`, and what a saved search keeps. What is left out does not matter.
    #[derive(Default)]
    pub struct SearchQuery {
        /// Words that have to stand in one message, at most [`MAX_QUERY`] characters; between double quotes: beside each other.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub q: String,
        /// Who has the conversation, or had it last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub agent: Option<AgentId>,
        /// A tag of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub tag: Option<String>,
        /// Its last rating, 1 to 5.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rating: Option<u8>,
        /// Where it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub state: Option<State>,
        /// Its site.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub site: Option<SiteId>,
        /// Part of the address of the page that the visitor was on, in any case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub page: Option<String>,
        /// Not before: of the message where text is searched for, else of the conversation's beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub from: Option<Millis>,
        /// Before, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<Millis>,
    }

    /// `GET /api/search?q=…`: the latest first, 25 at most.
    pub struct Found {
        /// What was found, as far as this agent may read it.
        pub hits: Vec<Hit>,
        /// Ask again with `after` set to this for what comes next, also where `hits` is empty: the relay looks at a bounded number of rows
        /// for one answer. Left out: that was all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next: Option<String>,
        /// Whether older messages are still being indexed, so that some may be missing.
        #[serde(default, skip_serializing_if = "is_false")]
        pub indexing: bool,
    }

    /// One message that was found, or one conversation where no text was searched for.
    pub struct Hit {
        /// The conversation.
        pub conversation: Conversation,
        /// Its last rating.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rating: Option<u8>,
        /// The message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub message: Option<HitMessage>,
    }

    /// A message that was found.
    pub struct HitMessage {
        /// Its number.
        pub seq: Seq,
        /// When it was committed.
        pub at: Millis,
        /// Whether only the team may see it.
        #[serde(default, skip_serializing_if = "is_false")]
        pub internal: bool,
        /// The part of its text around what was found.
        pub snippet: Vec<Fragment>,
    }

    /// `GET /api/conversations/{id}/transcript?form=json`: a whole conversation to take away.
    pub struct Transcript {
        /// The conversation.
        pub conversation: Conversation,
        /// Its entries in order. What was changed reads as it does now.
        pub entries: Vec<Entry>,
        /// Whether there are more than a transcript holds.
        #[serde(default, skip_serializing_if = "is_false")]
        pub more: bool,
    }

    /// A piece of a snippet. All text is somebody's: show it as text.
    pub struct Fragment {
        /// The piece.
        pub text: String,
        /// Whether it is what was looked for.
        #[serde(default, skip_serializing_if = "is_false")]
        pub hit: bool,
    }

    /// `POST /api/searches`: keeps a search under a name, in place of the one of that name. Answers [`SavedSearch`].
    pub struct NewSearch {
        /// 1 to [`MAX_LABEL`](crate::model::MAX_LABEL) characters.
        pub name: String,
        /// What it looks for.
        pub query: SearchQuery,
    }

    /// `GET /api/searches`: one's own, by name, [`MAX_SAVED`] at most. `DELETE /api/searches/{id}` forgets one.
    pub struct SavedSearch {
        /// Names it.
        pub id: Uuid,
        /// What its owner calls it.
        pub name: String,
        /// What it looks for.
        pub query: SearchQuery,
    }
}
