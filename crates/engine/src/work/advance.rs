//! The one task that writes new events and the results of attempts to the store, in steps.
//!
//! Everything that arrives while one step is being written forms the next step. The store commits the events
//! and results of a step together, so that producers and attempts share one sync. Events are written at once.
//! Results alone wait up to `RESULTS_LINGER` for events to share a commit with, because nobody waits for
//! them.
//!
//! While the store is unavailable, results wait here and attempts wait behind them: no result is lost, and no
//! attempt starts whose result could not be recorded. Events fail at once with an error meanwhile.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::SessionId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::append::{AppendJob, JOBS_MAX, Submitted};
use super::record::{RESULTS_MAX, Results};
use crate::attempt::AttemptResult;
use crate::engine::Engine;

/// How long results wait for events to share a commit with. At 400 events a second, the next event nearly
/// always arrives sooner. After a crash, the deliveries with waiting results are sent again; they are no more
/// than those under way, which are sent again in any case.
const RESULTS_LINGER: Duration = Duration::from_millis(5);

/// The least time between the starts of two steps while many producers wait: more of them then share the cost
/// of a commit (some 200 µs of CPU time). This adds no latency, because the CPU is the bottleneck when there
/// are many producers.
const STEP_MIN: Duration = Duration::from_millis(1);

/// The number of jobs in a step from which on there are many producers.
const MANY_JOBS: usize = 8;

/// The jobs and results that arrive for the task.
pub struct Inbox {
    jobs: mpsc::Receiver<AppendJob>,
    results: mpsc::Receiver<AttemptResult>,
    jobs_taken: Vec<AppendJob>,
    results_taken: Vec<AttemptResult>,
    jobs_closed: bool,
    results_closed: bool,
}

impl Inbox {
    /// An inbox that receives from these queues.
    pub fn new(jobs: mpsc::Receiver<AppendJob>, results: mpsc::Receiver<AttemptResult>) -> Self {
        Self {
            jobs,
            results,
            jobs_taken: Vec::with_capacity(JOBS_MAX),
            results_taken: Vec::with_capacity(RESULTS_MAX),
            jobs_closed: false,
            results_closed: false,
        }
    }

    fn is_empty(&self) -> bool {
        self.jobs_taken.is_empty() && self.results_taken.is_empty()
    }

    /// Waits for jobs or results. Returns false once none are left and both queues are closed.
    async fn fill(&mut self) -> bool {
        while self.is_empty() {
            tokio::select! {
                biased;
                count = self.jobs.recv_many(&mut self.jobs_taken, JOBS_MAX), if !self.jobs_closed => {
                    self.jobs_closed = count == 0;
                }
                count = self.results.recv_many(&mut self.results_taken, RESULTS_MAX), if !self.results_closed => {
                    self.results_closed = count == 0;
                }
                else => return false,
            }
        }
        if self.jobs_taken.is_empty() && !self.jobs_closed {
            let jobs = self.jobs.recv_many(&mut self.jobs_taken, JOBS_MAX);
            if timeout(RESULTS_LINGER, jobs).await == Ok(0) {
                self.jobs_closed = true;
            }
        }
        true
    }

    /// Waits for jobs until `time`, while older results still have to be written. Takes no further results.
    async fn fill_until(&mut self, time: Instant) {
        // The last step left some jobs. Return at once: nothing else would wake the task for them or limit
        // their number.
        if !self.jobs_taken.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            count = self.jobs.recv_many(&mut self.jobs_taken, JOBS_MAX), if !self.jobs_closed => {
                self.jobs_closed = count == 0;
            }
            () = sleep_until(time) => {}
        }
    }

    /// Waits until `time`, then takes the jobs that have arrived meanwhile.
    async fn gather_jobs(&mut self, time: Instant) {
        if time > Instant::now() {
            sleep_until(time).await;
        }
        while self.jobs_taken.len() < JOBS_MAX {
            match self.jobs.try_recv() {
                Ok(job) => self.jobs_taken.push(job),
                Err(_) => break,
            }
        }
    }

    /// Takes the results that have arrived.
    fn take_results(&mut self) {
        while self.results_taken.len() < RESULTS_MAX {
            match self.results.try_recv() {
                Ok(result) => self.results_taken.push(result),
                Err(_) => break,
            }
        }
    }
}

