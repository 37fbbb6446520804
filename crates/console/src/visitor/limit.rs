//! How often somebody may try to sign in.
//!
//! Keys and links are 256 random bits, so guessing is hopeless anyway; the bound keeps a guesser from costing
//! more than a log line, and tells an operator's monitoring that somebody tries.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Sign-in attempts of one address within a minute. A person who pastes the wrong key needs a few.
const ATTEMPTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Addresses that are remembered; beyond it, those that have not tried for a minute are forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// Counts tries, by the address they come from.
pub struct SignInLimit(RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>);

impl SignInLimit {
    /// Nobody has tried yet.
    pub fn new() -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(ATTEMPTS_PER_MINUTE)))
    }

    /// Whether somebody at this address may try once more.
    pub fn admits(&self, address: IpAddr) -> bool {
        if self.0.len() > ADDRESSES_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&address).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_applies_per_address() {
        let limit = SignInLimit::new();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!((0..20).filter(|_| limit.admits(one)).count(), 10);
        assert!(limit.admits(other));
    }
}
