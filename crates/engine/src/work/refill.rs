//! Fetches due deliveries from the store into lanes that have room.
//!
//! The task sleeps until the next alarm of [`crate::lanes::Lanes`]. Some deliveries have no alarm: those of
//! other nodes, and those due later than the lanes look ahead. The task finds them by rescanning the store
//! for waiting lanes, at least every [`crate::EngineSettings::rescan`].

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::StoreError;
use tokio::time::Instant;

use crate::engine::Engine;

/// Most lanes in one claim.
const LANES_PER_CLAIM: usize = 64;

/// Lanes read at once while rescanning.
const RESCAN_PAGE: usize = 1_000;

/// Pause after a claim or a rescan that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The shortest pause between two rescans of a shared store: other nodes then also keep the schedules of a
/// node that has failed, to about a second.
const SHARED_PAUSE_MIN: Duration = Duration::from_secs(1);

/// The pause after a rescan of a shared store, as a multiple of its duration. A rescan takes one step in an
/// index for each waiting action; with this pause, rescans of many actions take a twentieth of the time, not
/// all of it.
const SHARED_PAUSE_PER_LOOK: u32 = 20;

/// The longest sleep: alarms are wall-clock times, and the wall clock can step forward.
const NAP_MAX: Duration = Duration::from_secs(1);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut rescan_at = Instant::now();
    loop {
        if engine.take_rescan() || Instant::now() >= rescan_at {
            let began = Instant::now();
            let pause = match rescan(&engine).await {
                Ok(()) => rescan_pause(&engine, began.elapsed()),
                Err(error) => {
                    tracing::warn!(%error, "could not read waiting deliveries; retrying");
                    RETRY
                }
            };
            rescan_at = Instant::now() + pause;
        }
        while claim_due(&engine).await {}
        let nap = nap(&engine).min(rescan_at.saturating_duration_since(Instant::now()));
        tokio::select! {
            biased;
            () = tokio::time::sleep(nap) => {}
            () = engine.refill_woken() => {}
        }
    }
}

/// How long to wait before the next rescan of a store, after one that took `took`.
///
/// On a shared store another node may have failed, and only that node may have known of a retry. The other
/// nodes rescan often enough to keep its schedule, as long as that costs little.
fn rescan_pause(engine: &Engine, took: Duration) -> Duration {
    let longest = engine.settings().rescan;
    if engine.store().is_shared() {
        (took * SHARED_PAUSE_PER_LOOK).max(SHARED_PAUSE_MIN).min(longest)
    } else {
        longest
    }
}

fn nap(engine: &Engine) -> Duration {
    let next = engine.lanes().next_alarm();
    next.map_or(NAP_MAX, |due| due.since(engine.clock().now()).min(NAP_MAX))
}

async fn rescan(engine: &Engine) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let found = engine.store().waiting_lanes(after, RESCAN_PAGE).await?;
        let now = engine.clock().now();
        {
            let mut lanes = engine.lanes();
            for lane in &found {
                lanes.waits(lane.account, lane.action, lane.next_due, now);
            }
        }
        match found.last() {
            Some(last) if found.len() == RESCAN_PAGE => after = Some(last.action),
            _ => return Ok(()),
        }
    }
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
