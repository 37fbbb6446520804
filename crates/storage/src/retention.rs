//! Pruning of old events.

use async_trait::async_trait;
use postrider_model::Timestamp;

use crate::error::{StoreError, StoreResult};

/// The result of one step of pruning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Events removed, each with all its deliveries and attempts.
    pub events: usize,
    /// Deliveries removed with them.
    pub deliveries: usize,
    /// Whether this pass over the events has more to look at. The next pass looks again at an event that had
    /// a pending delivery during this one.
    pub more: bool,
    /// The first error of the step. The other parts of the step ran all the same: a table that cannot be
    /// removed, because of a publication or a lock, does not keep the others from being pruned.
    pub failure: Option<StoreError>,
}

impl Pruned {
    /// Adds what another part of the step removed, or its error.
    pub fn add(&mut self, part: StoreResult<Self>) {
        match part {
            Ok(part) => {
                self.events += part.events;
                self.deliveries += part.deliveries;
                self.more |= part.more;
                self.note(part.failure);
            }
            Err(error) => self.note(Some(error)),
        }
    }

    fn note(&mut self, failure: Option<StoreError>) {
        if self.failure.is_none() {
            self.failure = failure;
        }
    }
}

/// What a store knows about the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreClock {
    /// The present by the store's clock.
    pub now: Timestamp,
    /// The latest time that was confirmed with [`RetentionStore::confirm_time`]; `None` before the first.
    pub confirmed: Option<Timestamp>,
}

/// Pruning.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Reads the clock by which events age. A store with a clock of its own (a database server) uses that
    /// clock, so that no node's clock decides for all of them; a store inside the process uses `wall`.
    async fn clock(&self, wall: Timestamp) -> StoreResult<StoreClock>;

    /// Keeps a time that real time has confirmed ([`crate::rules::confirmed_time`]), for the next start.
    async fn confirm_time(&self, at: Timestamp) -> StoreResult<()>;

    /// Removes events accepted before `before`, with their deliveries and attempts, and what deleted accounts
    /// left behind: about `limit` rows in one short step, oldest first. It keeps an event whole while one of
    /// its deliveries is pending or was settled at `before` or later, and still removes newer ones.
    ///
    /// # Errors
    /// An error means that the step did not begin. An error within the step is in [`Pruned::failure`].
    async fn prune(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_fails_leaves_what_the_others_removed_and_the_first_error_counts() {
        let part = Pruned {
            events: 2,
            deliveries: 3,
            ..Pruned::default()
        };
        let mut step = Pruned::default();
        step.add(Err(StoreError::Internal("first".to_owned())));
        step.add(Ok(Pruned { more: true, ..part }));
        step.add(Err(StoreError::Busy));
        let expected = Pruned {
            events: 2,
            deliveries: 3,
            more: true,
            failure: Some(StoreError::Internal("first".to_owned())),
        };
        assert_eq!(step, expected);
    }
}
