//! The metrics of the hot path. Each handle is created once, because looking one up by its labels costs as
//! much as a signature.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};
use postrider_model::Outcome;

/// Handles of the metrics recorder that was installed when they were created.
pub(crate) struct Meters {
    /// Events accepted.
    pub(crate) accepted: Counter,
    attempts: [Counter; Outcome::ALL.len()],
    attempt_seconds: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            accepted: counter!("postrider_events_accepted_total"),
            attempts: Outcome::ALL
                .map(|outcome| counter!("postrider_attempts_total", "outcome" => outcome.as_str())),
            attempt_seconds: histogram!("postrider_attempt_duration_seconds"),
        }
    }

    pub(crate) fn attempt(&self, outcome: Outcome, took: Duration) {
        self.attempts[usize::from(outcome.code())].increment(1);
        self.attempt_seconds.record(took);
    }
}
