//! The rate limit that the operator or the customer has set for an action.
//!
//! Starts are spaced evenly (the generic cell rate algorithm): each takes the next *slot*, and slots are
//! [`RateLimit::interval`] apart. A lane that was idle may start a burst, of up to a tenth of the limit's
//! requests, but of no more than one second's worth. No window of [`RateLimit::per_s`] thus sees more than
//! the limit's requests and a tenth.
//!
//! On a store that nodes share, a node may use only slots that it has *reserved* there
//! ([`postrider_storage::RateLimitStore`]): blocks of about a second's worth.

use std::collections::VecDeque;
use std::time::Duration;

use postrider_model::RateLimit;

/// How soon a lane asks again for slots if a reservation does not arrive.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A lane with fewer reserved slots than this asks for more. Less than [`super::RESERVED_AHEAD`], so that a
/// node without slots comes first.
const LOW: Duration = Duration::from_millis(700);

/// The limit of one lane. Times are those of the monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    limit: RateLimit,
    /// The next slot, unless it is too long ago.
    next: Duration,
    /// The reserved slots in order; `None` if the node needs no reservations.
    reserved: Option<VecDeque<Block>>,
    /// When the last start was, and the next slot before it.
    last_start: Option<(Duration, Duration)>,
}

/// Reserved slots: those from `begin` on and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    begin: Duration,
    end: Duration,
}

/// Whether the limit permits another start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It does.
    Now,
    /// Not before this time.
    At(Duration),
    /// Not without a reservation: ask for one, and look again at this time.
    Unreserved(Duration),
}

impl Limit {
    /// A limit that applies from `now` on. `is_shared` says whether slots must be reserved.
    pub fn new(limit: RateLimit, now: Duration, is_shared: bool) -> Self {
        Self {
            limit,
            next: now.saturating_sub(tolerance(limit)),
            reserved: is_shared.then(VecDeque::new),
            last_start: None,
        }
    }

    /// The limit as set.
    pub fn of(&self) -> RateLimit {
        self.limit
    }

    /// Replaces the limit. What was used under the old one still counts, for at most one interval.
    pub fn change(&mut self, limit: RateLimit, now: Duration) {
        self.limit = limit;
        self.next = self.next.min(now + limit.interval());
        self.last_start = None;
        if let Some(reserved) = &mut self.reserved {
            reserved.clear();
        }
    }

    /// Whether another start is permitted.
    pub fn permit(&self, now: Duration) -> Permit {
        match self.next_slot(now) {
            None => Permit::Unreserved(now + ASK_AGAIN),
            Some(slot) if slot <= now => Permit::Now,
            Some(slot) => Permit::At(slot),
        }
    }

    /// A start takes the next slot.
    pub fn started(&mut self, now: Duration) {
        let slot = self.next_slot(now).unwrap_or(now);
        self.last_start = Some((now, self.next));
        self.next = slot + self.limit.interval();
        self.forget_past(now);
    }

    /// A request that started at `started` was not sent. Gives its slot back, unless another has started
    /// since.
    pub fn not_used(&mut self, started: Duration) {
        if let Some((_, next)) = self.last_start.take_if(|(at, _)| *at == started) {
            self.next = next;
        }
    }

    /// Drops blocks whose slots are too old to be taken.
    fn forget_past(&mut self, now: Duration) {
        let oldest = self.oldest(now);
        if let Some(reserved) = &mut self.reserved {
            while reserved.front().is_some_and(|block| block.end <= oldest) {
                reserved.pop_front();
            }
        }
    }

    /// Whether the lane should reserve further slots.
    pub fn is_low(&self, now: Duration) -> bool {
        let Some(reserved) = &self.reserved else {
            return false;
        };
        let end = reserved.back().map_or(Duration::ZERO, |block| block.end);
        end < now + LOW || self.next_slot(now).is_none()
    }

    /// Adds reserved slots: from `begin` up to, but not including, `end`.
    pub fn reserved(&mut self, begin: Duration, end: Duration, now: Duration) {
        self.forget_past(now);
        if let Some(reserved) = self.reserved.as_mut().filter(|_| begin < end) {
            reserved.push_back(Block { begin, end });
        }
    }

    /// When the lane may be forgotten, because a new one would permit no more.
    pub fn remembered_until(&self) -> Duration {
        let blocks = self.reserved.iter().flatten();
        blocks.map(|block| block.end).fold(self.next, Duration::max)
    }

    /// The oldest slot that a start at `now` may take.
    fn oldest(&self, now: Duration) -> Duration {
        self.next.max(now.saturating_sub(tolerance(self.limit)))
    }

    fn next_slot(&self, now: Duration) -> Option<Duration> {
        let oldest = self.oldest(now);
        match &self.reserved {
            None => Some(oldest),
            Some(reserved) => {
                let block = reserved.iter().find(|block| oldest < block.end)?;
                Some(oldest.max(block.begin))
            }
        }
    }
}

