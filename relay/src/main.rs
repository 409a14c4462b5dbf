//! bulle.
fn main() {}
