//! How often a client may do what strangers can do: fail to sign in, and make us ask the identity provider.
//!
//! Keys and links are 256 random bits, so guessing one is hopeless; a configured admin key may be weaker, and
//! the limit slows a guesser down to ten guesses a minute that it learns the result of. A right key always
//! signs in: checking it costs one hash, and people behind one proxy share an address.
//!
//! A sign-in through the identity provider makes us send it requests with our credentials, before we know who
//! it is. Without a limit, a stranger could make up codes until the provider locks us out.

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

/// Sign-ins of one client that make us ask the identity provider within a minute. An office that shares an
/// address signs in through it.
const QUESTIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");

/// How many of these may follow each other without a pause: half of those that the provider is asked at the
/// same time. While its responses are quick, one client leaves room for others.
const QUESTIONS_AT_ONCE: NonZeroU32 = NonZeroU32::new(16).expect("sixteen is not zero");

/// Clients that are remembered; beyond it, those whose limit is whole again are forgotten.
const CLIENTS_MAX: usize = 10_000;

/// How often clients are forgotten at most, because looking for them costs a walk over all.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Counts by client: an IPv4 address, or an IPv6 /64.
pub struct ClientLimit {
    counts: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>,
    forgot_at: Mutex<Option<Instant>>,
}

impl ClientLimit {
    /// The limit on failed sign-ins.
    pub fn of_failures() -> Self {
        Self::new(Quota::per_minute(FAILURES_PER_MINUTE))
    }

    /// The limit on sign-ins that make us ask the identity provider.
    pub fn of_questions() -> Self {
        Self::new(Quota::per_minute(QUESTIONS_PER_MINUTE).allow_burst(QUESTIONS_AT_ONCE))
    }

    fn new(quota: Quota) -> Self {
        Self {
            counts: RateLimiter::keyed(quota),
            forgot_at: Mutex::new(None),
        }
    }

    /// Counts one more for the client at this address. Beyond the limit, returns how long the client has to
    /// wait until one more is within it.
    pub fn count(&self, address: IpAddr) -> Result<(), Duration> {
        let mut client = network(address);
        if self.counts.len() >= CLIENTS_MAX && !self.has_forgotten() {
            // There are so many clients at once only in an attack. From then on they count as one.
            client = IpAddr::from([0, 0, 0, 0]);
        }
        let counted = self.counts.check_key(&client);
        counted.map_err(|exceeded| exceeded.wait_time_from(self.counts.clock().now()))
    }

    /// Forgets old counts. Whether there is room for another client.
    fn has_forgotten(&self) -> bool {
        let now = Instant::now();
        let mut forgot_at = self.forgot_at.lock();
        if forgot_at.is_none_or(|at| now.duration_since(at) >= FORGET_EVERY) {
            *forgot_at = Some(now);
            self.counts.retain_recent();
        }
        self.counts.len() < CLIENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(limit: &ClientLimit, address: &str) -> usize {
        let address = address.parse().unwrap();
        (0..20).filter(|_| limit.count(address).is_ok()).count()
    }

    #[test]
    fn the_limit_applies_per_client() {
        let limit = ClientLimit::of_failures();
        assert_eq!(within(&limit, "192.0.2.1"), 10);
        assert_eq!(within(&limit, "192.0.2.2"), 10);
        assert_eq!(within(&limit, "2001:db8::1"), 10);
        assert_eq!(within(&limit, "2001:db8::2"), 0, "the same subscriber");
        assert_eq!(within(&limit, "2001:db8:0:1::1"), 10);
        let wait = limit.count([192, 0, 2, 1].into()).unwrap_err();
        assert!(
            wait > Duration::ZERO && wait <= Duration::from_secs(6),
            "{wait:?}"
        );
        let limit = ClientLimit::of_questions();
        assert_eq!(within(&limit, "192.0.2.1"), 16);
        let wait = limit.count([192, 0, 2, 1].into()).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn the_clients_that_are_remembered_are_bounded() {
        let limit = ClientLimit::of_failures();
        for n in 0..=u32::try_from(CLIENTS_MAX + 100).unwrap() {
            let _ = limit.count(IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
        }
        assert!(limit.counts.len() <= CLIENTS_MAX + 1);
    }
}
