#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_invariants::pem::check(data));
