//! Follows changes of rate limits for lanes that wait, and reserves slots of limits on a shared store.
//!
//! A lane that waits for its limit starts nothing that would notice a change, so this task compares its limit
//! with the configuration. One call of the store reserves slots for all lanes that want some.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{ActionId, RateLimit};
use postrider_storage::{ReserveSlots, StoreResult};

use crate::engine::Engine;
use crate::pace::RESERVED_AHEAD;
use crate::pace::limit::{block, tolerance};

/// The longest time between two looks: a change takes effect within a second, and slots are reserved before
/// the last ones are used.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The shortest time between two looks, so that lanes that begin to wait share a call of the store.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Most lanes in one call of the store.
const RESERVED_MAX: usize = 1_000;

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut has_failed = false;
    loop {
        tokio::time::sleep(LOOK_PAUSE).await;
        tokio::select! {
            biased;
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = engine.limits_woken() => {}
        }
        match look(&engine).await {
            Ok(()) => has_failed = false,
            Err(error) if !has_failed => {
                tracing::warn!(%error, "could not follow rate limits; retrying");
                has_failed = true;
            }
            Err(_) => {}
        }
        engine.start_ready();
    }
}

async fn look(engine: &Engine) -> StoreResult<()> {
    let limited = engine.lanes().limited();
    for (account, action, known) in limited {
        // An account that cannot be read must not keep the slots from all others.
        let Ok(entry) = engine.configuration().entry(account).await else {
            continue;
        };
        let limit = entry.and_then(|entry| entry.action(action)?.1.rate_limit);
        if limit != Some(known) {
            let now = engine.clock().monotonic();
            engine.lanes().set_limit(action, limit, now);
        }
    }
    let wanted = engine.lanes().slots_wanted(engine.clock().monotonic());
    for wanted in wanted.chunks(RESERVED_MAX) {
        reserve(engine, wanted).await?;
    }
    Ok(())
}

async fn reserve(engine: &Engine, wanted: &[(ActionId, RateLimit, usize)]) -> StoreResult<()> {
    let requests = wanted.iter().map(|(action, limit, held)| ReserveSlots {
        action: *action,
        interval: limit.interval(),
        slots: block(*limit).min(u32::try_from(*held).unwrap_or(u32::MAX)),
        since: tolerance(*limit),
        ahead: RESERVED_AHEAD,
    });
    let requests: Vec<_> = requests.collect();
    let asked_at = engine.clock().monotonic();
    let begins = engine
        .store()
        .reserve_slots(requests.clone(), engine.clock().now())
        .await?;
    let now = engine.clock().monotonic();
    let mut lanes = engine.lanes();
    for ((request, (action, limit, _)), begin) in requests.iter().zip(wanted).zip(begins) {
        if let Some(begin) = begin {
            // The store's clock was read between the call and its reply. Slots that lie within the block
            // whenever it was read are certainly not those of another node.
            let end = asked_at + begin + request.interval * request.slots;
            let (begin, end) = (now + begin, end.saturating_sub(request.since));
            lanes.reserved(*action, *limit, begin.saturating_sub(request.since), end, now);
        }
    }
    Ok(())
}
