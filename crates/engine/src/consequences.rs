//! What follows once results are on record: room in the lanes, retries to wait for, what the observer is
//! told, and actions switched off whose receivers are gone.
//!
//! All of it happens in the step that recorded the results, but for switching off: that writes to the store,
//! and is a job of the engine ([`crate::jobs`]), which a stop waits for.
//!
//! To add a consequence: a function here, called by [`follow`], outside the lock of the lanes.

use std::sync::Arc;

use postrider_model::automation::DisabledReason;
use postrider_model::delivery::Next;
use postrider_model::{AccountId, ActionId, DeliveryStatus};
use postrider_storage::{Change, Finished, Recorded};

use crate::engine::Engine;
use crate::observe::{RecordedResults, Subject};

/// Sees to what follows from results that are on record. `subjects` and `recorded` belong to `finished`, one
/// each, in order.
pub(crate) fn follow(
    engine: &Arc<Engine>,
    finished: &[Finished],
    subjects: &[Subject],
    recorded: &[Recorded],
) {
    free_lanes(engine, finished, subjects, recorded);
    let results = RecordedResults::new(finished, subjects, recorded);
    engine.observer().results_recorded(results);
    let mut gone = Vec::new();
    for ((finished, subject), recorded) in finished.iter().zip(subjects).zip(recorded) {
        if *recorded != Recorded::Applied {
            tracing::warn!(delivery = %finished.key.delivery, ?recorded, "a late result changed nothing");
        } else if subject.gone
            && has_failed(finished)
            && !gone.contains(&(finished.key.account, finished.action))
        {
            gone.push((finished.key.account, finished.action));
        }
    }
    if !gone.is_empty() {
        let job = switch_off(Arc::clone(engine), gone);
        if !engine.jobs().start(job) {
            tracing::error!(
                "the node stops: actions whose receivers want no more deliveries stay switched on"
            );
        }
    }
}

/// Gives the room of the results back to their lanes, which learn what is to be retried.
fn free_lanes(engine: &Engine, finished: &[Finished], subjects: &[Subject], recorded: &[Recorded]) {
    let now = engine.clock().now();
    let mut wake = false;
    let mut lanes = engine.lanes();
    for ((finished, subject), recorded) in finished.iter().zip(subjects).zip(recorded) {
        wake |= lanes.release(finished.action, subject.event.data.len());
        if let (Recorded::Applied, Some(Next::Retry(at))) = (recorded, next(finished)) {
            wake |= lanes.waits(finished.key.account, finished.action, at, now);
        }
    }
    drop(lanes);
    if wake {
        engine.wake_refill();
    }
}

fn next(finished: &Finished) -> Option<Next> {
    match &finished.change {
        Change::Attempted { next, .. } => Some(*next),
        Change::Canceled { .. } => None,
    }
}

/// Whether this was the last attempt, and failed. Until then a receiver that is gone may yet come back.
fn has_failed(finished: &Finished) -> bool {
    next(finished) == Some(Next::Settle(DeliveryStatus::Failed))
}

async fn switch_off(engine: Arc<Engine>, gone: Vec<(AccountId, ActionId)>) {
    for (account, action) in gone {
        let configuration = engine.configuration();
        let disabled = configuration.disable_action(account, action, DisabledReason::Gone);
        match disabled.await {
            Ok(_) => {
                tracing::info!(%account, %action, "switched an action off: its receiver wants no more deliveries");
            }
            Err(error) => tracing::error!(%account, %action, %error, "an action could not be switched off"),
        }
    }
}
