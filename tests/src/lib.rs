//! People for tests and load: real sockets that run the protocol's own link machine against a real relay.
//!
//! - [`door`]: opens one WebSocket the way a browser or the console would
//! - [`events`]: the way without WebSockets
//! - [`client`]: drives [`shared::link::Link`] over such a socket
//! - [`people`]: somebody who acts, and waits until they see something; [`visitor`] and [`agent`]: what each of them does
//! - [`raw`]: frames written by hand; [`wire`]: HTTP written by hand
//! - [`owner`]: who signs identity tokens
//! - [`post`]: a mail server that takes what a relay sends; [`s3`]: a bucket that keeps its files; [`push`]: a push service, and browsers that
//!   subscribe there
//! - [`relay`]: a relay in this process, or in one that can be killed
//! - [`attack`]: arbitrary bytes, for properties and the fuzzer
//! - [`accounts`]: signing in and inviting over the REST API
//! - [`browsers`]: real browsers of three engines
//! - [`proxy`]: bad network between one client and the relay; [`gate`]: one that lets no WebSocket pass
//! - [`process`]: child processes, and what `/proc` tells of them; [`servers`]: PostgreSQL and NATS, for several relays

pub mod accounts;
pub mod agent;
pub mod attack;
pub mod authenticator;
pub mod browsers;
pub mod client;
pub mod door;
pub mod events;
pub mod gate;
pub mod owner;
pub mod people;
pub mod post;
pub mod process;
pub mod proxy;
pub mod push;
pub mod raw;
pub mod relay;
pub mod s3;
pub mod servers;
pub mod visitor;
pub mod wire;

use shared::ids::{MessageId, Millis};

/// Names the cryptography of this process's TLS. The relay's HTTP client is built without one, and so is, in the same build, that of the tests.
/// Whoever starts a relay does it.
pub fn trust_in_one() {
    // In vain once it is done.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
}

/// Milliseconds since the epoch by this machine's clock.
pub fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// A new name for a message or request.
pub fn new_id() -> MessageId {
    MessageId(uuid::Uuid::now_v7())
}
