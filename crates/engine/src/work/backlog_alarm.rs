//! Announces a high backlog in the account `system`: the oldest due delivery has waited for too long.
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

/// How often a node looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often an announcement is repeated while the backlog lasts.
const REPEATED_EVERY: Duration = Duration::from_secs(3_600);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = look(&engine).await {
            tracing::warn!(%error, "could not look at the backlog");
        }
    }
}

async fn look(engine: &Engine) -> StoreResult<()> {
    let now = engine.clock().now();
    let backlog = engine.store().backlog(now).await?;
    let alarm = engine.settings().backlog_alarm;
    let Some(oldest) = backlog.oldest_due.filter(|due| now >= due.after(alarm)) else {
        return Ok(());
    };
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
