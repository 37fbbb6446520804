//! Both halves of the work at once: what comes in, and what was done.

use std::sync::Arc;

use async_trait::async_trait;

use crate::deliveries::{Finished, Recorded};
use crate::error::StoreResult;
use crate::events::{Appended, NewEvent};
use crate::sessions::SessionId;

/// What became of a step of the work.
#[derive(Debug, Clone, PartialEq)]
pub struct Advanced {
    /// As [`crate::EventStore::append`] answers.
    pub appended: StoreResult<Vec<Appended>>,
    /// As [`crate::DeliveryStore::finish`] answers.
    pub recorded: StoreResult<Vec<Recorded>>,
}

/// Both halves of the work at once.
#[async_trait]
pub trait WorkStore: Send + Sync {
    /// Stores events as [`crate::EventStore::append`] does and records what happened as
    /// [`crate::DeliveryStore::finish`] does, in one commit where that is possible. Each half is all or
    /// nothing, and neither shares the other's errors.
    ///
    /// This is what a busy node calls: a commit costs its sync whatever is in it. Both halves are only
    /// borrowed, as the caller goes on with them afterwards.
    async fn advance(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
    ) -> Advanced;
}
