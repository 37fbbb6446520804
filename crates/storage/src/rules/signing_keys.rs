//! How a rotation changes the signing keys of an account.

use postrider_model::{SigningKey, SigningKeyId, Timestamp};

/// Signing keys that an account keeps, the current one included: enough to explain the signature of a recent
/// attempt. The bound keeps a rotation every minute from piling up keys.
pub const KEYS_KEPT: usize = 20;

/// Signing keys that are live at a time, the current one included. Each adds a signature to every request.
pub const LIVE_KEYS_MAX: usize = 5;

/// The changes of a rotation, besides adding the new key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotation {
    /// Keys that get an expiry time, and that time.
    pub ended: Vec<(SigningKeyId, Timestamp)>,
    /// Keys to remove.
    pub removed: Vec<SigningKeyId>,
}

/// Makes room for `new`, which is the current key from its creation on, among at most `kept_max` keys. The
/// key that was current expires at `overlap_until`; earlier keys live until they expire, and beyond
/// [`LIVE_KEYS_MAX`] the oldest expire at once. Without an overlap, which is for keys that have leaked, all
/// earlier keys expire at once. Of the expired keys, the newest stay.
pub fn rotation(
    keys: &[SigningKey],
    new: &SigningKey,
    overlap_until: Timestamp,
    kept_max: usize,
) -> Rotation {
    let is_live = |key: &SigningKey| key.expires_at.is_some_and(|end| end > new.created_at);
    let mut by_use: Vec<_> = keys.iter().collect();
    // The current key is the newest, even if a clock was set back before it was created.
    by_use.sort_by_key(|key| {
        (
            key.expires_at.is_none(),
            is_live(key),
            key.created_at,
            key.id.as_u128(),
        )
    });
    by_use.reverse();
    let kept = by_use.len().min(kept_max.saturating_sub(1));
    let (kept, removed) = by_use.split_at(kept);
    let mut rotation = Rotation {
        ended: Vec::new(),
        removed: removed.iter().map(|key| key.id).collect(),
    };
    let overlaps = overlap_until > new.created_at;
    // The new key is one of them.
    let mut live = 1;
    for key in kept {
        if key.expires_at.is_none() {
            rotation.ended.push((key.id, overlap_until));
            live += 1;
        } else if is_live(key) && overlaps && live < LIVE_KEYS_MAX {
            live += 1;
        } else if is_live(key) {
            rotation.ended.push((key.id, new.created_at));
        }
    }
    rotation
}

#[cfg(test)]
mod tests {
    use postrider_model::{IdGenerator, SigningSecret};

    use super::*;

    const fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn key(ids: &IdGenerator, created_ms: i64, expires_at: Option<Timestamp>) -> SigningKey {
        SigningKey {
            id: ids.signing_key(at(created_ms)),
            secret: SigningSecret::from_random([7; 24]).into(),
            created_at: at(created_ms),
            expires_at,
        }
    }

    #[test]
    fn the_current_key_overlaps_and_earlier_ones_live_until_they_expire() {
        let ids = IdGenerator::new(1);
        let ended = key(&ids, 1, Some(at(5)));
        let overlapping = key(&ids, 2, Some(at(100)));
        let current = key(&ids, 3, None);
        let new = key(&ids, 10, None);
        let rotation = rotation(
            &[current.clone(), overlapping.clone(), ended],
            &new,
            at(90),
            KEYS_KEPT,
        );
        assert_eq!(rotation.ended, [(current.id, at(90))]);
        assert!(rotation.removed.is_empty());
    }

    #[test]
    fn beyond_the_bound_the_oldest_live_key_ends() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (1..=4).map(|ms| key(&ids, ms, Some(at(100)))).collect();
        keys.push(key(&ids, 5, None));
        let new = key(&ids, 10, None);
        let rotation = rotation(&keys, &new, at(90), KEYS_KEPT);
        assert_eq!(
            rotation.ended,
            [(keys[4].id, at(90)), (keys[0].id, new.created_at)]
        );
    }

    #[test]
    fn without_an_overlap_all_earlier_keys_end() {
        let ids = IdGenerator::new(1);
        let keys = [key(&ids, 3, None), key(&ids, 2, Some(at(100)))];
        let new = key(&ids, 10, None);
        let ended = rotation(&keys, &new, at(10), KEYS_KEPT).ended;
        assert_eq!(ended, [(keys[0].id, at(10)), (keys[1].id, at(10))]);
    }

    #[test]
    fn a_live_key_stays_longer_than_newer_ones_that_have_expired() {
        let ids = IdGenerator::new(1);
        let live = key(&ids, 1, Some(at(100)));
        let mut keys = vec![key(&ids, 6, None), live.clone()];
        keys.extend((2..6).map(|ms| key(&ids, ms, Some(at(ms + 1)))));
        let rotation = rotation(&keys, &key(&ids, 10, None), at(90), 5);
        assert_eq!(rotation.removed.len(), 2);
        assert!(!rotation.removed.contains(&live.id));
        assert_eq!(rotation.ended, [(keys[0].id, at(90))]);
    }

    #[test]
    fn the_oldest_keys_go() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (1..=20).map(|ms| key(&ids, ms, Some(at(ms + 1)))).collect();
        keys.push(key(&ids, 21, None));
        let new = key(&ids, 30, None);
        let rotation = rotation(&keys, &new, at(40), KEYS_KEPT);
        assert_eq!(rotation.removed, [keys[1].id, keys[0].id]);
        assert_eq!(keys.len() + 1 - rotation.removed.len(), KEYS_KEPT);
        assert_eq!(rotation.ended, [(keys[20].id, at(40))]);
    }

    #[test]
    fn a_current_key_stays_though_the_clock_was_set_back() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (100..119).map(|ms| key(&ids, ms, Some(at(ms + 1)))).collect();
        keys.push(key(&ids, 50, None));
        let rotation = rotation(&keys, &key(&ids, 51, None), at(60), KEYS_KEPT);
        assert_eq!(rotation.removed, [keys[0].id]);
    }
}
