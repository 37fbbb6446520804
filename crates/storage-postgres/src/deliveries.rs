//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

pub(crate) mod finish;

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>> {
        todo!()
    }
    async fn waiting_lanes(&self, after: Option<ActionId>, limit: usize) -> StoreResult<Vec<WaitingLane>> {
        todo!()
    }
    async fn finish(&self, session: SessionId, finished: Vec<Finished>) -> StoreResult<Vec<Recorded>> {
        todo!()
    }
    async fn give_back(&self, session: SessionId, keys: Vec<DeliveryKey>, now: Timestamp) -> StoreResult<()> {
        todo!()
    }
    async fn resend(&self, key: DeliveryKey, now: Timestamp) -> StoreResult<Resent> {
        todo!()
    }
    async fn replay_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<ReplayStep> {
        todo!()
    }
    async fn delivery(&self, key: DeliveryKey) -> StoreResult<Option<Delivery>> {
        todo!()
    }
    async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>> {
        todo!()
    }
    async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        todo!()
    }
}
