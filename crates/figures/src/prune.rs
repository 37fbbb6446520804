//! Removes old figures, in steps with pauses between them. They age by the confirmed time, as events do.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::StoreResult;
use postrider_storage::rules::confirmed_time::ConfirmedTime;
use postrider_storage::statistics::TimeStep;

use crate::Figures;

/// Rows removed in one step: a few milliseconds of the store's writer, during which acceptance waits.
const STEP_ROWS: usize = 500;

/// The pause between steps, which leaves the writer free for acceptance.
const STEP_PAUSE: Duration = Duration::from_millis(15);

/// The pause once nothing is left to remove.
const IDLE_PAUSE: Duration = Duration::from_secs(60);

/// How long sums by the minute are kept: twice the longest range that is shown from them.
pub(crate) const MINUTES_KEPT: Duration = Duration::from_secs(2 * 24 * 3600);

/// How long sums by the hour are kept at least, whatever the retention: a month is shown from them, in steps
/// of half a day.
const HOURS_KEPT: Duration = Duration::from_secs(32 * 24 * 3600);

impl Figures {
    /// How long sums by the hour are kept.
    pub(crate) fn hours_kept(&self) -> Duration {
        HOURS_KEPT.max(self.retention)
    }
}

/// Runs until it is aborted.
pub async fn run(figures: Arc<Figures>) {
    let mut time = ConfirmedTime::default();
    loop {
        let pause = match prune(&figures, &mut time).await {
            Ok(true) => STEP_PAUSE,
            Ok(false) => IDLE_PAUSE,
            Err(error) => {
                tracing::warn!(%error, "could not delete old statistics");
                IDLE_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Removes one step of old figures. Returns whether there may be more to remove.
async fn prune(figures: &Figures, time: &mut ConfirmedTime) -> StoreResult<bool> {
    let clock = figures.store.clock(figures.clock.wall()).await?;
    let now = time.read(clock, figures.clock.monotonic()).at;
    let mut removed = 0;
    for (step, kept) in [
        (TimeStep::Minute, MINUTES_KEPT),
        (TimeStep::Hour, figures.hours_kept()),
    ] {
        removed += figures
            .store
            .prune_statistics(step, now.before(kept), STEP_ROWS)
            .await?;
    }
    Ok(removed > 0)
}
