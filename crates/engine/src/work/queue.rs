//! Events that wait for the step that stores them, in turns by account.
//!
//! A step is bounded in rows, because rows are what a commit costs: everybody's next event waits for the step
//! under way. Whatever one account submits, the event of another is stored with the next step: accounts take
//! turns, and small jobs go first. An account's small jobs overtake its large ones, so that its own batches
//! do not delay its single events either.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use postrider_model::AccountId;
use postrider_storage::StoreError;
use tokio::sync::Notify;

use super::append::AppendJob;
use crate::accept::AcceptError;

/// Rows after which a step accepts no further job. A row, of an event or a delivery, takes some 8 µs of the
/// store's time together with its results.
const STEP_ROWS_MAX: usize = 1_000;

/// Rows of small jobs in a step while large ones wait: neither kind can starve the other.
const SMALL_SHARE: usize = STEP_ROWS_MAX / 2;

/// Most rows of a small job: one event with a few actions.
const SMALL_ROWS_MAX: usize = 16;

/// Most rows of a job; a job of a single event may have more.
pub const JOB_ROWS_MAX: usize = STEP_ROWS_MAX / 2;

/// Most rows that wait, about 2 s of the store's time. Beyond that, producers get [`StoreError::Busy`]
/// instead of a longer wait.
const QUEUE_ROWS_MAX: usize = 262_144;

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
    rows: usize,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct AccountJobs {
    small: VecDeque<AppendJob>,
    large: VecDeque<AppendJob>,
    rows: usize,
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
    /// An account may have as many rows in the queue as are free (the dynamic threshold of
    /// [`crate::window`]), so that there is always room for the next account.
    pub fn push(&self, job: AppendJob, continues: bool) -> Result<(), AcceptError> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(AcceptError::Stopping);
        }
        let free = QUEUE_ROWS_MAX.saturating_sub(waiting.rows);
        let jobs = waiting.accounts.entry(job.account).or_default();
        if !continues && jobs.rows >= free {
            return Err(AcceptError::Store(StoreError::Busy));
        }
        let (account, rows) = (job.account, job.rows());
        jobs.rows += rows;
        let (size, queue) = match rows <= SMALL_ROWS_MAX {
            true => (Size::Small, &mut jobs.small),
            false => (Size::Large, &mut jobs.large),
        };
        queue.push_back(job);
        let is_first = queue.len() == 1;
        if is_first {
            waiting.turns(size).push_back(account);
        }
        waiting.rows += rows;
        waiting.jobs += 1;
        if waiting.jobs == 1 {
            self.arrived.notify_one();
        }
        Ok(())
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
        let share = match waiting.large.is_empty() {
            true => STEP_ROWS_MAX,
            false => SMALL_SHARE,
        };
        waiting.fill(&mut step, Size::Small, share);
        waiting.fill(&mut step, Size::Large, STEP_ROWS_MAX);
        waiting.fill(&mut step, Size::Small, STEP_ROWS_MAX);
        step.jobs
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
    rows: usize,
}

impl Waiting {
    fn turns(&mut self, size: Size) -> &mut VecDeque<AccountId> {
        match size {
            Size::Small => &mut self.small,
            Size::Large => &mut self.large,
        }
    }

