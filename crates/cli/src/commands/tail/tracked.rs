//! What `tail` has shown of the deliveries, within bounds.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::display::cell;

/// Most deliveries that are remembered: several looks' worth.
const KNOWN_MAX: usize = 10_000;

/// A delivery of which there is something to show.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// As the server sent it.
    pub delivery: Value,
    /// How many of its attempts were shown before.
    pub attempts_before: u64,
}

/// Which delivery it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    /// Its id.
    pub id: String,
    /// The id of its account, if it is from the list of all accounts.
    pub account_id: Option<String>,
    /// The uid of that account; null if it has none.
    pub account_uid: Value,
}

impl Key {
    /// That of a delivery as the server sent it.
    pub fn of(delivery: &Value) -> Self {
        Self {
            id: cell(&delivery["id"]),
            account_id: delivery["account_id"].as_str().map(str::to_owned),
            account_uid: delivery["account_uid"].clone(),
        }
    }
}

/// The last known state of a delivery.
#[derive(Debug, PartialEq, Eq)]
struct State {
    attempts: u64,
    status: String,
}

/// The deliveries that were seen, the oldest of which are forgotten.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    known: HashMap<String, State>,
    oldest_first: VecDeque<String>,
    /// Those that are not at an end, in the order in which they are looked at.
    pending: VecDeque<Key>,
}

impl Tracked {
    /// Whether the delivery was seen before.
    pub fn knows(&self, delivery: &Value) -> bool {
        delivery["id"]
            .as_str()
            .is_some_and(|id| self.known.contains_key(id))
    }

    /// Takes a delivery as the server shows it now. Returns it if it has a new attempt, or has ended.
    pub fn update(&mut self, delivery: &Value) -> Option<Change> {
        let key = Key::of(delivery);
        let state = State {
            attempts: delivery["attempt_count"].as_u64().unwrap_or(0),
            status: cell(&delivery["status"]),
        };
        let is_pending = state.status == "pending";
        let is_shown = state.attempts > 0 || !is_pending;
        let before = match self.known.get_mut(&key.id) {
            Some(known) if *known == state => return None,
            Some(known) => std::mem::replace(known, state).attempts,
            None => {
                self.known.insert(key.id.clone(), state);
                self.oldest_first.push_back(key.id.clone());
                if is_pending {
                    self.pending.push_back(key);
                }
                self.forget_oldest();
                0
            }
        };
        is_shown.then(|| Change {
            delivery: delivery.clone(),
            attempts_before: before,
        })
    }

    /// Pending deliveries to look at again, at most `limit`, in turns.
    pub fn due(&mut self, limit: usize) -> Vec<Key> {
        let known = &self.known;
        self.pending
            .retain(|key| known.get(&key.id).is_some_and(|state| state.status == "pending"));
        let count = limit.min(self.pending.len());
        let due: Vec<_> = self.pending.drain(..count).collect();
        self.pending.extend(due.iter().cloned());
        due
    }

    fn forget_oldest(&mut self) {
        if self.oldest_first.len() > KNOWN_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery(id: &str, attempts: u64, status: &str) -> Value {
        json!({"id": id, "attempt_count": attempts, "status": status})
    }

    #[test]
    fn each_attempt_is_shown_once() {
        let mut tracked = Tracked::default();
        assert_eq!(
            tracked.update(&delivery("1", 0, "pending")),
            None,
            "nothing happened yet"
        );
        let first = tracked.update(&delivery("1", 1, "pending")).unwrap();
        assert_eq!(first.attempts_before, 0);
        assert_eq!(tracked.update(&delivery("1", 1, "pending")), None);
        assert_eq!(
            tracked
                .update(&delivery("1", 3, "succeeded"))
                .unwrap()
                .attempts_before,
            1
        );
        assert_eq!(tracked.update(&delivery("1", 3, "succeeded")), None);
        assert!(tracked.update(&delivery("2", 0, "canceled")).is_some());
    }

    #[test]
    fn only_pending_deliveries_are_looked_at_again_and_in_turns() {
        let mut tracked = Tracked::default();
        for id in ["1", "2", "3"] {
            tracked.update(&delivery(id, 1, "pending"));
        }
        tracked.update(&delivery("4", 1, "succeeded"));
        let due = |tracked: &mut Tracked| tracked.due(2).into_iter().map(|key| key.id).collect::<Vec<_>>();
        assert_eq!(due(&mut tracked), ["1", "2"]);
        tracked.update(&delivery("3", 2, "failed"));
        assert_eq!(due(&mut tracked), ["1", "2"]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tracked = Tracked::default();
        for id in 0..KNOWN_MAX + 10 {
            tracked.update(&delivery(&id.to_string(), 1, "pending"));
        }
        assert_eq!(tracked.known.len(), KNOWN_MAX);
        tracked.due(1);
        assert_eq!(tracked.pending.len(), KNOWN_MAX);
    }
}
