//! Bulle's relay. A message's way through it: [`edge`] (the socket loop) → [`session`] (what the frame means) → [`hub`] (the verb) →
//! [`desk`] (what it does to the conversation) → [`store`] (commit), and back out over the [`bus`] to every connection concerned.
//! [`app`] wires it all together; [`api`] is the REST beside the sockets.

pub mod api;
pub mod app;
pub mod backup;
pub mod bus;
pub mod clock;
pub mod config;
pub mod desk;
pub mod disk;
mod duty;
pub mod edge;
pub mod erasure;
pub mod error;
pub mod files;
pub mod hub;
mod mail;
pub mod metrics;
pub mod present;
mod push;
pub mod reports;
pub mod restore;
pub mod session;
pub mod store;
