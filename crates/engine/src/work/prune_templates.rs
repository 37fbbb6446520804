//! Removes templates that no action uses any more, once no delivery refers to them.

use std::sync::Arc;
use std::time::Duration;

use postrider_configuration::UNUSED_KEPT;
use postrider_model::Timestamp;

use super::in_steps::Old;
use crate::engine::Engine;

/// Templates removed in one step.
const STEP_TEMPLATES: usize = 100;

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let old = Old {
        what: "unused templates",
        step: STEP_TEMPLATES,
        idle_pause: Duration::from_secs(3_600),
    };
    let remove = |confirmed: Timestamp| {
        let before = confirmed.before(UNUSED_KEPT);
        engine.store().prune_templates(before, STEP_TEMPLATES)
    };
    old.remove(&engine, remove).await;
}
