//! The attacks of the tests crate, without the rest of that crate: browsers and load generators are nothing to build with sanitizers.

#[path = "../../src/attack/mod.rs"]
pub mod attack;
#[path = "../../src/owner.rs"]
pub mod owner;

use relay::clock::now;
