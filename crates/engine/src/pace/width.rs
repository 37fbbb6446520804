//! The width of a lane: how many requests its receiver works on at once without answering later or refusing.
//!
//! The width doubles each round trip until the receiver shows its limit, and creeps on from there:
//!
//! * A refusal (429, 503) halves it. The receiver took one request less than were under way, so the width
//!   soon returns to just below that.
//! * A receiver that queues requests silently answers later the more of them it has. The width grows only
//!   while responses take less than [`QUICK`] times the best recent one, and shrinks in proportion when they
//!   take more than [`SLOW`] times as long. This is the idea of TCP Vegas (Brakmo and Peterson, 1995).
//! * The best duration is measured anew every [`BEST_LASTS`], at half the width: a queue of our own making
//!   would otherwise become the yardstick.
//!
//! One cut per round trip: outcomes of requests that started before the last cut say nothing about the width
//! after it.

use std::time::Duration;

/// The width of a new lane, whose receiver is unknown, and of one whose receiver has just come back.
pub const START: f64 = 8.0;

/// The widest lane. With responses in 5 ms, 256 at once are 51,000 requests a second: more than one node
/// sends.
const MAX: f64 = 256.0;

/// A response is quick up to this multiple of the best one.
const QUICK: f64 = 1.5;

/// A response is slow from this multiple of the best one.
const SLOW: f64 = 2.0;

/// What is added to both bounds: on a loaded node, durations vary by tens of milliseconds for our own
/// reasons, and a receiver that queues for so short a time is not in trouble.
const JITTER: Duration = Duration::from_millis(50);

/// What each response adds to the width before a limit is known: the width doubles each round trip.
const GROWTH: f64 = 1.0;

/// The same if the receiver has just come back: what it refuses now may have failed before, and then waits
/// for its last attempt.
const GROWTH_WHEN_BACK: f64 = 0.25;

/// How much the width grows in a round trip once it is near the known limit: a new refusal in some twelve
/// round trips is then 1 % of the requests.
const CREEP: f64 = 0.25;

/// How long the best duration is used before it is measured anew.
const BEST_LASTS: Duration = Duration::from_secs(60);

/// The width of one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    width: f64,
    /// Up to here the width doubles each round trip; beyond it creeps.
    threshold: f64,
    /// What each response adds until then.
    growth: f64,
    /// When the width was last cut.
    cut_at: Option<Duration>,
    best: Option<Duration>,
    /// The best duration since `measured_at`, which is the next value of `best`.
    next_best: Option<Duration>,
    measured_at: Duration,
    /// Whether the last response was slow: the receiver queues.
    is_slow: bool,
}

impl Width {
    /// How many requests may be under way at once; at least 1.
    pub fn requests(&self) -> u32 {
        // The value is between 1 and MAX.
        self.width as u32
    }

    /// The best recent duration of a response.
    pub fn best(&self) -> Option<Duration> {
        self.best
    }

    /// A response to a request that started at `started` took `took`; `in_flight` still counts the request.
    pub fn responded(&mut self, took: Duration, started: Duration, now: Duration, in_flight: u32) {
        self.measure(took, now);
        let best = self.best.unwrap_or(took);
        self.is_slow = took > best.mul_f64(SLOW) + JITTER;
        if self.is_slow {
            let share = (best + JITTER).as_secs_f64() * QUICK / took.as_secs_f64().max(f64::MIN_POSITIVE);
            if self.cut(share.max(0.5), started, now) {
                self.threshold = self.width;
            }
        } else if took <= best.mul_f64(QUICK) + JITTER && self.is_used(in_flight) {
            let step = if self.width < self.threshold {
                self.growth
            } else {
                CREEP / self.width
            };
            self.width = (self.width + step).min(MAX);
        }
    }

    /// The receiver refused a request that started at `started`, while `in_flight` were under way.
    pub fn refused(&mut self, started: Duration, now: Duration, in_flight: u32) {
        let under_way = f64::from(in_flight).min(self.width);
        let taken = ((f64::from(in_flight) - 1.0) * 0.95).clamp(1.0, MAX);
        if self.cut(0.5 * under_way / self.width, started, now) {
            self.threshold = taken;
            self.growth = GROWTH;
        } else {
            // One more of the requests that were too many: the receiver takes even less.
            self.threshold = self.threshold.min(taken).max(self.width);
        }
    }

    /// No response arrived in time. That is a reason to send fewer requests only if the receiver was slow
    /// before: it queues. A receiver that answers others quickly has lost this request alone.
    pub fn timed_out(&mut self, started: Duration, now: Duration) {
        if self.is_slow && self.cut(0.5, started, now) {
            self.threshold = self.width;
        }
    }

    /// The receiver is back after it was silent: begins as with an unknown one, so that what has piled up
    /// does not arrive all at once.
    pub fn restart(&mut self) {
        self.width = self.width.min(START);
        self.threshold = MAX;
        self.growth = GROWTH_WHEN_BACK;
    }

    fn is_used(&self, in_flight: u32) -> bool {
        f64::from(in_flight) >= self.width.floor() * 0.8 || self.width < START
    }

    /// Multiplies the width, unless the request started before the last cut. Returns whether it did.
    fn cut(&mut self, share: f64, started: Duration, now: Duration) -> bool {
        if self.cut_at.is_some_and(|cut_at| started < cut_at) {
            return false;
        }
        self.width = (self.width * share).clamp(1.0, MAX);
        self.cut_at = Some(now);
        true
    }

    fn measure(&mut self, took: Duration, now: Duration) {
        let shorter = |best: Option<Duration>| Some(best.map_or(took, |best| best.min(took)));
        self.best = shorter(self.best);
        self.next_best = shorter(self.next_best);
        if now.saturating_sub(self.measured_at) >= BEST_LASTS {
            self.best = self.next_best.take();
            self.measured_at = now;
            self.threshold = self.width;
            self.width = (self.width / 2.0).max(1.0);
        }
    }
}

impl Default for Width {
    fn default() -> Self {
        Self {
            width: START,
            threshold: MAX,
            growth: GROWTH,
            cut_at: None,
            best: None,
            next_best: None,
            measured_at: Duration::ZERO,
            is_slow: false,
        }
    }
}
