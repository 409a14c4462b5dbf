//! See `attack::session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::attack::session::talk(bytes));