/// Runs until all senders are dropped and everything is recorded.
pub async fn run(engine: Arc<Engine>, mut inbox: Inbox) {
    let mut owed: Vec<Results> = Vec::new();
    let mut next_step = Instant::now();
    loop {
        match owed.iter().map(Results::retry_at).min() {
            Some(time) => inbox.fill_until(time).await,
            None if inbox.fill().await => {
                inbox.gather_jobs(next_step).await;
                inbox.take_results();
                owed = Results::take(&mut inbox.results_taken);
            }
            None => return,
        }
        let now = Instant::now();
        next_step = if inbox.jobs_taken.len() < MANY_JOBS {
            now
        } else {
            now + STEP_MIN
        };
        let submitted = Submitted::take(&engine, &mut inbox.jobs_taken);
        owed = step(&engine, submitted, owed).await;
        engine.start_ready();
    }
}

/// Writes one step. Returns the results that still have to be written.
async fn step(engine: &Arc<Engine>, submitted: Submitted, mut owed: Vec<Results>) -> Vec<Results> {
    let session = engine.session();
    let now = Instant::now();
    let is_due = |results: &Results| results.retry_at() <= now;
    // Only results of the current session can share a step with its events. Nearly always, these are all
    // results.
    let rides = owed
        .iter()
        .position(|results| results.session == session && is_due(results));
    let riding = rides.map(|index| owed.remove(index));
    let mut later = Vec::new();
    later.extend(write(engine, session, submitted, riding).await);
    for results in owed {
        if is_due(&results) {
            later.extend(write(engine, results.session, Submitted::default(), Some(results)).await);
        } else {
            later.push(results);
        }
    }
    later
}

/// Writes events and results in one commit. Returns the results if they could not be written.
async fn write(
    engine: &Arc<Engine>,
    session: SessionId,
    submitted: Submitted,
    results: Option<Results>,
) -> Option<Results> {
    let finished = results.as_ref().map(|results| Arc::clone(&results.finished));
    let advanced = engine
        .store()
        .advance(
            session,
            Arc::clone(&submitted.events),
            finished.unwrap_or_default(),
        )
        .await;
    submitted.reply(engine, session, advanced.appended);
    let mut results = results?;
    match advanced.recorded {
        Ok(recorded) => {
            results.recorded(engine, &recorded);
            None
        }
        Err(error) => {
            let count = results.finished.len();
            tracing::error!(%error, results = count, "could not record results; retrying");
            results.postpone();
            Some(results)
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::Timestamp;
    use tokio::sync::oneshot;

    use super::*;

    fn job() -> AppendJob {
        AppendJob {
            events: Vec::new(),
            now: Timestamp::from_unix_ms(0),
            reply: oneshot::channel().0,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_left_over_from_a_step_neither_wait_for_owed_results_nor_accumulate() {
        let (jobs, taken) = mpsc::channel(2 * JOBS_MAX);
        let (_results, attempt_results) = mpsc::channel(1);
        let mut inbox = Inbox::new(taken, attempt_results);
        for _ in 0..2 * JOBS_MAX {
            jobs.send(job()).await.unwrap();
        }
        let started = Instant::now();
        for _ in 0..3 {
            inbox.fill_until(started + Duration::from_secs(2)).await;
            // As after a step of large jobs, which takes only the first.
            inbox.jobs_taken.remove(0);
            assert!(inbox.jobs_taken.len() < JOBS_MAX);
        }
        inbox.jobs_taken.truncate(1);
        while jobs.capacity() < 2 * JOBS_MAX {
            inbox.jobs.recv().await.unwrap();
        }
        inbox.fill_until(started + Duration::from_secs(2)).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
