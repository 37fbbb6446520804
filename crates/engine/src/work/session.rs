//! Keeps the node's session alive, and takes over what dead sessions left.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::StoreResult;
use tokio::time::Instant;

use crate::engine::Engine;

/// Deliveries taken over in one step: short enough not to be felt by acceptance.
const RECLAIM_STEP: usize = 500;

/// Renewals per lease: two may fail before the session is in danger.
const RENEWALS_PER_LEASE: u32 = 3;

/// How often other nodes' sessions are looked at, where there can be other nodes: they are taken over from
/// soon after their lease is over.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(1);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let renewal = engine.settings().lease / RENEWALS_PER_LEASE;
    let pause = if engine.store().is_shared() {
        LOOK_AT_OTHERS.min(renewal)
    } else {
        renewal
    };
    let mut renew_at = Instant::now() + renewal;
    // A store that is away for long is told of once.
    let mut away = false;
    loop {
        tokio::time::sleep(pause).await;
        let mut outcome = Ok(());
        if Instant::now() >= renew_at {
            outcome = renew(&engine).await;
            if outcome.is_ok() {
                renew_at = Instant::now() + renewal;
            }
        }
        hold_back_past_lease(&engine);
        let outcome = match outcome {
            Ok(()) => take_over(&engine).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome
            && !away
        {
            tracing::error!(%error, "the session could not be renewed, or dead ones not be looked at; trying again");
        }
        away = outcome.is_err();
    }
}

async fn take_over(engine: &Engine) -> StoreResult<()> {
    let count = reclaim(engine).await?;
    if count > 0 {
        tracing::warn!(count, "took over deliveries of a dead session");
    }
    Ok(())
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
    // Claims of the dead session came back empty, whatever waits.
    engine.rescan_soon();
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
        // At each step: an error in the next one does not hide what this one has made due.
        if count > 0 {
            engine.rescan_soon();
        }
        if count < RECLAIM_STEP {
            return Ok(total);
        }
    }
}
