//! The stored form of values that no statement looks into: triggers, actions, exchanges, headers, schedules,
//! flags of events.
//!
//! Every dialect stores them in the same form, so that rows can be copied unchanged from one store to
//! another. The shapes belong to this module, not to the API: either may change without the other.

pub mod automation;
pub mod event;
pub mod event_headers;
pub mod exchange;
pub mod headers;
pub mod schedule;

/// A stored value that this code never writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored value is damaged: {0}")]
pub struct Damaged(pub &'static str);

fn json_text<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("strings, numbers and lists of them always have JSON")
}

fn json_value<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Damaged> {
    serde_json::from_str(text).map_err(|_| Damaged("JSON of another shape"))
}
