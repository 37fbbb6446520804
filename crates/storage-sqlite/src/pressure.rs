//! Keeps the log bounded while something holds an old snapshot: a backup, or another program that reads.
//!
//! SQLite cannot reuse the log from its start as long as somebody reads an older state. It would grow with
//! every commit until the disk is full. The checkpoint thread therefore reports how long the log is, and the
//! writer slows down: the closer the log comes to its bound, the longer it waits between two groups. At the
//! bound it refuses further work until the log can be reused.
//!
//! The bound grows with the database, because a backup takes as long as the database is large: one that
//! copies a few times faster than the node writes never slows it down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The part of the database's size that the log may reach.
const DATABASE_PART: u64 = 4;

/// The longest wait between two groups.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How close the log is to its bound, in thousandths of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pressure(Arc<AtomicU64>);

/// What the writer does with its next group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Waits this long, then commits it.
    After(Duration),
    /// Refuses it.
    Refuse,
}

impl Pressure {
    /// Notes the state of the log: its length in pages if something keeps it from being reused, else 0. The
    /// bound is a part of the database's length, at least `least_pages`. Returns whether the bound is reached
    /// now and was not before.
    pub(crate) fn note(&self, blocked_pages: u64, database_pages: u64, least_pages: u64) -> bool {
        let bound = least_pages.max(database_pages / DATABASE_PART).max(1);
        let now = blocked_pages.saturating_mul(1000) / bound;
        let before = self.0.swap(now, Ordering::Relaxed);
        now >= 1000 && before < 1000
    }

    /// The pace for the next group, if the last commit took so long. Up to half of the bound nothing changes;
    /// beyond it the log grows the slower the less is left.
    pub(crate) fn pace(&self, last_commit: Duration) -> Pace {
        match self.0.load(Ordering::Relaxed) {
            0..=500 => Pace::After(Duration::ZERO),
            level @ 501..=999 => {
                let factor = (level - 500) as f64 / (1000 - level) as f64;
                Pace::After(last_commit.mul_f64(factor).min(WAIT_MAX))
            }
            _ => Pace::Refuse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_slows_down_from_half_of_the_bound_and_stops_at_it() {
        let (pressure, commit) = (Pressure::default(), Duration::from_millis(2));
        let mut paces = Vec::new();
        for pages in [0, 500, 750, 900, 999] {
            assert!(!pressure.note(pages, 4_000, 10));
            paces.push(pressure.pace(commit));
        }
        let after = |ms| Pace::After(Duration::from_millis(ms));
        assert_eq!(paces, [after(0), after(0), after(2), after(8), after(998)]);
        assert!(pressure.note(1_000, 4_000, 10) && !pressure.note(1_001, 4_000, 10));
        assert_eq!(pressure.pace(commit), Pace::Refuse);
        assert_eq!(pressure.pace(Duration::MAX), Pace::Refuse);
        assert!(!pressure.note(0, 4_000, 10));
        assert_eq!(pressure.pace(commit), after(0));
    }

    #[test]
    fn a_small_database_has_room_for_a_log_all_the_same() {
        let pressure = Pressure::default();
        assert!(!pressure.note(999, 4, 1_000) && pressure.note(1_000, 4, 1_000));
    }
}
