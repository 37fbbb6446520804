//! The lines of the log that say which attempts failed.
//!
//! The target [`ATTEMPT_LOG`] lets the process choose their level and bound their number. They hold ids, no
//! URL and no words of a receiver: both may contain secrets, and the record of the attempt has them.

use postrider_model::delivery::Next;
use postrider_model::{Attempt, Outcome};
use postrider_storage::Change;

use crate::observe::{RecordedResult, RecordedResults};

/// The target of these lines.
pub const ATTEMPT_LOG: &str = "postrider::attempt";

/// Logs the attempts among these results that did not succeed.
pub(crate) fn failed_attempts(results: RecordedResults<'_>) {
    for result in results.iter() {
        if let Change::Attempted { attempt, next, .. } = &result.finished.change
            && attempt.outcome != Outcome::Succeeded
        {
            failed_attempt(&result, attempt, *next);
        }
    }
}

/// A delivery that failed for good is a warning; one that will be retried is not.
fn failed_attempt(result: &RecordedResult<'_>, attempt: &Attempt, next: Next) {
    let key = result.finished.key;
    macro_rules! line {
        ($level:ident, $message:literal, $($next:tt)*) => {
            tracing::$level!(
                target: ATTEMPT_LOG,
                account = %key.account,
                automation = %result.automation,
                action = %result.finished.action,
                event = %result.event.id,
                delivery = %key.delivery,
                attempt = attempt.number,
                outcome = attempt.outcome.as_str(),
                status_code = attempt.exchange.status_code(),
                duration_ms = attempt.duration.as_millis() as u64,
                trace_id = result.event.trace.map(|context| context.trace.to_string()),
                $($next)*,
                $message
            )
        };
    }
    match next {
        Next::Retry(at) => line!(info, "an attempt failed", next_attempt_at = %at),
        Next::Settle(status) => line!(warn, "the last attempt failed", status = status.as_str()),
    }
}
