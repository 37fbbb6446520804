//! When to look at which lane next.

use std::collections::BTreeSet;

use postrider_model::{ActionId, Timestamp};

/// Alarms by time. A lane has at most one; [`super::lane::Lane`] sets and clears its own.
#[derive(Debug, Default)]
pub struct Alarms(BTreeSet<(Timestamp, ActionId)>);

impl Alarms {
    /// When the first alarm rings.
    pub fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Sets an alarm. Returns whether it is the first to ring.
    pub fn set(&mut self, at: Timestamp, action: ActionId) -> bool {
        self.0.insert((at, action));
        self.0.first() == Some(&(at, action))
    }

    /// Clears an alarm that was set.
    pub fn clear(&mut self, at: Timestamp, action: ActionId) {
        self.0.remove(&(at, action));
    }

    /// Removes the first alarm if it has rung by `now`, and returns its action.
    pub fn ring(&mut self, now: Timestamp) -> Option<ActionId> {
        let first = *self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }

    #[cfg(test)]
    pub fn all(&self) -> Vec<(Timestamp, ActionId)> {
        self.0.iter().copied().collect()
    }
}
