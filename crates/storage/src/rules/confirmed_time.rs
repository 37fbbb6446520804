//! The time that pruning trusts.
//!
//! A clock can be wrong for a while: a bad NTP reply, a virtual machine resumed on a host with a wrong clock.
//! What is pruned meanwhile is lost for good. Events therefore age by a *confirmed time*, which follows the
//! clock only as fast as real time allows: at most [`CATCH_UP`] times the time that a monotonic clock has
//! counted. A store keeps it across restarts. The time during which no node ran is not confirmed at once
//! either, because nothing tells it from a jump of the clock.

use std::time::Duration;

use postrider_model::Timestamp;

use crate::StoreClock;

/// How much faster than real time the confirmed time follows the clock. A jump by 32 days is confirmed after
/// 32 hours, which is long enough to notice it; a node that was off for a weekend has caught up after two
/// hours.
pub const CATCH_UP: u32 = 24;

/// The difference from which on a clock is said to have jumped. A smaller one is confirmed within two and a
/// half minutes.
pub const JUMP_MIN: Duration = Duration::from_secs(3600);

/// The confirmed time as this process knows it.
#[derive(Debug, Default)]
pub struct ConfirmedTime {
    /// The confirmed time, and the monotonic time of that reading.
    last: Option<(Timestamp, Duration)>,
    is_behind: bool,
}

/// A reading of [`ConfirmedTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The confirmed time: never later than the clock.
    pub at: Timestamp,
    /// What changed since the last reading.
    pub news: Option<News>,
}

/// News about the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The clock is this far ahead of the confirmed time.
    Ahead {
        /// The difference, at least [`JUMP_MIN`].
        by: Duration,
        /// Whether it arose before this process first read the clock.
        is_from_before: bool,
    },
    /// The confirmed time has caught up, or the clock was set back.
    CaughtUp,
}

impl ConfirmedTime {
    /// Reads the confirmed time. `monotonic` is the time since some fixed moment of this process.
    pub fn read(&mut self, clock: StoreClock, monotonic: Duration) -> Confirmed {
        let is_first = self.last.is_none();
        let (from, passed) = match self.last {
            Some((at, read_at)) => (at, monotonic.saturating_sub(read_at)),
            None => (clock.confirmed.unwrap_or(clock.now), Duration::ZERO),
        };
        let at = clock.now.min(from.after(passed * CATCH_UP));
        self.last = Some((at, monotonic));
        let by = clock.now.since(at);
        let was_behind = std::mem::replace(&mut self.is_behind, by >= JUMP_MIN);
        let news = match (was_behind, self.is_behind) {
            (false, true) => Some(News::Ahead {
                by,
                is_from_before: is_first,
            }),
            (true, false) => Some(News::CaughtUp),
            _ => None,
        };
        Confirmed { at, news }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(s: i64) -> Timestamp {
        Timestamp::from_unix_ms(s * 1000)
    }

    fn clock(now: Timestamp, confirmed: Option<Timestamp>) -> StoreClock {
        StoreClock { now, confirmed }
    }

    #[test]
    fn a_clock_that_runs_as_it_should_is_confirmed_at_once() {
        let mut time = ConfirmedTime::default();
        for s in [0, 1, 60, 3600, 86_400] {
            let read = time.read(clock(at(s), None), Duration::from_secs(s.unsigned_abs()));
            let expected = Confirmed {
                at: at(s),
                news: None,
            };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn a_jump_is_confirmed_by_real_time_alone() {
        let mut time = ConfirmedTime::default();
        time.read(clock(at(0), None), Duration::ZERO);
        let ahead = at(60).after(32 * DAY);
        let read = time.read(clock(ahead, None), Duration::from_secs(60));
        assert_eq!(read.at, at(60 * i64::from(CATCH_UP)));
        assert!(matches!(read.news, Some(News::Ahead { by, is_from_before: false }) if by > 31 * DAY));
        let back = time.read(clock(at(75), None), Duration::from_secs(75));
        let expected = Confirmed {
            at: at(75),
            news: Some(News::CaughtUp),
        };
        assert_eq!(back, expected, "a clock that was put right counts at once");
        let mut read = time.read(clock(ahead, None), Duration::from_secs(76));
        for hour in 1..=33 {
            let passed = Duration::from_secs(76 + hour * 3600);
            read = time.read(clock(ahead, None), passed);
        }
        assert_eq!(
            (read.at, read.news),
            (ahead, None),
            "a clock that stays is right in the end"
        );
    }

    #[test]
    fn the_time_before_a_start_counts_from_what_the_store_has_kept() {
        let mut time = ConfirmedTime::default();
        let read = time.read(clock(at(0).after(33 * DAY), Some(at(0))), Duration::ZERO);
        assert_eq!(read.at, at(0));
        let news = News::Ahead {
            by: 33 * DAY,
            is_from_before: true,
        };
        assert_eq!(read.news, Some(news));
    }
}
