//! Removes events older than the retention period, and what deleted accounts left behind, in steps with
//! pauses between them.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;

/// Rows removed in one step: as many as one batch of acceptance writes, so that a step delays the next commit
/// no more than a busy moment does.
const STEP_ROWS: usize = 500;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(15);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(60);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut has_failed = false;
    loop {
        let before = engine.clock().now().before(engine.settings().retention);
        let pause = match engine.store().prune(before, STEP_ROWS).await {
            Ok(pruned) => {
                metrics::counter!("postrider_events_pruned_total").increment(pruned.events as u64);
                // Log once per pass: a pass has many steps, and each may fail for the same reason.
                if let Some(error) = pruned.failure
                    && !std::mem::replace(&mut has_failed, true)
                {
                    tracing::warn!(%error, "could not delete all expired events");
                }
                if pruned.more {
                    STEP_PAUSE
                } else {
                    has_failed = false;
                    IDLE_PAUSE
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not delete expired events");
                IDLE_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}
