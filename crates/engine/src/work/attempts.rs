//! Runs attempts: a task per request under way, each going on with the next delivery as long as there is one.

use std::sync::Arc;

use postrider_storage::Change;

use crate::attempt::{self, Done};
use crate::engine::Engine;
use crate::lanes::Ready;
use crate::pace::Lesson;

impl Engine {
    /// Starts whatever may start now.
    pub(crate) fn start_ready(self: &Arc<Self>) {
        loop {
            let Some(ready) = self.next_ready() else { return };
            tokio::spawn(run(Arc::clone(self), ready));
        }
    }
}

async fn run(engine: Arc<Engine>, first: Ready) {
    let mut halted = engine.halted();
    let Some(results) = engine.results() else { return };
    let mut next = Some(first);
    while let Some(ready) = next.take() {
        let action = ready.delivery.action;
        let done = tokio::select! {
            biased;
            done = attempt::carry_out(&engine, ready) => done,
            // The grace of a stop is over: the delivery is given back with the session.
            _ = halted.changed() => return,
        };
        let lesson = lesson(&done);
        // Waits while more results are queued than the store takes: then fewer attempts are made.
        if results.send(done).await.is_err() {
            engine.lanes().attempt_ended(action, lesson);
            engine.attempt_left();
            return;
        }
        let (ready, more) = engine.next_after(action, lesson);
        engine.attempt_left();
        next = ready;
        if more {
            engine.start_ready();
        }
    }
}

/// What the attempt says about its receiver; `None` where none was made.
fn lesson(done: &Done) -> Option<Lesson> {
    match &done.finished.change {
        Change::Attempted { attempt, .. } => Some(Lesson::of(attempt.outcome, done.advice.overloaded)),
        Change::Canceled { .. } => None,
    }
}
