//! API keys.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId, AuditEntry, Timestamp};

use crate::error::StoreResult;

/// Most API keys that a store holds. Each node holds all of them in memory, some 200 bytes each: enough for a
/// key per account of a large installation.
pub const API_KEYS_MAX: usize = 50_000;

/// The result of adding an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddApiKey {
    /// The key is stored.
    Added,
    /// Its account does not exist.
    AccountMissing,
    /// The store has [`API_KEYS_MAX`] keys.
    TooMany,
}

/// The result of removing an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveApiKey {
    /// The key and its grants are removed.
    Removed,
    /// There is no such key.
    Missing,
    /// The key is the last one that [`ApiKey::is_permanent_admin`], and stays: without it, nobody could
    /// administer the installation.
    LastAdmin,
}

/// API keys. Deleting an account also deletes its keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key, which is not the configured one.
    async fn add_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<AddApiKey>;

    /// Makes this key the configured key, or removes the configured key with its grants if there is none any
    /// more. If the store has a configured key with another hash, the new one keeps its id, and the grants of
    /// the previous key are removed. If this key is configured already, nothing is written.
    async fn configure_api_key(&self, key: Option<ApiKey>, audit: AuditEntry) -> StoreResult<()>;

    /// Adds a key if the store has no permanent admin key. False if it has one: nothing was written, even if
    /// another process was faster only by an instant.
    async fn add_first_api_key(&self, key: ApiKey, audit: AuditEntry) -> StoreResult<bool>;

    /// All keys, oldest first; at most [`API_KEYS_MAX`].
    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>>;

    /// Records when keys were last used. Never moves a time backwards, and ignores keys that do not exist.
    async fn note_api_key_uses(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> StoreResult<()>;

    /// Removes a key with its grants, but never the last permanent admin key, even if several processes
    /// remove different keys at the same moment.
    async fn delete_api_key(&self, id: ApiKeyId, audit: AuditEntry) -> StoreResult<RemoveApiKey>;
}
