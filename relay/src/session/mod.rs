//! One state machine per connection. A [`Greeter`] turns the first frame into a [`Session`]; the session turns every later frame
//! into the frames to answer with. Neither ever touches a socket: `edge::socket` does, for both kinds of session alike.

use std::sync::Arc;

use async_trait::async_trait;
use shared::close::{self, ErrorCode};
use shared::frame::ErrorFrame;
use shared::ids::{MessageId, Millis};
use shared::model::{MAX_TEXT, Say};

use crate::desk::DeskError;
use crate::hub::registry::Peer;
use crate::metrics::Who;

pub mod agent;
pub mod visitor;

/// A connection before its `hello`.
#[async_trait]
pub trait Greeter: Send + 'static {
    /// What it becomes.
    type Session: Session;

    /// Reads the first frame. On success the peer is registered, and the reply starts with `welcome`.
    async fn hello(self, text: &str, peer: &Arc<Peer>) -> Result<(Self::Session, Reply), Refusal>;
}

/// A greeted connection.
#[async_trait]
pub trait Session: Send + 'static {
    /// What metrics call this kind of connection.
    const KIND: Who;

    /// Answers a frame.
    async fn frame(&mut self, text: &str) -> Reply;

    /// The connection has ended, whatever the reason.
    async fn left(self: Box<Self>);
}

/// Serialized frames to write, in order.
pub type Reply = Vec<String>;

/// A "no" that ends the connection: one `error` frame, then the close code.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Close code, see [`shared::close`].
    pub close: u16,
    /// What the `error` frame says.
    pub error: ErrorFrame,
}

impl Refusal {
    /// A refusal with a code and a sentence that says what to do.
    pub fn new(close: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { close, error: ErrorFrame { id: None, code, message: message.into(), retry_after_ms: None } }
    }

    /// The store is out of reach: the client comes back later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let error = ErrorFrame {
            id: None,
            code: ErrorCode::StoreUnavailable,
            message: message.into(),
            retry_after_ms: Some(STORE_RETRY_MS),
        };
        Self { close: close::UNAVAILABLE, error }
    }
}

/// How long a sender waits before it tries a store again that could not be reached, in ms: short enough that an outage of
/// seconds is hardly noticed, long enough that thousands of clients do not keep it down.
pub const STORE_RETRY_MS: Millis = 2_000;

/// An error frame about a request.
pub fn refuse(id: Option<MessageId>, code: ErrorCode, message: impl Into<String>) -> ErrorFrame {
    metrics::counter!(crate::metrics::REFUSALS, "reason" => crate::error::code_name(code)).increment(1);
    let retry_after_ms = code.is_temporary().then_some(STORE_RETRY_MS);
    ErrorFrame { id, code, message: message.into(), retry_after_ms }
}

/// Logs what became of a connection, unless the store is out of reach, which it logs itself, once for all of them.
fn log_unless_outage(error: &DeskError, what: &'static str) {
    if error.is_outage() {
        tracing::debug!(%error, what, "a connection met an outage of the store");
    } else {
        tracing::warn!(%error, what, "a connection failed at the store");
    }
}

/// A message must have text, and not too much of it.
fn check_text(say: &Say) -> Result<(), ErrorFrame> {
    if say.text.trim().is_empty() {
        return Err(refuse(Some(say.id), ErrorCode::EmptyText, "text: there is nothing but white space"));
    }
    // Counting characters is only worth it where bytes allow too many of them.
    if say.text.len() > MAX_TEXT && say.text.chars().count() > MAX_TEXT {
        let message = format!("text: at most {MAX_TEXT} characters; send a longer text in parts");
        return Err(refuse(Some(say.id), ErrorCode::TextTooLong, message));
    }
    Ok(())
}
