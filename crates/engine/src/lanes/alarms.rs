//! When to look at which lane next.

use std::collections::BTreeSet;

use postrider_model::ActionId;

/// Alarms by time. A lane has at most one of a kind; [`super::lane::Lane`] knows its own.
#[derive(Debug)]
pub struct Alarms<T>(BTreeSet<(T, ActionId)>);

impl<T: Ord + Copy> Alarms<T> {
    /// When the first alarm rings.
    pub fn next(&self) -> Option<T> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Sets an alarm. Returns whether it is the first to ring.
    pub fn set(&mut self, at: T, action: ActionId) -> bool {
        self.0.insert((at, action));
        self.0.first() == Some(&(at, action))
    }

    /// Clears an alarm that was set.
    pub fn clear(&mut self, at: T, action: ActionId) {
        self.0.remove(&(at, action));
    }

    /// Removes the first alarm if it has rung by `now`, and returns its action.
    pub fn ring(&mut self, now: T) -> Option<ActionId> {
        let first = *self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }

    #[cfg(test)]
    pub fn all(&self) -> Vec<(T, ActionId)> {
        self.0.iter().copied().collect()
    }
}

impl<T> Default for Alarms<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}
