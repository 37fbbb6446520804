//! Adds what was counted to the store, every few seconds and on a stop.
//!
//! What could not be written stays in memory and is added later; see [`crate::statistics`] for how much of it
//! there can be. Where the connection breaks after the commit, the same is added twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::Figures;

/// How often: what a crash loses of the figures, and how far the other nodes' figures are behind.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Runs until the other end of `stopped` is dropped; by then everything that happened has to be counted.
pub async fn run(figures: Arc<Figures>, mut stopped: oneshot::Receiver<()>) {
    loop {
        let is_last = tokio::select! {
            () = sleep(FLUSH_EVERY) => false,
            _ = &mut stopped => true,
        };
        write(&figures).await;
        if is_last {
            return;
        }
    }
}

/// Writes what there is, until the store refuses.
async fn write(figures: &Figures) {
    let statistics = &figures.statistics;
    while let Some(batch) = statistics.give() {
        let added = figures.store.add_statistics(batch.counts, batch.latencies).await;
        statistics.given(added.is_ok());
        if let Err(error) = added {
            tracing::warn!(%error, "statistics could not be written; trying again");
            return;
        }
    }
}
