//! Publishes attempts as they are recorded, for watchers such as the demo's log and live pages.

use std::sync::Arc;

use postrider_engine::observe::RecordedResults;
use postrider_model::delivery::Next;
use postrider_model::{ActionId, Attempt, Event};
use postrider_storage::{Change, DeliveryKey};
use tokio::sync::broadcast;

/// How many attempts a slow watcher can be behind before it misses some. A watcher reads the record to
/// catch up.
const BACKLOG: usize = 1_024;

/// An attempt that has ended and is recorded.
#[derive(Debug, Clone)]
pub struct RecordedAttempt {
    /// The delivery.
    pub key: DeliveryKey,
    /// Its action.
    pub action: ActionId,
    /// The event of the delivery.
    pub event: Arc<Event>,
    /// The attempt's record.
    pub attempt: Arc<Attempt>,
    /// What happens next to the delivery.
    pub next: Next,
}

/// Sends recorded attempts to all watchers; costs next to nothing while nobody watches.
#[derive(Debug)]
pub struct Feed(broadcast::Sender<Arc<RecordedAttempt>>);

impl Feed {
    /// A feed without watchers.
    pub fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    /// Watches from here on.
    pub fn watch(&self) -> broadcast::Receiver<Arc<RecordedAttempt>> {
        self.0.subscribe()
    }

    /// Sends the attempts among these results to all watchers.
    pub fn publish(&self, results: RecordedResults<'_>) {
        if self.0.receiver_count() == 0 {
            return;
        }
        for result in results.iter() {
            let Change::Attempted { attempt, next, .. } = &result.finished.change else {
                continue;
            };
            let recorded = RecordedAttempt {
                key: result.finished.key,
                action: result.finished.action,
                event: Arc::clone(result.event),
                attempt: Arc::new((**attempt).clone()),
                next: *next,
            };
            // An error means that the last watcher has just left.
            let _ = self.0.send(Arc::new(recorded));
        }
    }
}
