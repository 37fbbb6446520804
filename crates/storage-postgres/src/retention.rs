//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl RetentionStore for PostgresStore {
    async fn prune(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned> {
        todo!()
    }
}
