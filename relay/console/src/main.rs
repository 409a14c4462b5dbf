//! The agents console.
fn main() {}
