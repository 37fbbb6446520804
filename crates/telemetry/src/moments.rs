//! Moments of the monotonic clock as times of day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postrider_model::Clock;

/// By how much the two clocks may drift apart before the offset is read again: more than the millisecond to
/// which the time of day is rounded, so that spans of one trace keep their order.
const DRIFT_MS_MAX: i64 = 5;

/// The time of day of moments, in nanoseconds. The clock's own time has milliseconds, in which many spans
/// would begin and end at once.
pub(crate) struct Moments {
    clock: Arc<dyn Clock>,
    /// From the monotonic clock to the time of day.
    offset_ms: AtomicI64,
}

impl Moments {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let offset_ms = AtomicI64::new(offset_ms(&*clock));
        Self { clock, offset_ms }
    }

    /// Nanoseconds since 1970.
    pub(crate) fn unix_ns(&self, monotonic: Duration) -> u64 {
        let current = offset_ms(&*self.clock);
        let mut offset = self.offset_ms.load(Ordering::Relaxed);
        if (current - offset).abs() > DRIFT_MS_MAX {
            self.offset_ms.store(current, Ordering::Relaxed);
            offset = current;
        }
        let nanoseconds = i128::from(offset) * 1_000_000 + monotonic.as_nanos().cast_signed();
        u64::try_from(nanoseconds).unwrap_or(0)
    }
}

fn offset_ms(clock: &dyn Clock) -> i64 {
    let monotonic = i64::try_from(clock.monotonic().as_millis()).unwrap_or(i64::MAX);
    clock.now().unix_ms().saturating_sub(monotonic)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use postrider_model::Timestamp;

    use super::*;

    /// The time of day and the monotonic clock.
    struct Hands(Mutex<(i64, Duration)>);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_ms(self.0.lock().0)
        }
        fn wall(&self) -> Timestamp {
            self.now()
        }
        fn monotonic(&self) -> Duration {
            self.0.lock().1
        }
    }

    #[test]
    fn rounding_moves_nothing_and_a_step_of_the_system_clock_is_followed() {
        let hands = Arc::new(Hands(Mutex::new((5_000, Duration::from_micros(100_900)))));
        let moments = Moments::new(Arc::clone(&hands) as _);
        let moment = Duration::from_micros(100_901);
        let before = moments.unix_ns(moment);
        *hands.0.lock() = (5_001, Duration::from_micros(100_950));
        assert_eq!(moments.unix_ns(moment), before);
        *hands.0.lock() = (8_000, Duration::from_micros(100_950));
        assert_eq!(moments.unix_ns(moment), before + 3_000_000_000);
    }
}
