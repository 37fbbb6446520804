//! Reads of the record: events, deliveries and their attempts, what an id stands for, and the nodes that
//! work.

use postrider_model::{AccountId, Delivery, Event, EventId};
use postrider_storage::statistics::Backlog;
use postrider_storage::{
    DeliveryFilter, DeliveryKey, DeliveryRecord, EventFilter, Found, LiveSession, Page, PageRequest, Sought,
    StoreResult,
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

    /// The first `bytes` bytes of the data of these deliveries' events, in order; `None` for an event that is
    /// gone.
    pub async fn beginnings(
        &self,
        account: AccountId,
        deliveries: &[Delivery],
        bytes: usize,
    ) -> StoreResult<Vec<Option<Vec<u8>>>> {
        let events: Vec<_> = deliveries
            .iter()
            .map(|delivery| (delivery.event, delivery.created_at))
            .collect();
        self.store.beginnings(account, &events, bytes).await
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

    /// A page of the deliveries of all accounts that match, newest first.
    pub async fn deliveries_of_all(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        self.store.deliveries_of_all(filter, page).await
    }

    /// A delivery with all its attempts.
    pub async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>> {
        self.store.record(key).await
    }

    /// What this id, uid or name stands for; only in the account `within`, if one is given. Nothing, for a
    /// text that nothing can be named.
    pub async fn find(&self, text: &str, within: Option<AccountId>) -> StoreResult<Vec<Found>> {
        match Sought::of(text) {
            Some(sought) => self.store.find(&sought, within).await,
            None => Ok(Vec::new()),
        }
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
