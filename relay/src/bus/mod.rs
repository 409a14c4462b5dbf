//! The bus carries notices to every relay that has somebody to tell, this one included. It is a nudge: it may lose, double
//! or reorder, and clients recover by themselves. `publish` never waits and never fails.

use crate::hub::notice::Notice;

mod local;

pub use local::Local;

/// A way to tell all relays.
pub trait Bus: Send + Sync {
    /// Hands a notice over and returns at once.
    fn publish(&self, notice: Notice);
}
