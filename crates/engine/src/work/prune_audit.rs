//! Removes entries of the audit trail that are older than their retention, in steps with pauses between
//! them.
//!
//! Entries age by the confirmed time that the store keeps ([`super::prune`] confirms it), so that a clock
//! that is wrong for a while removes nothing before its time. Nothing else that is pruned, or fails to be,
//! matters here.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::StoreResult;

use crate::engine::Engine;

/// Entries removed in one step: with their details, as much as a step of pruning events.
const STEP_ENTRIES: usize = 250;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(10 * 60);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    loop {
        let pause = match step(&engine).await {
            Ok(pruned) if pruned == STEP_ENTRIES => STEP_PAUSE,
            Ok(_) => IDLE_PAUSE,
            Err(error) => {
                tracing::warn!(%error, "could not delete old entries of the audit trail");
                IDLE_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn step(engine: &Engine) -> StoreResult<usize> {
    let clock = engine.store().clock(engine.clock().wall()).await?;
    let Some(confirmed) = clock.confirmed else {
        return Ok(0);
    };
    let before = confirmed.before(engine.settings().audit_retention);
    engine.store().prune_audit(before, STEP_ENTRIES).await
}
