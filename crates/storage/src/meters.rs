//! The metrics that both stores have. A store creates them when it is opened, so the recorder has to be
//! installed before that.

use metrics::{Counter, counter, describe_counter};

use crate::error::StoreError;

const ERRORS: &str = "postrider_store_errors_total";

/// Counts the verbs that failed.
pub struct StoreErrors {
    busy: Counter,
    unavailable: Counter,
    internal: Counter,
}

impl StoreErrors {
    /// The counters of this process.
    #[expect(
        clippy::new_without_default,
        reason = "it registers metrics, which no default should do"
    )]
    pub fn new() -> Self {
        describe_counter!(
            ERRORS,
            "Calls of the store that failed, by kind: busy (too much work queued), unavailable (the disk or the \
             database cannot be used) and internal (a statement failed)"
        );
        Self {
            busy: counter!(ERRORS, "kind" => "busy"),
            unavailable: counter!(ERRORS, "kind" => "unavailable"),
            internal: counter!(ERRORS, "kind" => "internal"),
        }
    }

    /// Counts an error.
    pub fn count(&self, error: &StoreError) {
        match error {
            StoreError::Busy => &self.busy,
            StoreError::Unavailable(_) => &self.unavailable,
            StoreError::Internal(_) => &self.internal,
        }
        .increment(1);
    }
}
