//! The relay as people meet it: over real sockets, with a real database, on a port of its own.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod accounts;
mod desk;
mod handover;
mod hostile;
mod kill;
mod limits;
mod load;
mod network;
mod resume;
mod story;
mod stuck;
