//! The clock, which is passed in so that a test can control the time.

use std::time::Duration;

use crate::time::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time for records and schedules. It never goes backwards within a process: when the
    /// system clock steps back, this clock continues at the pace of a monotonic clock until the system clock
    /// has caught up.
    fn now(&self) -> Timestamp;

    /// The current time of the system clock, including its steps: for `webhook-timestamp`, which receivers
    /// compare with their own clocks.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment of the process, unaffected by steps: for durations.
    fn monotonic(&self) -> Duration;
}