    /// Moves jobs of this size into the step, one of each account in turn, while the step has fewer than
    /// `rows_max` rows. A job that would exceed that waits, unless it would be the first of the step.
    fn fill(&mut self, step: &mut Step, size: Size, rows_max: usize) {
        while step.rows < rows_max {
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
            let fits = |job: &mut AppendJob| step.jobs.is_empty() || step.rows + job.rows() <= rows_max;
            let Some(job) = queue.pop_front_if(fits) else {
                return;
            };
            let has_more = !queue.is_empty();
            jobs.rows -= job.rows();
            if jobs.rows == 0 {
                self.accounts.remove(&account);
            }
            let turns = self.turns(size);
            turns.pop_front();
            if has_more {
                turns.push_back(account);
            }
            self.rows -= job.rows();
            self.jobs -= 1;
            step.rows += job.rows();
            step.jobs.push(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use postrider_model::Timestamp;
    use tokio::sync::oneshot;

    use super::super::append::test_events::events;
    use super::*;

    const LARGE: usize = JOB_ROWS_MAX;

    fn job(account: u128, rows: usize) -> AppendJob {
        AppendJob {
            account: AccountId::from_u128(account),
            events: events(account, rows),
            now: Timestamp::from_unix_ms(0),
            reply: oneshot::channel().0,
        }
    }

    fn queue_of(jobs: &[(u128, usize)]) -> AppendQueue {
        let queue = AppendQueue::default();
        for (account, rows) in jobs {
            queue.push(job(*account, *rows), false).unwrap();
        }
        queue
    }

    fn step(queue: &AppendQueue) -> Vec<(u128, usize)> {
        let jobs = queue.take_step();
        jobs.iter()
            .map(|job| (job.account.as_u128(), job.rows()))
            .collect()
    }

    #[test]
    fn the_event_of_an_account_is_in_the_next_step_whatever_another_submits() {
        for flood in [1, 16, 17, LARGE] {
            let queue = queue_of(&vec![(1, flood); 4 * STEP_ROWS_MAX / flood]);
            for _ in 0..3 {
                queue.push(job(2, 2), false).unwrap();
                assert!(step(&queue).contains(&(2, 2)), "{flood}");
            }
        }
    }

    #[test]
    fn small_jobs_go_first_and_large_ones_keep_half_of_a_step() {
        let mut jobs = vec![(1, LARGE); 3];
        jobs.extend(vec![(1, 2); 1_000]);
        let queue = queue_of(&jobs);
        let first = step(&queue);
        assert_eq!(first.iter().filter(|job| job.1 == 2).count(), SMALL_SHARE / 2);
        assert_eq!(first.last(), Some(&(1, LARGE)));
    }

    #[test]
    fn large_jobs_take_turns_by_account() {
        let mut jobs = vec![(1, LARGE); 6];
        jobs.push((2, LARGE));
        let queue = queue_of(&jobs);
        assert_eq!(step(&queue), [(1, LARGE), (2, LARGE)]);
    }

    #[test]
    fn a_job_larger_than_a_step_is_a_step_of_its_own() {
        let queue = queue_of(&[(1, STEP_ROWS_MAX + 1), (2, 17)]);
        assert_eq!(step(&queue), [(1, STEP_ROWS_MAX + 1)]);
        assert_eq!(step(&queue), [(2, 17)]);
        assert_eq!(step(&queue), []);
    }

    #[test]
    fn one_account_gets_at_most_half_of_the_queue() {
        let queue = AppendQueue::default();
        let accepted = (0..2 * QUEUE_ROWS_MAX / LARGE)
            .take_while(|_| queue.push(job(1, LARGE), false).is_ok())
            .count();
        assert!((QUEUE_ROWS_MAX / 2..=QUEUE_ROWS_MAX / 2 + LARGE).contains(&(accepted * LARGE)));
        assert_eq!(
            queue.push(job(1, 1), false),
            Err(AcceptError::Store(StoreError::Busy))
        );
        assert_eq!(queue.push(job(1, 1), true), Ok(()));
        assert_eq!(queue.push(job(2, 1), false), Ok(()));
        while !step(&queue).is_empty() {}
        assert!(queue.waiting.lock().accounts.is_empty());
        assert_eq!(queue.push(job(1, 1), false), Ok(()));
    }

    #[tokio::test]
    async fn a_closed_queue_hands_out_what_waits_and_then_ends() {
        let queue = Arc::new(AppendQueue::default());
        let waiter = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.wait().await }
        });
        tokio::task::yield_now().await;
        queue.push(job(1, 1), false).unwrap();
        assert!(waiter.await.unwrap());
        queue.close();
        assert_eq!(queue.push(job(1, 1), true), Err(AcceptError::Stopping));
        assert!(queue.wait().await);
        assert_eq!(step(&queue), [(1, 1)]);
        assert!(!queue.wait().await);
    }
}
