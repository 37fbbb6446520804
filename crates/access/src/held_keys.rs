//! The API keys in memory: each request looks its key up here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;
use postrider_model::{ApiKey, ApiKeyId, Caller, Permissions, Scope, Timestamp, Who};
use postrider_storage::{Store, StoreResult};

use crate::token::sha256;

/// How far a use may lie behind the noted one before it is noted, in milliseconds. Without it, each request
/// would write to memory that all cores share.
const USE_STEP_MS: i64 = 1_000;

/// A key that was never used since the node started.
const NEVER: i64 = i64::MIN;

/// The keys in memory.
#[derive(Default)]
pub(crate) struct HeldKeys(RwLock<Held>);

#[derive(Default)]
struct Held {
    /// By the SHA-256 of the key. The time of a look-up depends on the hash of the presented key, which
    /// nobody can choose so that it tells something about another hash; so it reveals nothing.
    keys: HashMap<[u8; 32], HeldKey>,
    /// The hash of each key by its id.
    hashes: HashMap<ApiKeyId, [u8; 32]>,
    /// Incremented with each change, so that a reload notices a change during its read.
    generation: u64,
}

impl Held {
    fn by_id(&self, id: ApiKeyId) -> Option<&HeldKey> {
        self.keys.get(self.hashes.get(&id)?)
    }
}

struct HeldKey {
    id: ApiKeyId,
    name: Box<str>,
    scope: Scope,
    permissions: Permissions,
    expires_at: Option<Timestamp>,
    /// When it was last used on this node, in Unix milliseconds.
    used_ms: AtomicI64,
    /// The last use that the store knows from this node.
    noted_ms: AtomicI64,
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
                let mut before = std::mem::take(&mut held.keys);
                held.keys = keys
                    .iter()
                    .map(|key| (key.sha256, HeldKey::of(key, before.remove(&key.sha256))))
                    .collect();
                held.hashes = keys.iter().map(|key| (key.id, key.sha256)).collect();
                held.generation += 1;
                return Ok(());
            }
        }
    }

    pub(crate) fn add(&self, key: &ApiKey) {
        let mut held = self.0.write();
        held.generation += 1;
        held.hashes.insert(key.id, key.sha256);
        held.keys.insert(key.sha256, HeldKey::of(key, None));
    }

    pub(crate) fn remove(&self, id: ApiKeyId) {
        let mut held = self.0.write();
        held.generation += 1;
        if let Some(sha256) = held.hashes.remove(&id) {
            held.keys.remove(&sha256);
        }
    }

    /// The caller that a key stands for at this time, which is noted as its use.
    pub(crate) fn use_key(&self, key: &str, now: Timestamp) -> Option<Caller> {
        let held = self.0.read();
        let key = held.keys.get(&sha256(key))?;
        if key.expires_at.is_some_and(|expires_at| now >= expires_at) {
            return None;
        }
        let now_ms = now.unix_ms();
        if now_ms > key.used_ms.load(Ordering::Relaxed).saturating_add(USE_STEP_MS) {
            key.used_ms.store(now_ms, Ordering::Relaxed);
        }
        Some(Caller {
            who: Who::ApiKey(key.id),
            scope: key.scope,
            permissions: key.permissions,
        })
    }

    /// When a key was last used on this node.
    pub(crate) fn last_use(&self, sha256: &[u8; 32]) -> Option<Timestamp> {
        let held = self.0.read();
        let used_ms = held.keys.get(sha256)?.used_ms.load(Ordering::Relaxed);
        (used_ms != NEVER).then(|| Timestamp::from_unix_ms(used_ms))
    }

    /// When a key expires.
    pub(crate) fn expires_at(&self, id: ApiKeyId) -> Option<Timestamp> {
        self.0.read().by_id(id).and_then(|key| key.expires_at)
    }

    /// The name of a key.
    pub(crate) fn name(&self, id: ApiKeyId) -> Option<String> {
        self.0.read().by_id(id).map(|key| key.name.to_string())
    }

    /// The scope of a key.
    pub(crate) fn scope(&self, id: ApiKeyId) -> Option<Scope> {
        self.0.read().by_id(id).map(|key| key.scope)
    }

    /// The uses that were not noted in the store yet.
    pub(crate) fn unnoted(&self) -> Vec<(ApiKeyId, Timestamp)> {
        let held = self.0.read();
        let unnoted = held.keys.values().filter_map(|key| {
            let used_ms = key.used_ms.load(Ordering::Relaxed);
            (used_ms > key.noted_ms.load(Ordering::Relaxed))
                .then(|| (key.id, Timestamp::from_unix_ms(used_ms)))
        });
        unnoted.collect()
    }

    /// The store now knows these uses.
    pub(crate) fn noted(&self, uses: &[(ApiKeyId, Timestamp)]) {
        let uses: HashMap<_, _> = uses.iter().copied().collect();
        for key in self.0.read().keys.values() {
            if let Some(used_at) = uses.get(&key.id) {
                key.noted_ms.fetch_max(used_at.unix_ms(), Ordering::Relaxed);
            }
        }
    }
}

impl HeldKey {
    /// A stored key, with the uses of `before`, the same key before a reload.
    fn of(key: &ApiKey, before: Option<Self>) -> Self {
        let (used_ms, noted_ms) = match before {
            Some(before) => (before.used_ms, before.noted_ms),
            None => (AtomicI64::new(NEVER), AtomicI64::new(NEVER)),
        };
        Self {
            id: key.id,
            name: key.name.as_str().into(),
            scope: key.scope,
            permissions: key.permissions,
            expires_at: key.expires_at,
            used_ms,
            noted_ms,
        }
    }
}
