//! Bodies of the REST API under `/api`, shared by the relay and the console. All JSON; errors are [`ApiError`] with a 4xx or 5xx status.
//! Every mutating request must carry `content-type: application/json` and, with a cookie, come from the console's own origin.

mod desk;
mod history;
mod people;
mod present;
mod push;
mod replies;
mod reports;
mod visitors;

use serde::{Deserialize, Serialize};

pub use desk::*;
pub use history::*;
pub use people::*;
pub use present::*;
pub use push::*;
pub use replies::*;
pub use reports::*;
pub use visitors::*;

use crate::close::ErrorCode;
use crate::ids::{AgentId, BlockId, ConversationId, Millis, SecretId, SiteId, SiteKey, VisitorId};
use crate::model::{Conversation, Entry, Greeting, Person, Role, SiteSettings, is_false, wire};

/// Shortest password, in characters (NIST SP 800-63B §5.1.1.2 asks for at least 8).
pub const MIN_PASSWORD: usize = 10;
/// Most origins of a site.
pub const MAX_ORIGINS: usize = 100;

wire! {
    /// Any error of the REST API.
    pub struct ApiError {
        /// Stable code.
        pub code: ErrorCode,
        /// What went wrong and what to do.
        pub message: String,
    }

    /// `POST /api/session`: sign in. Answers [`Me`] and sets the cookie.
    pub struct SignIn {
        /// Email address of the account.
        pub email: String,
        /// Its password.
        pub password: String,
        /// A code of the second factor, or a recovery code, where the account has one; without it such a sign-in is refused with `second_factor`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub code: Option<String>,
    }

    /// `GET /api/session`: who is signed in; 401 when nobody is. `DELETE /api/session` signs out.
    pub struct Me {
        /// Their id.
        pub id: AgentId,
        /// Their display name.
        pub name: String,
        /// Their address.
        pub email: String,
        /// What they may do.
        pub role: Role,
        /// Whether they have to set up a second factor before they may do anything else here.
        #[serde(default, skip_serializing_if = "is_false")]
        pub must_enrol: bool,
    }

    /// `POST /api/invitations` (admins): invite somebody. Answers [`Invitation`].
    pub struct Invite {
        /// Whom.
        pub email: String,
        /// As what.
        pub role: Role,
    }

    /// A one-time link. `GET /api/invitations/{token}` shows it to whoever holds it (404: used or lapsed).
    pub struct Invitation {
        /// The link to hand over, under `/console/join/…`.
        pub link: String,
        /// Whom it is for; empty for the first admin, who chooses.
        pub email: String,
        /// As what they join.
        pub role: Role,
        /// When it lapses.
        pub expires_at: Millis,
    }

    /// `POST /api/invitations/{token}`: join. Answers [`Me`] and signs in.
    pub struct Join {
        /// Display name, 1 to 256 characters.
        pub name: String,
        /// Email address; must equal the invitation's where that has one.
        pub email: String,
        /// At least [`MIN_PASSWORD`] characters, at most 256.
        pub password: String,
    }

    /// `GET /api/conversations/{id}/history`: the visitor's earlier conversations, newest first.
    pub struct History {
        /// Without the conversation itself.
        pub conversations: Vec<Conversation>,
        /// How the visitor rated them, where they did.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub ratings: Vec<Rated>,
    }

    /// A rating.
    #[derive(Copy)]
    pub struct Rated {
        /// Of which conversation.
        pub conversation: ConversationId,
        /// 1 (bad) to 5 (good).
        pub score: u8,
    }

    /// `GET /api/conversations/{id}/entries?after=SEQ`: entries in order, 100 at most.
    pub struct EntriesPage {
        /// The entries.
        pub entries: Vec<Entry>,
        /// Whether there are more.
        pub more: bool,
    }

    /// `GET /api/sites`: what an install page needs.
    pub struct SiteSetup {
        /// Public key.
        pub key: SiteKey,
        /// Display name.
        pub name: String,
        /// Origins that may use it; empty: any.
        pub origins: Vec<String>,
        /// The script tag to paste.
        pub snippet: String,
        /// The same, pinned to the loader of this version by its hash, with the settings of now in the tag. Left out where the relay was
        /// built without a widget.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub pinned: Option<String>,
        /// Lines for a Content-Security-Policy.
        pub csp: Vec<String>,
        /// The same lines where the panel comes in a frame (`data-mode="frame"`), which needs no WebAssembly of the page.
        pub frame_csp: Vec<String>,
        /// Whether only verified visitors may chat.
        #[serde(default, skip_serializing_if = "is_false")]
        pub verified_only: bool,
        /// What its owner chose.
        pub settings: SiteSettings,
    }

    /// `POST /api/sites` (admins): a new site, for any origin at first. Answers [`SiteSetup`].
    pub struct NewSite {
        /// Display name, 1 to [`MAX_FIELD`](crate::model::MAX_FIELD) characters. The key is made of it.
        pub name: String,
    }

    /// `PATCH /api/sites/{key}` (admins): change what is given. Answers [`SiteSetup`].
    #[derive(Default)]
    pub struct SitePatch {
        /// Display name, 1 to [`MAX_FIELD`](crate::model::MAX_FIELD) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Origins that may use it, at most [`MAX_ORIGINS`]: `https://shop.example`, or `https://*.shop.example` for all below; empty: any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub origins: Option<Vec<String>>,
        /// What its owner chose, whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub settings: Option<SiteSettings>,
        /// Whether only verified visitors may chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub verified_only: Option<bool>,
    }

    /// `GET /api/sites/{key}/sightings`: where the site's script tag was seen.
    pub struct Sightings {
        /// Whether browsers reach the relay by https (or on this very machine), as pages on https need.
        pub encrypted: bool,
        /// The origins, the latest first.
        pub origins: Vec<Sighting>,
    }

    /// What was asked for by pages of one origin, and when last.
    pub struct Sighting {
        /// The origin; empty when browsers do not tell.
        pub origin: String,
        /// Whether the site's list lets it in now.
        pub allowed: bool,
        /// The script.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub script_at: Option<Millis>,
        /// The panel's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub panel_at: Option<Millis>,
        /// A file of an earlier version, as pinned loaders ask for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub old_at: Option<Millis>,
        /// A visitor's connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub socket_at: Option<Millis>,
        /// A visitor's connection that the list of origins refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub refused_at: Option<Millis>,
    }

    /// `GET /greetings?site=KEY`, for everybody: the messages that a page shows by itself, and whether anybody would answer.
    pub struct Greetings {
        /// Whether somebody may answer soon; while not, none of them is shown. Always `false` without any.
        pub answering: bool,
        /// The site's greetings.
        pub greetings: Vec<Greeting>,
    }

    /// `GET /api/sites/{key}/secrets` (admins): what identity tokens may be signed with, two at most. `POST` with an empty object
    /// makes one and answers it whole; `DELETE …/secrets/{id}` retires it, and every token that visitors got through it.
    pub struct SiteSecret {
        /// Names it.
        pub id: SecretId,
        /// The key itself: 64 characters, whose bytes are the key. Shown once, when it is made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub secret: Option<String>,
        /// When it was made.
        pub created_at: Millis,
    }

    /// `GET /api/blocks`: who is kept out, the latest 500, the newest first; `GET /api/conversations/{id}/block`: what keeps its visitor
    /// out, or `null`; `DELETE /api/blocks/{id}` lifts one. Blocks are made over the socket (`block`).
    pub struct Block {
        /// Names it.
        pub id: BlockId,
        /// On which site.
        pub site: SiteId,
        /// Whom; left out: a network.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub visitor: Option<VisitorId>,
        /// Their name, if they gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Everybody from there, such as `203.0.113.0/24`; left out: a visitor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub network: Option<String>,
        /// Why; may be empty.
        pub reason: String,
        /// Who did it.
        pub by: Person,
        /// When.
        pub created_at: Millis,
        /// When it ends by itself; left out: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Millis>,
    }

    /// `PATCH /api/agents/{id}` (admins): change what is given.
    #[derive(Default)]
    pub struct AgentPatch {
        /// Live chats held at most, 1 to 20.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub capacity: Option<u32>,
        /// Disabling closes their sockets and requeues their chats at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub disabled: Option<bool>,
        /// What they may do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<Role>,
        /// Languages that they take chats in, such as `fr`, at most [`MAX_LANGUAGES`](crate::model::MAX_LANGUAGES); empty: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub languages: Option<Vec<String>>,
    }
}
