//! Pruning what is too old.

use async_trait::async_trait;
use postrider_model::Timestamp;

use crate::error::{StoreError, StoreResult};

/// What a step of pruning removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Events, each with all its deliveries and attempts.
    pub events: usize,
    /// Their deliveries.
    pub deliveries: usize,
    /// Whether this pass over the events has more to look at. An event that had a pending delivery when the
    /// pass went by is looked at again by the next pass.
    pub more: bool,
    /// The first error of the step. Its other parts were carried out all the same: what cannot be removed in
    /// one place (a table that somebody's publication or lock keeps) does not keep the rest.
    pub failure: Option<StoreError>,
}

impl Pruned {
    /// Adds what another part of the step removed, or why it removed nothing.
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
    /// left behind: about `limit` rows in one short step, oldest first. An event that has a pending delivery
    /// stays whole, and does not keep newer ones from being removed.
    ///
    /// # Errors
    /// Where the step did not begin. What failed within it is in [`Pruned::failure`].
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
