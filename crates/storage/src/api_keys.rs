//! API keys.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};

use crate::error::StoreResult;

/// The result of removing an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveApiKey {
    /// The key and its grants are removed.
    Removed,
    /// There is no such key.
    Missing,
    /// The key is the last one, and stays: without it, nobody could sign in.
    LastOne,
}

/// API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key. A configured key replaces the configured key that the store has, if any, and keeps its id;
    /// if the hash differs, this removes the grants of the previous key.
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()>;

    /// Adds a key if the store has none. False if it has one: nothing was written, even if another process
    /// was faster only by an instant.
    async fn add_first_api_key(&self, key: ApiKey) -> StoreResult<bool>;

    /// All keys, oldest first. There are few, because people create them by hand.
    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>>;

    /// Removes a key with its grants, but never the last key, even if several processes remove different keys
    /// at the same moment.
    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<RemoveApiKey>;
}
