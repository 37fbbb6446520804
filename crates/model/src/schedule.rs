//! Retry schedules: a list of delays.

use std::time::Duration;

/// The delays between attempts. `[10, 100]` means: attempt at once, retry 10 s after the first failure and
/// 100 s after the second, then fail. An empty schedule means one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<u32>);

/// Maximum retries of a delivery.
pub const RETRIES_MAX: usize = 20;

/// Longest single delay, in seconds: 7 days. With a longer delay, retention could overtake the schedule.
pub const DELAY_S_MAX: u32 = 7 * 24 * 3600;

/// Shortest delay that an account or an automation may set, in seconds. The installation's own may be
/// shorter.
pub const OWN_DELAY_S_MIN: u32 = 1;

/// Longest delay that `Retry-After` can cause.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A schedule out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// More than [`RETRIES_MAX`] delays.
    #[error("at most {RETRIES_MAX} retry delays are possible")]
    TooMany,
    /// The delay at this position is longer than [`DELAY_S_MAX`].
    #[error("a retry delay can be at most {DELAY_S_MAX} seconds")]
    TooLong(usize),
}

impl Schedule {
    /// The schedule with these delays, in seconds.
    pub fn from_delays_s(delays_s: Vec<u32>) -> Result<Self, ScheduleError> {
        if delays_s.len() > RETRIES_MAX {
            return Err(ScheduleError::TooMany);
        }
        match delays_s.iter().position(|delay| *delay > DELAY_S_MAX) {
            Some(index) => Err(ScheduleError::TooLong(index)),
            None => Ok(Self(delays_s)),
        }
    }

    /// The delays, in seconds.
    pub fn delays_s(&self) -> &[u32] {
        &self.0
    }

    /// How long to wait after the `failed`-th scheduled attempt (from 1) failed; `None` if it was the last.
    ///
    /// `retry_after` is what the receiver asked for. It can only lengthen the delay, to at most
    /// [`RETRY_AFTER_MAX`].
    pub fn delay_after(&self, failed: u32, retry_after: Option<Duration>) -> Option<Duration> {
        let index = usize::try_from(failed.checked_sub(1)?).ok()?;
        let delay = Duration::from_secs(u64::from(*self.0.get(index)?));
        Some(delay.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX)))
    }
}

impl Default for Schedule {
    /// 10 s, then 100 s: three attempts.
    fn default() -> Self {
        Self(vec![10, 100])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_three_attempts() {
        let schedule = Schedule::default();
        assert_eq!(schedule.delay_after(1, None), Some(Duration::from_secs(10)));
        assert_eq!(schedule.delay_after(2, None), Some(Duration::from_secs(100)));
        assert_eq!(schedule.delay_after(3, None), None);
    }

    #[test]
    fn retry_after_only_postpones_and_is_capped() {
        let schedule = Schedule::default();
        let after = |s| {
            schedule
                .delay_after(1, Some(Duration::from_secs(s)))
                .unwrap()
                .as_secs()
        };
        assert_eq!((after(3), after(30), after(999_999)), (10, 30, 3600));
        assert_eq!(schedule.delay_after(3, Some(Duration::from_secs(30))), None);
    }

    #[test]
    fn schedules_are_bounded() {
        assert_eq!(Schedule::from_delays_s(vec![1; 21]), Err(ScheduleError::TooMany));
        assert_eq!(
            Schedule::from_delays_s(vec![1, DELAY_S_MAX + 1]),
            Err(ScheduleError::TooLong(1))
        );
        assert!(Schedule::from_delays_s(vec![]).is_ok());
    }
}
