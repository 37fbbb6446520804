//! Pauses that a receiver asks for, and the rate that it takes.
//!
//! A receiver that limits requests a second responds quickly, so that no width is narrow enough. The first
//! 429 pauses the lane: for as long as `Retry-After` says, otherwise for [`PAUSE_MIN`], doubled while each
//! probe is refused as well. The first success afterwards sets the rate: the requests that the receiver took
//! before the refusal, in a time as long as the pause. The rate grows slowly at first and then faster, so
//! that it finds a limit again and follows one that was raised.

use std::time::Duration;

use postrider_model::schedule::RETRY_AFTER_MAX;

/// The first pause after a 429 that names none.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause: rate limits are a second or a minute long.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Seconds for which the lane counts the requests that its receiver took.
const COUNTED_S: usize = 64;

/// How much the rate grows in the first second after a refusal; in each further second, a fifteenth of it
/// more. A limit of 20 a second then refuses one request in some ten seconds.
const GROWTH_PER_S: f64 = 0.002;

/// The share of the measured rate with which the lane goes on.
const SHARE: f64 = 0.97;

/// One refusal lowers the rate at most to this share: it may have been somebody else's doing.
const FALL: f64 = 0.7;

/// Requests that may start at once, in seconds of the rate.
const BURST_S: f64 = 0.1;

/// A lane without a refusal for this long is not limited any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// The pauses and the rate of one lane. Times are those of the monotonic clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    paused_until: Duration,
    probing: Option<Probing>,
    /// When the probe under way started.
    probe: Option<Duration>,
    bucket: Option<Bucket>,
    taken: Taken,
}

/// The receiver has refused since its last success: one probe at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Probing {
    since: Duration,
    next_pause: Duration,
    /// Whether there were too many requests a second, rather than a pause for another reason.
    is_limit: bool,
}

/// A token bucket whose rate grows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    per_s: f64,
    tokens: f64,
    filled_at: Duration,
    grown_at: Duration,
    refused_at: Duration,
}

/// Requests that the receiver took, in each of the last [`COUNTED_S`] seconds.
#[derive(Debug, Clone, PartialEq)]
struct Taken {
    counts: [u32; COUNTED_S],
    second: u64,
}

/// Whether the rate permits another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It does.
    Now,
    /// It does, for a probe: whatever the width is.
    Probe,
    /// Not before this time.
    At(Duration),
    /// Not while a probe is under way.
    AfterProbe,
}

impl Rate {
    /// Whether another request may start. Requests from before a pause do not count: they may be stuck.
    pub fn permit(&self, now: Duration) -> Permit {
        if now < self.paused_until {
            return Permit::At(self.paused_until);
        }
        match (self.probing, self.bucket) {
            (Some(_), _) if self.probe.is_some() => Permit::AfterProbe,
            (Some(_), _) => Permit::Probe,
            (None, None) => Permit::Now,
            (None, Some(bucket)) => bucket.permit(now),
        }
    }

