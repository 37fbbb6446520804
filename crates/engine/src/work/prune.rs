//! Removes events older than the retention period, and what deleted accounts left behind, in steps with
//! pauses between them.
//!
//! Events age by the confirmed time ([`postrider_storage::rules::confirmed_time`]): a clock that is wrong for
//! a while, this node's or the database server's, prunes nothing before its time.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::Timestamp;
use postrider_storage::rules::confirmed_time::{CATCH_UP, ConfirmedTime, JUMP_MIN, News};
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

/// For how long this node's time has to be ahead of the system clock before the log asks for a restart, and
/// how often the log repeats that.
const AHEAD_BEARABLE: Duration = Duration::from_secs(10 * 60);
const AHEAD_LOGGED_EVERY: Duration = Duration::from_secs(3600);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    let mut time = Time::default();
    let mut has_failed = false;
    loop {
        let pause = match step(&engine, &mut time).await {
            Ok(pruned) => {
                engine.meters().pruned.increment(pruned.events as u64);
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
    time.ahead.log(
        engine.clock().now().since(engine.clock().wall()),
        engine.clock().monotonic(),
    );
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
    ahead: Ahead,
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
        News::CaughtUp => tracing::info!("the clock by which events age is confirmed again"),
    }
}

/// This node's own time, which never goes back, against the system clock. After the clock was ahead and was
/// set back, new events and retries have times of the future for as long as the node runs.
#[derive(Debug, Default)]
struct Ahead {
    /// When to log it next, on the monotonic clock; `None` while the two agree.
    due: Option<Duration>,
}

impl Ahead {
    /// Logs that the node's time is ahead `by` so much, if it has been so for long.
    fn log(&mut self, by: Duration, monotonic: Duration) {
        if self.is_due(by, monotonic) {
            tracing::error!(
                seconds = by.as_secs(),
                "the system clock was ahead and has been set back; this node's times stay ahead until it is \
                 restarted: restart the node"
            );
        }
    }

    fn is_due(&mut self, by: Duration, monotonic: Duration) -> bool {
        if by < JUMP_MIN {
            self.due = None;
            return false;
        }
        let due = *self.due.get_or_insert(monotonic + AHEAD_BEARABLE);
        if monotonic >= due {
            self.due = Some(monotonic + AHEAD_LOGGED_EVERY);
        }
        monotonic >= due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_asked_for_once_an_hour_while_the_nodes_time_is_far_ahead() {
        let mut ahead = Ahead::default();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let mut logged = Vec::new();
        for minute in 0..200 {
            let by = match minute {
                0..10 => minutes(59),
                10..150 | 155.. => minutes(60),
                _ => Duration::ZERO,
            };
            if ahead.is_due(by, minutes(minute)) {
                logged.push(minute);
            }
        }
        assert_eq!(logged, [20, 80, 140, 165]);
    }
}
