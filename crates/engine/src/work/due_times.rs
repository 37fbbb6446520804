//! Judges due times again: after a start, and when another node has ended.
//!
//! A due time is a time of the clock that made it. If that clock was ahead and was set right since, the
//! delivery would wait for longer than its schedule says. No due time may therefore be later than now and the
//! delay that led to it: that of the schedule or, after a 429 or 503, the one that the receiver asked for. A
//! process need not do this while it runs, because its clock never goes back. A first attempt may be as late as
//! its event asks ([`postrider_model::Event::deliver_at`]).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::schedule::RETRY_AFTER_MAX;
use postrider_model::{Exchange, Schedule, Timestamp};
use postrider_storage::{Changed, DueAhead, DueEarlier, StoreResult};

use crate::engine::Engine;

/// Deliveries judged in one step.
const STEP: usize = 1000;

/// The pause between steps, which leaves the store free for other work.
const STEP_PAUSE: Duration = Duration::from_millis(15);

/// How often a step is tried while the store is unavailable, and the pause between the tries.
const TRIES_MAX: u32 = 60;
const RETRY: Duration = Duration::from_secs(1);

/// A due time is brought forward only if it is later than expected by more than this, because the clocks of
/// nodes differ a little.
const SLACK: Duration = Duration::from_secs(1);

/// After this time every node knows of a deletion, and none sends what it was to cancel.
const KNOWN_AFTER: Duration = Duration::from_secs(2);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    loop {
        engine.judge_woken().await;
        judge(&engine).await;
    }
}

/// Judges the due times of all waiting deliveries once.
async fn judge(engine: &Arc<Engine>) {
    let mut after = None;
    let mut brought_forward = 0;
    let mut failures = 0;
    while !engine.is_stopping() {
        match step(engine, &mut after).await {
            Ok(count) => {
                failures = 0;
                brought_forward += count;
                if count > 0 {
                    engine.rescan_soon();
                }
                if after.is_none() {
                    break;
                }
                tokio::time::sleep(STEP_PAUSE).await;
            }
            Err(error) => {
                failures += 1;
                if failures == TRIES_MAX {
                    tracing::warn!(%error, "could not judge due times");
                    return;
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    if brought_forward > 0 {
        tracing::warn!(
            deliveries = brought_forward,
            "a clock was ahead and has been set back; brought the retries forward that it had scheduled"
        );
    }
}

/// Judges the deliveries behind `after`, and sets it to the last of them, or to `None` at the end.
async fn step(engine: &Engine, after: &mut Option<DueAhead>) -> StoreResult<usize> {
    let store = engine.store();
    let before = store.clock(engine.clock().now()).await?.now;
    let found = store.due_ahead(before, *after, STEP).await?;
    // Read after the deliveries, so that no attempt has ended later.
    let now = store.clock(engine.clock().now()).await?.now;
    let mut earlier = Vec::new();
    let mut read_again = HashSet::new();
    for delivery in &found {
        let account = delivery.key.account;
        if judged(engine, delivery, now).await?.is_none() {
            continue;
        }
        // Before a retry is sent early: the configuration in memory may be older than the delivery.
        if read_again.insert(account) {
            let changed = [Changed::Account(account)];
            engine.configuration().changed_elsewhere(Some(&changed)).await?;
        }
        earlier.extend(judged(engine, delivery, now).await?);
    }
    let count = store.bring_forward(earlier).await?;
    *after = found.last().copied().filter(|_| found.len() == STEP);
    Ok(count)
}

/// The due time that this delivery should have, if it is earlier.
async fn judged(engine: &Engine, delivery: &DueAhead, now: Timestamp) -> StoreResult<Option<DueEarlier>> {
    let Some(delay) = delay_of(engine, delivery, now).await? else {
        return Ok(None);
    };
    let latest = now.after(delay);
    Ok((delivery.due > latest.after(SLACK)).then_some(DueEarlier {
        key: delivery.key,
        due: delivery.due,
        earlier: latest,
    }))
}

/// The longest delay that can have led to the due time; `None` if that is not known.
async fn delay_of(engine: &Engine, delivery: &DueAhead, now: Timestamp) -> StoreResult<Option<Duration>> {
    let entry = engine.configuration().entry(delivery.key.account).await?;
    let automation = entry.as_deref().and_then(|entry| {
        let automation = entry.automation(delivery.automation)?;
        Some((entry, automation))
    });
    let Some((entry, automation)) = automation else {
        // The automation was deleted: the next turn cancels the delivery.
        return Ok(Some(KNOWN_AFTER));
    };
    let schedule = entry.schedule(automation, &engine.settings().retry_delays);
    let Some(delay) = scheduled_delay(delivery, schedule, now) else {
        return Ok(None);
    };
    let may_have_asked = matches!(delivery.last_status_code, Some(429 | 503));
    if may_have_asked && delivery.due > now.after(delay) {
        return Ok(Some(delay.max(asked_delay(engine, delivery).await?)));
    }
    Ok(Some(delay))
}

/// The delay of the schedule that led to the due time. `None` if the schedule was shortened since: its former
/// delay is not known.
fn scheduled_delay(delivery: &DueAhead, schedule: &Schedule, now: Timestamp) -> Option<Duration> {
    let progress = delivery.progress;
    let scheduled = progress.attempts - progress.resends;
    if progress.resend_of.is_some() {
        return Some(Duration::ZERO);
    }
    if scheduled == 0 {
        return Some(delivery.deliver_at.map_or(Duration::ZERO, |at| at.since(now)));
    }
    schedule.delay_after(scheduled, None)
}

/// The delay that the receiver asked for in its last response, from which the due time counts.
async fn asked_delay(engine: &Engine, delivery: &DueAhead) -> StoreResult<Duration> {
    let record = engine.store().record(delivery.key).await?;
    let last = record.and_then(|record| record.attempts.into_iter().max_by_key(|attempt| attempt.number));
    let asked = last.and_then(|last| {
        let asked = retry_after(&last.exchange)?;
        // A date counts from the response, by the clock of that moment.
        let until_due = delivery.due.since(last.started_at.after(last.duration));
        Some(asked.parse().map_or(until_due, Duration::from_secs))
    });
    Ok(asked.unwrap_or_default().min(RETRY_AFTER_MAX))
}

/// How long the receiver asked to wait, as it wrote it.
fn retry_after(exchange: &Exchange) -> Option<&str> {
    let Exchange::Http(exchange) = exchange else {
        return None;
    };
    let headers = &exchange.response.as_ref()?.headers;
    let found = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    found.map(|(_, value)| value.trim())
}
