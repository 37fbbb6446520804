//! Rescans: looking for lanes with waiting deliveries that this node does not know of.
//!
//! On a shared store another node may have failed, and only that node may have known of a retry. The other
//! nodes rescan every second to keep its schedule. A rescan of everything costs too much for that while
//! PostgreSQL cannot remove dead rows, because somebody holds an old snapshot: it walks over all deliveries
//! that have waited since. Between two such rescans, the node therefore looks only for what can be new: a
//! delivery that another node makes due now, or later, has a due time after the last look, but for
//! [`SEEN_LATE_MAX`]. Lanes know of what was there before.
//!
//! A whole rescan finds the rest: deliveries of a replay, which are due at its beginning, and those of a node
//! whose clock is further behind.

use std::time::Duration;

use postrider_model::Timestamp;
use postrider_storage::StoreError;
use tokio::time::Instant;

use super::RETRY;
use crate::engine::Engine;

/// Lanes read at once.
const PAGE: usize = 1_000;

/// The shortest pause between two rescans of a shared store.
const SHARED_PAUSE_MIN: Duration = Duration::from_secs(1);

/// The pause after a rescan of a shared store, as a multiple of its duration. A rescan takes one step in an
/// index for each waiting action; with this pause, rescans of many actions take a twentieth of the time, not
/// all of it.
const SHARED_PAUSE_PER_LOOK: u32 = 20;

/// How long after its due time a delivery of another node may become visible: a verb takes 20 s at most, and
/// the clocks of two nodes differ by less than the rest.
const SEEN_LATE_MAX: Duration = Duration::from_secs(30);

/// When to rescan, and from which due time on.
pub(super) struct Rescans {
    /// The lanes know of all earlier due times; `None` before the first rescan.
    known_before: Option<Timestamp>,
    next: Instant,
    /// When to rescan everything again.
    whole_next: Instant,
}

impl Rescans {
    /// Begins with a rescan of everything, at once.
    pub(super) fn new() -> Self {
        Self {
            known_before: None,
            next: Instant::now(),
            whole_next: Instant::now(),
        }
    }

    /// When to call [`Self::run`].
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Rescans everything, at once: the lanes may have lost what they knew.
    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }

    /// Rescans once.
    pub(super) async fn run(&mut self, engine: &Engine) {
        let (began, began_at) = (Instant::now(), engine.clock().now());
        let since = self.known_before.filter(|_| began < self.whole_next);
        let result = rescan(engine, since.unwrap_or(Timestamp::EPOCH)).await;
        let pause = pause(engine, began.elapsed());
        if since.is_none() {
            // Also after an error: a whole rescan may take longer than a statement may.
            self.whole_next = Instant::now() + pause;
        }
        self.next = match result {
            Ok(()) => {
                self.known_before = Some(began_at.before(SEEN_LATE_MAX));
                match since {
                    None if engine.store().is_shared() => Instant::now() + SHARED_PAUSE_MIN.min(pause),
                    _ => Instant::now() + pause,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not read waiting deliveries; retrying");
                Instant::now() + RETRY
            }
        };
    }
}

/// How long to wait before the next rescan of the same kind, after one that took `took`.
fn pause(engine: &Engine, took: Duration) -> Duration {
    let longest = engine.settings().rescan;
    if engine.store().is_shared() {
        (took * SHARED_PAUSE_PER_LOOK).max(SHARED_PAUSE_MIN).min(longest)
    } else {
        longest
    }
}

/// Tells the lanes of all deliveries that wait in the store and are due at `since` or later.
async fn rescan(engine: &Engine, since: Timestamp) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let found = engine.store().waiting_lanes(since, after, PAGE).await?;
        let now = engine.clock().now();
        {
            let mut lanes = engine.lanes();
            for lane in &found {
                lanes.waits(lane.account, lane.action, lane.next_due, now);
            }
        }
        match found.last() {
            Some(last) if found.len() == PAGE => after = Some(last.action),
            _ => return Ok(()),
        }
    }
}
