//! Reads of the record: events, deliveries and their attempts, and the nodes that work on them.

use postrider_model::{AccountId, Delivery, Event, EventId};
use postrider_storage::statistics::Backlog;
use postrider_storage::{
    DeliveryFilter, DeliveryKey, DeliveryRecord, EventFilter, LiveSession, Page, PageRequest, StoreResult,
};

use crate::Figures;

impl Figures {
    /// An event of the account.
    pub async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>> {
        self.store.event(account, id).await
    }

    /// A page of the account's events that match, newest first.
    pub async fn events(
        &self,
        account: AccountId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Event>> {
        self.store.events(account, filter, page).await
    }

    /// A delivery, without its attempts.
    pub async fn delivery(&self, key: DeliveryKey) -> StoreResult<Option<Delivery>> {
        self.store.delivery(key).await
    }

    /// A page of the account's deliveries that match, newest first.
    pub async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        self.store.deliveries(account, filter, page).await
    }

    /// A delivery with all its attempts.
    pub async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>> {
        self.store.record(key).await
    }

    /// The deliveries that are pending now, on all nodes.
    pub async fn backlog(&self) -> StoreResult<Backlog> {
        self.store.backlog(self.clock.now()).await
    }

    /// The nodes with a live session, in the order in which they began.
    pub async fn nodes(&self) -> StoreResult<Vec<LiveSession>> {
        self.store.sessions(self.clock.now()).await
    }
}
