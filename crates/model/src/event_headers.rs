//! Headers of an event: its producer's own, which each of its webhooks has.

use std::sync::Arc;

/// Maximum headers of an event.
pub const EVENT_HEADERS_MAX: usize = 20;

/// Maximum length of the name and the value of a header together, in bytes: as for an action's own headers.
pub const EVENT_HEADER_BYTES_MAX: usize = 1024;

/// Maximum length of all names and values, in bytes: half of what many servers accept of a request's headers,
/// because the action and the signatures add theirs.
pub const EVENT_HEADERS_BYTES_MAX: usize = 4096;

/// The headers of an event, in the order of its producer. They are not secret: they are stored and shown as
/// they are. Clones share them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventHeaders(Option<Arc<[(String, String)]>>);

impl EventHeaders {
    /// These headers, as names and values.
    pub fn new(headers: Vec<(String, String)>) -> Self {
        Self((!headers.is_empty()).then(|| headers.into()))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The length of all names and values, in bytes: at most [`EVENT_HEADERS_BYTES_MAX`].
    pub fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Each header's name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.0.iter().flat_map(|headers| headers.iter());
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
