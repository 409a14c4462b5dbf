//! What visitor and agent frames have in common: the `t` tag, decoding in two steps, and the bodies both directions share.
//! The tag is read first and then the frame's own struct: serde's internally tagged enums would buffer every value,
//! which costs the widget bytes and the relay time.

use serde::{Deserialize, Serialize};

use crate::close::ErrorCode;
use crate::ids::{ConversationId, MessageId, Millis, Seq};
use crate::model::{Entry, Page, Seen, wire};

/// Why a text is no frame.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, no `t`, or not the shape that `t` asks for.
    #[error("malformed frame: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A `t` that is not part of this direction of the protocol.
    #[error("unknown frame {0:?}")]
    Unknown(String),
}

impl DecodeError {
    /// The error code that a peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(_) => ErrorCode::BadFrame,
            Self::Unknown(_) => ErrorCode::UnknownFrame,
        }
    }
}

/// The id of a request that could not be read as a frame, if it has one: its sender waits for an answer by that id.
pub fn named(text: &str) -> Option<MessageId> {
    #[derive(Deserialize)]
    struct Named {
        id: MessageId,
    }
    serde_json::from_str::<Named>(text).ok().map(|named| named.id)
}

/// Only the tag of a frame; everything else is skipped unparsed.
#[derive(Deserialize)]
pub(crate) struct Tag {
    pub(crate) t: String,
}

/// Declares one direction of the protocol: the enum, its tags, its codec.
macro_rules! frames {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $tag:literal => $variant:ident($body:ty)),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = "t")]
        #[allow(clippy::large_enum_variant, reason = "frames are moved once and never stored in bulk")]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $tag)] $variant($body),)+
        }

        impl $name {
            /// Every `t` of this direction.
            pub const TAGS: &'static [&'static str] = &[$($tag),+];

            /// Reads a frame. Unknown fields are ignored.
            pub fn decode(text: &str) -> Result<Self, $crate::frame::DecodeError> {
                let $crate::frame::Tag { t } = serde_json::from_str(text)?;
                match t.as_str() {
                    $($tag => Ok(Self::$variant(serde_json::from_str(text)?)),)+
                    _ => Err($crate::frame::DecodeError::Unknown(t)),
                }
            }

            /// Writes a frame as one line of JSON.
            #[allow(clippy::expect_used, reason = "frames hold no map and no fallible Serialize, the only ways in which writing JSON to memory fails")]
            pub fn encode(&self) -> String {
                serde_json::to_string(self).expect("frames are always JSON")
            }
        }
    };
}
pub(crate) use frames;

wire! {
    /// Asks whether the peer is alive. The client sends one every 25 s ± 20 %; no `pong` within 10 s means a dead connection.
    #[derive(Copy)]
    pub struct Ping {}

    /// Asks for the entries after a seq; answered by one `entries`.
    #[derive(Copy)]
    pub struct Backfill {
        /// Of which conversation.
        pub conversation: ConversationId,
        /// The last seq that the client has; 0: from the beginning.
        pub after: Seq,
    }

    /// "I have read up to here." Lower numbers than before are ignored.
    #[derive(Copy)]
    pub struct Read {
        /// In which conversation.
        pub conversation: ConversationId,
        /// Up to which seq.
        pub seq: Seq,
    }

    /// The author changes the text of their own last message, at most a minute ([`EDIT_WITHIN`](crate::model::EDIT_WITHIN)) after
    /// it was committed. Answered by `done`.
    pub struct Edit {
        /// Names the request.
        pub id: MessageId,
        /// In which conversation.
        pub conversation: ConversationId,
        /// The seq of the message.
        pub seq: Seq,
        /// Its new text: 1 to [`MAX_TEXT`](crate::model::MAX_TEXT) characters, not only white space.
        pub text: String,
    }

    /// The author takes back their own last message, within the same minute. Answered by `done`.
    #[derive(Copy)]
    pub struct Delete {
        /// Names the request.
        pub id: MessageId,
        /// In which conversation.
        pub conversation: ConversationId,
        /// The seq of the message.
        pub seq: Seq,
    }

    /// A message is on disk.
    #[derive(Copy)]
    pub struct Ack {
        /// The message that the client named.
        pub id: MessageId,
        /// Where it landed.
        pub conversation: ConversationId,
        /// Its number.
        pub seq: Seq,
        /// The number before it that this author may see; greater than the last one seen: a gap.
        pub prev: Seq,
        /// When it was committed.
        pub at: Millis,
    }

    /// A request other than `say` was carried out and is on disk.
    #[derive(Copy)]
    pub struct Done {
        /// The request that the client named.
        pub id: MessageId,
    }

    /// One new entry of a conversation.
    pub struct Delivery {
        /// Of which conversation.
        pub conversation: ConversationId,
        /// The entry.
        pub entry: Entry,
    }

    /// The answer to `backfill`, and what follows a `welcome` by itself: entries in order, without gaps.
    pub struct Entries {
        /// Of which conversation.
        pub conversation: ConversationId,
        /// At most 100 of them.
        pub entries: Vec<Entry>,
        /// Whether there are more after the last one: ask again from there.
        pub more: bool,
    }

    /// Somebody on the other side has read up to here.
    #[derive(Copy)]
    pub struct ReadMark {
        /// In which conversation.
        pub conversation: ConversationId,
        /// Up to which seq.
        pub seq: Seq,
    }

    /// Something was refused. `id` names the request, when it had one.
    pub struct ErrorFrame {
        /// The refused `say` or request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<MessageId>,
        /// Stable code.
        pub code: ErrorCode,
        /// What went wrong and what to do, in English, for developers.
        pub message: String,
        /// How long to wait before trying again, in ms, where waiting helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub retry_after_ms: Option<Millis>,
    }

    /// Something on the visitor's page changed (navigation in a single-page site).
    pub struct PageView {
        /// Where they are now.
        pub page: Page,
    }
}

/// A list of "how far the store has come", as carried by `pong`: anything ahead of the client is fetched.
pub type Heads = Vec<Seen>;
