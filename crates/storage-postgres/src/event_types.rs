//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl EventTypeStore for PostgresStore {
    async fn put_event_type(&self, event_type: EventType) -> StoreResult<(EventType, bool)> {
        todo!()
    }
    async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>> {
        todo!()
    }
    async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>> {
        todo!()
    }
    async fn delete_event_type(&self, name: &EventTypeName) -> StoreResult<bool> {
        todo!()
    }
}
