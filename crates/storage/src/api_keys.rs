//! Keys that open the API.

use async_trait::async_trait;
use postrider_model::{ApiKey, ApiKeyId};

use crate::error::StoreResult;

/// Keys that open the API.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key, or replaces the one of the same id.
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()>;

    /// Adds a key where there is none at all. False where there is one: nothing was written, also if another process
    /// was faster by an instant.
    async fn add_first_api_key(&self, key: ApiKey) -> StoreResult<bool>;

    /// All keys, oldest first. There are few: people make them.
    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>>;

    /// Removes a key. False where there is none.
    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<bool>;
}
