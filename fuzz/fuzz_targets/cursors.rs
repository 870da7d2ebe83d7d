//! Cursors: a position that is sealed comes back as it was, and only what was sealed opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use userdir_core::fuzzing::{opens, reopened};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(!opens(text), "a forged cursor opens: {text}");
    }
    if let Some((before, after)) = reopened(data) {
        assert_eq!(before, after);
    }
});
