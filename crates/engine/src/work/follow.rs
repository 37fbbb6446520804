//! Follows what other nodes change: configuration, and what the engine's followers hold in memory; takes over
//! where a node is gone.
//!
//! The store says at once that something was changed, most of the time. What counts is the look from time to
//! time: configuration in memory is never older than that, however the message got lost.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::{ChangeMark, Changed, StoreResult};

use crate::engine::Engine;
use crate::work;

/// The longest time between two looks. A change is promised to hold on every node within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut mark = engine.configuration().loaded();
    let mut failed = false;
    loop {
        tokio::select! {
            () = engine.store().changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match look(&engine, mark).await {
            Ok(next) => {
                mark = next;
                failed = false;
            }
            Err(error) if !failed => {
                tracing::warn!(%error, "other nodes' changes cannot be read");
                failed = true;
            }
            Err(_) => {}
        }
    }
}

async fn look(engine: &Engine, since: ChangeMark) -> StoreResult<ChangeMark> {
    let changes = engine.store().changes(Some(since)).await?;
    let changed = changes.changed.as_deref();
    engine.configuration().changed_elsewhere(changed).await?;
    for follower in engine.followers() {
        follower.changed_elsewhere(changed).await?;
    }
    if changed.is_some_and(|changed| changed.contains(&Changed::Sessions)) {
        work::session::reclaim(engine).await?;
        // What waited for its due time had been in the view of that node alone.
        engine.rescan_soon();
    }
    Ok(changes.mark)
}
