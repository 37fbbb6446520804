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

/// Makes room for `new`, which is the current key from its creation on. The key that was current expires at
/// `overlap_until`; earlier keys live until they expire, and beyond [`LIVE_KEYS_MAX`] the oldest expire at
/// once. Of the expired keys, the newest stay, up to [`KEYS_KEPT`] keys in all.
pub fn rotation(keys: &[SigningKey], new: &SigningKey, overlap_until: Timestamp) -> Rotation {
    let mut newest_first: Vec<_> = keys.iter().collect();
    // The current key is the newest, even if a clock was set back before it was created.
    newest_first.sort_by_key(|key| (key.expires_at.is_none(), key.created_at, key.id.as_u128()));
    newest_first.reverse();
    let kept = newest_first.len().min(KEYS_KEPT - 1);
    let (kept, removed) = newest_first.split_at(kept);
    let mut rotation = Rotation {
        ended: Vec::new(),
        removed: removed.iter().map(|key| key.id).collect(),
    };
    // The new key is one of them.
    let mut live = 1;
    for key in kept {
        match key.expires_at {
            None => rotation.ended.push((key.id, overlap_until)),
            Some(at) if at <= new.created_at => continue,
            Some(_) if live >= LIVE_KEYS_MAX => rotation.ended.push((key.id, new.created_at)),
            Some(_) => {}
        }
        live += 1;
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
        let rotation = rotation(&[current.clone(), overlapping.clone(), ended], &new, at(90));
        assert_eq!(rotation.ended, [(current.id, at(90))]);
        assert!(rotation.removed.is_empty());
    }

    #[test]
    fn beyond_the_bound_the_oldest_live_key_ends() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (1..=4).map(|ms| key(&ids, ms, Some(at(100)))).collect();
        keys.push(key(&ids, 5, None));
        let new = key(&ids, 10, None);
        let rotation = rotation(&keys, &new, at(90));
        assert_eq!(
            rotation.ended,
            [(keys[4].id, at(90)), (keys[0].id, new.created_at)]
        );
    }

    #[test]
    fn the_oldest_keys_go() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (1..=20).map(|ms| key(&ids, ms, Some(at(ms + 1)))).collect();
        keys.push(key(&ids, 21, None));
        let new = key(&ids, 30, None);
        let rotation = rotation(&keys, &new, at(40));
        assert_eq!(rotation.removed, [keys[1].id, keys[0].id]);
        assert_eq!(keys.len() + 1 - rotation.removed.len(), KEYS_KEPT);
        assert_eq!(rotation.ended, [(keys[20].id, at(40))]);
    }

    #[test]
    fn a_current_key_stays_though_the_clock_was_set_back() {
        let ids = IdGenerator::new(1);
        let mut keys: Vec<_> = (100..119).map(|ms| key(&ids, ms, Some(at(ms + 1)))).collect();
        keys.push(key(&ids, 50, None));
        let rotation = rotation(&keys, &key(&ids, 51, None), at(60));
        assert_eq!(rotation.removed, [keys[0].id]);
    }
}
