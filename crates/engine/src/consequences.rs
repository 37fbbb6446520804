//! What the engine does once results are recorded: it frees room in the lanes, notes due retries, informs the
//! observer, and switches off actions whose receivers responded 410 Gone.
//!
//! All of this happens in the step that recorded the results, except switching actions off. That writes to
//! the store and therefore runs as a background job ([`crate::jobs`]), which a stop waits for.
//!
//! To add a consequence, write a function here and call it in [`follow`], outside the lock of the lanes.

use std::sync::Arc;

use postrider_model::automation::DisabledReason;
use postrider_model::delivery::Next;
use postrider_model::{AccountId, ActionId, DeliveryStatus};
use postrider_storage::{Change, DisableAction, Finished, Recorded};

use crate::engine::Engine;
use crate::observe::{RecordedResults, Subject};

/// Handles the consequences of recorded results. `subjects` and `recorded` hold one item for each of
/// `finished`, in the same order.
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
            tracing::warn!(delivery = %finished.key.delivery, ?recorded, "ignored a late result");
        } else if let Some(target) = gone_target(finished, subject) {
            let item = (finished.key.account, finished.action, target.to_owned());
            if !gone.contains(&item) {
                gone.push(item);
            }
        }
    }
    if !gone.is_empty() {
        let job = switch_off(Arc::clone(engine), gone);
        if !engine.jobs().start(job) {
            tracing::error!("shutting down: actions whose receivers responded 410 Gone stay enabled");
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

/// The target of the last attempt, if it failed and the receiver wants no more deliveries. While attempts are
/// left, a receiver that is gone may still come back.
fn gone_target<'a>(finished: &'a Finished, subject: &Subject) -> Option<&'a str> {
    match &finished.change {
        Change::Attempted { attempt, next, .. }
            if subject.gone && *next == Next::Settle(DeliveryStatus::Failed) =>
        {
            Some(attempt.exchange.target())
        }
        Change::Attempted { .. } | Change::Canceled { .. } => None,
    }
}

async fn switch_off(engine: Arc<Engine>, gone: Vec<(AccountId, ActionId, String)>) {
    for (account, action, target) in gone {
        let configuration = engine.configuration();
        let disable = DisableAction {
            action,
            target,
            reason: DisabledReason::Gone,
        };
        let disabled = configuration.disable_action(account, disable);
        match disabled.await {
            Ok(true) => {
                tracing::info!(%account, %action, "disabled an action: its receiver responded 410 Gone");
            }
            // Somebody else disabled, deleted or redirected it first.
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%account, %action, %error, "could not disable an action whose receiver responded 410 Gone")
            }
        }
    }
}
