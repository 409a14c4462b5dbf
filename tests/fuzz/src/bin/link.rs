//! See `attack::link`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::attack::link::live(bytes));
