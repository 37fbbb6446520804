//! Looks at the whole installation: its backlog, its unhealthy actions, its nodes. Sets the metrics, logs
//! when the backlog becomes high and when it no longer is, and announces a high backlog in the account
//! `system`: the oldest due delivery has waited for too long.
//!
//! Every node looks. The idempotency key of the event names the hour, so that one of them announces it, and
//! once an hour while the backlog lasts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_model::{OperationalType, SYSTEM_ACCOUNT, Timestamp};
use postrider_storage::StoreResult;
use postrider_storage::statistics::Backlog;
use serde_json::json;

use crate::accept::Submission;
use crate::engine::Engine;

/// How often a node looks. The store takes up to 30 ms for it with 100,000 deliveries that wait.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// How often it announces a high backlog, if the event of the hour does not exist yet.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(60);

/// How often an announcement is repeated while the backlog lasts.
const REPEATED_EVERY: Duration = Duration::from_secs(3_600);

/// Unhealthy actions that are counted at most, so that a look costs the same however many there are.
const UNHEALTHY_COUNTED_MAX: usize = 1_000;

/// What the node knows from its last look.
#[derive(Default)]
struct Watch {
    /// Whether the last look failed.
    is_blind: bool,
    is_high: bool,
    /// When to announce it next, on the monotonic clock.
    announce_at: Duration,
}

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut watch = Watch::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let looked = look(&engine, &mut watch).await;
        if let Err(error) = &looked
            && !watch.is_blind
        {
            tracing::warn!(%error, "could not look at the backlog; retrying");
        }
        watch.is_blind = looked.is_err();
    }
}

async fn look(engine: &Engine, watch: &mut Watch) -> StoreResult<()> {
    let now = engine.clock().now();
    let backlog = engine.store().backlog(now).await?;
    let meters = &engine.meters().installation;
    let due_for = backlog.oldest_due.map(|due| now.since(due)).unwrap_or_default();
    // Exact: bounded by BACKLOG_COUNTED_MAX.
    meters.pending.set(backlog.pending as f64);
    meters.oldest_due_seconds.set(due_for.as_secs_f64());
    count_unhealthy(engine).await?;
    let sessions = engine.store().sessions(now).await?;
    meters.nodes.set(sessions.len() as f64);
    let oldest = backlog
        .oldest_due
        .filter(|_| due_for >= engine.settings().backlog_alarm);
    log_change(watch, oldest.is_some(), &backlog, due_for);
    let Some(oldest) = oldest else {
        return Ok(());
    };
    let monotonic = engine.clock().monotonic();
    if monotonic < watch.announce_at {
        return Ok(());
    }
    watch.announce_at = monotonic + ANNOUNCE_EVERY;
    let Some(system) = engine.configuration().entry(SYSTEM_ACCOUNT).await? else {
        return Ok(());
    };
    let announced = engine
        .accept_operational(system, announcement(&backlog, oldest, now))
        .await;
    if let Err(error) = announced {
        tracing::warn!(%error, "could not announce that the backlog is high");
    }
    Ok(())
}

async fn count_unhealthy(engine: &Engine) -> StoreResult<()> {
    let unhealthy = engine.store().unhealthy_actions(UNHEALTHY_COUNTED_MAX).await?;
    let disabled = unhealthy
        .iter()
        .filter(|action| action.health.disabled_at.is_some())
        .count();
    let meters = &engine.meters().installation;
    meters.disabled.set(disabled as f64);
    meters.failing.set((unhealthy.len() - disabled) as f64);
    Ok(())
}

fn log_change(watch: &mut Watch, is_high: bool, backlog: &Backlog, due_for: Duration) {
    let was_high = std::mem::replace(&mut watch.is_high, is_high);
    if is_high && !was_high {
        tracing::warn!(
            pending = backlog.pending,
            oldest_due_s = due_for.as_secs(),
            "the backlog is high"
        );
    }
    if was_high && !is_high {
        tracing::info!(pending = backlog.pending, "the backlog is no longer high");
    }
}

fn announcement(backlog: &Backlog, oldest: Timestamp, now: Timestamp) -> Submission {
    let data = json!({
        "pending": backlog.pending,
        "is_more": backlog.is_more,
        "oldest_due_at": oldest,
    });
    let every_ms = i64::try_from(REPEATED_EVERY.as_millis()).unwrap_or(i64::MAX);
    let nth = now.unix_ms().div_euclid(every_ms);
    Submission {
        idempotency_key: Some(format!("postrider.backlog.high/{nth}")),
        ..Submission::new(OperationalType::BacklogHigh.name(), Bytes::from(data.to_string()))
    }
}
