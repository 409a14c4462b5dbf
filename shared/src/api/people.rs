//! Bodies about people and their access: one's own account, its sessions and second factor, and what is on record of it all.

use serde::{Deserialize, Serialize};

use super::VisitorProfile;
use crate::ids::{AgentId, ConversationId, Millis, SessionId};
use crate::model::{Agent, Conversation, Entry, Person, Role, Visitor, wire};

wire! {
    /// `PATCH /api/account`: change what is given of one's own account. Answers [`Me`](super::Me).
    #[derive(Default)]
    pub struct AccountPatch {
        /// Display name, 1 to 256 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
    }

    /// `POST /api/account/password` (204): another password. Ends one's other sessions.
    pub struct NewPassword {
        /// The one in use.
        pub old: String,
        /// The new one, of at least [`MIN_PASSWORD`](super::MIN_PASSWORD) characters, at most 256.
        pub new: String,
    }

    /// `GET /api/account/sessions`: where one is signed in, the latest seen first. `DELETE` ends all but the one that asks,
    /// `DELETE …/sessions/{id}` one of them. Admins read and end those of others under `/api/agents/{id}/sessions`.
    pub struct Session {
        /// Names it.
        pub id: SessionId,
        /// Browser and system, as the browser tells them; empty when it does not.
        pub device: String,
        /// The network that it was last used from, of which the last part is left out.
        pub network: String,
        /// When it began.
        pub created_at: Millis,
        /// When it was last used, to a few minutes.
        pub seen_at: Millis,
        /// Whether it is the one that asks.
        pub current: bool,
    }

    /// `GET /api/account/second-factor`: whether signing in takes a code as well.
    pub struct SecondFactor {
        /// Whether it does.
        pub on: bool,
        /// Recovery codes that are left.
        pub recovery_codes: u32,
    }

    /// `POST /api/account/second-factor` begins to set one up and answers [`Enrolment`]; `DELETE` gives it up (204). Both ask for the password.
    pub struct Proof {
        /// The account's password.
        pub password: String,
    }

    /// What an authenticator has to know (RFC 6238: SHA-1, 6 digits, 30 s). Shown once.
    pub struct Enrolment {
        /// The secret in base32.
        pub secret: String,
        /// The same as an `otpauth:` address, to be drawn as a QR code.
        pub uri: String,
    }

    /// `PUT /api/account/second-factor`: the first code of the authenticator turns it on. Answers [`RecoveryCodes`].
    pub struct Confirm {
        /// Six digits.
        pub code: String,
    }

    /// Codes for the day on which the authenticator is lost. Each works once; shown once.
    pub struct RecoveryCodes {
        /// Ten of them.
        pub codes: Vec<String>,
    }

    /// `GET` and `PUT /api/rules` (admins): what holds for everybody here.
    #[derive(Copy)]
    pub struct Rules {
        /// Whether everybody needs a second factor. Who has none sets it up at their next sign-in, and can do nothing before.
        pub second_factor: bool,
    }

    /// `GET /api/limits` (admins): the operator's table `[limits]`, value by value.
    pub struct Limit {
        /// Its name there.
        pub name: String,
        /// An amount, or a time in ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub amount: Option<u64>,
        /// A rate.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rate: Option<Rate>,
    }

    /// How often something may be done.
    #[derive(Copy)]
    pub struct Rate {
        /// At once, after a pause.
        pub burst: u32,
        /// In the long run.
        pub per_minute: u32,
    }

    /// `GET /api/people` (admins): everybody who has or had access, with what the team is not told.
    pub struct Member {
        /// As the team sees them.
        pub agent: Agent,
        /// Their address; empty for a program.
        pub email: String,
        /// Whether they may not sign in.
        pub disabled: bool,
        /// Whether they have a second factor.
        pub second_factor: bool,
    }

    /// `GET /api/invitations` (admins) lists those that were not taken up yet, without their links, the next to lapse first;
    /// `DELETE /api/invitations` with [`Uninvite`] revokes one (204).
    pub struct Invited {
        /// Whom it is for; empty: whoever holds it.
        pub email: String,
        /// As what they join.
        pub role: Role,
        /// When it lapses.
        pub expires_at: Millis,
    }

    /// Which invitation is revoked.
    pub struct Uninvite {
        /// Whom it was for.
        pub email: String,
    }

    /// `GET /api/roles`: what may be done here, in the order of the least role that may.
    pub struct Right {
        /// What, by the name that it has in the relay's table.
        pub act: String,
        /// The least role that may do it.
        pub least_role: Role,
    }

    /// `GET /api/visitors/{id}/export` (admins): all there is of a visitor. `DELETE /api/visitors/{id}` erases it (204): at once they are
    /// nobody and nobody gets in as them, within seconds what they said and sent is gone. Entries stay as numbered tombstones.
    pub struct PersonExport {
        /// When this was put together.
        pub at: Millis,
        /// Who they are.
        pub visitor: Visitor,
        /// What else is known of them.
        pub profile: VisitorProfile,
        /// What was said, conversation by conversation, internal notes among it.
        pub conversations: Vec<ExportedConversation>,
    }

    /// One conversation, whole.
    pub struct ExportedConversation {
        /// How it stands.
        pub conversation: Conversation,
        /// Its entries. Files are named by the path at which the relay serves them.
        pub entries: Vec<Entry>,
    }

    /// `GET` and `PUT /api/sites/{key}/retention` (admins): how long what visitors said is kept.
    pub struct Retention {
        /// Days after a conversation's end, 1 to 3,650; left out: for ever. One that its visitor may still go on with is kept all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub days: Option<u32>,
    }

    /// `POST /api/tokens` (admins): a token for a program. Answers [`ApiToken`], the only time with the token itself.
    pub struct NewApiToken {
        /// What it is called, and the account that works with it: 1 to 256 characters.
        pub name: String,
        /// What it may do.
        pub role: Role,
        /// When it lapses; left out: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Millis>,
    }

    /// `GET /api/tokens` (admins) lists them, the latest first; `DELETE /api/tokens/{id}` revokes one (204): its sockets are closed, its
    /// chats wait again.
    pub struct ApiToken {
        /// The account that works with it.
        pub id: AgentId,
        /// What it is called.
        pub name: String,
        /// What it may do.
        pub role: Role,
        /// The token itself: goes into `authorization: Bearer …`, or into `hello.token`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub token: Option<String>,
        /// When it was made.
        pub created_at: Millis,
        /// By whom.
        pub created_by: Person,
        /// When it lapses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Millis>,
        /// When it was last used, to a few minutes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub used_at: Option<Millis>,
    }

    /// `GET /api/audit?before=ID&deed=DEED&by=AGENT` (admins): what is on record, the latest first, 100 at most.
    pub struct AuditPage {
        /// The entries.
        pub entries: Vec<AuditEntry>,
        /// Whether there are earlier ones: ask with `before` the last one's id.
        pub more: bool,
    }

    /// Something that somebody did.
    pub struct AuditEntry {
        /// Its number; grows with time.
        pub id: u64,
        /// When.
        pub at: Millis,
        /// By whom; left out: by the operator at the shell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub by: Option<Person>,
        /// What.
        pub deed: Deed,
        /// To whom or what, by name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub about: String,
        /// What else there is to say.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub detail: String,
        /// In which conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation: Option<ConversationId>,
    }
}

