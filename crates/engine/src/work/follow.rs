//! Follows the changes of other nodes, for the configuration and the engine's followers, and takes over the
//! deliveries of nodes that have failed.
//!
//! The store usually notifies the node of a change at once, but a notification can get lost. The node
//! therefore also looks every `LOOK_EVERY`, which bounds the age of the configuration in memory. While it
//! cannot look, it starts no attempt ([`Engine::may_send`]).

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::{ChangeMark, Changed, StoreResult};

use crate::engine::Engine;
use crate::work;

/// The longest time between two looks: half of the second within which a change takes effect on every node.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut mark = engine.configuration().loaded();
    let mut failed = false;
    loop {
        tokio::select! {
            biased;
            () = engine.store().changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match look(&engine, mark).await {
            Ok(next) => {
                mark = next;
                failed = false;
            }
            Err(error) if !failed => {
                tracing::error!(%error, "could not read all changes of other nodes; retrying");
                failed = true;
            }
            Err(_) => {}
        }
    }
}

async fn look(engine: &Arc<Engine>, since: ChangeMark) -> StoreResult<ChangeMark> {
    let asked_at = engine.clock().monotonic();
    let changes = engine.store().changes(Some(since)).await?;
    let changed = changes.changed.as_deref();
    engine.configuration().forget_accounts(changed);
    // What follows concerns no attempt. It may take long or fail, and must not keep the node from sending.
    engine.followed(asked_at);
    if changed.is_none_or(|changed| changed.contains(&Changed::Sessions)) {
        work::session::take_over(engine).await?;
        // Only the node that ended knew of its deliveries that wait for a due time, and its clock may have
        // been ahead.
        engine.rescan_soon();
        engine.judge_soon();
    }
    engine.configuration().changed_elsewhere(changed).await?;
    for follower in engine.followers() {
        follower.changed_elsewhere(changed).await?;
    }
    Ok(changes.mark)
}
