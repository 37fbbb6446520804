//! How often a client may fail to sign in.
//!
//! Keys and links are 256 random bits, so guessing one is hopeless; a configured admin key may be weaker, and
//! the limit slows a guesser down to ten guesses a minute that it learns the result of. A right key always
//! signs in: checking it costs one hash, and people behind one proxy share an address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use postrider_web::client::network;
use tokio::time::Instant;

/// Failures of one client within a minute. A person who pastes the wrong key needs a few.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Clients that are remembered; beyond it, those without a failure for a minute are forgotten.
const CLIENTS_MAX: usize = 10_000;

/// How often clients are forgotten at most, because looking for them costs a walk over all.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Counts failures by client: an IPv4 address, or an IPv6 /64.
pub struct SignInLimit {
    failures: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>,
    forgot_at: Mutex<Option<Instant>>,
}

impl SignInLimit {
    /// Without failures.
    pub fn new() -> Self {
        Self {
            failures: RateLimiter::keyed(Quota::per_minute(FAILURES_PER_MINUTE)),
            forgot_at: Mutex::new(None),
        }
    }

    /// Counts a failure of the client at this address. Beyond the limit, returns how long the client has to
    /// wait until a failure is within it again.
    pub fn failed(&self, address: IpAddr) -> Result<(), Duration> {
        let mut client = network(address);
        if self.failures.len() >= CLIENTS_MAX && !self.has_forgotten() {
            // So many clients fail at once only in an attack. From then on they count as one.
            client = IpAddr::from([0, 0, 0, 0]);
        }
        let counted = self.failures.check_key(&client);
        counted.map_err(|exceeded| exceeded.wait_time_from(self.failures.clock().now()))
    }

    /// Forgets old failures. Whether there is room for another client.
    fn has_forgotten(&self) -> bool {
        let now = Instant::now();
        let mut forgot_at = self.forgot_at.lock();
        if forgot_at.is_none_or(|at| now.duration_since(at) >= FORGET_EVERY) {
            *forgot_at = Some(now);
            self.failures.retain_recent();
        }
        self.failures.len() < CLIENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures_within(limit: &SignInLimit, address: &str) -> usize {
        let address = address.parse().unwrap();
        (0..20).filter(|_| limit.failed(address).is_ok()).count()
    }

    #[test]
    fn the_limit_applies_per_client() {
        let limit = SignInLimit::new();
        assert_eq!(failures_within(&limit, "192.0.2.1"), 10);
        assert_eq!(failures_within(&limit, "192.0.2.2"), 10);
        assert_eq!(failures_within(&limit, "2001:db8::1"), 10);
        assert_eq!(failures_within(&limit, "2001:db8::2"), 0, "the same subscriber");
        assert_eq!(failures_within(&limit, "2001:db8:0:1::1"), 10);
        let wait = limit.failed([192, 0, 2, 1].into()).unwrap_err();
        assert!(
            wait > Duration::ZERO && wait <= Duration::from_secs(6),
            "{wait:?}"
        );
    }

    #[test]
    fn the_clients_that_are_remembered_are_bounded() {
        let limit = SignInLimit::new();
        for n in 0..=u32::try_from(CLIENTS_MAX + 100).unwrap() {
            let _ = limit.failed(IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
        }
        assert!(limit.failures.len() <= CLIENTS_MAX + 1);
    }
}
