//! The keys that open the API and the console, in memory.
//!
//! Only a key's SHA-256 is kept, and compared in constant time with each of the few keys there are. Keys are never
//! logged, and never printed except by whoever made one, once.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::RwLock;
use postrider_model::{ApiKey, ApiKeyId};
use postrider_storage::{RemoveApiKey, Store, StoreResult};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use crate::engine::Engine;
use postrider_configuration::NameError;

/// What every key that Postrider makes starts with, so that scanners for leaked secrets can find it.
pub const KEY_PREFIX: &str = "prk_";

/// Longest key, in bytes: a bound on what is hashed for each request.
pub const KEY_BYTES_MAX: usize = 512;

/// The keys that open the API and the console, in memory.
pub struct ApiKeys(RwLock<Held>);

/// What is in memory.
struct Held {
    keys: Vec<HeldKey>,
    /// Grows with each change, so that whoever read the store meanwhile knows to read it again.
    generation: u64,
}

struct HeldKey {
    id: ApiKeyId,
    sha256: [u8; 32],
}

impl ApiKeys {
    /// Reads the keys.
    pub async fn load(store: &dyn Store) -> StoreResult<Self> {
        Ok(Self::holding(held(store).await?))
    }

    fn holding(keys: Vec<HeldKey>) -> Self {
        Self(RwLock::new(Held { keys, generation: 0 }))
    }

    /// Reads the keys again: another node may have changed them.
    pub async fn reload(&self, store: &dyn Store) -> StoreResult<()> {
        loop {
            let generation = self.0.read().generation;
            let keys = held(store).await?;
            let mut held = self.0.write();
            // What was changed here while the store was read may be missing in the answer, or still be in it.
            if held.generation == generation {
                held.keys = keys;
                held.generation += 1;
                return Ok(());
            }
        }
    }

    /// Which key this is, if it is one that opens the API.
    pub fn admit(&self, key: &str) -> Option<ApiKeyId> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let presented: [u8; 32] = Sha256::digest(key).into();
        let held = self.0.read();
        let mut found = u64::MAX;
        // All are compared, whichever matches: the time tells nothing.
        for (index, known) in (0..).zip(&held.keys) {
            found.conditional_assign(&index, known.sha256.ct_eq(&presented));
        }
        let found = usize::try_from(found).ok()?;
        held.keys.get(found).map(|key| key.id)
    }

    /// Makes a key. It opens the API on this node at once, and on others as soon as they hear of it.
    pub async fn make(&self, engine: &Engine, name: ApiKeyName) -> StoreResult<(ApiKey, ShownKey)> {
        let now = engine.clock().now();
        let shown = ShownKey::from_random(engine.random());
        let key = ApiKey {
            id: engine.ids().api_key(now),
            name: name.0,
            sha256: shown.sha256(),
            created_at: now,
        };
        engine.store().put_api_key(key.clone()).await?;
        let mut held = self.0.write();
        held.generation += 1;
        held.keys.push(HeldKey {
            id: key.id,
            sha256: key.sha256,
        });
        Ok((key, shown))
    }

    /// Removes a key, and ends the sessions in the console that were begun with it. It opens nothing on this node from
    /// here on, and on others as soon as they hear of it. The last key stays.
    pub async fn remove(&self, engine: &Engine, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        let outcome = engine.store().delete_api_key(id).await?;
        if outcome != RemoveApiKey::LastOne {
            let mut held = self.0.write();
            held.generation += 1;
            held.keys.retain(|key| key.id != id);
        }
        Ok(outcome)
    }
}

async fn held(store: &dyn Store) -> StoreResult<Vec<HeldKey>> {
    let keys = store.api_keys().await?.into_iter();
    Ok(keys
        .map(|ApiKey { id, sha256, .. }| HeldKey { id, sha256 })
        .collect())
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys")
    }
}

/// The name of a key, for people: [`NameError`] says what it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyName(String);

impl FromStr for ApiKeyName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match NameError::all_of(text).next() {
            Some(error) => Err(error),
            None => Ok(Self(text.to_owned())),
        }
    }
}

/// A key in the clear, to be shown once. It prints only through [`ShownKey::expose`].
#[derive(PartialEq, Eq)]
pub struct ShownKey(String);

impl ShownKey {
    /// The key made of these random bytes.
    pub(crate) fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The key. Whoever calls this decides where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("prk_…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_others_and_from_none() {
        let held = ["first-key-of-ours", "second-key-of-ours"];
        let keys = (1..).zip(held).map(|(id, key)| HeldKey {
            id: ApiKeyId::from_u128(id),
            sha256: Sha256::digest(key).into(),
        });
        let keys = ApiKeys::holding(keys.collect());
        assert_eq!(keys.admit(held[0]), Some(ApiKeyId::from_u128(1)));
        assert_eq!(keys.admit(held[1]), Some(ApiKeyId::from_u128(2)));
        for other in ["", "first-key-of-our", &"x".repeat(KEY_BYTES_MAX + 1)] {
            assert_eq!(keys.admit(other), None);
        }
        assert_eq!(ApiKeys::holding(Vec::new()).admit(held[0]), None);
    }

    #[test]
    fn a_key_has_a_name_as_everything_else() {
        let error = |name: &str| name.parse::<ApiKeyName>().err();
        assert_eq!(error("Billing"), None);
        assert_eq!(error(" \u{a0}"), Some(NameError::Blank));
    }

    #[test]
    fn a_shown_key_does_not_print() {
        assert_eq!(format!("{:?}", ShownKey::from_random([1; 32])), "prk_…");
    }
}