/// Something that is put on record, with who did it, when, and to whom or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Somebody signed in.
    SignedIn,
    /// Somebody who knew the password had no good code.
    SecondFactorFailed,
    /// Somebody changed their name.
    NameChanged,
    /// Somebody changed their password, which ended their other sessions.
    PasswordChanged,
    /// Somebody turned their second factor on.
    SecondFactorOn,
    /// A second factor was turned off, by its owner or an admin.
    SecondFactorOff,
    /// Sessions were ended, one's own or by an admin.
    SessionsEnded,
    /// Somebody was invited.
    Invited,
    /// An invitation was revoked.
    Uninvited,
    /// Somebody took an invitation up.
    Joined,
    /// Somebody's role, capacity or access was changed.
    PersonChanged,
    /// A site was made.
    SiteMade,
    /// A site was changed.
    SiteChanged,
    /// How the desk of a site works was changed: how chats are handed out, hours, routing.
    DeskChanged,
    /// A team was made.
    TeamMade,
    /// A team was changed.
    TeamChanged,
    /// A team was removed.
    TeamRemoved,
    /// A secret for identity tokens was made.
    SecretMade,
    /// A secret for identity tokens was retired.
    SecretRetired,
    /// A token for a program was made.
    TokenMade,
    /// A token was revoked.
    TokenRevoked,
    /// All there is of a visitor was exported.
    Exported,
    /// A visitor was erased.
    Erased,
    /// How long conversations are kept was changed.
    RetentionChanged,
    /// An agent changed a visitor's name, address or fields.
    VisitorChanged,
    /// Two visitors were found to be one.
    VisitorsMerged,
    /// What a site wants to know of its visitors was changed.
    VisitorRulesChanged,
    /// What holds for everybody was changed.
    RulesChanged,
    /// An agent took one chat more than they have slots.
    Stretch,
    /// A supervisor took a chat from the agent who had it.
    TakeOver,
    /// A visitor was blocked, perhaps with their network.
    Block,
    /// A block was lifted.
    Unblock,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
