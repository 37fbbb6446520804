//! The provider's keys in memory.
//!
//! Providers change their keys without notice. If a token names a key that is not held, the keys are fetched
//! again, at most once in [`REFETCH_EVERY`], so that forged tokens do not turn into requests. If that fails,
//! they are fetched again after [`RETRY_AFTER`].

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use super::SignInFault;
use super::jose::{Jwk, Key};

/// How long keys are held, and so the longest that a withdrawn key still counts.
pub(super) const KEYS_HELD: Duration = Duration::from_secs(3600);

/// How often unknown keys make us fetch the keys again.
pub(super) const REFETCH_EVERY: Duration = Duration::from_secs(60);

/// How long after its start a refetch that failed, or was given up, is repeated.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Most keys of a provider that are read. They have two to ten.
const KEYS_MAX: usize = 100;

/// The keys. Times are those of the monotonic clock.
#[derive(Default)]
pub(super) struct HeldKeys(RwLock<Held>);

#[derive(Default)]
struct Held {
    keys: Option<(Arc<Vec<Key>>, Duration)>,
    /// From when on unknown keys make us fetch the keys again.
    refetch_from: Duration,
}

impl HeldKeys {
    /// The keys, if they were fetched within [`KEYS_HELD`].
    pub(super) fn current(&self, now: Duration) -> Option<Arc<Vec<Key>>> {
        let held = self.0.read();
        let (keys, fetched_at) = held.keys.as_ref()?;
        (now.saturating_sub(*fetched_at) < KEYS_HELD).then(|| Arc::clone(keys))
    }

    /// Whether to fetch the keys again because of an unknown one. If true, the caller must fetch them, and
    /// call [`HeldKeys::refetched`] if that succeeds.
    pub(super) fn may_refetch(&self, now: Duration) -> bool {
        let mut held = self.0.write();
        let is_due = now >= held.refetch_from;
        if is_due {
            held.refetch_from = now + RETRY_AFTER;
        }
        is_due
    }

    /// The keys were fetched because of an unknown one.
    pub(super) fn refetched(&self, now: Duration) {
        self.0.write().refetch_from = now + REFETCH_EVERY;
    }

    pub(super) fn put(&self, keys: Vec<Key>, now: Duration) -> Arc<Vec<Key>> {
        let keys = Arc::new(keys);
        self.0.write().keys = Some((Arc::clone(&keys), now));
        keys
    }
}

/// Reads a set of keys (RFC 7517, section 5). Keys for other purposes are left out.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Key>, SignInFault> {
    let unusable = || SignInFault::Unusable("its keys are malformed".to_owned());
    let document: serde_json::Value = serde_json::from_slice(body).map_err(|_| unusable())?;
    let keys = document["keys"].as_array().ok_or_else(unusable)?;
    let keys = keys.iter().take(KEYS_MAX).filter_map(|key| {
        let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
        Key::of(jwk)
    });
    Ok(keys.collect())
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    #[test]
    fn keys_are_held_for_an_hour_and_refetched_once_a_minute_or_soon_after_a_failure() {
        let held = HeldKeys::default();
        let at = Duration::from_secs;
        assert!(held.current(at(0)).is_none());
        held.put(Vec::new(), at(10));
        assert!(held.current(at(10 + 3599)).is_some());
        assert!(held.current(at(10 + 3600)).is_none());
        let due = |times: Range<u64>| times.filter(|s| held.may_refetch(at(*s))).collect::<Vec<_>>();
        assert_eq!(due(0..12), [0, 5, 10], "none succeeds");
        held.refetched(at(10));
        assert_eq!(due(11..80), [70, 75]);
    }

    #[test]
    fn keys_that_cannot_be_used_are_left_out() {
        let body = br#"{"keys":[{"kty":"oct","k":"AAAA"},{"kid":1},{"kty":"OKP","crv":"X25519","x":"AA"},
            {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(parse(body).unwrap().len(), 1);
        for body in ["", "[]", "{}", r#"{"keys":1}"#] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
