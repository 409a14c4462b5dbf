//! See `attack::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::attack::frames::read(bytes));
