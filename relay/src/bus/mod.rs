//! The bus carries notices to every relay that has somebody to tell, this one included. It is a nudge: it may lose, double
//! or reorder, and clients recover by themselves. `publish` never waits and never fails.
//!
//! - [`local`]: for a relay that is alone · [`nats`]: for several
//! - [`interests`]: what the connections of this relay are to hear of
//! - [`posts`]: what comes up at one relay for a stream of another

use futures_util::future::BoxFuture;

use crate::hub::notice::Notice;

pub mod interests;
mod local;
mod nats;
mod posts;

pub use local::Local;
pub use nats::{BusError, Nats, Wire};
pub use posts::Posts;

/// A way to tell all relays.
pub trait Bus: Send + Sync {
    /// Hands a notice over and returns at once.
    fn publish(&self, notice: Notice);

    /// Waits until whoever has come to this relay hears of what is published from now on; not for long.
    fn ready(&self) -> BoxFuture<'_, ()>;
}
