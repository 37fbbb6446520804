//! Removes events older than the retention period, and what deleted accounts left behind, in steps with
//! pauses between them.
//!
//! Events age by the confirmed time ([`postrider_storage::rules::confirmed_time`]): a clock that is wrong for
//! a while, this node's or the database server's, prunes nothing before its time.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::Timestamp;
use postrider_storage::rules::confirmed_time::{CATCH_UP, ConfirmedTime, News};
use postrider_storage::{Pruned, StoreClock, StoreResult};

use crate::engine::Engine;

/// Rows removed in one step: as many as one batch of acceptance writes, so that a step delays the next commit
/// no more than a busy moment does.
const STEP_ROWS: usize = 500;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(15);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(60);

/// How far the confirmed time moves on before the store keeps it. After a crash, so much is confirmed again
/// within seconds.
const KEPT_EVERY: Duration = Duration::from_secs(5 * 60);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut time = Time::default();
    let mut has_failed = false;
    loop {
        let pause = match step(&engine, &mut time).await {
            Ok(pruned) => {
                metrics::counter!("postrider_events_pruned_total").increment(pruned.events as u64);
                // Log once per pass: a pass has many steps, and each may fail for the same reason.
                if let Some(error) = pruned.failure
                    && !std::mem::replace(&mut has_failed, true)
                {
                    tracing::warn!(%error, "could not delete all expired events");
                }
                if pruned.more {
                    STEP_PAUSE
                } else {
                    has_failed = false;
                    IDLE_PAUSE
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not delete expired events");
                IDLE_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn step(engine: &Engine, time: &mut Time) -> StoreResult<Pruned> {
    let clock = engine.store().clock(engine.clock().wall()).await?;
    let now = time.read(engine, clock).await?;
    let before = now.before(engine.settings().retention);
    engine.store().prune(before, STEP_ROWS).await
}

/// The confirmed time, and what the store keeps of it.
#[derive(Default)]
struct Time {
    confirmed: ConfirmedTime,
    kept: Option<Timestamp>,
}

impl Time {
    /// Reads the confirmed time, and has the store keep it now and then.
    async fn read(&mut self, engine: &Engine, clock: StoreClock) -> StoreResult<Timestamp> {
        let read = self.confirmed.read(clock, engine.clock().monotonic());
        if let Some(news) = read.news {
            log(news);
        }
        // A kept time that is later than the confirmed one would let the next start trust a wrong clock.
        let is_kept = self
            .kept
            .or(clock.confirmed)
            .is_some_and(|kept| kept <= read.at && read.at.since(kept) < KEPT_EVERY);
        if !is_kept {
            engine.store().confirm_time(read.at).await?;
            self.kept = Some(read.at);
        }
        Ok(read.at)
    }
}

fn log(news: News) {
    match news {
        News::Ahead {
            by,
            is_from_before: false,
        } => tracing::error!(
            seconds = by.as_secs(),
            "the clock jumped ahead; until it is set right, an hour of real time lets events age by at most \
             {CATCH_UP} hours"
        ),
        News::Ahead { by, .. } => tracing::warn!(
            seconds = by.as_secs(),
            "the clock is far ahead of the time when a node last ran; events age by at most {CATCH_UP} hours an \
             hour until they have caught up"
        ),
        News::CaughtUp => tracing::info!("events age by the clock again"),
    }
}
