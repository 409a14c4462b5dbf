//! `bulle.v1`: the protocol between widget, console, bots and relay, and everything both ends must agree on.
//! No I/O and no clock: builds for WebAssembly and native alike.
//!
//! - [`ids`]: newtype ids, time, sequence numbers
//! - [`model`]: the nouns (conversation, entry, visitor, agent, site)
//! - [`visitor`], [`agent`]: the frames of the two endpoints; [`frame`]: what they share
//! - [`close`](mod@close): close codes and error codes
//! - [`api`]: bodies of the REST API
//! - [`link`]: the pure reconnect, resume and outbox machine that every client runs
//!
//! `PROTOCOL.md` beside this crate tells the same to people who write other clients.

pub mod agent;
pub mod api;
pub mod close;
pub mod frame;
pub mod ids;
pub mod link;
pub mod model;
pub mod visitor;

/// The WebSocket subprotocol that both ends speak.
pub const SUBPROTOCOL: &str = "bulle.v1";
