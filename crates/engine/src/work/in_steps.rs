//! Removes what has become old, in steps with pauses between them.
//!
//! What is removed ages by the confirmed time that the store keeps ([`super::prune`] confirms it), so that a
//! clock that is wrong for a while removes nothing before its time.

use std::time::Duration;

use postrider_model::Timestamp;
use postrider_storage::StoreResult;

use crate::engine::Engine;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// What is removed.
pub(super) struct Old {
    /// What it is, for the log.
    pub(super) what: &'static str,
    /// How many are removed in one step.
    pub(super) step: usize,
    /// The pause once nothing is left to remove, and after a failure.
    pub(super) idle_pause: Duration,
}

impl Old {
    /// Runs until it is aborted. `remove` gets the confirmed time, and returns how many it removed.
    pub(super) async fn remove<F>(self, engine: &Engine, remove: impl Fn(Timestamp) -> F)
    where
        F: Future<Output = StoreResult<usize>>,
    {
        let step = async || {
            let clock = engine.store().clock(engine.clock().wall()).await?;
            match clock.confirmed {
                Some(confirmed) => remove(confirmed).await,
                None => Ok(0),
            }
        };
        loop {
            let pause = match step().await {
                Ok(removed) if removed == self.step => STEP_PAUSE,
                Ok(_) => self.idle_pause,
                Err(error) => {
                    tracing::warn!(%error, "could not delete {}", self.what);
                    self.idle_pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}
