//! When to repeat a call that failed, and after how long.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::Failure;

/// Longest `Retry-After` that is obeyed, so that no server holds a command for hours.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The pauses between tries, doubling: half a second to half a minute.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Counts failures in a row, and says how long to wait.
#[derive(Debug, Default)]
pub struct Patience {
    failures: u32,
}

impl Patience {
    /// Starts anew, after a success.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How many calls have failed in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// How long to wait before the call is repeated; `None` if it would fail again.
    pub fn after(&mut self, failure: &Failure) -> Option<Duration> {
        let asked = match failure {
            Failure::Unreachable { .. } => Duration::ZERO,
            // A gateway that has no server behind it at the moment.
            Failure::Problem(problem) if matches!(problem.status().as_u16(), 502 | 504) => Duration::ZERO,
            Failure::Problem(problem) => problem.is_passing()?,
            Failure::Usage(_) | Failure::Failed(_) | Failure::Output(_) => return None,
        };
        Some(asked.max(self.pause()))
    }

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        let pause = PAUSE_MIN * 2_u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        pause.min(PAUSE_MAX)
    }
}

/// The whole seconds of a `Retry-After` (RFC 9110, section 10.2.3), bounded. Postrider sends no dates.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::client::Problem;

    #[test]
    fn pauses_double_up_to_half_a_minute_and_the_server_may_ask_for_more() {
        let mut patience = Patience::default();
        let pauses: Vec<_> = (0..9).map(|_| patience.pause().as_millis()).collect();
        assert_eq!(pauses[..3], [500, 1_000, 2_000]);
        assert_eq!(pauses[8], 30_000);
        patience.succeeded();
        let problem = Problem::from_response(StatusCode::TOO_MANY_REQUESTS, "");
        let asked = problem.retry_after(Some(Duration::from_secs(7)));
        assert_eq!(
            patience.after(&Failure::Problem(Box::new(asked))),
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn a_request_that_the_server_refused_is_not_repeated() {
        let refused = Problem::from_response(StatusCode::UNPROCESSABLE_ENTITY, "");
        let failure = Failure::Problem(Box::new(refused));
        assert_eq!(Patience::default().after(&failure), None);
    }
}
