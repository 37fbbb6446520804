//! What [`crate::replay`], [`crate::cancel`] and [`crate::missed`] share: each goes through all deliveries
//! (or events) that match a filter, in bounded steps, once at a time for each account, and counts them
//! beforehand.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AccountId, Clock};
use postrider_storage::{CountStep, Position, StoreError, StoreResult};
use tokio::sync::watch;

use crate::engine::Engine;

/// How many deliveries a replay would make due, or a request to cancel would cancel; or how many missed
/// events would be sent.
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

/// Starts a job; `running` says whose. The job goes on if nobody listens to its progress. If the node stops,
/// it ends with an error.
pub(crate) fn start_bulk<F>(
    engine: &Arc<Engine>,
    running: Running,
    job: impl FnOnce(Arc<Engine>, Arc<watch::Sender<BulkProgress>>) -> F,
) -> watch::Receiver<BulkProgress>
where
    F: Future<Output = StoreResult<()>> + Send + 'static,
{
    let (sender, progress) = watch::channel(BulkProgress::default());
    let sender = Arc::new(sender);
    let job = job(Arc::clone(engine), Arc::clone(&sender));
    let end = {
        let sender = Arc::clone(&sender);
        move |result| sender.send_modify(|progress: &mut BulkProgress| progress.result = Some(result))
    };
    let is_started = engine.start_job(async move {
        let result = job.await;
        drop(running);
        end(result);
    });
    if !is_started {
        sender.send_modify(|progress| progress.result = Some(Err(stopping())));
    }
    progress
}

/// Counts in steps, for about `time` at most. `step` counts one, from a position on.
pub(crate) async fn count<E, F>(
    clock: &dyn Clock,
    time: Duration,
    step: impl Fn(Option<Position>) -> F,
) -> Result<DeliveryCount, E>
where
    F: Future<Output = Result<CountStep, E>>,
{
    let ends = clock.monotonic() + time;
    let mut count = DeliveryCount::NONE;
    let mut after = None;
    loop {
        let step = step(after).await?;
        count.matching += step.matching as u64;
        if step.next.is_none() {
            return Ok(count);
        }
        if clock.monotonic() >= ends {
            return Ok(DeliveryCount {
                is_all: false,
                ..count
            });
        }
        after = step.next;
    }
}

/// The error of a job that the stop of the node ended.
pub(crate) fn stopping() -> StoreError {
    StoreError::Unavailable("the node stops".to_owned())
}
