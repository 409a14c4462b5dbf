//! Close codes and error codes: every way in which the relay says no. Stable; clients branch on these, never on the human text.
//!
//! Close codes are WebSocket close codes (RFC 6455 §7.4). 4400–4499 are refusals: the client stops until it has new credentials
//! or is reloaded. After every other code it reconnects.

use serde::{Deserialize, Serialize};

/// The relay restarts or drains: reconnect with jitter.
pub const RESTART: u16 = 1012;
/// Binary frames are not part of the protocol.
pub const NOT_TEXT: u16 = 1003;
/// A frame was larger than the relay takes (64 KiB unless configured).
pub const TOO_BIG: u16 = 1009;
/// The outgoing queue ran full, a write took too long, or what the greeting told has changed: reconnect and resume, nothing is lost.
pub const RESYNC: u16 = 4008;
/// This relay lost its lease: reconnect, to any relay.
pub const LEASE_LOST: u16 = 4009;
/// No `hello` came in time (5 s unless configured).
pub const HELLO_TIMEOUT: u16 = 4010;
/// The relay cannot serve now (store out of reach, too many connections): reconnect with back-off.
pub const UNAVAILABLE: u16 = 4011;
/// The client went on sending although its frames were refused with `rate_limited`: reconnect, after a pause.
pub const FLOODED: u16 = 4029;
/// Refusal: the first frame was no valid `hello`.
pub const BAD_HELLO: u16 = 4400;
/// Refusal: token or cookie missing, unknown, expired or revoked. Forget the token; a visitor may greet again without one.
pub const BAD_TOKEN: u16 = 4401;
/// Refusal: the identity token is not good, or the site wants one and none came. Greet again with a fresh one; the visitor's token stays.
pub const BAD_IDENTITY: u16 = 4402;
/// Refusal: this origin may not use this site or console.
pub const FOREIGN_ORIGIN: u16 = 4403;
/// Refusal: no site has this key.
pub const UNKNOWN_SITE: u16 = 4404;
/// Refusal: this visitor, or everybody from their network, was blocked by the site's team.
pub const BLOCKED: u16 = 4405;
/// Refusal: the subprotocol `bulle.v1` was not offered.
pub const UNSUPPORTED_VERSION: u16 = 4426;

/// Whether a client must stop instead of reconnecting.
pub fn is_refusal(code: u16) -> bool {
    (4400..4500).contains(&code)
}

/// Why a frame or request was refused; `error.code` on sockets, `code` in REST errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not the shape that its `t` asks for.
    BadFrame,
    /// A `t` that this relay does not know.
    UnknownFrame,
    /// `hello` on a connection that has already been greeted.
    AlreadyGreeted,
    /// The first frame was no valid `hello` (closes with 4400).
    BadHello,
    /// No `hello` in time (closes with 4010).
    HelloTimeout,
    /// Token or cookie missing, unknown, expired or revoked (sockets: closes with 4401).
    BadToken,
    /// The password is right, and the account has a second factor: its code is missing, wrong or used.
    SecondFactor,
    /// Everybody here needs a second factor, and this account has none: set it up before anything else (sockets: closes with 4401).
    EnrolFirst,
    /// The identity token is not good, or the site wants one and none came (closes with 4402).
    BadIdentity,
    /// This origin may not use this site or console (sockets: closes with 4403).
    ForeignOrigin,
    /// No site has this key (closes with 4404).
    UnknownSite,
    /// This visitor, or everybody from their network, was blocked by the site's team (sockets: closes with 4405).
    Blocked,
    /// The subprotocol was not offered (closes with 4426).
    UnsupportedVersion,
    /// A message without anything but white space.
    EmptyText,
    /// A message of more than 8,000 characters.
    TextTooLong,
    /// A field has a value that it cannot have; the message names it.
    InvalidField,
    /// This id was used before for a different request by the same author.
    IdReused,
    /// No such thing, or none that you may see.
    NotFound,
    /// Your role does not allow it.
    Forbidden,
    /// Another agent has this conversation.
    NotYours,
    /// The conversation's state does not allow it.
    WrongState,
    /// More than a minute has passed since the message.
    TooLate,
    /// Its author has written another message since.
    NotLast,
    /// All slots of the agent are taken.
    NoFreeSlot,
    /// The agent is not online.
    AgentUnavailable,
    /// The transfer was answered, withdrawn or has lapsed.
    OfferGone,
    /// The link from an email that `hello` came with opens nothing (any more): the greeting counts without it.
    LinkExpired,
    /// Too many requests: wait `retry_after_ms`.
    RateLimited,
    /// The store cannot be reached or written: wait `retry_after_ms`, keep the message.
    StoreUnavailable,
    /// A fault of the relay; trying again may help.
    Internal,
    /// A code that this client does not know; treat it as permanent.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Whether the same request may succeed later, unchanged.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::RateLimited | Self::StoreUnavailable | Self::Internal)
    }
}
