//! The pace of a lane: whether its next request may start.
//!
//! A lane may have as many requests under way as its *width*. Each response increases the width by one, so
//! that a lane that uses its full width doubles it each round trip. A receiver that asks for less (429 or
//! 503), does not respond in time or cannot be reached halves the width, down to one request at a time. A
//! wide lane is therefore narrow within one timeout, and has its full width again some eight round trips
//! after its receiver has recovered.
//!
//! [`Pace::may_start`] is the only function that decides whether a request may start. To add a reason to
//! wait: add a field to [`Pace`], update it in [`Pace::learn`], and check it in [`Pace::may_start`].

use postrider_model::Outcome;

/// The width of a new lane, whose receiver is still unknown.
const START: u32 = 8;

/// The widest lane. With responses in 5 ms, 256 at once are 51,000 requests a second: more than one node
/// sends.
const MAX: u32 = 256;

/// What an attempt says about the load that its receiver can handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// The receiver responded: it can handle more.
    More,
    /// The receiver asked for less, or did not respond.
    Less,
}

impl Lesson {
    /// The lesson of an attempt: from its outcome, and from whether the receiver said that it is overloaded.
    pub fn of(outcome: Outcome, overloaded: bool) -> Self {
        match outcome {
            _ if overloaded => Self::Less,
            Outcome::Succeeded | Outcome::BadStatus | Outcome::ProtocolError => Self::More,
            Outcome::Timeout
            | Outcome::DnsError
            | Outcome::ConnectError
            | Outcome::TlsError
            | Outcome::Blocked => Self::Less,
        }
    }
}

/// Whether the next request of a lane may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStart {
    /// The request may start.
    Now,
    /// Not before a request under way has ended.
    Closed,
}

/// The pace of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    width: u32,
}

impl Pace {
    /// How many requests may be under way at once; at least 1.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Whether the next request may start, while `in_flight` requests of this lane are under way and `free`
    /// more of all lanes may start (at least 1). Returns [`MayStart::Closed`] only if `in_flight` is not 0.
    ///
    /// A lane occupies no more slots than it leaves free (the dynamic threshold of [`crate::window`]), so
    /// that silent receivers cannot occupy all of them.
    pub fn may_start(self, in_flight: u32, free: usize) -> MayStart {
        if (in_flight as usize) < (self.width as usize).min(free) {
            MayStart::Now
        } else {
            MayStart::Closed
        }
    }

    /// Adapts the width after an attempt has ended; `in_flight` still counts the attempt.
    ///
    /// Requests beyond the width started before it was halved, so their outcomes say nothing about the
    /// current width. If they counted, a burst that a receiver rejects would take the lane down to 1, and the
    /// rest of the burst would widen it again.
    pub fn learn(&mut self, lesson: Lesson, in_flight: u32) {
        if in_flight > self.width {
            return;
        }
        self.width = match lesson {
            Lesson::More => (self.width + 1).min(MAX),
            Lesson::Less => (self.width / 2).max(1),
        };
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { width: START }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lesson: Lesson, times: u32) -> u32 {
        let mut pace = Pace::default();
        for _ in 0..times {
            pace.learn(lesson, 1);
        }
        pace.width()
    }

    #[test]
    fn a_silent_receiver_is_probed_one_at_a_time_and_recovers() {
        let mut pace = Pace::default();
        for in_flight in (1..=START).rev() {
            pace.learn(Lesson::Less, in_flight);
        }
        assert_eq!(pace.width(), 1);
        for _ in 0..1_000 {
            pace.learn(Lesson::More, 1);
        }
        assert_eq!(pace.width(), MAX);
    }

    #[test]
    fn a_receiver_that_asks_for_less_gets_half_and_other_statuses_do_not_slow_a_lane() {
        for (overloaded, width) in [(true, START / 2), (false, START + 1)] {
            let lesson = Lesson::of(Outcome::BadStatus, overloaded);
            assert_eq!(after(lesson, 1), width, "{overloaded}");
        }
        for outcome in [
            Outcome::Timeout,
            Outcome::DnsError,
            Outcome::ConnectError,
            Outcome::TlsError,
        ] {
            assert_eq!(after(Lesson::of(outcome, false), 1), START / 2, "{outcome:?}");
        }
    }

    #[test]
    fn a_refused_burst_halves_the_width_once() {
        let mut pace = Pace { width: 32 };
        for in_flight in (17..=32).rev() {
            pace.learn(Lesson::Less, in_flight);
        }
        assert_eq!(pace.width(), 16);
    }

    #[test]
    fn a_lane_without_requests_in_flight_may_always_start_one() {
        let mut pace = Pace::default();
        for _ in 0..10 {
            pace.learn(Lesson::Less, 1);
        }
        assert_eq!(pace.may_start(0, 1), MayStart::Now);
        assert_eq!(pace.may_start(1, 100), MayStart::Closed);
    }

    #[test]
    fn a_lane_leaves_as_many_slots_free_as_it_takes() {
        let pace = Pace::default();
        assert_eq!(pace.may_start(3, 4), MayStart::Now);
        assert_eq!(pace.may_start(4, 4), MayStart::Closed);
    }
}
