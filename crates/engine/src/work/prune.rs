//! Removes what is older than the retention, and old figures, in steps with pauses between them.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::statistics::TimeStep;

use crate::engine::Engine;

/// Rows removed in one step: what one batch of acceptance writes, so that a step delays the next commit no more than a
/// busy moment does.
const STEP_ROWS: usize = 500;

/// The pause between steps: the writer is free for acceptance meanwhile.
const STEP_PAUSE: Duration = Duration::from_millis(15);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(60);

/// How long figures are kept by the minute: twice the longest range that is shown by them.
const MINUTES_KEPT: Duration = Duration::from_secs(2 * 24 * 3600);

/// How long they are kept by the hour at least, whatever the retention: a month is shown, and begun half-days of it.
const HOURS_KEPT: Duration = Duration::from_secs(32 * 24 * 3600);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut has_failed = false;
    loop {
        let more_figures = prune_figures(&engine).await;
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
                if pruned.more || more_figures {
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

/// One step of removing old figures. True where there may be more of them.
async fn prune_figures(engine: &Engine) -> bool {
    let now = engine.clock().now();
    let mut removed = 0;
    for (step, kept) in [
        (TimeStep::Minute, MINUTES_KEPT),
        (TimeStep::Hour, HOURS_KEPT.max(engine.settings().retention)),
    ] {
        let pruned = engine.store().prune_statistics(step, now.before(kept), STEP_ROWS);
        match pruned.await {
            Ok(rows) => removed += rows,
            Err(error) => tracing::warn!(%error, "old figures could not be removed"),
        }
    }
    removed > 0
}
