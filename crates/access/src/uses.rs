//! When API keys were last used: noted in memory with each request, and in the store once a minute.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::access::Access;

/// How often uses are noted in the store. A crash loses the uses of the last minute.
const EVERY: Duration = Duration::from_secs(60);

/// How long a stop waits for the store.
const STOP_MAX: Duration = Duration::from_secs(1);

/// The task that notes uses.
pub struct UseNotes {
    access: Arc<Access>,
    task: JoinHandle<()>,
}

impl Access {
    /// Begins to note uses in the store.
    pub fn note_uses(self: &Arc<Self>) -> UseNotes {
        let access = Arc::clone(self);
        let task = tokio::spawn({
            let access = Arc::clone(&access);
            async move {
                loop {
                    sleep(EVERY).await;
                    access.note_uses_now().await;
                }
            }
        });
        UseNotes { access, task }
    }

    async fn note_uses_now(&self) {
        let uses = self.held.unnoted();
        if uses.is_empty() {
            return;
        }
        match self.store.note_api_key_uses(uses.clone()).await {
            Ok(()) => self.held.noted(&uses),
            // They are noted the next time.
            Err(error) => tracing::debug!(%error, "the last uses of API keys could not be stored"),
        }
    }
}

impl UseNotes {
    /// Notes the last uses, for as long as [`STOP_MAX`], and ends the task.
    pub async fn stop(&self) {
        self.task.abort();
        // A stop must not wait for a store that is gone.
        let _ = tokio::time::timeout(STOP_MAX, self.access.note_uses_now()).await;
    }
}
