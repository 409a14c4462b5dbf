//! Newtype ids, so that a conversation's id can never be passed where a visitor's is meant.
//! All are UUIDs, made by whoever creates the thing (`v7`: sortable by time of creation); only a site's
//! public key is text, because site owners read and paste it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Number of an entry in its conversation: 1, 2, 3 …; 0 means "none yet".
pub type Seq = u64;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new UUIDv7 from a clock reading (ms since the epoch; before 1970 counts as 1970) and 80 random bits.
            pub fn v7(now: Millis, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A website that Bulle serves.
    SiteId,
    /// A person on a site.
    VisitorId,
    /// A team member.
    AgentId,
    /// The thread of one visitor with one site.
    ConversationId,
    /// A message, chosen by its author; also names any other request on a socket, so that its answer can be matched.
    MessageId,
    /// An uploaded file: random (UUIDv4), because whoever knows it may fetch the file.
    FileId,
    /// A secret with which a site owner signs identity tokens.
    SecretId,
    /// A tab with a page of a site: random, made by the page, known to nobody else.
    TabId,
    /// What keeps a visitor or a network out of a site.
    BlockId,
    /// A session of a team member: random (UUIDv4), and no way into it.
    SessionId,
    /// A canned reply.
    ReplyId,
    /// A group of agents.
    TeamId,
    /// One life of one relay process.
    NodeId,
}

impl Default for TabId {
    /// Nobody's.
    fn default() -> Self {
        Self(Uuid::nil())
    }
}

/// The public key of a site, as it stands in the script tag: 1 to 64 characters of `a-z A-Z 0-9 _ -`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SiteKey(pub String);

impl SiteKey {
    /// Whether the text has the form of a key (1 to 64 characters of `a-z A-Z 0-9 _ -`).
    pub fn is_well_formed(&self) -> bool {
        (1..=64).contains(&self.0.len())
            && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    }
}

impl std::fmt::Display for SiteKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}