    /// A request starts.
    pub fn started(&mut self, now: Duration) {
        self.probe = self.probing.map(|_| now);
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now);
        }
    }

    /// A request that started at `started` has ended, in whatever way. A receiver that has been silent for
    /// long does not refuse any more: its deliveries return to their schedule.
    pub fn ended(&mut self, started: Duration, now: Duration) {
        if self.probe == Some(started) {
            self.probe = None;
            if now >= self.paused_until + PAUSE_MAX {
                self.probing = None;
            }
        }
        let refused_at = self.bucket.map(|bucket| bucket.refused_at);
        if refused_at.is_some_and(|at| now.saturating_sub(at) > FORGOTTEN_AFTER) {
            self.bucket = None;
        }
    }

    /// The receiver took a request that started at `started`.
    pub fn taken(&mut self, started: Duration, now: Duration) {
        if let Some(probing) = self.probing
            && started >= self.paused_until
        {
            self.probing = None;
            if probing.is_limit {
                self.set_rate(probing.since, now);
            }
        }
        self.taken.add(now);
        if let Some(bucket) = &mut self.bucket {
            bucket.grow(now);
        }
    }

    /// The receiver refused a request that started at `started`, because there were too many. A refusal of
    /// one that started before the pause says nothing new.
    pub fn limited(&mut self, started: Duration, now: Duration, retry_after: Option<Duration>) {
        if started >= self.paused_until {
            let pause = self.probing.map_or(PAUSE_MIN, |probing| probing.next_pause);
            self.pause(now, retry_after.unwrap_or(pause), true);
        }
    }

    /// The receiver asks for a pause for another reason, such as maintenance, in response to a request that
    /// started at `started`.
    pub fn paused(&mut self, started: Duration, now: Duration, retry_after: Duration) {
        if started >= self.paused_until {
            self.pause(now, retry_after, false);
        }
    }

    /// When the lane may be forgotten: until then it knows of a pause or a limit.
    pub fn remembered_until(&self) -> Duration {
        let limited = self.bucket.map(|bucket| bucket.refused_at + PAUSE_MAX);
        limited.unwrap_or_default().max(self.paused_until)
    }

    fn pause(&mut self, now: Duration, pause: Duration, is_limit: bool) {
        self.paused_until = self.paused_until.max(now + pause.min(RETRY_AFTER_MAX));
        let before = self.probing.unwrap_or(Probing {
            since: now,
            next_pause: PAUSE_MIN,
            is_limit: false,
        });
        self.probing = Some(Probing {
            next_pause: (before.next_pause * 2).min(PAUSE_MAX),
            is_limit: is_limit || before.is_limit,
            ..before
        });
    }

    /// Measures the rate over a time before the refusal that is as long as the pause after it: a limit a
    /// minute shows in a pause of a minute.
    fn set_rate(&mut self, refused_at: Duration, now: Duration) {
        let seconds = now.saturating_sub(refused_at).as_secs().max(1);
        // At least the request that the receiver has just taken.
        let measured = self.taken.before(refused_at, seconds).max(1.0) / seconds as f64;
        let per_s = match self.bucket {
            None => measured,
            Some(bucket) => measured.clamp(bucket.per_s * FALL, bucket.per_s),
        };
        self.bucket = Some(Bucket {
            per_s: per_s * SHARE,
            tokens: 0.0,
            filled_at: now,
            grown_at: now,
            refused_at: now,
        });
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            paused_until: Duration::ZERO,
            probing: None,
            probe: None,
            bucket: None,
            taken: Taken {
                counts: [0; COUNTED_S],
                second: 0,
            },
        }
    }
}

impl Bucket {
    fn tokens_at(&self, now: Duration) -> f64 {
        let most = (self.per_s * BURST_S).max(1.0);
        let filled = now.saturating_sub(self.filled_at).as_secs_f64() * self.per_s;
        (self.tokens + filled).min(most)
    }

    fn permit(&self, now: Duration) -> Permit {
        let lacking = 1.0 - self.tokens_at(now);
        if lacking <= 1e-9 {
            return Permit::Now;
        }
        // Rounded up to the next millisecond, the resolution of timers.
        let wait_ms = (lacking / self.per_s * 1_000.0).ceil();
        Permit::At(now + Duration::from_millis(wait_ms as u64))
    }

    fn take(&mut self, now: Duration) {
        self.tokens = self.tokens_at(now) - 1.0;
        self.filled_at = now;
    }

    fn grow(&mut self, now: Duration) {
        // A lane that was idle has learned nothing in the meantime.
        let seconds = now.saturating_sub(self.grown_at).as_secs_f64().min(1.0);
        let calm_s = now.saturating_sub(self.refused_at).as_secs_f64();
        self.per_s *= 1.0 + GROWTH_PER_S * (1.0 + calm_s / 15.0) * seconds;
        self.grown_at = now;
    }
}

impl Taken {
    fn add(&mut self, now: Duration) {
        let second = now.as_secs();
        // Empties the places of the seconds in which nothing was taken.
        let passed = second.saturating_sub(self.second).min(COUNTED_S as u64);
        for passed in 0..passed {
            self.counts[place(second - passed)] = 0;
        }
        self.second = self.second.max(second);
        self.counts[place(second)] += 1;
    }

    /// Requests taken in the `seconds` before `until`. Of the oldest second it counts the share that lies
    /// within.
    fn before(&self, until: Duration, seconds: u64) -> f64 {
        let last = until.as_secs();
        let oldest = (self.second + 1).saturating_sub(COUNTED_S as u64);
        let count = |second: u64| match (oldest..=self.second).contains(&second) {
            true => f64::from(self.counts[place(second)]),
            false => 0.0,
        };
        let whole: f64 = ((last + 1).saturating_sub(seconds)..=last).map(count).sum();
        let share = 1.0 - f64::from(until.subsec_nanos()) / 1e9;
        whole
            + last
                .checked_sub(seconds)
                .map_or(0.0, |second| count(second) * share)
    }
}

/// Where the count of a second is.
const fn place(second: u64) -> usize {
    (second % COUNTED_S as u64) as usize
}
