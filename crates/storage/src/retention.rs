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

/// Pruning.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes events accepted before `before`, with their deliveries and attempts, and what deleted accounts
    /// left behind: about `limit` rows in one short step, oldest first. It keeps an event with a pending
    /// delivery whole, and still removes newer ones.
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
