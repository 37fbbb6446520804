//! What [`crate::replay`], [`crate::cancel`] and [`crate::missed`] share: each goes through all deliveries (or
//! events) that match a filter, in bounded steps, once at a time for each account, and counts them beforehand.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AccountId, Clock};
use postrider_storage::{CountStep, Position, StoreError, StoreResult};
use tokio::sync::watch;

/// How many deliveries a replay would make due, or a request to cancel would cancel; or how many missed events
/// would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCount {
    /// Deliveries or events that it concerns, of all that were examined.
    pub matching: u64,
    /// Whether all were examined within the time.
    pub is_all: bool,
}

impl DeliveryCount {
    /// There are none.
    pub(crate) const NONE: Self = Self {
        matching: 0,
        is_all: true,
    };
}

/// The progress of a replay, of a request to cancel, or of sending missed events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkProgress {
    /// Deliveries made due, or canceled, or missed events sent, so far.
    pub done: u64,
    /// How it ended; `None` while it runs. After an error, what was done so far stays done.
    pub result: Option<StoreResult<()>>,
}

/// Waits until a job has ended. Returns how many deliveries it concerned.
pub(crate) async fn ended(mut progress: watch::Receiver<BulkProgress>) -> StoreResult<u64> {
    let result = progress.wait_for(|progress| progress.result.is_some()).await;
    let result = result.map_err(|_| StoreError::Internal("a bulk job panicked".to_owned()))?;
    match &result.result {
        Some(Err(error)) => Err(error.clone()),
        _ => Ok(result.done),
    }
}

/// The accounts for which a job of one kind runs.
#[derive(Debug, Default)]
pub(crate) struct OnePerAccount(Mutex<HashSet<AccountId>>);

impl OnePerAccount {
    /// Begins a job; `None` while another one of the account runs.
    pub(crate) fn begin(self: &Arc<Self>, account: AccountId) -> Option<Running> {
        self.0.lock().insert(account).then(|| Running {
            jobs: Arc::clone(self),
            account,
        })
    }
}

/// A running job; dropping it ends it.
pub(crate) struct Running {
    jobs: Arc<OnePerAccount>,
    account: AccountId,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.jobs.0.lock().remove(&self.account);
    }
}

/// A count under way.
pub(crate) struct Counting {
    /// What was counted so far.
    pub(crate) count: DeliveryCount,
    /// When it ends, on the monotonic clock.
    ends: Duration,
}

impl Counting {
    /// Begins a count that takes about `time` at most.
    pub(crate) fn begin(clock: &dyn Clock, time: Duration) -> Self {
        Self {
            count: DeliveryCount::NONE,
            ends: clock.monotonic() + time,
        }
    }

    /// Adds a step. Returns where the next one begins, if there is one within the time.
    pub(crate) fn add(&mut self, clock: &dyn Clock, step: CountStep) -> Option<Position> {
        self.count.matching += step.matching as u64;
        let next = step.next?;
        self.count.is_all = clock.monotonic() < self.ends;
        self.count.is_all.then_some(next)
    }
}

/// The error of a job that the stop of the node ended.
pub(crate) fn stopping() -> StoreError {
    StoreError::Unavailable("the node stops".to_owned())
}
