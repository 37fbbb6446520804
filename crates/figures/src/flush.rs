//! Adds the counted sums to the store, every few seconds and on a stop.
//!
//! Sums that could not be written stay in memory and are added later; [`crate::statistics`] limits how many
//! there can be. If the connection breaks after the commit, the same sums are added twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::Figures;

/// The interval between writes. A crash loses the figures of this time, and other nodes' figures lag behind
/// by as much.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Runs until the other end of `stopped` is dropped; everything that happened must be counted by then.
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

/// Writes all sums, or stops at the store's first error.
async fn write(figures: &Figures) {
    let statistics = &figures.statistics;
    while let Some(batch) = statistics.begin_write() {
        let added = figures.store.add_statistics(batch.counts, batch.latencies).await;
        statistics.end_write(added.is_ok());
        if let Err(error) = added {
            tracing::warn!(%error, "could not write statistics; retrying");
            return;
        }
    }
}
