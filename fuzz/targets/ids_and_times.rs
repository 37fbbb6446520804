//! Values with a spelling: ids, times, names of event types, signing keys.
#![no_main]
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use postrider_model::{AccountId, EventId, EventTypeName, Timestamp};

fuzz_target!(|text: &str| {
    has_one_spelling::<EventId>(text);
    has_one_spelling::<AccountId>(text);
    has_one_spelling::<EventTypeName>(text);
    let Ok(time) = text.parse::<Timestamp>() else {
        return;
    };
    let printed = time.to_string();
    assert_eq!(printed.parse::<Timestamp>().ok(), Some(time), "{printed}");
    assert!(printed.len() == 24 && printed.ends_with('Z'), "{printed}");
});

/// A text that is a value is what the value prints.
fn has_one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}
