//! What the engine does once results are recorded: it frees room in the lanes, notes due retries and
//! announced operational events, informs the observer, and drops accounts from memory whose actions a result
//! has changed.
//!
//! All of this happens in the step that recorded the results.
//!
//! To add a consequence, write a function here and call it in [`follow`], outside the lock of the lanes.

use postrider_model::delivery::Next;
use postrider_storage::{Change, Finished, NewEvent, Recorded};

use crate::engine::Engine;
use crate::log;
use crate::observe::{RecordedResults, Subject};

/// Handles the consequences of recorded results. `subjects` and `recorded` hold one item for each of
/// `finished`, in the same order.
pub(crate) fn follow(engine: &Engine, finished: &[Finished], subjects: &[Subject], recorded: &[Recorded]) {
    forget_changed(engine, finished, subjects, recorded);
    free_lanes(engine, finished, subjects, recorded);
    let results = RecordedResults::new(finished, subjects, recorded);
    if let Some(bytes) = engine.stored_bytes() {
        bytes.count_results(results);
    }
    engine.meters().count_results(results);
    log::failed_attempts(results);
    engine.observer().results_recorded(results);
    for (finished, recorded) in finished.iter().zip(recorded) {
        if *recorded != Recorded::Applied {
            engine.meters().late_results.increment(1);
            tracing::warn!(delivery = %finished.key.delivery, ?recorded, "ignored a late result");
        }
    }
}

/// Drops the accounts from memory whose actions the commit of these results switched off, or changed the
/// health of.
fn forget_changed(engine: &Engine, finished: &[Finished], subjects: &[Subject], recorded: &[Recorded]) {
    for ((finished, subject), recorded) in finished.iter().zip(subjects).zip(recorded) {
        if *recorded != Recorded::Applied {
            continue;
        }
        let account = finished.key.account;
        let disables = match &finished.change {
            Change::Attempted { disables, .. } => *disables,
            Change::Canceled { .. } => None,
        };
        if subject.changes_action {
            engine.configuration().action_changed(account);
        }
        if let Some(reason) = disables {
            tracing::info!(
                %account,
                action = %finished.action,
                reason = reason.as_str(),
                "disabled an action, unless it was edited or recovered meanwhile"
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
        wake |= lanes.release(finished.action, subject.event.bytes());
        if let (Recorded::Applied, Some(Next::Retry(at))) = (recorded, next(finished)) {
            wake |= lanes.waits(finished.key.account, finished.action, at, now);
        }
        // The store has stored some of them, with deliveries that wait.
        for new in announced(finished, *recorded) {
            for delivery in &new.deliveries {
                wake |= lanes.waits(new.event.account, delivery.action, new.event.created_at, now);
            }
        }
    }
    drop(lanes);
    if wake {
        engine.wake_refill();
    }
}

/// The operational events that the result may have announced: none if it was not applied.
fn announced(finished: &Finished, recorded: Recorded) -> impl Iterator<Item = &NewEvent> {
    let report = match &finished.change {
        Change::Attempted { report, .. } if recorded == Recorded::Applied => report.as_deref(),
        Change::Attempted { .. } | Change::Canceled { .. } => None,
    };
    let announcements = report.into_iter().flat_map(|report| &report.announcements);
    announcements.map(|announcement| &announcement.event)
}

fn next(finished: &Finished) -> Option<Next> {
    match &finished.change {
        Change::Attempted { next, .. } => Some(*next),
        Change::Canceled { .. } => None,
    }
}
