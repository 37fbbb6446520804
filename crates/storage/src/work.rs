//! Storing new events and recording finished deliveries in one call.

use std::sync::Arc;

use async_trait::async_trait;

use crate::deliveries::{Finished, Recorded};
use crate::error::StoreResult;
use crate::events::{Appended, NewEvent};
use crate::sessions::SessionId;

/// The results of one call of [`WorkStore::advance`].
#[derive(Debug, Clone, PartialEq)]
pub struct Advanced {
    /// The result of [`crate::EventStore::append`].
    pub appended: StoreResult<Vec<Appended>>,
    /// The result of [`crate::DeliveryStore::finish`].
    pub recorded: StoreResult<Vec<Recorded>>,
}

/// Storing new events and recording finished deliveries in one call.
#[async_trait]
pub trait WorkStore: Send + Sync {
    /// Stores events as [`crate::EventStore::append`] does and records changes as
    /// [`crate::DeliveryStore::finish`] does, in one commit where possible. Each half takes effect completely
    /// or not at all, and an error of one half does not affect the other.
    ///
    /// A busy node calls this because every commit costs one sync, however much it contains. The caller
    /// shares both halves with the store and goes on using them afterwards.
    async fn advance(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
    ) -> Advanced;
}
