//! The one task that writes new events and the results of attempts to the store, in steps.
//!
//! What arrives while steps are being written forms the next step, in turns by account ([`super::queue`]).
//! The store commits the events and results of a step together, so that producers and attempts share one
//! sync. While it syncs a step, it already runs the next ([`STEPS_MAX`]); what a step holds is answered in
//! any order. Events are written at once. Results alone wait up to `RESULTS_LINGER` for events to share a
//! commit with, because nobody waits for them.
//!
//! While the store is unavailable, results wait here and attempts wait behind them: no result is lost, and no
//! attempt starts whose result could not be recorded. Events fail at once with an error meanwhile.

use std::sync::Arc;
use std::time::Duration;

use postrider_storage::{SessionId, Turn};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::append::Submitted;
use super::queue::AppendQueue;
use super::record::{RESULTS_MAX, Results};
use crate::attempt::AttemptResult;
use crate::engine::Engine;
use crate::observe::Commit;

/// How long results wait for events to share a commit with. At 400 events a second, the next event nearly
/// always arrives sooner. After a crash, the deliveries with waiting results are sent again; they are no more
/// than those under way, which are sent again in any case.
const RESULTS_LINGER: Duration = Duration::from_millis(5);

/// Steps under way at a time. A step begins once the store could run it at once ([`Turn`]): a store that
/// syncs a commit while it runs the next has up to three under way.
const STEPS_MAX: usize = 4;

/// The events that wait, and the results that arrive for the task.
pub struct Inbox {
    jobs: Arc<AppendQueue>,
    results: mpsc::Receiver<AttemptResult>,
    results_taken: Vec<AttemptResult>,
    /// Until when these results wait for events.
    linger_until: Instant,
    jobs_ended: bool,
    results_closed: bool,
}

impl Inbox {
    /// An inbox that takes from these queues.
    pub fn new(jobs: Arc<AppendQueue>, results: mpsc::Receiver<AttemptResult>) -> Self {
        Self {
            jobs,
            results,
            results_taken: Vec::with_capacity(RESULTS_MAX),
            linger_until: Instant::now(),
            jobs_ended: false,
            results_closed: false,
        }
    }

    /// Waits for jobs or results. Returns false once none are left and both queues are closed. If the future
    /// is dropped, the next one goes on where it was.
    async fn fill(&mut self) -> bool {
        while self.results_taken.is_empty() {
            tokio::select! {
                biased;
                waits = self.jobs.wait(), if !self.jobs_ended => {
                    if waits {
                        return true;
                    }
                    self.jobs_ended = true;
                }
                count = self.results.recv_many(&mut self.results_taken, self.jobs.results_max()), if !self.results_closed => {
                    self.results_closed = count == 0;
                    self.linger_until = Instant::now() + RESULTS_LINGER;
                }
                else => return false,
            }
        }
        if !self.jobs_ended && timeout_at(self.linger_until, self.jobs.wait()).await == Ok(false) {
            self.jobs_ended = true;
        }
        true
    }

    /// Waits for jobs until `time`, while older results still have to be written. Takes no further results.
    async fn fill_until(&mut self, time: Instant) {
        tokio::select! {
            biased;
            waits = self.jobs.wait(), if !self.jobs_ended => self.jobs_ended = !waits,
            () = sleep_until(time) => {}
        }
    }

    /// Takes the results that have arrived.
    fn take_results(&mut self) {
        let most = self.jobs.results_max();
        while self.results_taken.len() < most {
            match self.results.try_recv() {
                Ok(result) => self.results_taken.push(result),
                Err(_) => break,
            }
        }
    }
}

/// Runs until all senders are dropped and everything is recorded.
pub async fn run(engine: Arc<Engine>, mut inbox: Inbox) {
    let turns = Arc::new(Semaphore::new(1));
    let mut steps = JoinSet::new();
    let mut owed: Vec<Results> = Vec::new();
    loop {
        if !owed.is_empty() || steps.len() >= STEPS_MAX {
            owed.extend(ended(&mut steps).await);
            if !owed.is_empty() && steps.is_empty() {
                owed = repeat(&engine, &mut inbox, owed).await;
            }
            continue;
        }
        let is_filled = tokio::select! {
            biased;
            results = ended(&mut steps), if !steps.is_empty() => {
                owed.extend(results);
                continue;
            }
            is_filled = inbox.fill() => is_filled,
        };
        if !is_filled {
            if steps.is_empty() {
                return;
            }
            owed.extend(ended(&mut steps).await);
            continue;
        }
        let turn = turn_of(&turns).await;
        inbox.take_results();
        let results = Results::take(&mut inbox.results_taken);
        let submitted = Submitted::of(&engine, inbox.jobs.take_step());
        let engine = Arc::clone(&engine);
        steps.spawn(async move {
            let owed = step(&engine, submitted, results, &turn).await;
            engine.start_ready();
            // Only now, if the store did not end it: the replies bring the jobs of the next step.
            turn.end();
            owed
        });
    }
}

/// Waits until the store could begin another step at once.
async fn turn_of(turns: &Arc<Semaphore>) -> Turn {
    let permit = Arc::clone(turns).acquire_owned().await;
    Turn::holding(permit.expect("nobody closes the semaphore"))
}

/// Waits until a step has ended. Returns the results that it could not record.
async fn ended(steps: &mut JoinSet<Vec<Results>>) -> Vec<Results> {
    match steps.join_next().await {
        None => Vec::new(),
        Some(Ok(owed)) => owed,
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Tries again to record results, together with the events that wait by then. Returns those that still have
/// to be recorded.
async fn repeat(engine: &Arc<Engine>, inbox: &mut Inbox, owed: Vec<Results>) -> Vec<Results> {
    if let Some(time) = owed.iter().map(Results::retry_at).min() {
        inbox.fill_until(time).await;
    }
    let submitted = Submitted::of(engine, inbox.jobs.take_step());
    let owed = step(engine, submitted, owed, &Turn::holding(())).await;
    engine.start_ready();
    owed
}

/// Writes one step. Returns the results that still have to be written.
async fn step(
    engine: &Arc<Engine>,
    submitted: Submitted,
    mut owed: Vec<Results>,
    turn: &Turn,
) -> Vec<Results> {
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
    later.extend(write(engine, session, submitted, riding, turn).await);
    for results in owed {
        if is_due(&results) {
            let (session, none) = (results.session, Submitted::default());
            later.extend(write(engine, session, none, Some(results), turn).await);
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
    turn: &Turn,
) -> Option<Results> {
    let finished = results.as_ref().map(|results| Arc::clone(&results.finished));
    let finished = finished.unwrap_or_default();
    let began = engine.clock().monotonic();
    let advanced = engine
        .store()
        .advance_in_turn(
            session,
            Arc::clone(&submitted.events),
            Arc::clone(&finished),
            turn.clone(),
        )
        .await;
    let took = engine.clock().monotonic().saturating_sub(began);
    if advanced.appended.is_ok() && advanced.recorded.is_ok() {
        engine.meters().committed(&submitted.events, &finished, took);
    }
    submitted.reply(engine, session, advanced.appended, Commit { began, took });
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
