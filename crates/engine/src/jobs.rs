//! Background jobs that start and end while the engine runs, such as a replay. The engine owns every job, and
//! a stop waits for all of them.
//!
//! A long job checks [`crate::Engine::is_stopping`] between its steps.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};

/// The running jobs; `None` once no more may start.
#[derive(Debug)]
pub struct Jobs(Mutex<Option<JoinSet<()>>>);

impl Jobs {
    /// No jobs yet.
    pub fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Starts a job. Returns false, and drops `job`, if the engine has stopped.
    pub fn start(&self, job: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut jobs = self.0.lock();
        let Some(jobs) = jobs.as_mut() else {
            return false;
        };
        // A `JoinSet` keeps jobs that have ended until they are joined.
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
        true
    }

    /// Starts no more jobs, waits up to `most` for the running ones, and aborts the rest.
    pub async fn end(&self, most: Duration) {
        let Some(mut jobs) = self.0.lock().take() else {
            return;
        };
        let all = async { while jobs.join_next().await.is_some() {} };
        if tokio::time::timeout(most, all).await.is_err() {
            tracing::error!(jobs = jobs.len(), "aborted jobs that did not finish in time");
        }
    }
}

/// Waits up to `most` for a task, then aborts it.
pub async fn join(task: Option<JoinHandle<()>>, most: Duration) {
    let Some(mut task) = task else { return };
    if tokio::time::timeout(most, &mut task).await.is_err() {
        task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_jobs_and_starts_no_more() {
        let (jobs, finished) = (Jobs::new(), Arc::new(AtomicUsize::new(0)));
        for s in 0..3 {
            let finished = Arc::clone(&finished);
            assert!(jobs.start(async move {
                sleep(Duration::from_secs(s)).await;
                finished.fetch_add(1, Ordering::Relaxed);
            }));
        }
        jobs.end(Duration::from_secs(10)).await;
        assert_eq!(finished.load(Ordering::Relaxed), 3);
        assert!(!jobs.start(async {}));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_jobs_only_so_long() {
        let jobs = Jobs::new();
        assert!(jobs.start(std::future::pending()));
        let began = Instant::now();
        jobs.end(Duration::from_secs(10)).await;
        assert_eq!(began.elapsed().as_secs(), 10);
    }
}
