//! Events that wait for the step that stores them, in turns by account.
//!
//! A step is bounded in rows and bytes, because everybody's next event waits for the step under way. Whatever
//! one account submits, the event of another is stored with the next step: accounts take turns, and small
//! jobs go first. An account's small jobs overtake its large ones, so that its own batches do not delay its
//! single events either.
//!
//! Large jobs alone fill a step. While small ones arrive as well, the steps are *shared*: every other step
//! is for small jobs alone, and the others hold few large ones, so that no step takes long.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::AccountId;
use postrider_storage::StoreError;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::append::AppendJob;
use super::record::RESULTS_MAX;
use crate::accept::AcceptError;

/// The cost ([`super::append::cost_of`]) from which on a step accepts no further job. A row, of an event or a
/// delivery, takes some 8 µs of the store's time together with its results.
const STEP_COST_MAX: usize = 1_000;

/// The cost of large jobs in a shared step.
const SHARED_COST_MAX: usize = 192;

/// Results in a shared step; each takes about as long as a row.
const SHARED_RESULTS_MAX: usize = 192;

/// For how many steps after the last small job that met a large one the steps are shared: some 200 ms.
const SHARED_STEPS: u32 = 64;

/// The cost of a small job at most: one event with a few actions.
const SMALL_COST_MAX: usize = 16;

/// The cost of a job at most, so that it fits into a shared step; a job of a single event may cost more.
pub const JOB_COST_MAX: usize = 128;

/// The cost of all jobs that wait: a second of the store's time, and at most 512 MiB of `data`. Beyond that,
/// producers get [`StoreError::Busy`] instead of a longer wait.
const QUEUE_COST_MAX: usize = 131_072;

/// For how long jobs may wait while the store takes none. Beyond that it does not respond, and further
/// producers get [`StoreError::Busy`] at once instead of waiting with the others. A slow sync takes less.
const STALL_MAX: Duration = Duration::from_secs(5);

/// The queue.
#[derive(Debug, Default)]
pub struct AppendQueue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    accounts: HashMap<AccountId, AccountJobs>,
    /// The turns of accounts with small jobs, and of accounts with large ones.
    small: VecDeque<AccountId>,
    large: VecDeque<AccountId>,
    jobs: usize,
    cost: usize,
    /// Since when jobs wait without a step that takes any.
    waiting_since: Option<Instant>,
    /// The number of further steps that are shared.
    shared_steps: u32,
    /// Whether the last step held large jobs.
    had_large: bool,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct AccountJobs {
    small: VecDeque<AppendJob>,
    large: VecDeque<AppendJob>,
    cost: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

impl AppendQueue {
    /// Adds a job. A job that `continues` an earlier one, of which a part is stored already, is accepted
    /// however many wait: each request has few of them.
    ///
    /// The jobs of an account may cost as much as is free (the dynamic threshold of
    /// [`crate::window`]), so that there is always room for the next account.
    pub fn push(&self, job: AppendJob, continues: bool) -> Result<(), AcceptError> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(AcceptError::Stopping);
        }
        let now = Instant::now();
        if !continues && waiting.is_stalled(now) {
            return Err(AcceptError::Store(StoreError::Busy));
        }
        let free = QUEUE_COST_MAX.saturating_sub(waiting.cost);
        let (account, cost) = (job.account, job.cost());
        let used = waiting.accounts.get(&account).map_or(0, |jobs| jobs.cost);
        if !continues && used >= free {
            return Err(AcceptError::Store(StoreError::Busy));
        }
        let jobs = waiting.accounts.entry(account).or_default();
        jobs.cost += cost;
        let (size, queue) = match cost <= SMALL_COST_MAX {
            true => (Size::Small, &mut jobs.small),
            false => (Size::Large, &mut jobs.large),
        };
        queue.push_back(job);
        let is_first = queue.len() == 1;
        if is_first {
            waiting.turns(size).push_back(account);
        }
        waiting.cost += cost;
        waiting.jobs += 1;
        if waiting.jobs == 1 {
            waiting.waiting_since = Some(now);
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// What it costs to store the jobs that wait, in rows.
    pub fn cost(&self) -> usize {
        self.waiting.lock().cost
    }

    /// Waits until jobs wait. Returns false once there are none and will be none. For one task only.
    pub async fn wait(&self) -> bool {
        loop {
            {
                let waiting = self.waiting.lock();
                if waiting.jobs > 0 || waiting.is_closed {
                    return waiting.jobs > 0;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// Takes the jobs of one step: at least one if any wait.
    pub fn take_step(&self) -> Vec<AppendJob> {
        let mut waiting = self.waiting.lock();
        let mut step = Step::default();
        let both_wait = !waiting.small.is_empty() && !waiting.large.is_empty();
        waiting.shared_steps = match both_wait {
            true => SHARED_STEPS,
            false => waiting.shared_steps.saturating_sub(1),
        };
        if !both_wait || !waiting.had_large {
            let most = match waiting.shared_steps > 0 {
                true => SHARED_COST_MAX,
                false => STEP_COST_MAX,
            };
            waiting.fill(&mut step, Size::Large, most);
        }
        waiting.had_large = step.has_large;
        waiting.fill(&mut step, Size::Small, STEP_COST_MAX);
        waiting.waiting_since = (waiting.jobs > 0).then(Instant::now);
        step.jobs
    }

    /// The most results of attempts in a step.
    pub fn results_max(&self) -> usize {
        match self.waiting.lock().shared_steps > 0 {
            true => SHARED_RESULTS_MAX,
            false => RESULTS_MAX,
        }
    }

    /// Accepts no further job. Those that wait stay.
    pub fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.arrived.notify_one();
    }
}

/// The jobs taken for a step.
#[derive(Debug, Default)]
struct Step {
    jobs: Vec<AppendJob>,
    cost: usize,
    has_large: bool,
}

impl Waiting {
    fn is_stalled(&self, now: Instant) -> bool {
        let since = self.waiting_since;
        since.is_some_and(|since| now.saturating_duration_since(since) > STALL_MAX)
    }

    fn turns(&mut self, size: Size) -> &mut VecDeque<AccountId> {
        match size {
            Size::Small => &mut self.small,
            Size::Large => &mut self.large,
        }
    }

    /// Moves jobs of this size into the step, one of each account in turn, while the step costs less than
    /// `cost_max`. A job that would exceed that waits for another step, except the first of its size: it may
    /// cost more than any step, and neither size may keep the other waiting forever.
    fn fill(&mut self, step: &mut Step, size: Size, cost_max: usize) {
        let mut is_first = true;
        while is_first || step.cost < cost_max {
            let Some(&account) = self.turns(size).front() else {
                return;
            };
            let Some(jobs) = self.accounts.get_mut(&account) else {
                self.turns(size).pop_front();
                continue;
            };
            let queue = match size {
                Size::Small => &mut jobs.small,
                Size::Large => &mut jobs.large,
            };
            let fits = |job: &mut AppendJob| is_first || step.cost + job.cost() <= cost_max;
            let Some(job) = queue.pop_front_if(fits) else {
                return;
            };
            let has_more = !queue.is_empty();
            jobs.cost -= job.cost();
            if jobs.cost == 0 {
                self.accounts.remove(&account);
            }
            let turns = self.turns(size);
            turns.pop_front();
            if has_more {
                turns.push_back(account);
            }
            self.cost -= job.cost();
            self.jobs -= 1;
            step.cost += job.cost();
            step.has_large |= size == Size::Large;
            step.jobs.push(job);
            is_first = false;
        }
    }
}

#[cfg(test)]
mod tests;
