//! The clock of a test.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use postrider_model::{Clock, Timestamp};
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, where virtual time begins.
pub const START_MS: i64 = 1_767_225_600_000;

/// The paused clock of the test's runtime. It begins `offset_ms` after [`START_MS`], and may step.
pub struct VirtualClock {
    began: Instant,
    wall_offset_ms: AtomicI64,
    offset_ms: AtomicI64,
    fails: AtomicBool,
}

impl VirtualClock {
    pub fn new(offset_ms: i64) -> Self {
        Self {
            began: Instant::now(),
            wall_offset_ms: AtomicI64::new(offset_ms),
            offset_ms: AtomicI64::new(offset_ms),
            fails: AtomicBool::new(false),
        }
    }

    /// Makes [`Clock::wall`] panic: a defect in whatever task reads it.
    pub fn fail(&self) {
        self.fails.store(true, Ordering::Relaxed);
    }

    /// Steps the system clock. As in production, [`Clock::now`] follows it forwards only.
    pub fn step(&self, ms: i64) {
        let wall = self.wall_offset_ms.fetch_add(ms, Ordering::Relaxed) + ms;
        self.offset_ms.fetch_max(wall, Ordering::Relaxed);
    }

    fn after(&self, offset_ms: &AtomicI64) -> Timestamp {
        Timestamp::from_unix_ms(START_MS + offset_ms.load(Ordering::Relaxed)).after(self.began.elapsed())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.after(&self.offset_ms)
    }

    fn wall(&self) -> Timestamp {
        assert!(!self.fails.load(Ordering::Relaxed), "a defect");
        self.after(&self.wall_offset_ms)
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }
}
