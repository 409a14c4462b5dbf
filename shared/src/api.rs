//! Bodies of the REST API under `/api`, shared by the relay and the console. All JSON; errors are [`ApiError`] with a 4xx or 5xx status.
//! Every mutating request must carry `content-type: application/json` and, with a cookie, come from the console's own origin.

use serde::{Deserialize, Serialize};

use crate::close::ErrorCode;
use crate::ids::{AgentId, Millis, SecretId, SiteKey};
use crate::model::{Conversation, Entry, Role, is_false, wire};

/// Shortest password, in characters (NIST SP 800-63B §5.1.1.2 asks for at least 8).
pub const MIN_PASSWORD: usize = 10;

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
    }

    /// `GET /api/conversations/{id}/entries?after=SEQ`: entries in order, 100 at most.
    pub struct EntriesPage {
        /// The entries.
        pub entries: Vec<Entry>,
        /// Whether there are more.
        pub more: bool,
    }

    /// `GET /api/conversations/{id}/why`: why a queued conversation waits.
    pub struct Why {
        /// One sentence in English.
        pub reason: String,
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
        /// Lines for a Content-Security-Policy.
        pub csp: Vec<String>,
        /// Whether only verified visitors may chat.
        #[serde(default, skip_serializing_if = "is_false")]
        pub verified_only: bool,
    }

    /// `PATCH /api/sites/{key}` (admins): change what is given. Answers [`SiteSetup`].
    #[derive(Default)]
    pub struct SitePatch {
        /// Whether only verified visitors may chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub verified_only: Option<bool>,
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
    }
}
