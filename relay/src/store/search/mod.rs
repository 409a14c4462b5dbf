//! Finding what was said before. `api::search` asks.
//!
//! - [`words`]: what counts as the same text, pure
//! - [`index`]: keeps the index of words in step with the log · [`find`]: answers searches · [`saved`]: searches that agents keep

mod find;
mod index;
mod saved;
mod words;

pub use find::Search;
pub(crate) use index::{forget, run};
pub use words::Wanted;
