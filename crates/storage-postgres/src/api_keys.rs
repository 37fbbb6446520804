//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn put_api_key(&self, key: ApiKey) -> StoreResult<()> {
        todo!()
    }
    async fn api_keys(&self) -> StoreResult<Vec<ApiKey>> {
        todo!()
    }
    async fn delete_api_key(&self, id: ApiKeyId) -> StoreResult<bool> {
        todo!()
    }
}
