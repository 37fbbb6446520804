//! Pruning what is too old.

use async_trait::async_trait;
use postrider_model::Timestamp;

use crate::error::StoreResult;

/// What a step of pruning removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Events, each with all its deliveries and attempts.
    pub events: usize,
    /// Their deliveries.
    pub deliveries: usize,
    /// Whether this pass over the events has more to look at. An event that had a pending delivery when the pass went
    /// by is looked at again by the next pass.
    pub more: bool,
}

/// Pruning.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes events accepted before `before`, with their deliveries and attempts, and what deleted accounts left
    /// behind: about `limit` rows in one short step, oldest first. An event that has a pending delivery stays whole,
    /// and does not keep newer ones from being removed.
    async fn prune(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned>;
}
