//! Starts deliveries whose lanes had to pause, when their time has come.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;

/// The longest sleep. A new timer wakes the task; this bound makes up for a wake-up that was missed.
const NAP_MAX: Duration = Duration::from_secs(1);

/// Runs until it is aborted.
pub async fn run(engine: Arc<Engine>) {
    loop {
        let next = engine.lanes().next_timer();
        let now = engine.clock().monotonic();
        let nap = next.map_or(NAP_MAX, |at| at.saturating_sub(now).min(NAP_MAX));
        tokio::select! {
            biased;
            () = tokio::time::sleep(nap) => {}
            () = engine.starts_woken() => continue,
        }
        engine.start_ready();
    }
}
