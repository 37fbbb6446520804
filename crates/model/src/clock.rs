//! Time as the rest of the code sees it: passed in, so that a test can own it.

use std::time::Duration;

use crate::time::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time for records and schedules. It never goes backwards within a process: when the
    /// system clock steps back, this one walks on at the pace of a monotonic clock until the other has caught
    /// up.
    fn now(&self) -> Timestamp;

    /// What the system clock says at this moment, steps and all: for `webhook-timestamp`, which receivers
    /// compare with their own clocks.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment of the process, unaffected by steps: for durations.
    fn monotonic(&self) -> Duration;
}
