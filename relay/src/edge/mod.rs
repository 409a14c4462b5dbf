//! The HTTP and WebSocket edge.
pub mod socket;