/// How far back a start may take a slot: this makes the burst, and lets a start that is late be made up for.
pub fn tolerance(limit: RateLimit) -> Duration {
    let burst = (limit.requests() / 10 + 1).min(limit.requests() / limit.per_s());
    limit.interval() * burst.saturating_sub(1)
}

/// The slots that are reserved at once: a second's worth, and at least one.
pub fn block(limit: RateLimit) -> u32 {
    limit.requests().div_ceil(limit.per_s())
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    /// Starts as often as the limit permits until `end`, looking each `step`.
    fn starts(limit: &mut Limit, begin: Duration, end: Duration, step: Duration) -> Vec<Duration> {
        let mut starts = Vec::new();
        let mut now = begin;
        while now < end {
            while limit.permit(now) == Permit::Now {
                limit.started(now);
                starts.push(now);
            }
            now += step;
        }
        starts
    }

    fn most_in(starts: &[Duration], window: Duration) -> usize {
        let ends = starts.iter().map(|begin| {
            let end = *begin + window;
            starts.iter().filter(|at| (*begin..end).contains(at)).count()
        });
        ends.max().unwrap_or(0)
    }

    fn rate(requests: u32, per_s: u32) -> RateLimit {
        RateLimit::new(requests, per_s).unwrap()
    }

    #[test]
    fn no_window_sees_more_than_the_limit_and_a_tenth_and_nothing_is_lost() {
        for (requests, per_s) in [(1, 1), (20, 1), (3, 2), (100, 60), (5_000, 1), (1, 7), (600, 20)] {
            let mut limit = Limit::new(rate(requests, per_s), S * 1_000, false);
            let step = Duration::from_millis(3);
            let windows = 4;
            let end = S * (1_000 + per_s * windows);
            let starts = starts(&mut limit, S * 1_000, end, step);
            let most = most_in(&starts, S * per_s) as u32;
            assert!(most <= requests + requests / 10, "{requests}/{per_s}: {most}");
            let all = starts.len() as f64;
            let least = f64::from(requests * windows) * 0.98;
            assert!(all >= least - 1.0, "{requests}/{per_s}: {all}");
        }
    }

    #[test]
    fn an_idle_lane_saves_up_no_more_than_a_tenth() {
        let mut limit = Limit::new(rate(50, 1), S, false);
        assert_eq!(starts(&mut limit, S * 60, S * 60 + S / 1_000, S).len(), 6);
    }

    #[test]
    fn a_changed_limit_applies_after_one_of_its_intervals() {
        let mut limit = Limit::new(rate(1, 3_600), S, false);
        limit.started(S);
        assert_eq!(limit.permit(S * 2), Permit::At(S * 3_601));
        limit.change(rate(10, 1), S * 2);
        assert_eq!(limit.permit(S * 2), Permit::At(S * 2 + S / 10));
    }

    #[test]
    fn a_shared_limit_permits_reserved_slots_only() {
        let mut limit = Limit::new(rate(10, 1), S, true);
        assert_eq!(
            (limit.permit(S), limit.is_low(S)),
            (Permit::Unreserved(S * 2), true)
        );
        limit.reserved(S * 2, S * 3, S);
        assert_eq!((limit.permit(S), limit.is_low(S)), (Permit::At(S * 2), false));
        limit.reserved(S * 5, S * 6, S);
        assert_eq!(limit.remembered_until(), S * 6);
        let starts = starts(&mut limit, S, S * 9, Duration::from_millis(1));
        assert_eq!(starts.len(), 20);
        assert!(starts[..10].iter().all(|at| (S * 2..S * 3).contains(at)));
        assert!(starts[10..].iter().all(|at| (S * 5..S * 6).contains(at)));
        assert!(limit.is_low(S * 9));
    }

    #[test]
    fn a_request_that_was_not_sent_gives_its_slot_back_unless_another_has_started_since() {
        let mut limit = Limit::new(rate(1, 3_600), S, false);
        limit.started(S);
        limit.not_used(S);
        assert_eq!(limit.permit(S), Permit::Now);
        limit.started(S);
        limit.started(S * 3_601);
        limit.not_used(S);
        assert_eq!(limit.permit(S * 3_601), Permit::At(S * 7_201));
    }

    #[test]
    fn reserved_slots_that_were_not_used_expire() {
        let mut limit = Limit::new(rate(20, 1), S, true);
        limit.reserved(S, S * 2, S);
        // A burst of three, of slots that begin before the end of the block.
        assert_eq!(starts(&mut limit, S * 2 - S / 20, S * 2, S).len(), 3);
        assert_eq!(starts(&mut limit, S * 3, S * 4, S / 100).len(), 0);
    }
}
