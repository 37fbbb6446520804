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
mod tests {
    use std::sync::Arc;

    use postrider_model::Timestamp;
    use tokio::sync::oneshot;

    use super::super::append::test_events::events;
    use super::*;

    const LARGE: usize = JOB_COST_MAX;

    fn job(account: u128, cost: usize) -> AppendJob {
        AppendJob {
            account: AccountId::from_u128(account),
            events: events(account, cost),
            now: Timestamp::from_unix_ms(0),
            reply: oneshot::channel().0,
        }
    }

    fn queue_of(jobs: &[(u128, usize)]) -> AppendQueue {
        let queue = AppendQueue::default();
        for (account, cost) in jobs {
            queue.push(job(*account, *cost), false).unwrap();
        }
        queue
    }

    fn step(queue: &AppendQueue) -> Vec<(u128, usize)> {
        let jobs = queue.take_step();
        jobs.iter()
            .map(|job| (job.account.as_u128(), job.cost()))
            .collect()
    }

    #[test]
    fn the_event_of_an_account_is_in_the_next_step_whatever_another_submits() {
        for flood in [1, 16, 17, LARGE] {
            let queue = queue_of(&vec![(1, flood); 4 * STEP_COST_MAX / flood]);
            for _ in 0..3 {
                queue.push(job(2, 2), false).unwrap();
                assert!(step(&queue).contains(&(2, 2)), "{flood}");
            }
        }
    }

    #[test]
    fn large_jobs_fill_a_step_until_a_small_one_comes_and_share_the_steps_with_it() {
        let queue = queue_of(&vec![(1, LARGE); 200]);
        let cost = |step: Vec<(u128, usize)>| step.iter().map(|job| job.1).sum::<usize>();
        assert_eq!(cost(step(&queue)), STEP_COST_MAX / LARGE * LARGE);
        queue.push(job(2, 2), false).unwrap();
        assert_eq!(step(&queue), [(2, 2)], "a step of its own");
        for _ in 0..3 {
            queue.push(job(2, 2), false).unwrap();
            assert_eq!(step(&queue), [(1, LARGE), (2, 2)]);
            queue.push(job(2, 2), false).unwrap();
            assert_eq!(step(&queue), [(2, 2)]);
        }
        assert_eq!(queue.results_max(), SHARED_RESULTS_MAX);
        for _ in 1..SHARED_STEPS {
            assert_eq!(step(&queue), [(1, LARGE)]);
        }
        assert_eq!(cost(step(&queue)), STEP_COST_MAX / LARGE * LARGE);
        assert_eq!(queue.results_max(), RESULTS_MAX);
    }

    #[test]
    fn small_jobs_never_keep_a_large_one_waiting() {
        let queue = queue_of(&[(1, JOB_COST_MAX + 1), (2, LARGE)]);
        for _ in 0..2 * STEP_COST_MAX {
            queue.push(job(3, 2), false).unwrap();
        }
        assert!(step(&queue).contains(&(1, JOB_COST_MAX + 1)));
        assert!(!step(&queue).contains(&(2, LARGE)), "a step for small jobs");
        assert!(step(&queue).contains(&(2, LARGE)));
    }

    #[test]
    fn a_step_is_bounded_in_bytes_too() {
        let queue = AppendQueue::default();
        for _ in 0..100 {
            let mut job = job(1, 1);
            job.events[0].event.data = vec![b' '; 256 * 1024].into();
            queue.push(job, false).unwrap();
        }
        queue.push(job(2, 1), false).unwrap();
        let step = queue.take_step();
        let bytes: usize = step.iter().map(|job| job.events[0].event.data.len()).sum();
        assert!(bytes <= STEP_COST_MAX * 4 * 1024, "{bytes}");
        assert!(step.iter().any(|job| job.account.as_u128() == 2));
    }

    #[test]
    fn large_jobs_take_turns_by_account() {
        let mut jobs = vec![(1, LARGE); 6];
        jobs.push((2, LARGE));
        let queue = queue_of(&jobs);
        assert_eq!(step(&queue)[..2], [(1, LARGE), (2, LARGE)]);
    }

    #[test]
    fn a_job_larger_than_a_step_is_a_step_of_its_own() {
        let queue = queue_of(&[(1, STEP_COST_MAX + 1), (2, 17)]);
        assert_eq!(step(&queue), [(1, STEP_COST_MAX + 1)]);
        assert_eq!(step(&queue), [(2, 17)]);
        assert_eq!(step(&queue), []);
    }

    #[test]
    fn one_account_gets_at_most_half_of_the_queue() {
        let queue = AppendQueue::default();
        let accepted = (0..2 * QUEUE_COST_MAX / LARGE)
            .take_while(|_| queue.push(job(1, LARGE), false).is_ok())
            .count();
        assert!((QUEUE_COST_MAX / 2..=QUEUE_COST_MAX / 2 + LARGE).contains(&(accepted * LARGE)));
        assert_eq!(
            queue.push(job(1, 1), false),
            Err(AcceptError::Store(StoreError::Busy))
        );
        assert_eq!(queue.push(job(1, 1), true), Ok(()));
        assert_eq!(queue.push(job(2, 1), false), Ok(()));
        for account in 3..100 {
            let _ = queue.push(job(account, QUEUE_COST_MAX), false);
        }
        while !step(&queue).is_empty() {}
        assert!(queue.waiting.lock().accounts.is_empty());
        assert_eq!(queue.push(job(1, 1), false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_takes_nothing_turns_further_producers_away_at_once() {
        let queue = queue_of(&[(1, 1)]);
        tokio::time::advance(STALL_MAX).await;
        assert!(queue.push(job(2, 1), false).is_ok());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(queue.push(job(2, 1), false).is_err());
        assert!(queue.push(job(1, 1), true).is_ok(), "an accepted request goes on");
        assert_eq!(step(&queue).len(), 3);
        assert!(queue.push(job(2, 1), false).is_ok());
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
