//! The process's clock: the only code that reads the system clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use postrider_model::{Clock, Timestamp};

/// The system clock, kept from going backwards.
///
/// A forward step takes effect at once, because records must show the true time. Retries that the step makes
/// due are sent early, which does no harm. A backward step is ignored: time continues from its last value
/// until the system clock has caught up, so that the step does not delay retries.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    /// The largest difference seen between Unix and monotonic milliseconds.
    offset_ms: AtomicI64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            offset_ms: AtomicI64::new(system_ms()),
        }
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let monotonic = self.monotonic_ms();
        let offset = system_ms() - monotonic;
        let largest = self.offset_ms.fetch_max(offset, Ordering::Relaxed).max(offset);
        Timestamp::from_unix_ms(monotonic + largest)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_ms(system_ms())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_of_the_system_clock_is_not_followed() {
        let clock = SystemClock::new();
        // Simulates a system clock that was an hour ahead when it was last read.
        clock.offset_ms.fetch_add(3_600_000, Ordering::Relaxed);
        let first = clock.now();
        assert!(first > clock.wall().after(Duration::from_secs(3_599)));
        assert!(clock.now() >= first);
    }
}
