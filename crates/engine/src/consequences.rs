//! What the engine does once results are recorded: it frees room in the lanes, notes due retries, informs the
//! observer, and drops accounts from memory whose actions a result has switched off.
//!
//! All of this happens in the step that recorded the results.
//!
//! To add a consequence, write a function here and call it in [`follow`], outside the lock of the lanes.

use postrider_model::delivery::Next;
use postrider_storage::{Change, Finished, Recorded};

use crate::engine::Engine;
use crate::observe::{RecordedResults, Subject};

/// Handles the consequences of recorded results. `subjects` and `recorded` hold one item for each of
/// `finished`, in the same order.
pub(crate) fn follow(engine: &Engine, finished: &[Finished], subjects: &[Subject], recorded: &[Recorded]) {
    free_lanes(engine, finished, subjects, recorded);
    forget_disabled(engine, finished, recorded);
    let results = RecordedResults::new(finished, subjects, recorded);
    if let Some(bytes) = engine.stored_bytes() {
        bytes.count_results(results);
    }
    engine.observer().results_recorded(results);
    for (finished, recorded) in finished.iter().zip(recorded) {
        if *recorded != Recorded::Applied {
            tracing::warn!(delivery = %finished.key.delivery, ?recorded, "ignored a late result");
        }
    }
}

/// Drops the accounts from memory whose actions were switched off in the commit of these results.
fn forget_disabled(engine: &Engine, finished: &[Finished], recorded: &[Recorded]) {
    for (finished, recorded) in finished.iter().zip(recorded) {
        if let Change::Attempted {
            disables: Some(reason),
            ..
        } = &finished.change
            && *recorded == Recorded::Applied
        {
            let account = finished.key.account;
            engine.configuration().action_disabled(account);
            tracing::info!(
                %account,
                action = %finished.action,
                reason = reason.as_str(),
                "disabled an action, unless it was edited meanwhile"
            );
        }
    }
}

/// Frees the room that the deliveries held in their lanes, and tells the lanes when retries are due.
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
