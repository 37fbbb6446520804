//! Keeps the node's session alive, and takes over what dead sessions left.

use std::sync::Arc;

use postrider_storage::StoreResult;

use crate::engine::Engine;

/// Deliveries taken over in one step: short enough not to be felt by acceptance.
const RECLAIM_STEP: usize = 500;

/// Renewals per lease: two may fail before the session is in danger.
const RENEWALS_PER_LEASE: u32 = 3;

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let pause = engine.settings().lease / RENEWALS_PER_LEASE;
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = renew(&engine).await {
            tracing::error!(%error, "the session could not be renewed");
        }
        hold_back_past_lease(&engine);
        match reclaim(&engine).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(count, "took over deliveries of a dead session"),
            Err(error) => tracing::warn!(%error, "dead sessions' deliveries could not be taken over"),
        }
    }
}

async fn renew(engine: &Arc<Engine>) -> StoreResult<()> {
    // The lease counts from before the call: the store cannot have begun it earlier.
    let asked_at = engine.clock().monotonic();
    if engine
        .store()
        .renew_session(engine.session(), engine.clock().now())
        .await?
    {
        engine.renewed(asked_at);
        engine.start_ready();
        return Ok(());
    }
    tracing::error!(
        "this node's session is dead: its deliveries belong to others now; starting a new session"
    );
    engine.lanes().hold_back();
    engine.lanes().forget_queued();
    let session = engine
        .store()
        .open_session(engine.settings().lease, engine.clock().now())
        .await?;
    engine.set_session(session, asked_at);
    engine.start_ready();
    Ok(())
}

/// Where renewals fail for as long as the lease, others may already work on what is in memory here.
fn hold_back_past_lease(engine: &Engine) {
    if engine.is_past_lease() {
        engine.lanes().hold_back();
    }
}

/// Makes all that dead sessions owned wait, due now. Answers how many deliveries that were.
pub async fn reclaim(engine: &Engine) -> StoreResult<usize> {
    let mut total = 0;
    loop {
        let count = engine.store().reclaim(engine.clock().now(), RECLAIM_STEP).await?;
        total += count;
        if count < RECLAIM_STEP {
            break;
        }
    }
    if total > 0 {
        engine.rescan_soon();
    }
    Ok(total)
}
