//! Removes entries of the audit trail that are older than their retention. Nothing else that is pruned, or
//! fails to be, matters here.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::Timestamp;

use super::in_steps::Old;
use crate::engine::Engine;

/// Entries removed in one step: with their details, as much as a step of pruning events.
const STEP_ENTRIES: usize = 250;

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let old = Old {
        what: "old entries of the audit trail",
        step: STEP_ENTRIES,
        idle_pause: Duration::from_secs(10 * 60),
    };
    let remove = |confirmed: Timestamp| {
        let before = confirmed.before(engine.settings().audit_retention);
        engine.store().prune_audit(before, STEP_ENTRIES)
    };
    old.remove(&engine, remove).await;
}
