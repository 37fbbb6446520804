//! A limit on what an account can do within a minute, on each node.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::AccountId;

const MINUTE: Duration = Duration::from_secs(60);

/// What accounts did in the last minute: when, on the monotonic clock.
#[derive(Debug)]
pub struct PerMinute {
    most: usize,
    done: Mutex<HashMap<AccountId, VecDeque<Duration>>>,
}

impl PerMinute {
    /// At most `most` within a minute, for each account.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            done: Mutex::default(),
        }
    }

    /// Counts one that is done `now`.
    ///
    /// # Errors
    /// After how long another one is possible.
    pub fn begin(&self, account: AccountId, now: Duration) -> Result<(), Duration> {
        let is_recent = |at: &Duration| *at + MINUTE > now;
        let mut done = self.done.lock();
        // Each account here has done something within the last minute.
        done.retain(|_, times| times.back().is_some_and(is_recent));
        let times = done.entry(account).or_default();
        times.retain(is_recent);
        match times.front() {
            Some(first) if times.len() >= self.most => Err((*first + MINUTE).saturating_sub(now)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    /// One that was counted at this time was not done.
    pub fn call_off(&self, account: AccountId, at: Duration) {
        if let Some(times) = self.done.lock().get_mut(&account)
            && let Some(position) = times.iter().rposition(|time| *time == at)
        {
            times.remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_does_no_more_within_a_minute_whatever_others_do() {
        let (s, one, other) = (
            Duration::from_secs,
            AccountId::from_u128(1),
            AccountId::from_u128(2),
        );
        let limit = PerMinute::new(10);
        for n in 0..10 {
            assert_eq!(limit.begin(one, s(100 + n)), Ok(()));
        }
        assert_eq!(limit.begin(one, s(110)), Err(s(50)));
        assert_eq!(limit.begin(other, s(110)), Ok(()));
        limit.call_off(one, s(109));
        assert_eq!(limit.begin(one, s(110)), Ok(()));
        assert_eq!(limit.begin(one, s(159)), Err(s(1)));
        assert_eq!(limit.begin(one, s(160)), Ok(()));
        assert_eq!(limit.begin(one, s(160)), Err(s(1)));
        assert_eq!(limit.begin(other, s(1_000)), Ok(()));
        assert_eq!(
            limit.done.lock().len(),
            1,
            "accounts that did nothing lately are forgotten"
        );
    }
}
