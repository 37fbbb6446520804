//! Fetches due deliveries from the store into lanes that have room.
//!
//! The task sleeps until the next alarm of [`crate::lanes::Lanes`]. Some deliveries have no alarm: those of
//! other nodes, and those due later than the lanes look ahead. The task finds them by rescanning the store
//! for waiting lanes, at least every [`crate::EngineSettings::rescan`]. On a shared store, [`rescan`] bounds
//! what most rescans look at.

mod rescan;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::rescan::Rescans;
use crate::engine::Engine;

/// Most lanes in one claim.
const LANES_PER_CLAIM: usize = 64;

/// Pause after a claim or a rescan that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The longest sleep: alarms are wall-clock times, and the wall clock can step forward.
const NAP_MAX: Duration = Duration::from_secs(1);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut rescans = Rescans::new();
    loop {
        if engine.take_rescan() {
            rescans.forget();
        }
        if Instant::now() >= rescans.next() {
            rescans.run(&engine).await;
        }
        while claim_due(&engine).await {}
        let nap = nap(&engine).min(rescans.next().saturating_duration_since(Instant::now()));
        tokio::select! {
            biased;
            () = tokio::time::sleep(nap) => {}
            () = engine.refill_woken() => {}
        }
    }
}

fn nap(engine: &Engine) -> Duration {
    let next = engine.lanes().next_alarm();
    next.map_or(NAP_MAX, |due| due.since(engine.clock().now()).min(NAP_MAX))
}

/// Claims due deliveries once. Returns whether another round may find more.
async fn claim_due(engine: &Arc<Engine>) -> bool {
    let session = engine.session();
    let now = engine.clock().now();
    let requests = engine.lanes().take_claims(now, LANES_PER_CLAIM);
    if requests.is_empty() {
        return false;
    }
    let actions: Vec<_> = requests.iter().map(|request| request.action).collect();
    let claims = match engine.store().claim(session, requests, now).await {
        Ok(claims) => claims.into_iter().map(Some).collect(),
        Err(error) => {
            tracing::warn!(%error, "could not claim due deliveries; retrying");
            vec![None; actions.len()]
        }
    };
    let failed = claims.iter().any(Option::is_none);
    let retry_at = if failed {
        engine.clock().now().after(RETRY)
    } else {
        engine.clock().now()
    };
    {
        let mut lanes = engine.lanes();
        for (action, claim) in actions.into_iter().zip(claims) {
            lanes.claimed(action, claim, session, retry_at, engine.clock().monotonic());
        }
    }
    engine.start_ready();
    !failed
}
