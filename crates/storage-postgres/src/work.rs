//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl WorkStore for PostgresStore {
    async fn advance(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
    ) -> Advanced {
        todo!()
    }
}
