//! A crowded host: so many requests of all lanes are under way to it that no other may even wait
//! ([`postrider_egress::Hosts`]).
//!
//! Lanes that share a crowded host find their shares as TCP connections do. A request that finds the host
//! crowded lowers the number that its lane may have under way, and one that is sent raises it a little; a
//! lane with requests under way starts the next one when one ends. A lane without any tries again after a
//! pause: a failed try doubles it, and a request that was sent divides it by four, so that about every third
//! try of many lanes succeeds and the host is kept busy. Pauses vary, because lanes that try at the same
//! moments would leave the host idle in between.

use std::time::Duration;

/// The first pause, after which a quick host has room again.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The longest pause. A try costs some 50 µs of CPU, so that 2,000 lanes use a twentieth of a core.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How much of its requests a lane keeps under way when it finds its host crowded.
const KEPT: f64 = 0.75;

/// How much the number grows while that many requests are sent.
const GROWTH: f64 = 0.25;

/// After how long without a crowded host a lane is free again. Longer than any pause.
const LASTS: Duration = Duration::from_secs(5);

/// What one lane knows of its host. Times are those of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Crowd {
    /// When the host was last found crowded.
    found_at: Option<Duration>,
    /// The most requests under way, as long as the host counts as crowded; at least 1.
    most: f64,
    /// The mean pause while no request is under way.
    pause: Duration,
    paused_until: Duration,
    /// The state of a generator of random numbers.
    noise: u64,
}

/// Whether the crowd permits another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It does.
    Now,
    /// Not before this time.
    At(Duration),
    /// Not before a request of the lane has ended.
    AfterAnother,
}

impl Crowd {
    /// A host that is not crowded. Lanes get different seeds.
    pub fn new(seed: u64) -> Self {
        Self {
            noise: seed,
            ..Self::default()
        }
    }

    /// Whether the lane, of which `busy` requests are under way, may start another.
    pub fn permit(&self, now: Duration, busy: u32) -> Permit {
        if !self.is_crowded(now) {
            Permit::Now
        } else if busy == 0 && now < self.paused_until {
            Permit::At(self.paused_until)
        } else if busy > 0 && f64::from(busy) >= self.most.floor() {
            Permit::AfterAnother
        } else {
            Permit::Now
        }
    }

    /// A request that started at `started` found the host crowded, while `others` of the lane were under way.
    pub fn found(&mut self, started: Duration, now: Duration, others: u32) {
        let most = f64::from(others).max(1.0);
        // One that started before the host was last found crowded says only how many were too many.
        if self.is_crowded(now) && self.found_at.is_some_and(|at| started <= at) {
            self.most = self.most.min(most);
            return;
        }
        self.most = (most * KEPT).max(1.0);
        self.found_at = Some(now);
        self.pause = (self.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        self.paused_until = now + self.vary();
    }

    /// A request that was sent has ended.
    pub fn sent(&mut self, now: Duration) {
        if self.is_crowded(now) {
            self.most += GROWTH / self.most;
            self.pause = (self.pause / 4).max(PAUSE_MIN);
            self.paused_until = now + self.vary();
        } else {
            *self = Self::new(self.noise);
        }
    }

    fn is_crowded(&self, now: Duration) -> bool {
        self.found_at.is_some_and(|at| now < at + LASTS)
    }

    /// Half of the mean pause to one and a half of it.
    fn vary(&mut self) -> Duration {
        // A linear congruential generator (Knuth's MMIX), whose upper bits are random enough.
        self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005);
        self.noise = self.noise.wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from((self.noise >> 32) as u32) / f64::from(u32::MAX);
        self.pause.mul_f64(0.5 + share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pause(crowd: &Crowd, now: Duration) -> Duration {
        match crowd.permit(now, 0) {
            Permit::At(at) => at - now,
            permit => panic!("{permit:?}"),
        }
    }

    fn is_about(pause: Duration, mean: Duration) -> bool {
        (mean / 2..=mean + mean / 2).contains(&pause)
    }

    #[test]
    fn a_lane_tries_less_and_less_often_and_sooner_once_it_gets_through() {
        let (mut crowd, mut now) = (Crowd::new(1), MS);
        for mean in [10, 20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000] {
            crowd.found(now, now, 0);
            assert!(is_about(pause(&crowd, now), MS * mean), "{crowd:?}");
            now += pause(&crowd, now);
            assert_eq!(crowd.permit(now, 0), Permit::Now);
        }
        for mean in [500, 125] {
            crowd.sent(now);
            assert!(is_about(pause(&crowd, now), MS * mean), "{crowd:?}");
        }
        now += LASTS;
        assert_eq!(crowd.permit(now, 100), Permit::Now);
        crowd.sent(now);
        crowd.found(now, now, 0);
        assert!(is_about(pause(&crowd, now), MS * 10), "{crowd:?}");
    }

    #[test]
    fn a_lane_with_requests_under_way_keeps_most_of_them_and_adds_one_now_and_then() {
        let (mut crowd, now) = (Crowd::new(1), MS * 2);
        // Of twenty that started together, eight were sent.
        for others in (8..20).rev() {
            crowd.found(MS, now, others);
        }
        assert_eq!(crowd.permit(now, 8), Permit::AfterAnother);
        assert_eq!(crowd.permit(now, 7), Permit::Now);
        crowd.found(now + MS, now + MS, 8);
        assert_eq!(crowd.permit(now + MS, 6), Permit::AfterAnother);
        assert_eq!(crowd.permit(now + MS, 5), Permit::Now);
        (0..20).for_each(|_| crowd.sent(now + MS));
        assert_eq!(crowd.permit(now + MS, 6), Permit::AfterAnother);
        (0..20).for_each(|_| crowd.sent(now + MS));
        assert_eq!(crowd.permit(now + MS, 6), Permit::Now);
    }

    #[test]
    fn lanes_that_find_a_host_crowded_together_do_not_try_again_together() {
        let mut pauses: Vec<Duration> = (0..100)
            .map(|seed| {
                let mut crowd = Crowd::new(seed);
                crowd.found(MS, MS, 0);
                pause(&crowd, MS)
            })
            .collect();
        pauses.sort_unstable();
        assert!(pauses[25] < MS * 8 && pauses[75] > MS * 12, "{pauses:?}");
    }
}
