//! Keeps the node's session on a shared store alive, and takes over the deliveries of dead sessions.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::{Store, StoreResult};
use tokio::time::Instant;

use crate::engine::Engine;
use crate::settings::EngineSettings;

/// Deliveries taken over in one step: few enough that acceptance does not notice.
const RECLAIM_STEP: usize = 500;

/// Renewals per lease: two may fail before the session is in danger.
const RENEWALS_PER_LEASE: u32 = 3;

/// How often the node looks at other nodes' sessions, so that it takes over their deliveries soon after a
/// lease has expired.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(1);

/// How long a session lives on a store that no other node uses: nobody could take its deliveries over, so it
/// has to outlive each outage of the store and each step of the clock.
const LEASE_UNSHARED: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let renewal = engine.settings().lease / RENEWALS_PER_LEASE;
    let pause = LOOK_AT_OTHERS.min(renewal);
    let mut renew_at = Instant::now() + renewal;
    // A store that is unavailable for long is logged once.
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
        match &outcome {
            Err(error) if !away => {
                tracing::error!(%error, "could not renew the session or take over dead ones; retrying");
            }
            Ok(()) if away => tracing::info!("the session can be renewed again"),
            _ => {}
        }
        away = outcome.is_err();
    }
}

/// Takes over the deliveries of dead sessions, unless this node should leave them to others for now
/// ([`Engine::may_take_over`]): [`run`] comes back to them.
pub async fn take_over(engine: &Arc<Engine>) -> StoreResult<()> {
    if !engine.may_take_over() {
        return Ok(());
    }
    let count = reclaim(engine).await?;
    if count > 0 {
        engine.meters().took_over(count);
        tracing::warn!(count, "took over the deliveries of a dead session");
        // The dead node's clock may have been ahead.
        engine.judge_soon();
    }
    Ok(())
}

async fn renew(engine: &Arc<Engine>) -> StoreResult<()> {
    // Count the lease from before the call, because the store cannot have started it earlier.
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
    engine.meters().sessions_lost.increment(1);
    tracing::error!("this node's session is dead and other nodes own its deliveries; starting a new session");
    engine.record_first();
    engine.lanes().hold_back();
    engine.lanes().forget_queued();
    let session = engine
        .store()
        .open_session(engine.settings().lease, engine.clock().now())
        .await?;
    engine.set_session(session, asked_at);
    // Claims under the dead session returned nothing, whatever waits in the store.
    engine.rescan_soon();
    engine.start_ready();
    Ok(())
}

/// Holds the lanes back once the lease is over without a renewal: other nodes may already own what is in
/// memory here.
fn hold_back_past_lease(engine: &Engine) {
    if engine.is_past_lease() {
        engine.lanes().hold_back();
    }
}

/// Makes all deliveries of dead sessions wait in the store, due now. Returns their number.
pub async fn reclaim(engine: &Engine) -> StoreResult<usize> {
    let mut total = 0;
    loop {
        let count = engine.store().reclaim(engine.clock().now(), RECLAIM_STEP).await?;
        total += count;
        // Rescan after each step: an error in the next step must not hide the deliveries that this one made
        // due.
        if count > 0 {
            engine.rescan_soon();
        }
        if count < RECLAIM_STEP {
            return Ok(total);
        }
    }
}

/// How long a session of this node lives without a renewal.
pub(crate) fn lease_of(store: &dyn Store, settings: &EngineSettings) -> Duration {
    match store.is_shared() {
        true => settings.lease,
        false => LEASE_UNSHARED,
    }
}
