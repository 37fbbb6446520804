//! Removes templates that no action uses any more, once no delivery refers to them.
//!
//! Like the audit trail ([`super::prune_audit`]), templates age by the confirmed time that the store keeps.

use std::sync::Arc;
use std::time::Duration;

use postrider_configuration::UNUSED_KEPT;
use postrider_storage::StoreResult;

use crate::engine::Engine;

/// Templates removed in one step.
const STEP_TEMPLATES: usize = 100;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(3_600);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    loop {
        let pause = match step(&engine).await {
            Ok(pruned) if pruned == STEP_TEMPLATES => STEP_PAUSE,
            Ok(_) => IDLE_PAUSE,
            Err(error) => {
                tracing::warn!(%error, "could not delete unused templates");
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
    engine
        .store()
        .prune_templates(confirmed.before(UNUSED_KEPT), STEP_TEMPLATES)
        .await
}
