//! Removes what is older than the retention, in steps with pauses between them.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;

/// Rows removed in one step: what one batch of acceptance writes, so that a step delays the next commit no
/// more than a busy moment does.
const STEP_ROWS: usize = 500;

/// The pause between steps: the writer is free for acceptance meanwhile.
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
                // Once for a pass: a pass has many steps, and each may meet the same obstacle.
                if let Some(error) = pruned.failure
                    && !std::mem::replace(&mut has_failed, true)
                {
                    tracing::warn!(%error, "not everything that is old could be removed");
                }
                if pruned.more {
                    STEP_PAUSE
                } else {
                    has_failed = false;
                    IDLE_PAUSE
                }
            }
            Err(error) => {
                tracing::warn!(%error, "old events could not be removed");
                IDLE_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}
