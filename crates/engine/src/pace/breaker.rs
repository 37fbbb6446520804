//! The breaker: a lane that has failed for long gives way to the others.
//!
//! While slots are scarce, only its probes go out. While there are free ones, it goes on as before: the
//! schedule is a promise.

use std::time::Duration;

/// How long a lane has to be without a success, and how many attempts have to fail in that time.
const FAILING_FOR: Duration = Duration::from_secs(5 * 60);
const FAILURES_MIN: u32 = 50;

/// The distance of probes.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The failures of one lane since its last success. Times are those of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    failures: u32,
    first_failure: Duration,
    last_failure: Duration,
    is_open: bool,
    last_start: Duration,
}

impl Breaker {
    /// Whether the lane gives way to the others.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// When the next probe may start.
    pub fn probe_at(&self) -> Duration {
        self.last_start + PROBE_EVERY
    }

    /// Until when a lane has to be kept: until then it knows more than a new one.
    pub fn remembered_until(&self) -> Duration {
        match self.failures >= FAILURES_MIN {
            true => self.last_failure + FAILING_FOR,
            false => Duration::ZERO,
        }
    }

    /// A request starts.
    pub fn started(&mut self, now: Duration) {
        self.last_start = now;
    }

    /// An attempt failed.
    pub fn failed(&mut self, now: Duration) {
        if self.failures == 0 {
            self.first_failure = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = now;
        self.is_open = self.failures >= FAILURES_MIN && now >= self.first_failure + FAILING_FOR;
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.is_open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn it_opens_after_five_minutes_and_fifty_failures_and_closes_with_a_success() {
        let mut breaker = Breaker::default();
        for n in 1..=49 {
            breaker.failed(S * n * 10);
            assert!(!breaker.is_open(), "too few failures");
        }
        assert_eq!(breaker.remembered_until(), Duration::ZERO);
        breaker.failed(S * 500);
        assert!(breaker.is_open());
        assert_eq!(breaker.remembered_until(), S * 800);
        breaker.succeeded();
        assert_eq!(breaker.remembered_until(), Duration::ZERO);
        for n in 0..300 {
            assert!(!breaker.is_open(), "too early");
            breaker.failed(S * (1_000 + n));
        }
        breaker.failed(S * 1_300);
        assert!(breaker.is_open());
    }
}
