//! Keys that open the API.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};

use crate::error::StoreResult;

/// What became of a key that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveApiKey {
    /// It is gone, and the grants that it began.
    Removed,
    /// There is no such key.
    Missing,
    /// It is the last one, and stays: nobody could get in any more.
    LastOne,
}

/// Keys that open the API.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key, or replaces the one of the same id. Where it is another key then, by its hash, the grants
    /// that the one before began are gone.
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()>;

    /// Adds a key where there is none at all. False where there is one: nothing was written, also if another
    /// process was faster by an instant.
    async fn add_first_api_key(&self, key: ApiKey) -> StoreResult<bool>;

    /// All keys, oldest first. There are few: people make them.
    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>>;

    /// Removes a key, and with it the grants that it began; but never the last key, also if several processes
    /// remove different ones at the same moment.
    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<RemoveApiKey>;
}
