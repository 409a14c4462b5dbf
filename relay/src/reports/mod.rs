//! Figures of what happened: how long visitors waited, who answered, how it was rated. Pure but for [`csv`]'s writing into a text; the
//! store reads the entries and the shifts, `api::reports` asks.
//!
//! - [`course`]: what became of one conversation, from its entries · [`sums`]: figures of many · [`csv`]: the same as tables

pub mod course;
pub mod csv;
pub mod sums;
#[cfg(test)]
mod tests;
