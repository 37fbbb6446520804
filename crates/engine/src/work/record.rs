//! The recording half of a step: keeps the results of attempts until the store has recorded them.
//! [`crate::consequences`] handles what follows.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::{Finished, Recorded, SessionId};
use tokio::time::Instant;

use crate::attempt::AttemptResult;
use crate::consequences;
use crate::engine::Engine;
use crate::observe::Subject;

/// Most results in the queue.
pub const QUEUE_MAX: usize = 2_048;

/// Most results in one step. 256 were too few: with ten actions per event, results piled up in front of the
/// step.
pub const RESULTS_MAX: usize = 512;

/// Pauses between tries while the store is unavailable; they double from the first value to the last.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(2);

/// Results of one session, kept until the store has recorded them.
pub struct Results {
    /// The session of the attempts. If the session has died meanwhile, its results are still recorded under
    /// it, so that the store can recognise them.
    pub session: SessionId,
    /// What to record.
    pub finished: Arc<[Finished]>,
    /// What else is known of each result.
    subjects: Vec<Subject>,
    /// When to try next, and how long to wait after that.
    retry_at: Instant,
    wait: Duration,
}

impl Results {
    /// Takes the results, grouped by session.
    pub fn take(attempt_results: &mut Vec<AttemptResult>) -> Vec<Self> {
        let mut by_session: Vec<(SessionId, Vec<Finished>, Vec<Subject>)> = Vec::new();
        for result in attempt_results.drain(..) {
            let index = match by_session
                .iter()
                .position(|(session, ..)| *session == result.session)
            {
                Some(index) => index,
                None => {
                    by_session.push((result.session, Vec::new(), Vec::new()));
                    by_session.len() - 1
                }
            };
            by_session[index].1.push(result.finished);
            by_session[index].2.push(Subject {
                event: result.event,
                automation: result.automation,
                resend_of: result.resend_of,
                changes_action: result.changes_action,
                began: result.began,
            });
        }
        let now = Instant::now();
        by_session
            .into_iter()
            .map(|(session, finished, subjects)| Self {
                session,
                finished: finished.into(),
                subjects,
                retry_at: now,
                wait: *RETRY.start(),
            })
            .collect()
    }

    /// When to try to record them, the first time or again.
    pub fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// Postpones the next try.
    pub fn postpone(&mut self) {
        self.retry_at = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(*RETRY.end());
    }

    /// Handles the consequences of the results, after the store has recorded them.
    pub fn recorded(self, engine: &Arc<Engine>, recorded: &[Recorded]) {
        consequences::follow(engine, &self.finished, &self.subjects, recorded);
    }
}
