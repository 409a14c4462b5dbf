//! Bodies about people and their access: one's own account, its sessions and second factor, and what is on record of it all.

use serde::{Deserialize, Serialize};

use crate::ids::{Millis, SessionId};
use crate::model::wire;

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
    /// Somebody took an invitation up.
    Joined,
    /// Somebody's role, capacity or access was changed.
    PersonChanged,
    /// A site was made.
    SiteMade,
    /// A site was changed.
    SiteChanged,
    /// A secret for identity tokens was made.
    SecretMade,
    /// A secret for identity tokens was retired.
    SecretRetired,
    /// An agent took one chat more than they have slots.
    Stretch,
    /// A visitor was blocked, perhaps with their network.
    Block,
    /// A block was lifted.
    Unblock,
    /// One that this program does not know.
    #[serde(other)]
    Unknown,
}
