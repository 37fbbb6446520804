//! The requests of a lane that are under way, by the second in which they started.

use std::time::Duration;

use postrider_egress::allowance::WAIT_MAX;
use postrider_model::automation::TIMEOUT_S;

/// Seconds that are told apart: more than a request takes, its waits for resources of ours included. Older
/// requests share their places with newer ones, which counts too many rather than too few.
const SECONDS: u64 = 96;

const _: () = assert!(SECONDS > *TIMEOUT_S.end() as u64 + WAIT_MAX.as_secs());

/// How many requests are under way.
#[derive(Debug, Clone, PartialEq)]
pub struct UnderWay([u16; SECONDS as usize]);

impl UnderWay {
    /// A request starts.
    pub fn started(&mut self, now: Duration) {
        let count = &mut self.0[place(now.as_secs())];
        *count = count.saturating_add(1);
    }

    /// A request that started at this time has ended.
    pub fn ended(&mut self, started: Duration) {
        let count = &mut self.0[place(started.as_secs())];
        *count = count.saturating_sub(1);
    }

    /// Requests under way that started in the second of `first` or later.
    pub fn since(&self, first: Duration, now: Duration) -> u32 {
        let last = now.as_secs();
        let first = first.as_secs().max((last + 1).saturating_sub(SECONDS));
        (first..=last)
            .map(|second| u32::from(self.0[place(second)]))
            .sum()
    }
}

impl Default for UnderWay {
    fn default() -> Self {
        Self([0; SECONDS as usize])
    }
}

const fn place(second: u64) -> usize {
    (second % SECONDS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_the_second_in_which_they_started() {
        let s = Duration::from_secs;
        let mut under_way = UnderWay::default();
        for second in [10, 10, 12, 13] {
            under_way.started(s(second));
        }
        assert_eq!(under_way.since(s(10), s(13)), 4);
        assert_eq!(under_way.since(s(11), s(13)), 2);
        under_way.ended(s(12));
        assert_eq!(
            (under_way.since(s(0), s(13)), under_way.since(s(12), s(13))),
            (3, 1)
        );
        under_way.ended(s(90));
        assert_eq!(under_way.since(s(0), s(13)), 3);
    }
}
