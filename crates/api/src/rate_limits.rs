//! Limits on what producers send: requests of an API key, and events of an account, within a second.
//!
//! The limits are the operator's settings, and none applies by default. They hold for each node. A request
//! over a limit gets a 429 with `Retry-After`, before its body is read where the limit is the key's.
//! Responses carry `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), so that a
//! client can slow down before it is refused.
//!
//! To add a limit: a [`Limit`] in [`RateLimits`], a setting, and the place that counts.

use std::fmt::Write as _;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use postrider_model::{AccountId, ApiKeyId};
use postrider_web::wait::whole_seconds;

use crate::problem::{Code, Problem};
use crate::routes::events::create_batch::EVENTS_MAX;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// After how many counted requests those who have sent nothing for a while are forgotten. Each that is
/// remembered takes some 100 bytes, and forgetting walks over all of them.
const FORGET_EVERY: u32 = 65_536;

/// The limits of an installation.
#[derive(Default)]
pub struct RateLimits {
    requests_of_key: Option<Limit<ApiKeyId>>,
    events_of_account: Option<Limit<AccountId>>,
}

impl RateLimits {
    /// Limits on the requests that a key sends, and on the events that an account's producers post, within a
    /// second; `None` for no limit. A whole batch is possible at once, however low the limit on events is.
    pub fn new(
        requests_per_s_and_key: Option<NonZeroU32>,
        events_per_s_and_account: Option<NonZeroU32>,
    ) -> Self {
        let batch = u32::try_from(EVENTS_MAX).ok().and_then(NonZeroU32::new);
        Self {
            requests_of_key: requests_per_s_and_key.map(|per_s| Limit::new("requests", per_s, per_s)),
            events_of_account: events_per_s_and_account
                .map(|per_s| Limit::new("events", per_s, batch.unwrap_or(per_s).max(per_s))),
        }
    }

    /// Counts a request of this key. `None` if there is no limit.
    pub(crate) fn request_of(&self, key: ApiKeyId) -> Option<Result<Standing, Exceeded>> {
        let limit = self.requests_of_key.as_ref()?;
        Some(limit.count(&key, NonZeroU32::MIN))
    }

    /// Counts events of this account.
    pub(crate) fn events_of(&self, account: AccountId, count: usize) -> Result<Option<Standing>, Exceeded> {
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
        match (&self.events_of_account, count) {
            (Some(limit), Some(count)) => limit.count(&account, count).map(Some),
            _ => Ok(None),
        }
    }
}

/// A limit on what each `K` may do within a second.
struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    per_s: NonZeroU32,
    /// How many are possible at once.
    burst: NonZeroU32,
    limiter: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    counted: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(name: &'static str, per_s: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_s).allow_burst(burst);
        Self {
            name,
            per_s,
            burst,
            limiter: RateLimiter::keyed(quota).with_middleware(),
            counted: AtomicU32::new(0),
        }
    }

    fn count(&self, key: &K, count: NonZeroU32) -> Result<Standing, Exceeded> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let standing = |remaining| Standing {
            name: self.name,
            per_s: self.per_s,
            burst: self.burst,
            remaining,
        };
        match self.limiter.check_key_n(key, count) {
            Ok(Ok(state)) => Ok(standing(state.remaining_burst_capacity())),
            Ok(Err(not_until)) => Err(Exceeded {
                standing: standing(0),
                wait: not_until.wait_time_from(self.limiter.clock().now()),
            }),
            // More at once than ever fits: the bounds on batches make it impossible.
            Err(_) => Err(Exceeded {
                standing: standing(0),
                wait: Duration::from_secs(1),
            }),
        }
    }
}

/// Where a caller stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    name: &'static str,
    per_s: NonZeroU32,
    burst: NonZeroU32,
    remaining: u32,
}

impl Standing {
    /// Adds the headers that tell a client: the quota and the seconds in which it fills up, what is left of
    /// it, and that it grows within a second.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Self {
            name,
            per_s,
            burst,
            remaining,
        } = self;
        let window_s = burst.get().div_ceil(per_s.get());
        let mut text = String::with_capacity(32);
        // Writing to a string cannot fail.
        let _ = write!(text, "\"{name}\";q={burst};w={window_s}");
        append(headers, POLICY, &text);
        text.clear();
        let _ = write!(text, "\"{name}\";r={remaining};t=1");
        append(headers, STANDING, &text);
    }
}

/// The response, which tells the client where it stands with a limit, if there is one.
pub(crate) fn told(mut response: Response, standing: Option<Standing>) -> Response {
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

fn append(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.append(name, value);
    }
}

/// A caller is over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    standing: Standing,
    wait: Duration,
}

impl From<Exceeded> for Problem {
    fn from(exceeded: Exceeded) -> Self {
        let Standing { name, per_s, .. } = exceeded.standing;
        let of = if name == "events" { "account" } else { "API key" };
        let detail = format!("this {of} can send {per_s} {name} a second on each node; retry later");
        let wait = Duration::from_secs(whole_seconds(exceeded.wait).max(1));
        Self::new(Code::RateLimited, detail)
            .retry_after(wait)
            .standing(exceeded.standing)
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    const fn per_s(number: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(number)
    }

    #[test]
    fn each_key_has_its_own_limit_and_learns_where_it_stands() {
        let limits = RateLimits::new(per_s(2), None);
        let (one, other) = (ApiKeyId::from_u128(1), ApiKeyId::from_u128(2));
        let mut headers = HeaderMap::new();
        limits.request_of(one).unwrap().unwrap().tell(&mut headers);
        assert_eq!(headers[POLICY], "\"requests\";q=2;w=1");
        assert_eq!(headers[STANDING], "\"requests\";r=1;t=1");
        assert!(limits.request_of(one).unwrap().is_ok());
        let exceeded = limits.request_of(one).unwrap().unwrap_err();
        assert!(exceeded.wait <= Duration::from_millis(500));
        let response = Problem::from(exceeded).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[POLICY], "\"requests\";q=2;w=1");
        assert_eq!(response.headers()[STANDING], "\"requests\";r=0;t=1");
        assert!(limits.request_of(other).unwrap().is_ok());
    }

    #[test]
    fn a_whole_batch_is_possible_however_low_the_limit_is() {
        let limits = RateLimits::new(None, per_s(1));
        let account = AccountId::from_u128(1);
        assert!(limits.request_of(ApiKeyId::from_u128(1)).is_none());
        let mut headers = HeaderMap::new();
        let standing = limits.events_of(account, EVENTS_MAX - 1).unwrap();
        standing.unwrap().tell(&mut headers);
        assert_eq!(headers[POLICY], "\"events\";q=1000;w=1000");
        assert_eq!(headers[STANDING], "\"events\";r=1;t=1");
        assert!(limits.events_of(account, 1).unwrap().is_some());
        assert!(limits.events_of(account, 1).is_err());
        assert_eq!(limits.events_of(account, 0), Ok(None));
        assert_eq!(RateLimits::default().events_of(account, EVENTS_MAX), Ok(None));
    }
}
