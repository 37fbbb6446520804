//! API keys: they open the API, and sign the operator's staff in to the console.
//!
//! The keys of the installation are few, so each node holds their hashes in memory and compares a presented
//! key with all of them, in constant time.

use std::str::FromStr;

use parking_lot::RwLock;
use postrider_model::{ApiKey, ApiKeyId, Caller, NameError, Permissions, Scope, Who};
use postrider_storage::{RemoveApiKey, Store, StoreResult};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use crate::access::Access;
use crate::token::{ShownKey, sha256};

/// Longest key, in bytes: a bound on what is hashed for each request.
pub(crate) const KEY_BYTES_MAX: usize = 512;

/// The name of a key, for people. [`NameError`] lists what a name must not be.
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

impl Access {
    /// The caller that this API key stands for, if the key exists.
    pub fn caller_of_key(&self, key: &str) -> Option<Caller> {
        self.held.find(key).map(|id| Caller {
            who: Who::ApiKey(id),
            scope: Scope::All,
            permissions: Permissions::ALL,
        })
    }

    /// All API keys, oldest first.
    pub async fn api_keys(&self) -> StoreResult<Vec<ApiKey>> {
        self.store.api_keys().await
    }

    /// Creates a key. The key is valid on this node at once, and on other nodes as soon as they learn of it.
    pub async fn create_api_key(&self, name: ApiKeyName) -> StoreResult<(ApiKey, ShownKey)> {
        let now = self.now();
        let shown = ShownKey::from_random(self.entropy.bytes());
        let key = ApiKey {
            id: self.ids.api_key(now),
            name: name.0,
            sha256: shown.sha256(),
            is_configured: false,
            created_at: now,
        };
        self.store.put_api_key(key.clone()).await?;
        self.held.add(&key);
        Ok((key, shown))
    }

    /// Deletes a key and ends the sessions that began with it. The key is invalid on this node at once, and
    /// on other nodes as soon as they learn of it. The last key cannot be deleted.
    pub async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        let outcome = self.store.delete_api_key(id).await?;
        if outcome != RemoveApiKey::LastOne {
            self.held.remove(id);
        }
        Ok(outcome)
    }
}

/// The keys in memory.
#[derive(Default)]
pub(crate) struct HeldKeys(RwLock<Held>);

#[derive(Default)]
struct Held {
    keys: Vec<HeldKey>,
    /// Incremented with each change, so that a reload notices a change during its read.
    generation: u64,
}

struct HeldKey {
    id: ApiKeyId,
    sha256: [u8; 32],
}

impl HeldKeys {
    /// Reads the keys from the store.
    pub(crate) async fn reload(&self, store: &dyn Store) -> StoreResult<()> {
        loop {
            let generation = self.0.read().generation;
            let keys = store.api_keys().await?;
            let mut held = self.0.write();
            // A change on this node during the read may be missing from its result: read again.
            if held.generation == generation {
                held.keys = keys.iter().map(HeldKey::of).collect();
                held.generation += 1;
                return Ok(());
            }
        }
    }

    fn add(&self, key: &ApiKey) {
        let mut held = self.0.write();
        held.generation += 1;
        held.keys.push(HeldKey::of(key));
    }

    fn remove(&self, id: ApiKeyId) {
        let mut held = self.0.write();
        held.generation += 1;
        held.keys.retain(|key| key.id != id);
    }

    fn find(&self, key: &str) -> Option<ApiKeyId> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let presented = sha256(key);
        let held = self.0.read();
        let mut found = u64::MAX;
        // Compare all keys, even after a match, so that the time reveals nothing.
        for (index, known) in (0..).zip(&held.keys) {
            found.conditional_assign(&index, known.sha256.ct_eq(&presented));
        }
        let found = usize::try_from(found).ok()?;
        held.keys.get(found).map(|key| key.id)
    }
}

impl HeldKey {
    fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            sha256: key.sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::Timestamp;

    use super::*;

    #[test]
    fn only_a_known_key_is_accepted() {
        let texts = ["first-key-of-ours", "second-key-of-ours"];
        let keys = HeldKeys::default();
        for (id, text) in (1..).zip(texts) {
            keys.add(&ApiKey {
                id: ApiKeyId::from_u128(id),
                name: String::new(),
                sha256: sha256(text),
                is_configured: false,
                created_at: Timestamp::from_unix_ms(0),
            });
        }
        assert_eq!(keys.find(texts[0]), Some(ApiKeyId::from_u128(1)));
        assert_eq!(keys.find(texts[1]), Some(ApiKeyId::from_u128(2)));
        for other in ["", "first-key-of-our", &"x".repeat(KEY_BYTES_MAX + 1)] {
            assert_eq!(keys.find(other), None);
        }
        assert_eq!(HeldKeys::default().find(texts[0]), None);
    }

    #[test]
    fn key_names_are_validated_like_other_names() {
        let error = |name: &str| name.parse::<ApiKeyName>().err();
        assert_eq!(error("Billing"), None);
        assert_eq!(error(" \u{a0}"), Some(NameError::Blank));
    }
}
