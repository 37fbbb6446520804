//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

pub(crate) mod seq;

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl EventStore for PostgresStore {
    async fn append(&self, session: SessionId, events: Vec<NewEvent>) -> StoreResult<Vec<Appended>> {
        todo!()
    }
    async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>> {
        todo!()
    }
    async fn events(
        &self,
        account: AccountId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Event>> {
        todo!()
    }
}
