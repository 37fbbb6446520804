//! The process's clock: the only place that reads the system's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use postrider_model::{Clock, Timestamp};

/// The system clock, kept from going backwards.
///
/// A step forward is followed at once, since records have to tell the true time; retries that this makes due
/// are sent early, which harms nobody. A step back is not followed: time goes on from where it was until the
/// system clock has caught up, so that no retry waits for the length of the step again.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    /// Unix milliseconds minus monotonic milliseconds: the largest seen.
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
        // As if the system clock had stood an hour ahead when it was last read.
        clock.offset_ms.fetch_add(3_600_000, Ordering::Relaxed);
        let first = clock.now();
        assert!(first > clock.wall().after(Duration::from_secs(3_599)));
        assert!(clock.now() >= first);
    }
}
